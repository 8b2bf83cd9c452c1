"""Smooth activations: z times a gate between 0 and 1, and softplus."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from framework.activations.base import LIKE_A, LIKE_Z, TWO, Activation, bound
from framework.activations.normal_tail import mills_ratio, normal_density
from framework.core.arguments import flag
from framework.core.scalars import ONE, scalar
from framework.core.types import Array


def _gated(z: Array, v: Array, out: Array) -> Array:
    """Return z * sigmoid(v), for v with the sign of z, as max(z, 0) - |z| sigmoid(-|v|): exact in both tails."""
    e = np.exp(-np.abs(v))
    np.divide(e, ONE[z.dtype] + e, out)
    np.multiply(out, np.abs(z), out)
    return np.subtract(np.maximum(z, bound(0.0, z)), out, out)


# Below the smallest normal number, a float loses a bit with each halving; these have lost eight.
TINY = {np.dtype(t): float(np.finfo(t).tiny) / 256 for t in (np.float32, np.float64)}


def _gate(z: Array, a: Array, out: Array) -> Array:
    """Return the gate a / z of a = z gate(z), and 1/2 at z = 0, where these gates are half open."""
    # The bounds matter only next to 0, where a has lost its digits: there they make it tiny / (2 * tiny).
    tiny = TINY[z.dtype]
    above = np.maximum(np.abs(a), bound(tiny, z))
    gate: Array = np.divide(above, np.maximum(np.abs(z), bound(2 * tiny, z)), out)
    return gate


def _gated_slope(z: Array, a: Array, z_dv: Array, out: Array) -> Array:
    """Return the derivative of a = z * sigmoid(v(z)) for an odd v: s + s (1 - s) z v', s the sigmoid."""
    s = _gate(z, a, out)
    slope: Array = np.add(s, s * (ONE[z.dtype] - s) * z_dv, out)
    return slope


class GELU(Activation, name="gelu"):
    """f(z) = z Phi(z), Phi being the standard normal distribution function; f'(z) = Phi(z) + z density(z).

    With `approximate`: f(z) = z sigmoid(2 v), v = sqrt(2 / pi) (z + 0.044715 z^3), the tanh form.
    Source: Hendrycks & Gimpel 2016, "Gaussian error linear units (GELUs)", section 2.
    """

    replayable = True

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = approximate
        self.check()

    def check(self) -> None:
        flag(self.approximate, "approximate", self)

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        if self.approximate:
            return _gated(z, _gelu_inner(z)[0], out)
        x = np.minimum(np.abs(z), bound(40.0, z))  # from 40 on, the density is 0
        np.multiply(x * mills_ratio(x), normal_density(x), out)  # |z| Phi(-|z|)
        return np.subtract(np.maximum(z, bound(0.0, z)), out, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        if self.approximate:
            return _gated_slope(z, a, _gelu_inner(z)[1], out)
        x = np.minimum(np.abs(z), bound(40.0, z))
        slope: Array = np.add(_gate(z, a, out), z * normal_density(x), out)
        return slope


def _gelu_inner(z: Array) -> tuple[Array, Array]:
    """Return 2 v(z) = c (z + b z^3) and z times its derivative, for z between -24 and 24.

    Beyond, the gate is 0 or 1 to rounding, and z^3 would overflow.
    """
    z = np.minimum(np.maximum(z, bound(-24.0, z)), bound(24.0, z))
    b, c = scalar(0.044715, z.dtype), scalar(2 * sqrt(2 / pi), z.dtype)
    cz, bzz = c * z, b * np.square(z)
    return cz * (ONE[z.dtype] + bzz), cz * (ONE[z.dtype] + scalar(3.0, z.dtype) * bzz)


class SiLU(Activation, name="silu", aliases=["swish"]):
    """f(z) = z s, f'(z) = s (1 + z (1 - s)), s = sigmoid(z).

    Source: Elfwing et al. 2018, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", section 2.
    """

    replayable = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        return _gated(z, z, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        return _gated_slope(z, a, z, out)


class Mish(Activation):
    """f(z) = z T, T = tanh(softplus(z)) = w / (w + 2), w = e (e + 2), e = exp(z); f'(z) = T + 2 z w' / (w + 2)^2.

    Source: Misra 2020, "Mish: a self regularized non-monotonic activation function", eq. 1.
    """

    replayable = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        w, _ = self._w_and_slope(self._at_most_40(z))
        np.divide(w, w + TWO[z.dtype], out)
        return np.multiply(out, z, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_Z) -> Array:
        z = self._at_most_40(z)
        w, dw = self._w_and_slope(z)
        v: Array = w + TWO[z.dtype]
        np.divide(w, v, out)
        return np.add(out, z * (dw / v * (TWO[z.dtype] / v)), out)

    def _at_most_40(self, z: Array) -> Array:
        """Return min(z, 40): above 40, T and f' are 1 to rounding, and w^2 would overflow a float32."""
        lower: Array = np.minimum(z, bound(40.0, z))
        return lower

    def _w_and_slope(self, z: Array) -> tuple[Array, Array]:
        """Return w and w'."""
        e = np.exp(z)
        return e * (e + TWO[z.dtype]), TWO[z.dtype] * e * (e + ONE[z.dtype])


class Softplus(Activation):
    """f(z) = log(1 + exp(z)), computed as max(z, 0) + log1p(exp(-|z|)); f'(z) = sigmoid(z) = 1 - exp(-a)."""

    replayable = True
    in_place = True

    def __call__(self, z: Array, out: Array = LIKE_Z) -> Array:
        positive = np.maximum(z, bound(0.0, z))
        np.abs(z, out)
        np.negative(out, out)
        np.exp(out, out)
        np.log1p(out, out)
        return np.add(out, positive, out)

    def derivative(self, z: Array, a: Array, out: Array = LIKE_A) -> Array:
        np.negative(a, out)
        np.expm1(out, out)
        return np.negative(out, out)
