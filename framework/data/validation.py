"""Data that a fit evaluates, and the epochs after which it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from framework.core import arguments
from framework.core.messages import shown
from framework.data.batches import Batch, StreamBatches
from framework.data.samples import Data
from framework.data.sources import small_batches


class Validation:
    """Data to evaluate after some epochs of a fit.

    Parameters
    ----------
    data : Data or StreamBatches
    frequency : int or set of int
        n: after every n-th epoch of the whole training. A set: after the epochs of these numbers, from 1.
    rows : int
        The most samples to evaluate at once.
    """

    def __init__(self, data: Data | StreamBatches, frequency: int | frozenset[int], rows: int) -> None:
        self.data = data
        self.frequency = frequency
        self.rows = rows

    def begin_fit(self, first: int, last: int) -> None:
        """Raise ValueError if the data cannot be gone through in a fit of the epochs from `first` up to `last`.

        They count from 0, and `last` is left out.
        """
        if isinstance(self.data, StreamBatches):
            self.data.begin_fit(self.due_between(first, last))

    def due_between(self, first: int, last: int) -> Sequence[int]:
        """Return the epochs to evaluate after, from `first` up to `last`, which is left out; all count from 0."""
        if isinstance(self.frequency, int):
            return range(first + (-first - 1) % self.frequency, last, self.frequency)
        return sorted(number - 1 for number in self.frequency if first < number <= last)

    def is_due(self, epoch: int) -> bool:
        """Return whether to evaluate after `epoch`, counted from 0."""
        return bool(self.due_between(epoch, epoch + 1))

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Go through the data after `epoch`, counted from 0."""
        if isinstance(self.data, Data):
            return self.data.batches(self.rows)
        self.data.begin_epoch(epoch)
        return small_batches(self.data, self.rows)


def checked_frequency(value: Any) -> int | frozenset[int]:
    """Return `validation_freq` as a positive integer or a set of the numbers of epochs; TypeError or ValueError."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return arguments.integer(value, "validation_freq", least=1)
    numbers = frozenset(arguments.integer(number, "validation_freq", least=1) for number in value)
    if not numbers:
        raise ValueError(f"validation_freq is {shown(value)}; give n, or the numbers of epochs")
    return numbers
