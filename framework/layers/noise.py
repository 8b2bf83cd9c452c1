"""Noise in training: layers that let a network see other inputs each time. In inference y = x."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from framework.arguments import number
from framework.component import Array
from framework.layers.base import Context, Layer, Shape


class GaussianNoise(Layer):
    """In training, add noise to each element: y = x + e, e ~ N(0, stddev^2); any shape -> the same.

    Source: Bishop 1995, "Training with noise is equivalent to Tikhonov regularization", section 2.

    Parameters
    ----------
    stddev : float
        At least 0.
    name, trainable
        As in `Layer`.
    """

    differs_in_training = True

    def __init__(self, stddev: float = 0.1, **common: Any) -> None:
        super().__init__(**common)
        self.stddev = stddev
        self.check()

    def check(self) -> None:
        number(self, "stddev", least=0)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"y": input_shape}

    def forward(self, ctx: Context, x: Array) -> Array:
        if not ctx.training:
            return x
        y = ctx.y
        ctx.rng.standard_normal(dtype=y.dtype, out=y)
        y *= self.stddev
        return np.add(x, y, y)  # type: ignore[no-any-return]

    def backward(self, ctx: Context, grad: Array) -> Array:
        return grad


class GaussianDropout(Layer):
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

    differs_in_training = True

    def __init__(self, rate: float = 0.5, **common: Any) -> None:
        super().__init__(**common)
        self.rate = rate
        self.check()

    def check(self) -> None:
        number(self, "rate", least=0, below=1)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"factor": input_shape, "y": input_shape, "dx": input_shape}

    def forward(self, ctx: Context, x: Array) -> Array:
        if not ctx.training:
            return x
        factor = ctx.factor
        ctx.rng.standard_normal(dtype=factor.dtype, out=factor)
        factor *= sqrt(self.rate / (1 - self.rate))
        factor += 1
        return np.multiply(x, factor, ctx.y)  # type: ignore[no-any-return]

    def backward(self, ctx: Context, grad: Array) -> Array:
        return np.multiply(grad, ctx.factor, ctx.dx) if ctx.training else grad


SATURATION = -1.0507009873554805 * 1.6732632423543772  # what selu tends to at minus infinity


class AlphaDropout(Layer):
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

    differs_in_training = True

    def __init__(self, rate: float = 0.05, **common: Any) -> None:
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
        s, q = SATURATION, 1 - self.rate
        a = (q + s**2 * q * (1 - q)) ** -0.5
        mask = ctx.mask
        ctx.rng.random(dtype=mask.dtype, out=mask)
        np.greater_equal(mask, self.rate, mask)
        mask *= a
        y = np.subtract(x, s, ctx.y)  # with b put in: y = a m (x - s) + a s q
        y *= mask
        y += a * s * q
        return y  # type: ignore[no-any-return]

    def backward(self, ctx: Context, grad: Array) -> Array:
        return np.multiply(grad, ctx.mask, ctx.dx) if ctx.training else grad
