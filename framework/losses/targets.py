"""Checks of targets: shapes, ranges and class labels; each error says how to mend the targets."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array


def fitting(y: Array, output_shape: tuple[int, ...]) -> Array:
    """Return `y` with shape (n, *output_shape); ValueError unless at most a last axis of 1 is missing."""
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


def require(ok: Array, y: Array, need: str, fix: str) -> None:
    """Raise ValueError naming the first target for which `ok` is False."""
    if not ok.all():
        index = np.unravel_index(int(np.argmin(ok)), y.shape)
        where = ", ".join(str(int(i)) for i in index)
        raise ValueError(f"{need}, but y[{where}] is {y[index].item()!r}: {fix}")


def class_labels(y: Array, classes: int) -> Array:
    """Return labels (n,) as integers; ValueError if one is not 0 .. classes - 1."""
    need = f"categorical_crossentropy needs integer labels 0 to {classes - 1} for {classes} outputs"
    require(y == np.floor(y), y, need, "number the classes, or give rows of probabilities of shape (n, K)")
    first, last = (y.min(), y.max()) if y.size else (0, 0)
    if first == 1 and last == classes:
        fix = "count from 0: use y - 1"
    elif first == -1 and last == 1:
        fix = "for labels -1 and +1 use (y + 1) / 2"
    else:
        fix = f"number the classes from 0, or give the model an output for each: Dense({int(last) + 1})"
    require((y >= 0) & (y < classes), y, need, fix)
    return y.astype(np.intp)
