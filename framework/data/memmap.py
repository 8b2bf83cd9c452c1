"""Arrays that stay in their file."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from framework.core.arrays import RefusedBatch, refused, row_slices
from framework.core.types import Array

ROWS_AT_ONCE = 1 << 14


def read_ahead(array: Any, starts: Array | list[int], rows: int) -> None:
    """Tell the system which parts of a memory-mapped array come next: `rows` rows from each of `starts`.

    The system then reads them in parallel; reading page by page on demand was ten times slower. Other arrays need
    nothing, and nothing is done for them.
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


class MemmapRows:
    """Rows of a memory-mapped array: read, checked and converted in pieces, never loaded whole.

    Parameters
    ----------
    array : numpy.memmap, shape (n, ...)
    convert : callable
        Gets some of the rows and returns them ready for use, or raises ValueError.
    indices : ndarray of int, optional
        The rows to use, in this order; None for all.

    Attributes
    ----------
    shape, dtype
        Those of the converted rows.
    """

    def __init__(self, array: Any, convert: Callable[[Array], Array], indices: Array | None = None) -> None:
        self.array = array
        self.convert = convert
        self.indices = indices
        first = convert(np.asarray(array[:1]))
        self.shape = (len(array) if indices is None else len(indices), *first.shape[1:])
        self.dtype = first.dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> Array:
        """Return the rows of a slice or of an array of indices; `RefusedBatch` names the row that cannot be used."""
        if self.indices is not None:
            rows = self.indices[rows]
        if not isinstance(rows, slice):
            read_ahead(self.array, rows, 1)
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

    def pieces(self) -> Iterator[Array]:
        """Go through all rows, many at a time."""
        return (self[rows] for rows in row_slices(len(self), ROWS_AT_ONCE))

    def at(self, indices: Array) -> MemmapRows:
        """Return only the rows at `indices`; nothing is read."""
        return MemmapRows(self.array, self.convert, indices if self.indices is None else self.indices[indices])
