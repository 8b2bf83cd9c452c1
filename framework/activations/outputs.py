"""Activations made for output layers: linear, exponential and softmax."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.activations.base import LARGEST_EXPONENT, Activation, bound, ready, spread
from framework.core.types import Array


class Linear(Activation, aliases=["identity"]):
    """f(z) = z, f'(z) = 1; returns z itself, and `backward` grad itself."""

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        return z

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = ready(z, out)
        out.fill(1)
        return out

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        return grad


class Exponential(Activation):
    """f(z) = f'(z) = exp(z); where exp would overflow, at the largest float (nearly) instead."""

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = ready(z, out)
        np.minimum(z, bound(LARGEST_EXPONENT[z.dtype], z), out=out)
        return np.exp(out, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        return a


@lru_cache(maxsize=64)
def ones(n: int, dtype: Any) -> Array:
    """Return a column of n ones: a product with it sums over the last axis, several times faster than `np.sum`."""
    return np.ones((n, 1), dtype)


class Softmax(Activation):
    """f(z)_i = exp(z_i) / sum_j exp(z_j) over the last axis; not elementwise.

    `backward` is the product with the Jacobian: a_i (grad_i - sum_j grad_j a_j).
    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs", section 2.
    """

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = ready(z, out)
        np.subtract(z, spread(np.maximum.reduce(z, axis=-1, keepdims=True), z), out)
        np.exp(out, out)
        total: Array = out.dot(ones(out.shape[-1], out.dtype))
        return np.divide(out, spread(total, out), out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        """Raise: an element depends on its whole row, so there is no f'(z) of the same shape."""
        raise NotImplementedError("Softmax is not elementwise: it has no derivative; use backward(grad, z, a)")

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = ready(a, out)
        np.multiply(grad, a, out)
        total: Array = out.dot(ones(out.shape[-1], out.dtype))
        np.subtract(grad, spread(total, out), out)
        return np.multiply(out, a, out)
