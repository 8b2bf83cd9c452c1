"""Arrays as they come in practice: read-only, strided, column by column; and offered buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array


def layouts(x: Array) -> dict[str, Array]:
    """Return copies of `x` that are read-only, not contiguous, and stored column by column."""
    read_only = x.copy()
    read_only.flags.writeable = False
    spaced = np.zeros((2 * len(x), *x.shape[1:-1], 2 * x.shape[-1]) if x.ndim > 1 else (2 * len(x),), x.dtype)
    strided = spaced[::2, ..., ::2] if x.ndim > 1 else spaced[::2]
    strided[...] = x
    return {"read-only": read_only, "not contiguous": strided, "column-major": np.asfortranarray(x)}


def poisoned(shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    """Return an array full of NaN, to be offered as a buffer."""
    return np.full(shape, np.nan, dtype)


def shapes_of(shapes: Any) -> list[tuple[int, ...]]:
    """Return a list of shapes from one shape, an integer, or several shapes."""
    if isinstance(shapes, int | np.integer):
        return [(int(shapes),)]
    if all(isinstance(axis, int | np.integer) for axis in shapes):
        return [tuple(int(axis) for axis in shapes)]
    return [shape for entry in shapes for shape in shapes_of(entry)]
