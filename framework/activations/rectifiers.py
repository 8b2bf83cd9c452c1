"""Activations that pass positive values on: relu, and variants with another lower half."""

from __future__ import annotations

import numpy as np

from framework.activations.base import LIKE_A, LIKE_Z, ZERO, Activation, bound, heaviside
from framework.core.arguments import number
from framework.core.scalars import scalar
from framework.core.types import Array


class ReLU(Activation, name="relu"):
    """f(z) = max(z, 0), f'(z) = 1 for z > 0, else 0."""

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        return np.maximum(z, bound(0.0, z), out=out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        return heaviside(a, out)  # a is never below 0


class LeakyReLU(Activation, name="leaky_relu"):
    """f(z) = z for z > 0, else negative_slope * z; f'(0) = negative_slope.

    Source: Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models", section 2.
    """

    replayable = True

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope
        self.check()

    def check(self) -> None:
        number(self.negative_slope, "negative_slope", self, least=0, most=1)

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        np.multiply(z, scalar(self.negative_slope, z.dtype), out)
        return np.maximum(z, out, out=out)  # for z > 0, z is the larger one, as the slope is at most 1

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        return np.maximum(heaviside(z, out), bound(self.negative_slope, z), out=out)


class _ExponentialLinear(Activation):
    """Base of f(z) = scale * (z for z > 0, else alpha (exp(z) - 1)).

    f'(z) = scale for z > 0, else scale * alpha * exp(z) = f(z) + scale * alpha.
    """

    in_place = True
    alpha: float
    scale = 1.0

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        positive = np.maximum(z, bound(0.0, z))
        np.minimum(z, bound(0.0, z), out=out)
        np.expm1(out, out)
        np.multiply(out, scalar(self.alpha, z.dtype), out)
        np.add(out, positive, out)
        return np.multiply(out, scalar(self.scale, z.dtype), out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        np.minimum(z, bound(0.0, z), out=out)
        np.exp(out, out)
        np.multiply(out, scalar(self.alpha * self.scale, z.dtype), out)
        return self._with_upper_half(z, out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        np.minimum(a, bound(0.0, a), out=out)
        np.add(out, scalar(self.alpha * self.scale, a.dtype), out)
        return np.multiply(grad, self._with_upper_half(a, out), out)

    def _with_upper_half(self, z: Array, slope: Array) -> Array:
        """Return `slope`, after replacing scale * alpha by scale where z > 0."""
        if self.alpha != 1:
            np.add(slope, (z > ZERO[z.dtype]) * scalar(self.scale * (1 - self.alpha), z.dtype), slope)
        return slope


class ELU(_ExponentialLinear, name="elu"):
    """f(z) = z for z > 0, else alpha (exp(z) - 1); f'(z) = 1, else alpha exp(z), also at 0.

    Source: Clevert et al. 2016, "Fast and accurate deep network learning by exponential linear units (ELUs)", eq. 15.
    """

    replayable = True

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha
        self.check()

    def check(self) -> None:
        number(self.alpha, "alpha", self, least=0)


class SELU(_ExponentialLinear, name="selu"):
    """f(z) = scale * elu(z, alpha), scale = 1.0507 and alpha = 1.6733: keeps mean 0 and variance 1.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks", eq. 2 and 14.
    """

    replayable = True
    alpha = 1.6732632423543772
    scale = 1.0507009873554805
