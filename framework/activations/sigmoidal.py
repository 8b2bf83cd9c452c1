"""Bounded activations: sigmoid, tanh and their cheaper relatives."""

from __future__ import annotations

import numpy as np

from framework.activations.base import LARGEST_EXPONENT, LIKE_A, LIKE_Z, TWO, ZERO, Activation, bound
from framework.core.scalars import ONE, scalar
from framework.core.types import Array


class Sigmoid(Activation):
    """f(z) = 1 / (1 + exp(-z)), f'(z) = f(z) (1 - f(z)).

    `derivative` is exact to rounding in both tails; `backward` uses a (1 - a), exact to rounding against 1.
    """

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        np.negative(z, out)
        np.minimum(out, bound(LARGEST_EXPONENT[z.dtype], out), out=out)
        np.exp(out, out)
        np.add(out, ONE[z.dtype], out)
        return np.reciprocal(out, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        e: Array = np.exp(-np.abs(z))
        np.add(e, ONE[z.dtype], out)
        np.multiply(out, out, out)
        return np.divide(e, out, out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        np.multiply(a, a, out)
        np.subtract(a, out, out)
        return np.multiply(out, grad, out)


class Tanh(Activation):
    """f(z) = tanh(z), f'(z) = 1 - f(z)^2.

    `derivative` is exact to rounding in both tails; `backward` uses 1 - a^2, exact to rounding against 1.
    """

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        return np.tanh(z, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        e = np.exp(-np.abs(z))
        np.divide(TWO[z.dtype] * e, ONE[z.dtype] + e * e, out)
        return np.multiply(out, out, out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        np.multiply(a, a, out)
        np.multiply(out, grad, out)
        return np.subtract(grad, out, out)


class Softsign(Activation):
    """f(z) = z / (1 + |z|), f'(z) = 1 / (1 + |z|)^2.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    section 2.
    """

    replayable = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        np.abs(z, out)
        np.add(out, ONE[z.dtype], out)
        return np.divide(z, out, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        np.abs(z, out)
        np.add(out, ONE[z.dtype], out)
        np.divide(ONE[z.dtype], out, out)
        return np.multiply(out, out, out)


class HardSigmoid(Activation):
    """f(z) = min(max(z + 3, 0), 6) / 6, f'(z) = 1/6 for |z| < 3, else 0.

    Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.
    """

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        six = scalar(6.0, z.dtype)
        np.add(z, scalar(3.0, z.dtype), out)
        np.maximum(out, bound(0.0, z), out=out)
        np.minimum(out, bound(6.0, z), out=out)
        return np.divide(out, six, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        inside = (a > ZERO[a.dtype]) & (a < ONE[a.dtype])
        return np.multiply(inside, scalar(1 / 6, a.dtype), out)
