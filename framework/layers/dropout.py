"""Dropout and its relatives: layers that multiply each element by a random factor in training."""

from __future__ import annotations

from math import sqrt
from typing import Unpack

import numpy as np

from framework.core.arguments import number
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer, LayerOptions


class _RandomFactor(Layer):
    """Base of layers whose derivative dy/dx, in training, is the random factor ``ctx.factor`` of each element."""

    differs_in_training = True

    def __init__(self, rate: float = 0.5, **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.rate = rate
        self.check()

    def check(self) -> None:
        number(self.rate, "rate", self, least=0, below=1)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"factor": input_shape, "y": input_shape, "dx": input_shape}

    def train_forward(self, ctx: Context, x: Array) -> Array:
        """Draw ``ctx.factor`` and return the outputs of a training pass."""
        raise NotImplementedError

    def draw_kept(self, ctx: Context) -> Array:
        """Return ``ctx.factor``, 0 for each element dropped (with probability `rate`) and 1 for each one kept."""
        factor: Array = ctx.factor
        ctx.rng.random(dtype=factor.dtype, out=factor)
        return np.greater_equal(factor, self.rate, factor)

    def forward(self, ctx: Context, x: Array) -> Array:
        return self.train_forward(ctx, x) if ctx.training else x

    def backward(self, ctx: Context, grad: Array) -> Array:
        return np.multiply(grad, ctx.factor, ctx.dx) if ctx.training else grad


class Dropout(_RandomFactor):
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

    replayable = True

    def train_forward(self, ctx: Context, x: Array) -> Array:
        factor = self.draw_kept(ctx)
        factor *= 1 / (1 - self.rate)
        return np.multiply(x, factor, ctx.y)


class GaussianDropout(_RandomFactor):
    """In training, multiply each element by noise of mean 1: y = x * e, e ~ N(1, rate / (1 - rate)).

    Any shape -> the same. Mean and variance of the noise are those of `Dropout` of that rate.
    Source: Srivastava et al. 2014, "Dropout", section 10.

    Parameters
    ----------
    rate : float
        Between 0 and 1 (excluded).
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def train_forward(self, ctx: Context, x: Array) -> Array:
        factor = ctx.factor
        ctx.rng.standard_normal(dtype=factor.dtype, out=factor)
        factor *= sqrt(self.rate / (1 - self.rate))
        factor += 1
        return np.multiply(x, factor, ctx.y)


SATURATION = -1.0507009873554805 * 1.6732632423543772  # the limit of selu at minus infinity


class AlphaDropout(_RandomFactor):
    """Dropout that keeps mean 0 and variance 1, for networks with the activation selu.

    In training, each element is set with probability `rate` to s, the limit of selu at minus infinity
    (-1.0507 * 1.6733), and all are scaled and shifted back: y = a (x m + s (1 - m)) + b, m ~ Bernoulli(q),
    q = 1 - rate, a = (q + s^2 q (1 - q))^(-1/2), b = -a s (1 - q). Any shape -> the same.
    Source: Klambauer et al. 2017, "Self-normalizing neural networks", section 3, "New dropout technique".

    Parameters
    ----------
    rate : float
        Between 0 and 1 (excluded); 0.05 to 0.1 are usual.
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(self, rate: float = 0.05, **common: Unpack[LayerOptions]) -> None:
        super().__init__(rate, **common)

    def train_forward(self, ctx: Context, x: Array) -> Array:
        s, q = SATURATION, 1 - self.rate
        a = (q + s**2 * q * (1 - q)) ** -0.5
        factor = self.draw_kept(ctx)
        factor *= a
        y = np.subtract(x, s, ctx.y)  # y = a m (x - s) + a s q: the formula above with b = -a s (1 - q)
        y *= factor  # a m
        y += a * s * q
        return y
