"""Keeps what was learned before data proves unusable late in a fit."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from framework.core.arrays import RefusedBatch, ordinary
from framework.training.trainable import Trainable


class KeptProgress:
    """A context in which a batch that is refused after the first epoch no longer undoes the fit.

    In the first epoch `RefusedBatch` goes on its way, and whoever began the fit makes the model what it was: the data
    never fitted. Later on it becomes an ordinary TypeError or ValueError, which says what the model keeps: all epochs,
    and the steps since.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Trainable) -> None:
        self.model = model
        self.epochs = 0

    def __enter__(self) -> Self:
        """Count the epochs from here."""
        self._first_step = self.model.optimizer_.step
        return self

    def end_epoch(self, epochs: int = 1) -> None:
        """Call after an epoch; after several if they were taken from a file."""
        self.epochs += epochs
        self._first_step = self.model.optimizer_.step

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn the refusal of a batch into an error that leaves the model as it is, if there is an epoch to keep."""
        if not (self.epochs and isinstance(error, RefusedBatch)):
            return
        steps = self.model.optimizer_.step - self._first_step
        kept = f"{_count(self.epochs, 'epoch')} and {_count(steps, 'step')}"
        raise ordinary(error, f"; the model keeps what it has learned in {kept}").with_traceback(trace) from None


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
