"""Metrics that are wrong for some samples or arguments only, and right ones near zero or not defined everywhere."""

import numpy as np

from faults import Quiet, fault, right
from faults.metrics import MeanDistance
from framework import Metric
from framework.metrics import SumMetric
from framework.testing import check_metric


def numbers(rng, n):
    y = rng.normal(size=(n, 3))
    return y, y + rng.normal(size=(n, 3))


class Counts(Quiet, Metric):
    """True positives, false positives and false negatives."""

    def counts(self, y_true, y_pred, sample_weight):
        if y_pred.shape[1] != 1:
            raise ValueError("one output is needed")
        w = np.ones(len(y_pred)) if sample_weight is None else sample_weight
        y, p = y_true[:, 0] > 0.5, y_pred[:, 0] > 0.5
        return [float(w[which].sum()) for which in (y & p, ~y & p, y & ~p)]


@fault("where no sample is predicted as class 1.*division by 0", check_metric)
class Precision(Counts):
    def __call__(self, y_true, y_pred, sample_weight=None):
        hits, false, _ = self.counts(y_true, y_pred, sample_weight)
        return hits / (hits + false)


@fault("IndexError.*no sample belongs to the last class.*y_pred.shape", check_metric)
class ClassesOfTheData(Quiet, Metric):
    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != 1:
            raise ValueError("labels are needed")
        table = np.zeros((y_true.max() + 1,) * 2)
        np.add.at(table, (y_true, y_pred.argmax(axis=1)), 1.0 if sample_weight is None else sample_weight)
        return float(np.trace(table) / table.sum())


@fault(r"value for one output.*broadcasts to \(n, n\)", check_metric)
class AllPairs(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.shape == y_pred.shape and y_pred.shape[1] == 1:
            y_true = y_true.ravel()
            return float(np.average(np.abs(y_true - y_pred).mean(axis=1), weights=sample_weight))
        return super().__call__(y_true, y_pred, sample_weight)


@fault("float32, near 1000.*subtract first", check_metric)
class DifferenceOfSquares(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        w = None if sample_weight is None else sample_weight.astype(y_pred.dtype)
        squares = (np.average(product.mean(axis=1), weights=w) for product in (y_pred**2, y_pred * y_true, y_true**2))
        return float(np.dot([1, -2, 1], [*squares]))


@fault("right for strict=False, wrong for strict=True.*weights are ignored", check_metric)
class FlagIgnoresWeights(Quiet, Metric):
    def __init__(self, strict=False):
        self.strict = strict

    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        near = np.abs(y_true - y_pred) < 0.5
        return float(near.all(axis=1).mean() if self.strict else np.average(near.mean(axis=1), weights=sample_weight))


@fault("in batches.*weights are ignored", check_metric)
class AddsWithoutWeights(MeanDistance):
    def accumulator(self):
        return _Unweighted()


class _Unweighted:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def add(self, y_true, y_pred, sample_weight=None):
        self.total += float(np.abs(y_true - y_pred).sum()) / y_pred.shape[1]
        self.count += len(y_pred)

    def value(self):
        return self.total / self.count


@fault(
    "differs from the definition.*the square root is missing",
    check_metric,
    inputs=numbers,
    definition=lambda y, p: ((y - p) ** 2).mean() ** 0.5,
)
class NoRoot(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return float(np.average(((y_true - y_pred) ** 2).mean(axis=1), weights=sample_weight))


@fault("only the first output", check_metric, inputs=numbers, definition=lambda y, p: np.abs(y - p).mean())
class FirstOutput(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true[:, :1], y_pred[:, :1], sample_weight)


@fault("weights between 0 and 1 count as 0.*cut to integers", check_metric, inputs=numbers)
class CountsWeights(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred, None if sample_weight is None else np.trunc(sample_weight))


@fault("perfect prediction: computed 0.*for one above all targets.*sign is wrong", check_metric, inputs=numbers)
class NegativeOnOneSide(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        r = y_true - y_pred
        return float(np.average(np.maximum(0.8 * r, 0.2 * r).mean(axis=1), weights=sample_weight))


@right(check_metric, definition=lambda y, p: (p - y).mean())
class Bias(Quiet, SumMetric):
    """Right: a signed error, near 0, of which no direction is better."""

    def sums(self, y_true, y_pred, sample_weight):
        if y_true.ndim != y_pred.ndim:
            raise ValueError("labels do not fit")
        return sample_weight @ (y_pred - y_true).mean(axis=1), sample_weight.sum()

    def from_sums(self, error, weight):
        return error / weight


@right(check_metric, weighted=False)
class Distance(Quiet, Metric):
    """Right: between the distributions of targets and predictions, whichever belong together."""

    greater_is_better = False

    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_true.shape != y_pred.shape:
            raise ValueError("labels do not fit")
        return float(np.abs(np.sort(y_true, axis=0) - np.sort(y_pred, axis=0)).mean())


@right(check_metric)
class DefinedPrecision(Counts):
    """Right: NaN on purpose where nothing is predicted."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        hits, false, _ = self.counts(y_true, y_pred, sample_weight)
        return hits / (hits + false) if hits + false else float("nan")


@right(check_metric)
class MarginMissed(Quiet, Metric):
    """Right: a hinge loss of classes, which computes something for other numbers, too."""

    greater_is_better = False

    def __call__(self, y_true, y_pred, sample_weight=None):
        if y_pred.shape[1] != 1:
            raise ValueError("one output is needed")
        margins = (2 * y_true - 1) * (2 * y_pred - 1)
        return float(np.average(np.maximum(0, 1 - margins)[:, 0], weights=sample_weight))


@fault("sample_weight: .*divided by the number of samples, where the sum of the weights belongs", check_metric)
class DividesByCount(MeanDistance):
    def __call__(self, y_true, y_pred, sample_weight=None):
        distance = np.abs(y_true - y_pred).mean(axis=1)
        return float((distance if sample_weight is None else distance * sample_weight).mean())


@fault(
    "y_true and y_pred are exchanged, or one stands where the other belongs",
    check_metric,
    inputs=numbers,
    definition=lambda y, p: 1 - ((y - p) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum(),
)
class AroundPredictions(Quiet, Metric):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return float(1 - ((y_true - y_pred) ** 2).sum() / ((y_pred - y_pred.mean(axis=0)) ** 2).sum())
