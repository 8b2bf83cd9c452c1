"""Checks of arrays: turn samples, targets and weights into arrays of numbers, or raise errors that name them."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np

from framework.core.messages import shape_text, shown
from framework.core.types import Array

CHECKED_AT_ONCE = 1 << 20  # elements


class RefusedBatch(Exception):
    """Data that proves unusable in the middle of a fit; each instance is also a ValueError or a TypeError."""


class _RefusedValue(RefusedBatch, ValueError):
    pass


class _RefusedType(RefusedBatch, TypeError):
    pass


def refused(error: TypeError | ValueError, message: str) -> RefusedBatch:
    """Return a RefusedBatch of the same kind as `error`, with `message` as its text."""
    return (_RefusedType if isinstance(error, TypeError) else _RefusedValue)(message)


def ordinary(error: RefusedBatch, more: str = "") -> TypeError | ValueError:
    """Return an error that says the same and `more`, but undoes no fit."""
    return (TypeError if isinstance(error, TypeError) else ValueError)(f"{error}{more}")


def numbers(value: Any, name: str) -> Array:
    """Return `value` as an array of bools, ints or floats; raise TypeError if it does not convert."""
    if value is None:
        raise TypeError(f"{name} is None; give an array of numbers")
    array = value if type(value) in (np.ndarray, np.memmap) else _converted(value, name)
    if array.dtype.kind == "O":
        array = _from_objects(array, name)
    if array.dtype.kind not in "biuf":
        kinds = {"U": "strings", "S": "bytes", "c": "complex numbers", "M": "dates", "m": "time differences"}
        what = kinds.get(array.dtype.kind, f"{array.dtype} values")
        raise TypeError(f"{name} holds {what} (dtype {array.dtype}); expected real numbers")
    return array


def _converted(value: Any, name: str) -> Array:
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise TypeError(f"{name} is a sparse matrix; convert it with {name}.toarray()")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} is a masked array with masked values; fill or drop them, as in {name}.filled(0)")
    if isinstance(value, Iterator):
        raise TypeError(f"{name} is {shown(value)}; give an array, or batches (x, y) as X with no y")
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        raise TypeError(f"{name} does not convert to an array of numbers: {error}") from None


def _from_objects(array: Array, name: str) -> Array:
    for item in array.flat:
        is_number = isinstance(item, np.generic) and item.dtype.kind in "biuf"
        if not is_number and (isinstance(item, np.generic | str) or not hasattr(item, "__float__")):
            raise TypeError(f"{name} holds objects such as {shown(item)}; expected real numbers")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} does not convert to an array of numbers: {error}") from None
    except OverflowError:
        raise ValueError(f"{name} holds an integer too large for float64") from None


def row_slices(n: int, size: int) -> Iterator[slice]:
    """Cut `n` rows into slices of `size` rows each; the last slice may be shorter."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def float_dtype(array: Array) -> np.dtype[Any]:
    """Return the dtype to compute in for data like `array`: float32 for float32, float64 for everything else."""
    return np.dtype(np.float32 if array.dtype.kind == "f" and array.dtype.itemsize == 4 else np.float64)


def finite(array: Array, name: str) -> None:
    """Raise ValueError, naming the first index, if `array` holds NaN or infinity."""
    if array.dtype.kind != "f" or not array.size:
        return
    if array.size <= CHECKED_AT_ONCE:
        _finite_part(array, name, array, 0)
        return
    for rows in row_slices(len(array), max(1, CHECKED_AT_ONCE // array[0].size)):
        _finite_part(array[rows], name, array, rows.start)


def _finite_part(part: Array, name: str, array: Array, start: int) -> None:
    if (
        part.size > 4096 and part.dtype.isnative
    ):  # the sum of squares shows any NaN or infinity in one pass, without a second array
        flat = part.reshape(-1)
        with np.errstate(all="ignore"):
            if isfinite(flat.dot(flat)):
                return
    fine = np.isfinite(part)
    if np.count_nonzero(fine) < part.size:
        at = tuple(int(i) for i in np.argwhere(~fine)[0])
        where = [at[0] + start, *at[1:]] if at else []
        raise ValueError(f"{name} holds {part[at]} at {where} (shape {array.shape}); expected finite numbers")


def as_float(array: Array, dtype: Any, name: str) -> Array:
    """Return `array` in `dtype`, C-contiguous; raise ValueError if a finite value is too large for it."""
    if array.dtype == dtype and array.dtype.isnative:
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, order="C")
    if array.dtype.kind == "f" and array.dtype.itemsize > converted.dtype.itemsize and not np.isfinite(converted).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(converted))[0])
        if np.isfinite(array[at]):
            value = f"{name}{list(at) or ''} = {array[at]:g}"
            raise ValueError(f"{value} is too large for {np.dtype(dtype)}: scale {name} or use dtype='float64'")
    return converted


def samples(value: Any, name: str, input_shape: tuple[int, ...] | None, who: str) -> Array:
    """Return `value` as an array of samples, of any real dtype. Check its shape, not its values.

    Raises
    ------
    TypeError
        As in `numbers`.
    ValueError
        If the shape is not (n, *input_shape). If `input_shape` is None: if samples have no axis, or no features.
    """
    array = numbers(value, name)
    if array.ndim == 0:
        raise ValueError(f"{name} is a single number; expected an array of shape (n, features)")
    if input_shape is None:
        if array.ndim == 1:
            raise ValueError(_one_axis(array, name, None))
        if 0 in array.shape[1:]:
            raise ValueError(f"{name} has shape {array.shape}: no features")
        return array
    if array.shape[1:] != input_shape:
        if array.ndim == 1 and len(input_shape) == 1:
            raise ValueError(_one_axis(array, name, input_shape[0]))
        expected, got = (shape_text(shape) for shape in (input_shape, array.shape[1:]))
        raise ValueError(f"{who} expects inputs of shape {expected}, got {got}: {name} has shape {array.shape}")
    return array


def _one_axis(array: Array, name: str, features: int | None) -> str:
    one_sample = len(array) == features
    fix = f"{name}.reshape(1, -1) for one sample" if one_sample else f"{name}.reshape(-1, 1) for one feature"
    if features is None:
        fix += f", {name}.reshape(1, -1) for one sample"
    expected = "(n, features)" if features is None else f"(n, {features})"
    return f"{name} has shape {array.shape}; expected {expected}: did you mean {fix}?"


def same_length(first: Any, second: Any, names: tuple[str, str]) -> None:
    """Raise ValueError, naming both shapes, unless both arrays have equally many samples."""
    if not second.shape or len(first) != len(second):
        raise ValueError(
            f"{names[0]} and {names[1]} must have equally many samples, got shapes {first.shape} and {second.shape}"
        )


def weights(value: Any, n: int, dtype: Any, name: str = "sample_weight", *, may_be_zero: bool = False) -> Array:
    """Return sample weights as floats, (n,).

    Raises
    ------
    TypeError
        As in `numbers`.
    ValueError
        If the shape is neither (n,) nor (n, 1), if a weight is negative or not finite, if their sum is too large for
        `dtype`, or if all are 0 in it, unless they may be.
    """
    array = numbers(value, name)
    if array.shape not in ((n,), (n, 1)):
        raise ValueError(f"{name} has shape {array.shape}; expected ({n},), one weight for each sample")
    finite(array, name)
    if (array < 0).any():
        raise ValueError(f"{name} holds {array.min():g}; weights must be at least 0")
    converted = as_float(array.reshape(n), dtype, name)
    with np.errstate(over="ignore"):
        total = float(converted.sum())
    if not isfinite(total):
        raise ValueError(
            f"{name} of shape {array.shape} has a sum that is too large for {np.dtype(dtype)}: scale it down"
        )
    if n and not may_be_zero and not total:
        raise ValueError(f"{name} of shape {array.shape} is all zero; at least one sample must count")
    return converted
