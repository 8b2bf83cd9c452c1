"""The base class of metrics, and the metric made of a function."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

from framework.core.component import Component
from framework.core.types import Array, MixedList


class Metric(Component):
    """Base of metrics: numbers that are reported but not minimized.

    A subclass defines ``__call__``. It sees all targets and predictions of an epoch at once, so the value does not
    depend on the batches. Targets have the shape that the loss needs: (n, outputs), or integer labels (n,) beside
    predictions (n, classes).

    Attributes
    ----------
    greater_is_better : bool
        Whether the best value is the largest.
    cut : float
        Where one predicted column is cut into two classes, unless the metric has a threshold of its own.
    """

    greater_is_better: ClassVar[bool] = True
    cut: float = 0.5

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Any:
        """Return the value for n samples: their targets, predictions and weights (n,), 1 if not given."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(y_true, y_pred, sample_weight=None)")

    def label(self) -> str:
        """Return the name under which the value is reported."""
        return self.component_name

    def cut_at(self, cut: float) -> Self:
        """Return a copy with the given `cut`: a model passes the threshold of its loss."""
        metric = copy.copy(self)
        metric.cut = cut
        return metric

    @classmethod
    def of(cls, spec: MetricLike) -> Any:
        """Return the metric that `spec` stands for: a name, an instance, a class or a function."""
        if callable(spec) and not isinstance(spec, type | Metric):
            return FunctionMetric(spec)
        return super().of(spec)


MetricLike = str | Metric | type[Metric] | Callable[..., Any]  # see `Metric.of`
Metrics = Sequence[MetricLike] | MixedList


class FunctionMetric(Metric, registered=False):
    """The value of any function ``(y_true, y_pred) -> float``, reported under the function's name.

    If the function has a parameter `sample_weight`, as those of scikit-learn have, it gets the weights; otherwise all
    samples count alike.

    Parameters
    ----------
    function : callable
        Called with all targets and predictions.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.check()

    def check(self) -> None:
        """Raise TypeError unless `function` can be called."""
        if not callable(self.function):
            raise TypeError(f"a metric's function must be callable, got {self.function!r}")

    def label(self) -> str:
        """Return the function's name."""
        function = getattr(self.function, "func", self.function)
        return str(getattr(function, "__name__", type(function).__name__))

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Any:
        """Return what the function returns."""
        if sample_weight is not None and _takes_weights(self.function):
            return self.function(y_true, y_pred, sample_weight=sample_weight)
        return self.function(y_true, y_pred)


def _takes_weights(function: Callable[..., Any]) -> bool:
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except ValueError:  # some built-in functions have no signature
        return False
