"""The base class of metrics that are computed from sums over the samples: `SumMetric`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.messages import shown
from framework.core.types import Array
from framework.metrics.base import Accumulator, Metric


class SumMetric(Metric, registered=False):
    """Base of metrics computed from sums over the samples, which are added up batch by batch: nothing else is kept.

    A subclass defines `sums` and `from_sums`. The value over several batches is that over all their samples at once.

    Examples
    --------
    >>> import numpy as np
    >>> from framework.metrics import SumMetric
    >>> class Bias(SumMetric):
    ...     def sums(self, y_true, y_pred, sample_weight):
    ...         return sample_weight @ (y_pred - y_true).mean(axis=1), sample_weight.sum()
    ...
    ...     def from_sums(self, error, weight):
    ...         return float(error / weight)
    >>> Bias()(np.zeros((2, 1)), np.array([[1.0], [3.0]]))
    2.0
    """

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return sums over some samples, numbers or arrays.

        `sample_weight` (n,) is float64. If no weights are given it holds integer ones, so that counts stay integers.
        """
        raise NotImplementedError(f"{type(self).__name__} must define sums(y_true, y_pred, sample_weight)")

    def from_sums(self, *sums: Any) -> Any:
        """Return the value, given what `sums` returned for all samples."""
        raise NotImplementedError(f"{type(self).__name__} must define from_sums, with an argument for each of its sums")

    def merge(self, first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the sums over two sets of samples, given those over each: by default, added one by one."""
        return tuple(a + b for a, b in zip(first, second, strict=True))

    def accumulator(self) -> Accumulator:
        """Return what adds up the sums."""
        return Sums(self)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the value for n samples: their targets, predictions and weights (n,), 1 if not given."""
        samples = self.accumulator()
        samples.add(y_true, y_pred, sample_weight)
        return samples.value()


class Sums:
    """The sums of a `SumMetric` over the samples seen so far.

    Parameters
    ----------
    metric : SumMetric
    """

    def __init__(self, metric: SumMetric) -> None:
        self.metric = metric
        self.total: tuple[Any, ...] | None = None

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the sums over some samples."""
        n = len(y_pred)
        weight = np.ones(n, np.intp) if sample_weight is None else np.asarray(sample_weight, np.float64)
        if weight.shape != (n,):
            raise ValueError(f"sample_weight must have shape ({n},), got {weight.shape}")
        part = self.metric.sums(y_true, y_pred, weight)
        if not np.iterable(part):
            who = type(self.metric).__name__
            raise TypeError(f"{who}.sums must return a tuple, such as (total, weight), got {shown(part)}")
        self.total = part if self.total is None else self.metric.merge(self.total, part)

    def value(self) -> Any:
        """Return the metric of all samples; ValueError if there are none."""
        if self.total is None:
            raise ValueError(f"{self.metric.label()} of no samples")
        return self.metric.from_sums(*self.total)
