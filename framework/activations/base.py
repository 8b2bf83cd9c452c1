"""The base class of activations, `Activation`, and the helpers of the built-in formulas."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache, wraps
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core.component import Component
from framework.core.scalars import per_dtype, scalar
from framework.core.types import Array

ZERO = per_dtype(0.0)
TWO = per_dtype(2.0)
METHODS = {"__call__": 2, "derivative": 3, "backward": 4}  # how many parameters each has before `out`
LARGEST_EXPONENT = {np.dtype(t): float(np.nextafter(t(log(np.finfo(t).max)), t(0))) for t in (np.float32, np.float64)}

# Defaults of `out` in a formula, see `Activation`. The name says which argument the new array is like.
LIKE_Z: Any = "a new array like z"
LIKE_A: Any = "a new array like a"


class Activation(Component):
    """Base of activations: a = f(z), elementwise, any shape -> the same.

    A subclass writes two methods, ``__call__(self, z)`` and ``derivative(self, z, a)``. It may give them a parameter
    ``out=None``, an array offered for the result; without it, an array that is offered is ignored. Only the returned
    array counts. No method writes to `z`, `a` or `grad`. `out` shares no memory with them, except in ``f(z, z)``
    where `in_place` allows it.

    The built-in formulas declare ``out=LIKE_Z`` or ``out=LIKE_A``, and always get an array to write to: where the
    caller gives none, this class converts z (or a) to floating point and allocates an array like it.

    Attributes
    ----------
    in_place : bool
        Whether `backward` needs `a` only, so that ``f(z, z)`` may overwrite z with a, and ``backward(grad, a, a)`` is
        right. A class that defines any of the three methods does not inherit it, and has to set it again.
    """

    in_place = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = [name for name in METHODS if name in vars(cls)]
        if own and "in_place" not in vars(cls):
            cls.in_place = False
        if "derivative" in own and "backward" not in own:  # an inherited shortcut would ignore the new derivative
            cls.backward = Activation.backward  # type: ignore[method-assign]
        for name in own:
            setattr(cls, name, _with_out(vars(cls)[name], METHODS[name]))

    if TYPE_CHECKING:
        # To a type checker, ``*args: Any, **kwargs: Any`` is any further parameter or none: a subclass may have `out`.
        def __call__(self, z: Array, /, *args: Any, **kwargs: Any) -> Array: ...

        def derivative(self, z: Array, a: Array, /, *args: Any, **kwargs: Any) -> Array: ...

        def backward(self, grad: Array, z: Array, a: Array, /, *args: Any, **kwargs: Any) -> Array: ...

    else:

        def __call__(self, z, out=None):
            """Return f(z)."""
            raise NotImplementedError(f"{type(self).__name__} must define __call__(self, z)")

        def derivative(self, z, a, out=None):
            """Return f'(z), given z and a = f(z)."""
            raise NotImplementedError(f"{type(self).__name__} must define derivative(self, z, a)")

        def backward(self, grad, z, a, out=None):
            """Return the gradient with respect to z, grad * f'(z), given `grad`, that with respect to a."""
            return np.multiply(grad, self.derivative(z, a, out), out)


ActivationLike = str | Activation | type[Activation]  # see `Component.of`


def _with_out(method: Callable[..., Any], required: int) -> Callable[..., Any]:
    """Return `method` as one that may be called with `out`, without it, or with ``out=None``.

    One of the `required` parameters may be called `out`, too, as `a` is in ``derivative(self, x, out)``.
    """
    if isinstance(method, staticmethod):
        return staticmethod(_with_out(method.__func__, required - 1))
    signature = inspect.signature(method)
    if "out" not in list(signature.parameters)[required:]:
        return _ignoring_out(method, len(signature.parameters))
    default = signature.parameters["out"].default
    if default is LIKE_Z or default is LIKE_A:
        return _allocating_out(method, signature, "z" if default is LIKE_Z else "a")
    return method


def _ignoring_out(method: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return `method`, which has `count` parameters, with another one, `out`, that it ignores."""

    @wraps(method)
    def ignoring_out(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("out", None)
        return method(*args[:count], **kwargs)

    return ignoring_out


def _allocating_out(formula: Callable[..., Any], signature: inspect.Signature, model: str) -> Callable[..., Any]:
    """Return `formula` with `out`, if none is given, a new array like argument `model` in floating point."""
    position = list(signature.parameters).index("out")

    @wraps(formula)
    def allocating_out(*args: Any, **kwargs: Any) -> Any:
        if len(args) > position and args[position] is not None:  # as a network calls it: no time to lose
            return formula(*args, **kwargs)
        given = signature.bind(*args, **kwargs).arguments
        if given.get("out") is None:
            given[model] = _floating(given[model])
            given["out"] = np.empty_like(given[model])
        return formula(**given)

    return allocating_out


def _floating(value: Any) -> Array:
    """Return `value` as an array of float32 if it is one, else of float64."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    return array.astype(np.float32 if array.dtype == np.float32 else np.float64, copy=False)


def heaviside(z: Array, out: Array) -> Array:
    """Return the step function: 1 where z > 0; elsewhere 0, or -1 for a small array with z below 0."""
    # np.sign is the faster call, np.greater (which converts from bool) the faster loop.
    return np.sign(z, out) if z.size < 2048 else np.greater(z, ZERO[z.dtype], out=out)


COPY_LIMIT = 1 << 13  # elements: up to here it is faster to copy to each row (or column), and then compute
CACHE_LIMIT = 1 << 16  # elements: up to here an array to compare with is kept


def repeated(column: Array, z: Array) -> Array:
    """Return `column`, (..., 1), to compute with `z`, (..., n): copied to each of the n columns if `z` is small.

    Copying and then computing is twice as fast there as broadcasting.
    """
    if z.size > COPY_LIMIT:
        return column
    copies = np.empty_like(z)
    copies[...] = column
    return copies


def bound(value: float, z: Array) -> Array:
    """Return `value` to compare with `z`, in ``np.minimum(z, ...)`` or ``np.maximum(z, ...)``.

    NumPy compares two arrays of one shape three times as fast as an array and a number. So for a small `z` this is an
    array full of `value`, filled once for each shape and kept; for a large one, which would use up memory, a number.
    """
    return _filled(value, z.shape, z.dtype) if z.size <= CACHE_LIMIT else scalar(value, z.dtype)


@lru_cache(maxsize=64)
def _filled(value: float, shape: tuple[int, ...], dtype: Any) -> Array:
    array = np.full(shape, value, dtype)
    array.flags.writeable = False  # every caller gets the same array
    return array
