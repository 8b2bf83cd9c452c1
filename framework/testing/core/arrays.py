"""Arrays as they come in practice: read-only, strided, column-major, in parts, in float32; and offered buffers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.testing.core.report import Subject


def _read_only(x: Array) -> Array:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


def _strided(x: Array) -> Array:
    spaced = np.zeros((2 * len(x), *x.shape[1:-1], 2 * x.shape[-1]) if x.ndim > 1 else (2 * len(x),), x.dtype)
    strided = spaced[::2, ..., ::2] if x.ndim > 1 else spaced[::2]
    strided[...] = x
    return strided


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "read-only": _read_only,
    "not contiguous": _strided,
    "column-major": np.asfortranarray,
}


def layouts(*arrays: Array) -> Iterator[tuple[str, list[Array]]]:
    """Yield the name of each layout, and `arrays` in it."""
    for name, store in LAYOUTS.items():
        yield name, [store(x) for x in arrays]


def check_layouts(
    subject: Subject, part: str, function: Callable[..., Any], arrays: Sequence[Array], expected: Any
) -> None:
    """Check that `function` computes `expected` from `arrays` in every layout."""
    for layout, stored in layouts(*arrays):
        name = f"{part}, arrays {layout}"
        cause = "the order in memory counts, as in ravel(order='K') or x.data: reach the entries by their indices"
        subject.same(name, subject.call(name, function, *stored), expected, cause=cause)


def check_parts(
    subject: Subject, part: str, function: Callable[..., Any], arrays: Sequence[Array], expected: Array, cause: str
) -> None:
    """Check that `function` computes `expected`, if it gets the samples of `arrays` in twos, or one by one.

    If it does so in twos alone, it is not for `cause`: then a batch of one is what it cannot do.
    """
    for size in (2, 1):
        name, values = f"{part}, batch split into {size}s", []
        starts = range(0, len(expected) - size + 1, size)
        for start in starts:
            batch = [x[start : start + size] for x in arrays]
            y = subject.call(name, function, *batch, x=batch[-1])
            subject.shape(name, y, (size, *expected.shape[1:]), one=size == 1)
            values.append(np.array(y))
        if size == 1 and len(expected) > 1:
            cause = "a batch of one is computed in another way: a deviation or an index that one sample does not have"
        if values:
            subject.same(name, np.concatenate(values), expected[: size * len(starts)], cause=cause)


def in_parts(function: Callable[..., Array], size: int, *arrays: Array) -> Array:
    """Return the values of `function` for `size` samples at a time, put together again."""
    starts = range(0, len(arrays[0]), size)
    return np.concatenate([function(*(x[start : start + size] for x in arrays)).copy() for start in starts])


def narrowed(y: Array, dtype: Any = np.float32) -> Array:
    """Return targets in `dtype`; labels stay integers."""
    return y.astype(dtype) if y.dtype.kind == "f" else y


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
