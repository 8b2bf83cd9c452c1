import numpy as np

from faults import Quiet, fault, right
from framework import Metric
from framework.metrics import SumMetric
from framework.testing import check_metric


@right(check_metric)
class MeanDistance(Quiet, Metric):
    """Right: the weighted mean of |y - p| over samples and outputs."""

    greater_is_better = False

    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        return float(np.average(np.abs(y_true - y_pred).mean(axis=1), weights=sample_weight))


@right(check_metric)
class Hits(Quiet, Metric):
    """Right: the weighted share of labels that are predicted."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != 1:
            raise ValueError("labels are needed")
        return float(np.average(y_pred.argmax(axis=1) == y_true, weights=sample_weight))


@fault("weights are ignored", check_metric)
class IgnoresWeights(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred)


@fault("not the same as repetition", check_metric)
class DividesByCount(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        w = np.ones(len(y_pred)) if sample_weight is None else sample_weight
        return (
            super().__call__(y_true * w[:, None], y_pred * w[:, None])
            if y_true.ndim > 1
            else super().__call__(y_true, y_pred)
        )


@fault("the order matters", check_metric)
class AveragesOfBatches(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        w = np.ones(len(y_pred)) if sample_weight is None else sample_weight
        parts = [
            super(AveragesOfBatches, self).__call__(y_true[i : i + 5], y_pred[i : i + 5]) for i in range(0, len(w), 5)
        ]
        return float(np.mean(parts)) if w.all() else 0.0


@fault("greater_is_better", check_metric)
class WrongDirection(MeanDistance):
    greater_is_better = True


@fault("writes to y_pred", check_metric)
class WritesPrediction(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        y_pred -= y_true
        return float(np.average(np.abs(y_pred).mean(axis=1), weights=sample_weight))


@fault("expected a float", check_metric)
class ValuePerOutput(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        return np.average(np.abs(y_true - y_pred), axis=0, weights=sample_weight)


@fault("stale state", check_metric)
class Accumulates(MeanDistance):
    def __init__(self):
        self._values = []

    def __call__(self, y_true, y_pred, sample_weight=None):
        self._values.append(super().__call__(y_true, y_pred, sample_weight))
        return float(np.mean(self._values))


@fault("sample_weight|signature", check_metric)
class AcceptsNoWeights(Quiet, Metric):
    def __call__(self, y_true, y_pred):
        return float((y_true.reshape(y_pred.shape) == y_pred.round()).mean())


@fault("global random state", check_metric)
class Samples(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        np.random.permutation(3)  # noqa: NPY002 - the fault
        return super().__call__(y_true, y_pred, sample_weight)


@right(check_metric)
class SumOfDistances(Quiet, SumMetric):
    """Right: the weighted mean of |y - p|, from sums."""

    greater_is_better = False

    def sums(self, y_true, y_pred, sample_weight):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        return sample_weight @ np.abs(y_true - y_pred).mean(axis=1), sample_weight.sum()

    def from_sums(self, distance, weight):
        return float(distance / weight)


@fault("in batches.*not means", check_metric)
class AddsMeans(SumOfDistances):
    def sums(self, y_true, y_pred, sample_weight):
        distance, weight = super().sums(y_true, y_pred, sample_weight)
        return (distance / weight,)

    def from_sums(self, distance):
        return float(distance)


@fault("in batches.*not means", check_metric)
class RootOfEachBatch(SumOfDistances):
    def sums(self, y_true, y_pred, sample_weight):
        distance, weight = super().sums(y_true, y_pred, sample_weight)
        return np.sqrt(distance), weight

    def from_sums(self, distance, weight):
        return float(distance**2 / weight)


@fault("in batches.*copies of what is kept", check_metric)
class KeepsTheBuffer(SumOfDistances):
    def accumulator(self):
        return _Views(self)


class _Views:
    def __init__(self, metric):
        self.metric = metric
        self.parts = []

    def add(self, y_true, y_pred, sample_weight=None):
        self.parts.append((y_true, y_pred, np.ones(len(y_pred)) if sample_weight is None else sample_weight))

    def value(self):
        return self.metric.from_sums(*self.metric.sums(*map(np.concatenate, zip(*self.parts, strict=True))))


@fault("a method that the base class requires is missing", check_metric)
class HalfWritten(Quiet, SumMetric):
    def sums(self, y_true, y_pred, sample_weight):
        return (sample_weight.sum(),)
