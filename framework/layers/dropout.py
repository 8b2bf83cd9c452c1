"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.arguments import number
from framework.component import Array
from framework.layers.base import Context, Layer, Shape


class Dropout(Layer):
    """In training, set each element to zero with probability `rate` and scale the others by 1 / (1 - rate).

    y = x * mask / (1 - rate), mask ~ Bernoulli(1 - rate); any shape -> the same. In inference y = x.
    Source: Srivastava et al. 2014, "Dropout", section 4, in the inverted form (scaled in training).

    Parameters
    ----------
    rate : float
        Between 0 and 1 (excluded).
    name, trainable
        As in `Layer`.
    """

    differs_in_training = True

    def __init__(self, rate: float = 0.5, **common: Any) -> None:
        super().__init__(**common)
        self.rate = rate
        self.check()

    def check(self) -> None:
        number(self, "rate", least=0, below=1)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"mask": input_shape, "y": input_shape, "dx": input_shape}

    def forward(self, ctx: Context, x: Array) -> Array:
        if not ctx.training:
            return x
        mask = ctx.mask
        ctx.rng.random(dtype=mask.dtype, out=mask)
        np.greater_equal(mask, self.rate, mask)
        mask *= 1 / (1 - self.rate)
        return np.multiply(x, mask, ctx.y)  # type: ignore[no-any-return]

    def backward(self, ctx: Context, grad: Array) -> Array:
        return np.multiply(grad, ctx.mask, ctx.dx) if ctx.training else grad
