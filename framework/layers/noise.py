"""A layer that adds noise in training."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from framework.core.arguments import number
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer, LayerOptions


class GaussianNoise(Layer):
    """In training, add noise to each element: y = x + e, e ~ N(0, stddev^2); any shape -> the same.

    Source: Bishop 1995, "Training with noise is equivalent to Tikhonov regularization", section 2.

    Parameters
    ----------
    stddev : float
        The standard deviation of the noise; at least 0.
    name, trainable
        As in `Layer`.
    """

    replayable = True
    differs_in_training = True

    def __init__(self, stddev: float = 0.1, **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.stddev = stddev
        self.check()

    def check(self) -> None:
        number(self.stddev, "stddev", self, least=0)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"y": input_shape}

    def forward(self, ctx: Context, x: Array) -> Array:
        if not ctx.training:
            return x
        noise = ctx.y
        ctx.rng.standard_normal(dtype=noise.dtype, out=noise)
        noise *= self.stddev
        return np.add(x, noise, ctx.y)

    def backward(self, ctx: Context, grad: Array) -> Array:
        return grad
