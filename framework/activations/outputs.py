"""Activations made for output layers: linear, exponential and softmax."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.activations.base import LARGEST_EXPONENT, LIKE_A, LIKE_Z, Activation, bound, repeated
from framework.core.types import Array


class Linear(Activation, aliases=["identity"]):
    """f(z) = z, f'(z) = 1; returns z itself, and `backward` grad itself."""

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        return z

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        out.fill(1)
        return out

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        return grad


class Exponential(Activation):
    """f(z) = f'(z) = exp(z), which stops just below the largest float instead of overflowing."""

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        np.minimum(z, bound(LARGEST_EXPONENT[z.dtype], z), out=out)
        return np.exp(out, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        return a


def _row_sums(x: Array) -> Array:
    """Return the sums over the last axis, (..., n) -> (..., 1)."""
    sums: Array = x.dot(_ones(x.shape[-1], x.dtype))  # several times faster than np.sum
    return sums


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> Array:
    return np.ones((n, 1), dtype)


class Softmax(Activation):
    """f(z)_i = exp(z_i) / sum_j exp(z_j) over the last axis; not elementwise.

    `backward` is the product with the Jacobian: a_i (grad_i - sum_j grad_j a_j).
    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs", section 2.
    """

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        largest = np.maximum.reduce(z, axis=-1, keepdims=True)  # subtracted from z, so that exp cannot overflow
        np.subtract(z, repeated(largest, z), out)
        np.exp(out, out)
        return np.divide(out, repeated(_row_sums(out), out), out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        """Raise: an element depends on its whole row, so there is no f'(z) of the same shape."""
        raise NotImplementedError("Softmax is not elementwise: it has no derivative; use backward(grad, z, a)")

    def backward(self, grad: Array, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        np.multiply(grad, a, out)
        np.subtract(grad, repeated(_row_sums(out), out), out)
        return np.multiply(out, a, out)
