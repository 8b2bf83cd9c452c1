"""Base of the losses that compare output by output."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from framework.core.scalars import scalar
from framework.core.types import Array
from framework.losses.base import Loss


class Elementwise(Loss, registered=False):
    """Base of losses that compare output by output: a subclass gives the loss of each output and its slope.

    ``reduction="mean"`` averages over batch and outputs, ``"sum"`` sums over both.
    """

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the loss of each output, in the shape of `y_pred`."""
        raise NotImplementedError(f"{type(self).__name__} must define values(y_true, y_pred)")

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of the loss of each output with respect to that output."""
        raise NotImplementedError(f"{type(self).__name__} must define slopes(y_true, y_pred)")

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean (or sum) over the outputs of each sample, (n,)."""
        return self._over_outputs(self.values(y_true, y_pred))

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of that mean (or sum) with respect to each output."""
        return self.slopes(y_true, y_pred) / self._outputs(y_pred)

    def _outputs(self, y_pred: Array) -> float:
        """Return the divisor of a sum over the outputs of a sample."""
        return self._divisor(prod(y_pred.shape[1:]))

    def _over_outputs(self, values: Array) -> Array:
        axes = tuple(range(1, values.ndim))
        reduced: Array = values.mean(axis=axes) if self.reduction == "mean" else values.sum(axis=axes)
        return reduced

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum, its divisor and the gradient; without weights, batch and outputs count as one axis."""
        if sample_weight is not None or logits is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        divisor = self._divisor(y_pred.size)
        gradient = np.multiply(self.slopes(y_true, y_pred), scalar(1 / divisor, y_pred.dtype), out)
        return self.values(y_true, y_pred).sum(), divisor, gradient


def positive(p: Array) -> Array:
    """Return `p`, raised to the machine epsilon of its dtype where it is less."""
    raised: Array = np.maximum(p, np.finfo(p.dtype).eps)
    return raised
