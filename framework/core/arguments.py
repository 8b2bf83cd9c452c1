"""Checks of the arguments of functions and constructors: each returns the value, or raises an error that names it.

For a constructor's argument, give the component as `owner`: the message then begins with its class.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

import numpy as np

from framework.core.messages import shown


def _called(name: str, owner: Any) -> str:
    return name if owner is None else f"{type(owner).__name__}: {name}"


def number(
    value: Any,
    name: str,
    owner: Any = None,
    *,
    above: float = -inf,
    least: float = -inf,
    below: float = inf,
    most: float = inf,
) -> float:
    """Return `value`; raise TypeError unless it is a number, ValueError unless it is finite and in the range."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{_called(name, owner)} must be a number, got {shown(value)}")
    if not (isfinite(value) and above < value < below and least <= value <= most):
        bounds = {"above": (above, -inf), "at least": (least, -inf), "below": (below, inf), "at most": (most, inf)}
        words = " and ".join(f"{word} {bound:g}" for word, (bound, unbounded) in bounds.items() if bound != unbounded)
        raise ValueError(f"{_called(name, owner)} must be a finite number{words and ' ' + words}, got {value}")
    return value  # type: ignore[return-value]


def integer(value: Any, name: str, owner: Any = None, *, least: int) -> int:
    """Return `value` as an int; raise TypeError unless it is an integer, ValueError if it is below `least`."""
    called, positive = _called(name, owner), owner is not None and least == 1
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{called} must be {'a positive' if positive else 'an'} integer, got {shown(value)}")
    if value < least:
        bound = "a positive integer" if positive else f"at least {least}"
        raise ValueError(f"{called} must be {bound}, got {value}")
    return int(value)


def flag(value: Any, name: str, owner: Any = None) -> bool:
    """Return `value` as a bool; raise TypeError unless it is one, because a string such as "no" counts as true."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{_called(name, owner)} must be True or False, got {shown(value)}")
    return bool(value)


def effective(owner: Any, given: Mapping[str, bool], why_not: str) -> None:
    """Raise ValueError naming the arguments that are `given`: beside the owner's others, they would do nothing.

    The message ends in `why_not`, such as "with use_bias=False".
    """
    names = [name for name, is_given in given.items() if is_given]
    if names:
        verb = "has" if len(names) == 1 else "have"
        raise ValueError(f"{type(owner).__name__}: {' and '.join(names)} {verb} no effect {why_not}")


def path(value: Any, name: str = "path") -> str:
    """Return `value` as a str; raise TypeError unless it is a str or a path."""
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a str or a path, got {shown(value)}")
    return os.fspath(value)


def sample_shape(axes: tuple[Any, ...], name: str) -> tuple[int, ...]:
    """Return the shape of a sample; raise ValueError unless all axes are positive, without one for the batch."""
    if axes[1:] and axes[0] in (None, -1):
        raise ValueError(f"{name} leaves out the batch axis: write {axes[1:]}, got {axes}")
    return tuple(integer(axis, name, least=1) for axis in axes)


def fraction(value: Any, name: str) -> float:
    """Return `value` as a float; raise TypeError unless it is a number, ValueError unless 0 <= value < 1."""
    return float(number(value, name, least=0, below=1))


def network_dtype(value: Any) -> np.dtype[Any]:
    """Return `value` as a dtype; raise ValueError unless it is one that networks compute in, float32 or float64."""
    try:
        dtype: np.dtype[Any] = np.dtype(value)
    except TypeError:
        pass
    else:
        if dtype in (np.dtype(np.float32), np.dtype(np.float64)):
            return dtype
    raise ValueError(f"dtype must be float32 or float64, got {shown(value)}")
