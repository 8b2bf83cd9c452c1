"""Arrays and streams as batches of ``(x, y, weight)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from framework.core.arrays import refused, row_slices
from framework.core.types import Array
from framework.data.memmap import MemmapRows

Batch = tuple[Array, Array, Array | None]
GATHERED_BYTES = 1 << 20


class ArrayBatches:
    """Arrays as batches; with a generator, in a new order each epoch.

    Shuffled batches are gathered, many at a time, into a buffer of about a megabyte that is used again: no
    allocation for each batch, and never a second copy of the data. So a batch is valid until the next one is
    requested. Without a generator, batches are slices of the arrays.

    Parameters
    ----------
    x, y : ndarray or MemmapRows, shape (n, ...)
    weight : ndarray, shape (n,), or None
    batch_size : int
        The last batch of an epoch is smaller if n is not a multiple of it.
    rng : numpy.random.Generator or None
        None keeps the order.
    """

    def __init__(
        self,
        x: Array | MemmapRows,
        y: Array | MemmapRows,
        weight: Array | None,
        batch_size: int,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.x, self.y, self.weight = x, y, weight
        self.samples = len(x)
        self.batch_size = min(batch_size, self.samples)
        self.rng = rng
        row_bytes = max(1, x.dtype.itemsize * prod(x.shape[1:]))
        batches = max(1, GATHERED_BYTES // (row_bytes * self.batch_size))
        self.rows = min(batches * self.batch_size, self.samples)
        if rng is not None:
            self._buffers = (
                np.empty((self.rows, *x.shape[1:]), x.dtype),
                np.empty((self.rows, *y.shape[1:]), y.dtype),
                None if weight is None else np.empty(self.rows, weight.dtype),
            )
            self._full = list(self._cut(*self._buffers))

    @property
    def steps(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.samples // self.batch_size)

    def begin_epoch(self, epoch: int) -> None:
        """Do nothing: the order comes from the generator, whatever the number of the epoch."""

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches of one epoch."""
        if self.rng is not None:
            return chain.from_iterable(self._gathered(self.rng.permutation(self.samples)))
        return self._cut(self.x, self.y, self.weight)

    def _cut(self, x: Array | MemmapRows, y: Array | MemmapRows, weight: Array | None) -> Iterator[Batch]:
        for rows in row_slices(len(x), self.batch_size):
            yield x[rows], y[rows], None if weight is None else weight[rows]

    def _gathered(self, order: Array) -> Iterator[Iterable[Batch]]:
        x, y, weight = self._buffers
        for rows in row_slices(self.samples, self.rows):
            indices = order[rows]
            m = len(indices)
            _gather(self.x, indices, x[:m])
            _gather(self.y, indices, y[:m])
            if weight is not None and self.weight is not None:
                _gather(self.weight, indices, weight[:m])
            yield self._full if m == self.rows else self._cut(x[:m], y[:m], None if weight is None else weight[:m])


def _gather(source: Array | MemmapRows, indices: Array, out: Array) -> None:
    if isinstance(source, MemmapRows):
        out[...] = source[indices]
    else:
        source.take(indices, 0, out, "clip")


class StreamBatches:
    """A re-iterable of ``(x, y)`` or ``(x, y, weight)`` batches, each checked as it comes.

    Parameters
    ----------
    source : iterable
        Iterated once an epoch.
    check : callable
        Gets a batch of the source and returns it checked and converted, or raises TypeError or ValueError.
    """

    def __init__(self, source: Iterable[Any], check: Callable[[Any], Batch]) -> None:
        self.source = source
        self.check = check
        self.epoch = 0

    @property
    def steps(self) -> int | None:
        """The number of batches in an epoch, if the source knows it."""
        return len(self.source) if isinstance(self.source, Sized) else None

    def begin_epoch(self, epoch: int) -> None:
        """Tell a source with a method ``set_epoch`` the number of the epoch, from 0, that comes next."""
        self.epoch = epoch
        if hasattr(self.source, "set_epoch"):
            self.source.set_epoch(epoch)

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches of one epoch; `RefusedBatch` if one cannot be used or if there are none."""
        count = 0
        for count, batch in enumerate(self.source, start=1):
            try:
                checked = self.check(batch)
            except (TypeError, ValueError) as error:
                raise refused(error, f"batch {count}: {error}") from None
            yield checked
        if not count:
            raise refused(
                ValueError(),
                f"X gave no batches in epoch {self.epoch + 1}: it is empty, or an iterator that was used up before; "
                "give something that can be iterated again, such as a list or an object whose __iter__ starts anew",
            )
