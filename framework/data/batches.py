"""Arrays and streams as batches of ``(x, y, weight)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from framework.core.arrays import refused, row_slices
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.memmap import MemmapRows

Batch = tuple[Array, Array, Array | None]
GATHERED_BYTES = 1 << 20
BUILT_IN = ("builtins", "itertools")  # where generators, map, zip and their like are from


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
            self._full = list(cut(*self._buffers, self.batch_size))

    @property
    def steps(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.samples // self.batch_size)

    def begin_fit(self, epochs: Sequence[int]) -> None:
        """Do nothing: arrays can be gone through any number of times."""

    def begin_epoch(self, epoch: int) -> None:
        """Do nothing: the order comes from the generator, whatever the number of the epoch."""

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches of one epoch."""
        if self.rng is not None:
            return chain.from_iterable(self._gathered(self.rng.permutation(self.samples)))
        return cut(self.x, self.y, self.weight, self.batch_size)

    def _gathered(self, order: Array) -> Iterator[Iterable[Batch]]:
        x, y, weight = self._buffers
        for rows in row_slices(self.samples, self.rows):
            indices = order[rows]
            m = len(indices)
            _gather(self.x, indices, x[:m])
            _gather(self.y, indices, y[:m])
            if weight is not None and self.weight is not None:
                _gather(self.weight, indices, weight[:m])
            part = x[:m], y[:m], None if weight is None else weight[:m]
            yield self._full if m == self.rows else cut(*part, self.batch_size)


def cut(x: Array | MemmapRows, y: Array | MemmapRows, weight: Array | None, rows: int) -> Iterator[Batch]:
    """Go through arrays of equal length in batches of `rows` samples; the last may be smaller."""
    for part in row_slices(len(x), rows):
        yield x[part], y[part], None if weight is None else weight[part]


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
    name, noun : str
        What messages call the source, and one of its batches.
    begun : iterator, optional
        An iteration of the source that somebody has begun; gone through in place of the first one.
    """

    def __init__(
        self,
        source: Iterable[Any],
        check: Callable[[Any], Any],
        *,
        name: str = "X",
        noun: str = "batch",
        begun: Iterator[Any] | None = None,
    ) -> None:
        self.source = source
        self.check = check
        self.name, self.noun = name, noun
        self.begun = begun
        self.epoch: int | None = None

    @property
    def steps(self) -> int | None:
        """The number of batches in an epoch, if the source knows it."""
        try:
            return len(self.source)  # type: ignore[arg-type]
        except TypeError:  # also of sources with a length that they do not know, as progress bars and loaders have
            return None

    def begin_fit(self, epochs: Sequence[int]) -> None:
        """Raise ValueError if the source cannot serve all `epochs`, which count from 0.

        Only of iterators that are part of Python is it known beforehand that they never start anew; any other one is
        found out when it gives no batches.
        """
        if len(epochs) > 1 and isinstance(self.source, Iterator) and type(self.source).__module__ in BUILT_IN:
            raise ValueError(
                f"{self.name} is {shown(self.source)}: it serves one epoch of {len(epochs)}; then comes the error: "
                f"{self._no_batches(epochs[1])}"
            )

    def begin_epoch(self, epoch: int) -> None:
        """Tell a source with a method ``set_epoch`` the number of the epoch, from 0, that comes next."""
        self.epoch = epoch
        if hasattr(self.source, "set_epoch"):
            self.source.set_epoch(epoch)

    def __iter__(self) -> Iterator[Any]:
        """Go through the batches of one epoch; `RefusedBatch` if one cannot be used, or if nothing counts."""
        batches, self.begun = self.begun or self.source, None
        count, counts = 0, False
        for count, batch in enumerate(batches, start=1):
            checked = self.checked(batch, count)
            counts = counts or _counts(checked)
            yield checked
        if not count:
            raise refused(ValueError(), self._no_batches(self.epoch))
        if not counts:
            raise refused(
                ValueError(),
                f"{self.name} gave only batches whose weights are all zero{_in_epoch(self.epoch)}; at least one sample "
                "must count",
            )

    def checked(self, batch: Any, number: int) -> Any:
        """Return a batch checked and converted; `RefusedBatch` names its `number`, from 1."""
        try:
            return self.check(batch)
        except (TypeError, ValueError) as error:
            raise refused(error, f"{self.noun} {number}: {error}") from None

    def _no_batches(self, epoch: int | None) -> str:
        return (
            f"{self.name} gave no batches{_in_epoch(epoch)}: it is empty, or an iterator that was used up before; give "
            "something that can be iterated again, such as a list or an object whose __iter__ starts anew"
        )


def _in_epoch(epoch: int | None) -> str:
    return "" if epoch is None else f" in epoch {epoch + 1}"


def _counts(batch: Any) -> bool:
    """Return whether a batch has a sample whose weight is not zero."""
    weight = batch[2] if isinstance(batch, tuple) else None
    return weight is None or bool(weight.any())
