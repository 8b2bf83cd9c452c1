"""Functions of a layer's sums, with their derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from math import log, pi, sqrt
from sys import float_info
from typing import Any

import numpy as np

from framework.component import Array, Component, shown
from framework.scalars import ONE, PerDtype, scalar
from framework.special import mills_ratio, normal_density

ZERO = PerDtype(0.0)
TWO = PerDtype(2.0)


class Activation(Component):
    """Base of activations: a = f(z), elementwise, any shape -> the same.

    A subclass writes two methods, ``__call__(self, z)`` and ``derivative(self, z, a)``; it may leave out their
    parameter `out`, the array offered for the result. Only the returned array counts. No method writes to `z`,
    `a` or `grad`; `out` shares no memory with them, but for ``f(z, z)`` where `in_place` allows it.

    Attributes
    ----------
    in_place : bool
        Whether `backward` needs `a` only, so that ``f(z, z)`` may put a over z and ``backward(grad, a, a)`` is
        right. Not inherited by a class that writes any of the three methods anew.
    """

    in_place = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = [name for name in ("__call__", "derivative", "backward") if name in vars(cls)]
        if own and "in_place" not in vars(cls):
            cls.in_place = False
        if "derivative" in own and "backward" not in own:
            cls.backward = Activation.backward  # type: ignore[method-assign]
        for name in own:
            setattr(cls, name, _taking_out(vars(cls)[name]))

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        """Return f(z)."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, z)")

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        """Return f'(z), given z and a = f(z)."""
        raise NotImplementedError(f"{type(self).__name__} must define derivative(self, z, a)")

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        """Return the gradient with respect to z, given that with respect to a: grad * f'(z)."""
        return np.multiply(grad, self.derivative(z, a, out), out)

    def number(self, name: str, least: float, most: float = float_info.max) -> None:
        """Raise unless argument `name` is a number from `least` to `most`: TypeError for a type, else ValueError."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{type(self).__name__}: {name} must be a number, got {shown(value)}")
        if not least <= value <= most:
            bound = f"of at least {least}" if most == float_info.max else f"from {least} to {most}"
            raise ValueError(f"{type(self).__name__}: {name} must be a finite number {bound}, got {value}")


def _taking_out(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return `method`; if it has no parameter `out`, one that takes it and leaves it."""
    parameters = inspect.signature(method).parameters
    if "out" in parameters:
        return method

    @wraps(method)
    def taking_out(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("out", None)
        return method(*args[: len(parameters)], **kwargs)

    return taking_out


def _ready(z: Any, out: Array | None) -> tuple[Array, Array]:
    """Return z as a floating array, and the array to write to: a new one if none is offered."""
    if out is None:
        z = np.asarray(z)
        z = z.astype(np.float32 if z.dtype == np.float32 else np.float64, copy=False)
        out = np.empty_like(z)
    return z, out


def _step(z: Array, out: Array) -> Array:
    """Return an array that is 1 where z > 0, and 0 or below elsewhere."""
    # np.sign is the faster call, np.greater (which converts from bool) the faster loop.
    return np.sign(z, out) if z.size < 2048 else np.greater(z, ZERO[z.dtype], out=out)


class Linear(Activation, aliases=["identity"]):
    """f(z) = z, f'(z) = 1; returns z itself, and `backward` grad itself."""

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        return z

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        out.fill(1)
        return out

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        return grad


LARGEST_EXPONENT = {
    np.dtype(t): np.asarray(np.nextafter(t(log(np.finfo(t).max)), t(0))) for t in (np.float32, np.float64)
}


class Sigmoid(Activation):
    """f(z) = 1 / (1 + exp(-z)), f'(z) = f(z) (1 - f(z)).

    `derivative` is exact to rounding in both tails; `backward` uses a (1 - a), exact to rounding against 1.
    """

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.negative(z, out)
        np.minimum(out, LARGEST_EXPONENT[z.dtype], out=out)
        np.exp(out, out)
        np.add(out, ONE[z.dtype], out)
        return np.reciprocal(out, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        e: Array = np.exp(-np.abs(z))
        np.add(e, ONE[z.dtype], out)
        np.multiply(out, out, out)
        return np.divide(e, out, out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        np.multiply(a, a, out)
        np.subtract(a, out, out)
        return np.multiply(out, grad, out)


class Tanh(Activation):
    """f(z) = tanh(z), f'(z) = 1 - f(z)^2.

    `derivative` is exact to rounding in both tails; `backward` uses 1 - a^2, exact to rounding against 1.
    """

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        return np.tanh(z, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        e = np.exp(-np.abs(z))
        np.divide(TWO[z.dtype] * e, ONE[z.dtype] + e * e, out)
        return np.multiply(out, out, out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        np.multiply(a, a, out)
        np.multiply(out, grad, out)
        return np.subtract(grad, out, out)


class ReLU(Activation, name="relu"):
    """f(z) = max(z, 0), f'(z) = 1 for z > 0, else 0."""

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        return np.maximum(z, ZERO[z.dtype], out=out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        return _step(a, out)  # a is never below 0


class LeakyReLU(Activation, name="leaky_relu"):
    """f(z) = z for z > 0, else negative_slope * z; f'(0) = negative_slope.

    Source: Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models", section 2.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope
        self.check()

    def check(self) -> None:
        self.number("negative_slope", 0, 1)

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.multiply(z, scalar(self.negative_slope, z.dtype), out)
        return np.maximum(z, out, out=out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        return np.maximum(_step(z, out), scalar(self.negative_slope, z.dtype), out=out)


class _ExponentialLinear(Activation):
    """Base of f(z) = scale * (z for z > 0, else alpha (exp(z) - 1)); there f'(z) = f(z) + scale * alpha."""

    in_place = True
    alpha: float
    scale = 1.0

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        positive = np.maximum(z, ZERO[z.dtype])
        np.minimum(z, ZERO[z.dtype], out=out)
        np.expm1(out, out)
        np.multiply(out, scalar(self.alpha, z.dtype), out)
        np.add(out, positive, out)
        return np.multiply(out, scalar(self.scale, z.dtype), out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.minimum(z, ZERO[z.dtype], out=out)
        np.exp(out, out)
        np.multiply(out, scalar(self.alpha * self.scale, z.dtype), out)
        return np.where(z > ZERO[z.dtype], scalar(self.scale, z.dtype), out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        np.add(a, scalar(self.alpha * self.scale, a.dtype), out)
        return np.multiply(grad, np.where(a > ZERO[a.dtype], scalar(self.scale, a.dtype), out), out)


class ELU(_ExponentialLinear, name="elu"):
    """f(z) = z for z > 0, else alpha (exp(z) - 1); f'(z) = 1, else alpha exp(z), also at 0.

    Source: Clevert et al. 2016, "Fast and accurate deep network learning by exponential linear units (ELUs)", eq. 15.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha
        self.check()

    def check(self) -> None:
        self.number("alpha", 0)


class SELU(_ExponentialLinear, name="selu"):
    """f(z) = scale * elu(z, alpha), scale = 1.0507 and alpha = 1.6733 such that mean 0 and variance 1 are kept.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks", eq. 2 and 14.
    """

    alpha = 1.6732632423543772
    scale = 1.0507009873554805


def _where_positive(z: Array, lower: Array, out: Array) -> Array:
    """Return f'(z) from `lower`, f'(-|z|), of a function with f'(-z) = 1 - f'(z)."""
    return np.where(z > ZERO[z.dtype], np.subtract(ONE[z.dtype], lower, out), lower)


def _gated(z: Array, v: Array, out: Array) -> Array:
    """Return z * sigmoid(v), for v of the sign of z, as max(z, 0) - |z| sigmoid(-|v|): exact in both tails."""
    e = np.exp(-np.abs(v))
    np.divide(e, ONE[z.dtype] + e, out)
    np.multiply(out, np.abs(z), out)
    return np.subtract(np.maximum(z, ZERO[z.dtype]), out, out)


def _gated_slope(z: Array, v: Array, z_dv: Array, out: Array) -> Array:
    """Return the derivative of z * sigmoid(v(z)) for an odd v, `z_dv` being z v'(z)."""
    one = ONE[z.dtype]
    e = np.exp(-np.abs(v))
    u = one + e
    return _where_positive(z, e * (u - np.abs(z_dv)) / np.square(u), out)


class GELU(Activation, name="gelu"):
    """f(z) = z Phi(z), Phi being the standard normal distribution function; f'(z) = Phi(z) + z density(z).

    With `approximate`: f(z) = z sigmoid(2 v), v = sqrt(2 / pi) (z + 0.044715 z^3), the tanh form.
    Source: Hendrycks & Gimpel 2016, "Gaussian error linear units (GELUs)", section 2.
    """

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = approximate
        self.check()

    def check(self) -> None:
        if not isinstance(self.approximate, bool | np.bool_):
            raise TypeError(f"GELU: approximate must be True or False, got {shown(self.approximate)}")

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        if self.approximate:
            return _gated(z, _gelu_inner(z)[0], out)
        x = np.minimum(np.abs(z), scalar(40.0, z.dtype))
        np.multiply(x * mills_ratio(x), normal_density(x), out)
        return np.subtract(np.maximum(z, ZERO[z.dtype]), out, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        if self.approximate:
            return _gated_slope(z, *_gelu_inner(z), out)
        x = np.minimum(np.abs(z), scalar(40.0, z.dtype))
        return _where_positive(z, (mills_ratio(x) - x) * normal_density(x), out)


def _gelu_inner(z: Array) -> tuple[Array, Array]:
    """Return 2 v(z) = c (z + b z^3) and z times its derivative."""
    b, c = scalar(0.044715, z.dtype), scalar(2 * sqrt(2 / pi), z.dtype)
    cz, bzz = c * z, b * np.square(z)
    return cz * (ONE[z.dtype] + bzz), cz * (ONE[z.dtype] + scalar(3.0, z.dtype) * bzz)


class SiLU(Activation, name="silu", aliases=["swish"]):
    """f(z) = z s, f'(z) = s (1 + z (1 - s)), s = sigmoid(z).

    Source: Elfwing et al. 2018, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", section 2.
    """

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        return _gated(z, z, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        return _gated_slope(z, z, z, out)


class Mish(Activation):
    """f(z) = z T, T = tanh(softplus(z)) = w / (w + 2), w = e (e + 2), e = exp(z); f'(z) = T + 2 z w' / (w + 2)^2.

    Source: Misra 2020, "Mish: a self regularized non-monotonic activation function", eq. 1.
    """

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        w, _ = self._w_and_slope(z)
        np.divide(w, w + TWO[z.dtype], out)
        return np.multiply(out, z, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        w, dw = self._w_and_slope(z)
        v: Array = w + TWO[z.dtype]
        np.divide(w, v, out)
        return np.add(out, z * (dw / v * (TWO[z.dtype] / v)), out)

    def _w_and_slope(self, z: Array) -> tuple[Array, Array]:
        """Return w and w', for z up to 40: from there on T is 1 to rounding, and w^2 would overflow a float32."""
        e = np.exp(np.minimum(z, scalar(40.0, z.dtype)))
        return e * (e + TWO[z.dtype]), TWO[z.dtype] * e * (e + ONE[z.dtype])


class Softplus(Activation):
    """f(z) = log(1 + exp(z)), computed as max(z, 0) + log1p(exp(-|z|)); f'(z) = sigmoid(z) = 1 - exp(-a)."""

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        positive = np.maximum(z, ZERO[z.dtype])
        np.abs(z, out)
        np.negative(out, out)
        np.exp(out, out)
        np.log1p(out, out)
        return np.add(out, positive, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        np.negative(a, out)
        np.expm1(out, out)
        return np.negative(out, out)


class Softsign(Activation):
    """f(z) = z / (1 + |z|), f'(z) = 1 / (1 + |z|)^2.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    section 2.
    """

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.abs(z, out)
        np.add(out, ONE[z.dtype], out)
        return np.divide(z, out, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.abs(z, out)
        np.add(out, ONE[z.dtype], out)
        np.divide(ONE[z.dtype], out, out)
        return np.multiply(out, out, out)


class HardSigmoid(Activation):
    """f(z) = min(max(z + 3, 0), 6) / 6, f'(z) = 1/6 for |z| < 3, else 0.

    Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.
    """

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        six = scalar(6.0, z.dtype)
        np.add(z, scalar(3.0, z.dtype), out)
        np.maximum(out, ZERO[z.dtype], out=out)
        np.minimum(out, six, out=out)
        return np.divide(out, six, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        inside = (a > ZERO[a.dtype]) & (a < ONE[a.dtype])
        return np.multiply(inside, scalar(1 / 6, a.dtype), out)


class Exponential(Activation):
    """f(z) = f'(z) = exp(z); where exp would overflow, at the largest float (nearly) instead."""

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.minimum(z, LARGEST_EXPONENT[z.dtype], out=out)
        return np.exp(out, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        return a


class Softmax(Activation):
    """f(z)_i = exp(z_i) / sum_j exp(z_j) over the last axis; not elementwise.

    `backward` is the product with the Jacobian: a_i (grad_i - sum_j grad_j a_j).
    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs", section 2.
    """

    in_place = True

    def __call__(self, z: Array, out: Array | None = None) -> Array:
        z, out = _ready(z, out)
        np.subtract(z, np.maximum.reduce(z, axis=-1, keepdims=True), out)
        np.exp(out, out)
        return np.divide(out, np.add.reduce(out, axis=-1, keepdims=True), out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        """Raise: an element depends on its whole row, so there is no f'(z) of the same shape."""
        raise NotImplementedError("Softmax is not elementwise: it has no derivative; use backward(grad, z, a)")

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        a, out = _ready(a, out)
        np.multiply(grad, a, out)
        np.subtract(grad, np.add.reduce(out, axis=-1, keepdims=True), out)
        return np.multiply(out, a, out)
