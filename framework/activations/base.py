"""What an activation is: `Activation`, and what the built-in ones share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache, wraps
from math import log
from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.scalars import per_dtype, scalar
from framework.core.types import Array

ZERO = per_dtype(0.0)
TWO = per_dtype(2.0)
LARGEST_EXPONENT = {np.dtype(t): float(np.nextafter(t(log(np.finfo(t).max)), t(0))) for t in (np.float32, np.float64)}


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


def _taking_out(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return `method`; if it has no parameter `out`, one that takes it and leaves it."""
    if isinstance(method, staticmethod):
        return staticmethod(_taking_out(method.__func__))
    parameters = inspect.signature(method).parameters
    if "out" in parameters:
        return method

    @wraps(method)
    def taking_out(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("out", None)
        return method(*args[: len(parameters)], **kwargs)

    return taking_out


def ready(z: Any, out: Array | None) -> tuple[Array, Array]:
    """Return z as a floating array, and the array to write to: a new one if none is offered."""
    if out is None:
        z = np.asarray(z)
        z = z.astype(np.float32 if z.dtype == np.float32 else np.float64, copy=False)
        out = np.empty_like(z)
    return z, out


def step(z: Array, out: Array) -> Array:
    """Return an array that is 1 where z > 0, and 0 or below elsewhere."""
    # np.sign is the faster call, np.greater (which converts from bool) the faster loop.
    return np.sign(z, out) if z.size < 2048 else np.greater(z, ZERO[z.dtype], out=out)


SMALL = 1 << 13  # elements: up to here copying to each row, and then computing, is faster than broadcasting
LARGE = 1 << 16  # elements: up to here an array to compare with is kept


@lru_cache(maxsize=64)
def _filled(value: float, shape: tuple[int, ...], dtype: Any) -> Array:
    array = np.full(shape, value, dtype)
    array.flags.writeable = False
    return array


def spread(column: Array, z: Array) -> Array:
    """Return (..., 1) copied to the shape of `z` if it is small: twice as fast to compute with as broadcasting."""
    if z.size > SMALL:
        return column
    copies = np.empty_like(z)
    copies[...] = column
    return copies


def bound(value: float, z: Array) -> Array:
    """Return `value` in a form for ``np.minimum(z, ...)`` and ``np.maximum(z, ...)``: an array like `z` if it is small.

    These compare two arrays three times as fast as an array and a number.
    """
    return _filled(value, z.shape, z.dtype) if z.size <= LARGE else scalar(value, z.dtype)
