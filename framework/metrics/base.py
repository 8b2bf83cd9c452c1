"""The base class of metrics, and the metric made of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, Self

from framework.core.component import Component
from framework.core.messages import name_key
from framework.core.types import Array, MixedList


class Accumulator(Protocol):
    """The samples seen so far, as far as a metric needs them."""

    def add(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> None:
        """Take in some more samples; the arrays may be overwritten afterwards. ValueError if they do not suit."""

    def value(self) -> Any:
        """Return the metric of all samples together."""


class Metric(Component):
    """Base of metrics: numbers that are reported but not minimized.

    A subclass defines ``__call__``. It sees all targets and predictions of an epoch at once, so the value does not
    depend on the batches; they are kept for it until the epoch ends. A metric that can be computed from sums
    derives from `SumMetric` instead, and nothing is kept. Targets have the shape that the loss needs: (n, outputs), or
    integer labels (n,) beside predictions (n, classes).

    Attributes
    ----------
    greater_is_better : bool
        Whether the best value is the largest.
    needs_probabilities : bool
        Whether predictions must be probabilities, so that it cannot be computed from logits.
    cut : float
        Where a predicted column is cut into two classes, unless the metric has a threshold of its own.
    signed : bool
        Whether the model's outputs lie between -1 and +1, so that targets of 1 alone are taken for those of -1 and +1.
    task : {"binary", "multiclass", "multilabel", "classification", "regression"} or None
        What the model predicts that reports the metric: one class of two or of several, several labels for each sample,
        either of these, or numbers. None if the metric belongs to no model.
    by_batches : bool
        Whether `accumulator` takes in an epoch batch by batch; if not, all of it is kept, and the metric called. Set by
        itself: a subclass with a ``__call__`` of its own is called, unless it has an accumulator of its own.
    """

    greater_is_better: ClassVar[bool] = True
    needs_probabilities: ClassVar[bool] = False
    by_batches: ClassVar[bool] = False
    cut: float = 0.5
    signed: bool = False
    task: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # An inherited accumulator would give the value of the base class, and not the one that this class defines.
        owner = next(owner for owner in cls.__mro__ if vars(owner).keys() & {"accumulator", "__call__"})
        cls.by_batches = owner is not Metric and "accumulator" in vars(owner)

    def __setattr__(self, name: str, value: Any) -> None:
        # A model makes its metrics anew for each epoch: an assignment to one need not be noticed, and is not counted.
        object.__setattr__(self, name, value)

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Any:
        """Return the value for n samples: their targets, predictions and weights (n,), 1 if not given."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(y_true, y_pred, sample_weight=None)")

    def label(self) -> str:
        """Return the name under which the value is reported."""
        return self.component_name

    def cut_at(self, cut: float, task: str | None = None) -> Self:
        """Return a copy with the given `cut` and `task`: a model says where its loss cuts, and what it predicts."""
        metric = object.__new__(type(self))  # copy.copy takes three times as long, and this is done every epoch
        vars(metric).update(vars(self), cut=cut, task=task)
        return metric

    def accumulator(self) -> Accumulator:
        """Return what takes in the samples of an epoch batch by batch."""
        raise NotImplementedError(f"{type(self).__name__} needs all samples at once")

    @classmethod
    def variants(cls) -> dict[str, dict[str, Any]]:
        """Return further names, each of this metric with certain arguments: ``{"macro_f1": {"average": "macro"}}``."""
        return {}

    @classmethod
    def of(cls, spec: MetricLike) -> Any:
        """Return the metric that `spec` stands for: a name, an instance, a class or a function."""
        if isinstance(spec, str) and not cls.known(spec):
            for metric in cls.components():
                for name, arguments in metric.variants().items():
                    if name_key(name) == name_key(spec):
                        return metric(**arguments)
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
