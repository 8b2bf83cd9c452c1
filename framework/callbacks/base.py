"""What may watch and steer a fit: `Callback`, and the callbacks of one fit as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from framework.core.messages import did_you_mean, shown
from framework.core.types import Logs
from framework.engine.history import History

if TYPE_CHECKING:
    from framework.model import Model


HOOKS = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_batch_end")
NEVER_CALLED = ("on_batch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin", "on_test_end")


class StopTraining(Exception):
    """Raised by a hook, ends the fit at once and without an error; an unfinished epoch is not in the history."""


class Callback:
    """Base of callbacks: a subclass overrides the hooks it wants, which have Keras' names and arguments.

    `epoch` counts from 0 within the whole training, `batch` within the epoch; `logs` holds what has been measured,
    by the names that the history uses. A hook may set ``self.model.stop_training = True`` to end the fit after the
    epoch, raise `StopTraining` to end it at once, read and set ``self.model.learning_rate`` and look at
    ``self.model.network`` (``network.grads`` holds the gradients of the last step). An exception in a hook leaves
    the model at the last whole step.

    Attributes
    ----------
    model : Model
        The model in training.
    params : dict
        "epochs" (of this fit), "first_epoch", "last_epoch", "steps" (batches in an epoch, or None), "verbose" and
        "callbacks", all those of this fit.
    paused : bool
        Whether it has ended this fit only for now, as at a time limit: a run that is resumed then goes on.
    comes_last : bool
        Whether its hooks are called after those of all others: for what keeps everything as it is, others included.
    """

    model: Model
    params: dict[str, Any]
    paused: bool = False
    comes_last: ClassVar[bool] = False
    tolerates_divergence: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in NEVER_CALLED:
            if name in vars(cls):
                raise TypeError(f"{cls.__name__}.{name} would never be called{did_you_mean(name, HOOKS)}")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch of a fit."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch of a fit, also one that was interrupted or failed."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before the first batch of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After validation; what is added to `logs` goes into the history and to the callbacks that follow."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each step; `logs` holds the batch's "loss"."""

    def state(self) -> dict[str, Any]:
        """Return what this callback has to remember if training stops here and goes on elsewhere.

        Numbers, strings, None and arrays, by name.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a `state` again, after `on_train_begin`."""


class CallbackList:
    """The callbacks of one fit as one; hooks that nobody overrides cost nothing.

    Parameters
    ----------
    callbacks : sequence of Callback
    model : Model
    params : dict
    """

    def __init__(self, callbacks: Sequence[Callback], model: Model, params: dict[str, Any]) -> None:
        self.callbacks = sorted(callbacks, key=lambda callback: callback.comes_last)
        self.params = params = {**params, "callbacks": self.callbacks}
        for callback in self.callbacks:
            callback.model = model
            callback.params = params
        self.batch_hooks = self._overridden("on_batch_end")
        self._epoch_begin_hooks = self._overridden("on_epoch_begin")
        self._epoch_end_hooks = self._overridden("on_epoch_end")
        self._begun: list[Callback] = []

    def _overridden(self, hook: str) -> list[Callable[..., None]]:
        hooks = [getattr(callback, hook) for callback in self.callbacks]
        return [method for method in hooks if getattr(method, "__func__", None) is not getattr(Callback, hook)]

    def train_begin(self) -> None:
        """Call the ``on_train_begin`` hooks."""
        for callback in self.callbacks:
            callback.on_train_begin({})
            self._begun.append(callback)

    def train_end(self) -> None:
        """Call ``on_train_end`` of each callback that has begun, also if that of another fails."""
        with ExitStack() as ends:
            for callback in reversed(self._begun):
                ends.callback(callback.on_train_end, {})

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Call the ``on_train_end`` hooks at the end of a ``with`` block, however it ends."""
        try:
            yield
        finally:
            self.train_end()

    def epoch_begin(self, epoch: int) -> None:
        """Call the ``on_epoch_begin`` hooks there are."""
        for hook in self._epoch_begin_hooks:
            hook(epoch, {})

    def epoch_end(self, epoch: int, logs: Logs, history: History) -> None:
        """Enter `logs` into `history` and call the ``on_epoch_end`` hooks there are; each may add to `logs`."""
        history.append(epoch + 1, logs)
        for hook in self._epoch_end_hooks:
            hook(epoch, logs)
            history.amend(logs)

    def batch_end(self, batch: int, logs: Logs) -> None:
        """Call the ``on_batch_end`` hooks there are."""
        for hook in self.batch_hooks:
            hook(batch, logs)


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Return `callbacks` as a list; TypeError if one is no callback."""
    if callbacks is None:
        return []
    if isinstance(callbacks, Callback):
        raise TypeError(f"callbacks must be a list: write callbacks=[{shown(callbacks)}]")
    try:
        checked: list[Callback] = list(callbacks)
    except TypeError:
        raise TypeError(f"callbacks must be a list of callbacks, got {shown(callbacks)}") from None
    for callback in checked:
        if not isinstance(callback, Callback):
            hint = ": give an instance, with ()" if isinstance(callback, type) else ""
            raise TypeError(f"callbacks must be instances of Callback, got {shown(callback)}{hint}")
    return checked
