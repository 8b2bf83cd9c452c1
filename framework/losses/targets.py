"""Targets as a loss needs them: the shape of the output and its dtype, or an error that says what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array


def as_float(y: Array, dtype: Any) -> Array:
    """Return `y` in the floating `dtype`; ValueError if a finite value is too large for it."""
    with np.errstate(over="ignore"):
        converted = np.asarray(y, dtype)
    if converted.dtype.itemsize < y.dtype.itemsize and not np.isfinite(converted).all() and np.isfinite(y).all():
        largest = y.flat[np.abs(y).argmax()]
        raise ValueError(f"target {largest} is too large for {np.dtype(dtype).name}: scale y or use dtype='float64'")
    return converted


def fitting(y: Array, output_shape: tuple[int, ...]) -> Array:
    """Return `y` with shape (n, *output_shape); ValueError if that would take more than adding a last axis of 1."""
    if y.ndim == 1 and output_shape == (1,):
        return y.reshape(-1, 1)
    if y.ndim == 0 or y.shape[1:] != tuple(output_shape):
        expected = f"(n, {', '.join(map(str, output_shape))})" if output_shape else "(n,)"
        raise ValueError(f"targets y have shape {y.shape}, but the model's output has shape {expected}: {_fix(y)}")
    return y


def _fix(y: Array) -> str:
    if y.ndim == 0:
        return "give one target for each sample"
    if y.ndim == 1:
        return "end the model with Dense(1), or use categorical_crossentropy for integer class labels"
    if y.ndim == 2:
        return f"end the model with Dense({y.shape[1]}), or choose the columns of y that it should predict"
    return f"end the model with an output of shape {y.shape[1:]}, or reshape y"


def require(ok: Array, y: Array, what: str, fix: str) -> None:
    """Raise ValueError naming the first target for which `ok` is False."""
    if not ok.all():
        place = np.unravel_index(int(np.argmin(ok)), y.shape)
        where = ", ".join(str(int(index)) for index in place)
        raise ValueError(f"{what}, but y[{where}] is {y[place].item()!r}: {fix}")
