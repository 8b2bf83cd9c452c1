"""What may watch and steer a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from framework.component import shown

if TYPE_CHECKING:
    from framework.model import Model

Logs = dict[str, float]


class Callback:
    """Base of callbacks: a subclass overrides the hooks it wants, which have Keras' names and arguments.

    `epoch` and `batch` count from 0 within the whole training; `logs` holds what has been measured, by the names
    that the history uses. A hook may set ``self.model.stop_training = True``, read and set
    ``self.model.optimizer.learning_rate`` and look at ``self.model.network``.

    Attributes
    ----------
    model : Model
        The model in training.
    params : dict
        "epochs" (of this fit), "steps" (batches in an epoch, or None) and "verbose".
    """

    model: Model
    params: dict[str, Any]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch of a fit."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch of a fit, also one that was interrupted."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before the first batch of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After validation; `logs` is what the history gets."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each step; `logs` holds the batch's "loss"."""


class CallbackList:
    """The callbacks of one fit as one; hooks that nobody overrides cost nothing.

    Parameters
    ----------
    callbacks : sequence of Callback
    model : Model
    params : dict
    """

    def __init__(self, callbacks: Sequence[Callback], model: Model, params: dict[str, Any]) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.model = model
            callback.params = params
        self.batch_hooks = [
            callback.on_batch_end
            for callback in self.callbacks
            if type(callback).on_batch_end is not Callback.on_batch_end
        ]

    def call(self, hook: str, *arguments: Any) -> None:
        """Call `hook` of each callback, in order."""
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)

    def batch_end(self, batch: int, logs: Logs) -> None:
        """Call the ``on_batch_end`` hooks there are."""
        for hook in self.batch_hooks:
            hook(batch, logs)


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Return `callbacks` as a list; TypeError if one is no callback."""
    for callback in callbacks:
        if not isinstance(callback, Callback):
            hint = ": give an instance, with ()" if isinstance(callback, type) else ""
            raise TypeError(f"callbacks must be instances of Callback, got {shown(callback)}{hint}")
    return list(callbacks)
