"""Any data source as batches of ``(x, y, weight)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from framework.component import Array

Batch = tuple[Array, Array, Array | None]
GATHERED_BYTES = 1 << 20


class ArrayBatches:
    """Arrays as batches; with a generator, in a new order each epoch.

    Shuffled batches are gathered, many at a time, into a buffer of about a megabyte that is used again: no
    allocation for each batch, and never a second copy of the data. So a batch is valid until the next is asked for.
    Without a generator batches are parts of the arrays.

    Parameters
    ----------
    x : ndarray, shape (n, ...)
        May be memory-mapped and of any real dtype; what is not of `dtype` is converted batch by batch.
    y : ndarray, shape (n, ...)
    weight : ndarray, shape (n,), or None
    batch_size : int
        The last batch of an epoch is smaller where n is no multiple of it.
    dtype : numpy dtype
    rng : numpy.random.Generator or None
        None keeps the order.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        weight: Array | None,
        batch_size: int,
        dtype: Any,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.x, self.y, self.weight = x, y, weight
        self.samples = len(x)
        self.batch_size = min(batch_size, self.samples)
        self.dtype = np.dtype(dtype)
        self.rng = rng
        row_bytes = self.dtype.itemsize * max(1, x[0].size)
        batches = max(1, GATHERED_BYTES // (row_bytes * self.batch_size))
        self.rows = min(batches * self.batch_size, self.samples)
        self.as_is = x.dtype == self.dtype and x.dtype.isnative
        if rng is not None:
            self._buffers = (
                np.empty((self.rows, *x.shape[1:]), self.dtype),
                np.empty((self.rows, *y.shape[1:]), y.dtype),
                None if weight is None else np.empty(self.rows, weight.dtype),
            )
            self._full = list(self._cut(*self._buffers))

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-self.samples // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches of one epoch."""
        if self.rng is not None:
            return self._shuffled(self.rng.permutation(self.samples))
        cut = self._cut(self.x, self.y, self.weight)
        return cut if self.as_is else ((x.astype(self.dtype), y, weight) for x, y, weight in cut)

    def _cut(self, x: Array, y: Array, weight: Array | None) -> Iterator[Batch]:
        size = self.batch_size
        for i in range(0, len(x), size):
            yield x[i : i + size], y[i : i + size], None if weight is None else weight[i : i + size]

    def _shuffled(self, order: Array) -> Iterator[Batch]:
        x, y, weight = self._buffers
        for start in range(0, self.samples, self.rows):
            chosen = order[start : start + self.rows]
            m = len(chosen)
            _gather(self.x, chosen, x[:m], self.as_is)
            _gather(self.y, chosen, y[:m], True)
            if weight is not None and self.weight is not None:
                _gather(self.weight, chosen, weight[:m], True)
            yield from self._full if m == self.rows else self._cut(x[:m], y[:m], None if weight is None else weight[:m])


def _gather(source: Array, chosen: Array, out: Array, as_is: bool) -> None:
    if as_is:
        np.take(source, chosen, 0, out, "clip")
    else:
        out[...] = source[chosen]


class RefusedBatch(Exception):
    """A batch of a stream that cannot be used; also a ValueError or a TypeError."""


class _RefusedValue(RefusedBatch, ValueError):
    pass


class _RefusedType(RefusedBatch, TypeError):
    pass


class StreamBatches:
    """A re-iterable of ``(x, y)`` or ``(x, y, weight)`` batches, each checked as it comes.

    Parameters
    ----------
    source : iterable
        Is gone through once an epoch.
    check : callable
        Takes a batch as it came and returns it checked and converted, or raises TypeError or ValueError.
    """

    def __init__(self, source: Iterable[Any], check: Callable[[Any], Batch]) -> None:
        self.source = source
        self.check = check

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches of one epoch; RefusedBatch if one cannot be used or if there are none."""
        count = 0
        for count, batch in enumerate(self.source, start=1):
            try:
                checked = self.check(batch)
            except TypeError as error:
                raise _RefusedType(f"batch {count}: {error}") from None
            except ValueError as error:
                raise _RefusedValue(f"batch {count}: {error}") from None
            yield checked
        if not count:
            raise _RefusedValue(
                f"{type(self.source).__name__} gave no batches in this epoch: it is empty or was used up; "
                "give something that can be gone through again, such as a list or a class with __iter__"
            )
