"""The base class of losses."""

from __future__ import annotations

from typing import Any, ClassVar, TypedDict

import numpy as np

from framework.core import arguments
from framework.core.arrays import as_float
from framework.core.component import Component
from framework.core.messages import shown
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.losses.targets import fitting

REDUCTIONS = ("mean", "sum")
EXPECTED = ("numbers", "positive", "signed", "probabilities", "distribution")
DEFINITIONS = {"per_sample", "gradient", "values", "slopes"}
FROM_LOGITS = {"per_sample_from_logits", "gradient_from_logits"}


class Loss(Component):
    """Base of losses: a number for each sample, to be minimized, and its derivative with respect to the prediction.

    A subclass defines `per_sample` and `gradient`; this class applies weights and reduces over the batch. With the
    losses ``l`` of the samples and their weights ``w`` (1 if not given) the value is::

        reduction="mean":  sum(w * l) / sum(w)        0 if all weights are 0
        reduction="sum":   sum(w * l)

    so that a weight of 2 is the same as the sample given twice.

    Parameters
    ----------
    reduction : {"mean", "sum"}
        How the samples' losses become one number.

    Attributes
    ----------
    classifies : bool
        Whether the targets are classes, so that a model is scored by its accuracy.
    expects : {"numbers", "positive", "signed", "probabilities", "distribution"}
        What the outputs must be: any numbers; numbers of 0 or more; scores of either sign; numbers between 0 and 1; or
        numbers between 0 and 1 that sum to 1 for each sample. A model whose outputs cannot be that is refused. A
        subclass that redefines the formulas expects any numbers unless it says so.
    from_logits : bool
        Whether the predictions are logits, to which the loss itself applies its link activation.
    link : str or None
        The name of the link activation: the output activation with which the loss is fused (its canonical link). The
        logits are what it is applied to; `per_sample_from_logits` and `gradient_from_logits` are exact at any of them.
    threshold : float
        Where one output of a classifying loss is cut into two classes.
    """

    reduction: str = "mean"
    from_logits: bool = False
    classifies: ClassVar[bool] = False
    expects: ClassVar[str] = "numbers"
    link: ClassVar[str | None] = None
    threshold: ClassVar[float] = 0.5

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction
        self.check()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).keys()
        # An inherited fast path would compute the loss of the base class, and not the one that this class defines.
        if own & {*DEFINITIONS, *FROM_LOGITS}:
            for name in {"value_and_gradient", "sum_and_gradient"} - own:
                setattr(cls, name, getattr(Loss, name))
        if own & DEFINITIONS and not own & {*FROM_LOGITS, "link"}:
            cls.link = None
        if own & DEFINITIONS and "expects" not in own:
            cls.expects = "numbers"
        if cls.expects not in EXPECTED:
            known = ", ".join(map(repr, EXPECTED))
            raise ValueError(f"{cls.__name__}: expects must be one of {known}, got {shown(cls.expects)}")

    def check(self) -> None:
        """Raise ValueError if an argument cannot be used."""
        if self.reduction not in REDUCTIONS:
            raise ValueError(f"{type(self).__name__}: reduction must be 'mean' or 'sum', got {shown(self.reduction)}")
        arguments.flag(self.from_logits, "from_logits", self)
        if self.from_logits and self.link is None:
            needed = "needs a link activation, per_sample_from_logits and gradient_from_logits"
            raise ValueError(f"{type(self).__name__}: from_logits=True {needed}; this class redefines the formulas")

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the loss of each sample, (n,)."""
        raise NotImplementedError(f"{type(self).__name__} must define per_sample(y_true, y_pred)")

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of each sample's loss with respect to its prediction, in the shape of `y_pred`."""
        raise NotImplementedError(f"{type(self).__name__} must define gradient(y_true, y_pred)")

    def per_sample_from_logits(self, y_true: Array, logits: Array) -> Array:
        """Return the loss of each sample, (n,), from the logits to which the link activation is applied."""
        raise NotImplementedError(f"{type(self).__name__} has no link activation")

    def gradient_from_logits(self, y_true: Array, y_pred: Array, out: Array | None = None) -> Array:
        """Return the derivative of each sample's loss with respect to the logits, in the shape of `y_pred`."""
        return np.subtract(y_pred, y_true, out)

    def value_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[float, Array]:
        """Return the value on a batch and its gradient with respect to the prediction.

        Parameters
        ----------
        y_true : array
            Targets as `check_targets` returns them.
        y_pred : array (n, outputs)
            Predictions.
        sample_weight : array (n,), optional
            Weights of the samples.
        logits : array (n, outputs), optional
            The arguments of the link activation; the gradient is then with respect to them.
        out : array (n, outputs), optional
            Memory that the gradient may be written to.
        """
        total, divisor, gradient = self.sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        return float(total) / float(divisor), gradient

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return a sum and a divisor, whose quotient is the value on a batch, and the gradient of the quotient.

        See `value_and_gradient`. A subclass may compute the same in a faster way.
        """
        if logits is None:
            losses, gradient = self.per_sample(y_true, y_pred), self.gradient(y_true, y_pred)
        else:
            losses, gradient = (
                self.per_sample_from_logits(y_true, logits),
                self.gradient_from_logits(y_true, y_pred, out),
            )
        if losses.shape != y_pred.shape[:1] or gradient.shape != y_pred.shape:
            raise ValueError(
                f"{type(self).__name__}: for predictions of shape {y_pred.shape}, per_sample must return shape "
                f"{y_pred.shape[:1]} and gradient {y_pred.shape}, got {losses.shape} and {gradient.shape}"
            )
        if out is None:
            out = np.empty_like(y_pred)
        if sample_weight is None:
            divisor = self._divisor(len(losses))
            return losses.sum(), divisor, np.multiply(gradient, scalar(1 / divisor, out.dtype), out)
        divisor = self._divisor(sample_weight.sum())
        weights = (sample_weight / divisor).reshape(-1, *(1,) * (y_pred.ndim - 1))
        return losses.dot(sample_weight), divisor, np.multiply(gradient, weights, out)

    def _divisor(self, count: Any) -> float:
        """Return the divisor of a sum over `count` samples; 1 if there are none, since their sum is 0."""
        return (count or 1) if self.reduction == "mean" else 1

    def total(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None, logits: Array | None = None
    ) -> tuple[float, float]:
        """Return ``(sum of w * l, sum of w)`` of a batch; over batches of any sizes, these add up."""
        losses = self.per_sample(y_true, y_pred) if logits is None else self.per_sample_from_logits(y_true, logits)
        if sample_weight is None:
            return float(losses.sum(dtype=np.float64)), float(len(losses))
        weights = sample_weight.astype(np.float64)
        return float(weights.dot(losses)), float(weights.sum())

    def value(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None, *, logits: Array | None = None
    ) -> float:
        """Return the value on a batch, as `value_and_gradient` does."""
        total, weight = self.total(y_true, y_pred, sample_weight, logits)
        return total / self._divisor(weight)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the value for arrays or lists; ValueError if their shapes do not fit."""
        y_pred = np.asarray(y_pred)
        if y_pred.dtype != np.float32:
            y_pred = y_pred.astype(np.float64)
        if y_pred.ndim == 1:
            y_pred = y_pred.reshape(-1, 1)
        y_true = self.check_targets(np.asarray(y_true), y_pred.shape[1:], y_pred.dtype)
        if len(y_true) != len(y_pred):
            raise ValueError(f"y_true has {len(y_true)} samples, but y_pred has {len(y_pred)}")
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight, y_pred.dtype)
            if sample_weight.shape != (len(y_pred),):
                raise ValueError(f"sample_weight must have shape ({len(y_pred)},), got {sample_weight.shape}")
        return self.value(y_true, y_pred, sample_weight)

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return targets in the form that this loss computes with: (n, *output_shape) in the floating `dtype`.

        Targets of shape (n,) fit an output of shape (n, 1).

        Raises
        ------
        ValueError
            If the shape is another, or if a value cannot be a target of this loss.
        """
        return as_float(fitting(y, output_shape), dtype, "y")


LossLike = str | Loss | type[Loss]  # see `Component.of`


class LossOptions(TypedDict, total=False):
    """The arguments that every loss has, as types of ``**common``."""

    reduction: str
