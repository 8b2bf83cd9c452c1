"""Arrays that stay in their file."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from framework.core.arrays import RefusedBatch, refused
from framework.core.types import Array

ROWS_AT_ONCE = 1 << 14


def announce(array: Any, starts: Array | list[int], rows: int) -> None:
    """Say which rows of a memory-mapped array will be read: `rows` from each of `starts` on.

    The system then reads them side by side; asked for page by page, it took ten times longer. Other arrays are
    let be.
    """
    mapping: Any = getattr(array, "_mmap", None)
    if not hasattr(mapping, "madvise") or not array.size or array.strides[0] <= 0:
        return
    row = array.strides[0]
    begin = _address(array) - _address(np.frombuffer(mapping, np.uint8))
    for start in map(int, starts):
        low, high = begin + start * row, begin + min(start + rows, len(array)) * row
        low -= low % mmap.PAGESIZE
        mapping.madvise(mmap.MADV_WILLNEED, low, high - low)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


class OnDisk:
    """A memory-mapped array of samples: read, checked and converted part by part, never loaded whole.

    Parameters
    ----------
    array : numpy.memmap, shape (n, ...)
    convert : callable
        Takes some of the rows and returns them ready for use, or raises ValueError.
    chosen : ndarray of int, optional
        The rows that count, in this order; None for all.

    Attributes
    ----------
    shape, dtype
        Those of what it gives.
    """

    def __init__(self, array: Any, convert: Callable[[Array], Array], chosen: Array | None = None) -> None:
        self.array = array
        self.convert = convert
        self.chosen = chosen
        first = convert(np.asarray(array[:1]))
        self.shape = (len(array) if chosen is None else len(chosen), *first.shape[1:])
        self.dtype = first.dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> Array:
        """Return the rows of a slice or of an array of indices; `RefusedBatch` names the row that cannot be used."""
        if self.chosen is not None:
            rows = self.chosen[rows]
        if not isinstance(rows, slice):
            announce(self.array, rows, 1)
        try:
            return self.convert(np.asarray(self.array[rows]))
        except ValueError as error:
            raise self._refused(rows, error) from None

    def _refused(self, rows: Any, error: ValueError) -> RefusedBatch:
        for row in np.arange(len(self.array))[rows].tolist():
            try:
                self.convert(np.asarray(self.array[row : row + 1]))
            except ValueError as of_row:
                return refused(of_row, f"row {row} of {len(self.array)} in {self.array.filename}: {of_row}")
        return refused(error, str(error))

    def parts(self) -> Iterator[Array]:
        """Go through all rows, many at a time."""
        return (self[start : start + ROWS_AT_ONCE] for start in range(0, len(self), ROWS_AT_ONCE))

    def part(self, chosen: Array) -> OnDisk:
        """Return only the rows `chosen`; nothing is read."""
        return OnDisk(self.array, self.convert, chosen if self.chosen is None else self.chosen[chosen])
