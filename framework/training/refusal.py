"""A call that is refused leaves the model as it was; late in a fit, it keeps what was learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from framework.core.arrays import RefusedBatch, ordinary
from framework.engine.given import ModelArguments
from framework.engine.history import History
from framework.engine.state import ModelState
from framework.optimizers import Optimizer
from framework.training.trainable import Trainable


class Restorable(ModelArguments, Protocol):
    """A model whose state can be put back."""

    @property
    def built(self) -> bool: ...

    @property
    def history(self) -> History: ...

    @property
    def optimizer_(self) -> Optimizer: ...

    @property
    def state(self) -> ModelState: ...

    @state.setter
    def state(self, state: ModelState | None) -> None: ...


@contextmanager
def unchanged_if_refused(model: Restorable, whole: bool = True) -> Iterator[None]:
    """Restore the state if a call fails before its first update, or because a batch is refused.

    With ``whole=False``, only what a single batch changes before its update.
    """
    before = model.state if model.built else None
    optimizer, updates, epochs = None, 0, len(model.history.epoch)
    put_back: list[Callable[[], None]] = []
    if before is not None:
        optimizer, updates = before.optimizer, before.optimizer.step
        put_back.append(partial(before.restore, before.snapshot()) if whole else before.remember_optimizer())
    try:
        if before is not None:
            before.sync(model)
            if not whole:
                put_back.append(before.remember_pass())  # after sync, which may lay the vector out anew
        yield
    except Exception as error:
        no_update = not model.built or model.optimizer_.step == (updates if model.optimizer_ is optimizer else 0)
        no_update = no_update and len(model.history.epoch) == epochs  # a step of one's own may do without optimizer
        if isinstance(error, RefusedBatch) or no_update:
            if before is not None:
                model.state = before
                for undo in reversed(put_back):
                    undo()
            elif not isinstance(error, FloatingPointError):  # keep the initial values: they are finite
                model.state = None
        if isinstance(error, RefusedBatch):
            raise ordinary(error).with_traceback(error.__traceback__) from None
        raise


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
