"""`Callback`, the base of all that observes and steers a fit, and `CallbackList`, the callbacks of one fit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, Self

from framework.callbacks.trained_model import TrainedModel
from framework.core.carried import Carrying
from framework.core.constructors import constructor_arguments
from framework.core.copies import copied_attributes
from framework.core.messages import did_you_mean, shown
from framework.core.types import Logs
from framework.core.words import names_arguments
from framework.engine.history import History

HOOKS = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_batch_end")
NEVER_CALLED = (
    *("on_batch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin", "on_test_end"),
    *("on_fit_start", "on_fit_end", "on_train_start", "on_epoch_start", "on_train_epoch_start", "on_train_epoch_end"),
    *("on_train_batch_start", "on_batch_start", "on_validation_epoch_end", "on_validation_end"),
)


class StopTraining(Exception):
    """Raise it in a hook to end the fit immediately and without an error.

    An unfinished epoch is not in the history.
    """


class Callback(Carrying):
    """Base of callbacks: a subclass overrides the hooks it wants, which have Keras' names and arguments.

    `epoch` counts from 0 over the whole training, `batch` from 0 within the epoch; `logs` holds the values measured so
    far, by the names that the history uses. A hook may set ``self.model.stop_training = True`` to end the fit after
    the epoch, raise `StopTraining` to end it immediately, read and set ``self.model.learning_rate`` and inspect
    ``self.model.network`` (``network.grads`` holds the gradients of the last step). An exception in a hook leaves
    the model at the last whole step.

    Attributes
    ----------
    model : TrainedModel
        The model in training.
    params : dict
        To read: "epochs" (of this fit), "first_epoch", "last_epoch", "steps" (batches in an epoch, or None),
        "validated" (whether there is validation data), "verbose" and "callbacks", all those of this fit. During the
        fit also "data", a function that returns fingerprints of its data by name.
    paused : bool
        Whether this callback has ended the fit only for now, as at a time limit: a resumed run then goes on.
    comes_last : bool
        Whether its hooks are called after those of all others: for a callback that saves what the others do.
    tolerates_divergence : bool
        Whether a fit that diverges ends as if stopped; if no callback says so, it raises FloatingPointError.
    """

    model: TrainedModel
    params: dict[str, Any]
    paused: bool = False
    comes_last: ClassVar[bool] = False
    tolerates_divergence: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = names_arguments(vars(cls)["__init__"], constructor_arguments)  # type: ignore[method-assign]
        for name in NEVER_CALLED:
            if name in vars(cls):
                raise TypeError(f"{cls.__name__}.{name} would never be called{did_you_mean(name, HOOKS)}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name, as far as the callback keeps them."""
        return {name: getattr(self, name) for name in constructor_arguments(type(self)) if hasattr(self, name)}

    def set_params(self, **params: Any) -> Self:
        """Set constructor arguments by name, as if constructed with them, and return self."""
        known = self.get_params()
        for name in params:
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no argument {name!r}{did_you_mean(name, known)}")
        vars(self).update(vars(type(self)(**{**known, **params})))
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin: Self = copied_attributes(self, memo)  # a lock or an open file is shared
        return twin

    def __sklearn_clone__(self) -> Self:
        return copy.deepcopy(self)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch of a fit."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch of a fit, even if it was interrupted or failed."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before the first batch of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After validation; values added to `logs` go into the history and to the callbacks that follow."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After each step; `logs` holds the batch's "loss"."""

    def state(self) -> dict[str, Any]:
        """Return what this callback must remember if training stops here and goes on in another process.

        Numbers, strings, None and arrays, by name.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state`; called after `on_train_begin`.

        The state comes from a file: raise an exception if it does not have the form that the method `state` gives it.
        """


class CallbackList:
    """The callbacks of one fit, called together; hooks that nobody overrides cost nothing.

    Parameters
    ----------
    callbacks : sequence of Callback
    model : TrainedModel
    params : dict

    Attributes
    ----------
    batch_hooks : list of callable ``(batch, logs)``
        Called by `batch_end`; more may be appended at any time.
    """

    def __init__(self, callbacks: Sequence[Callback], model: TrainedModel, params: dict[str, Any]) -> None:
        self.callbacks = sorted(callbacks, key=lambda callback: callback.comes_last)
        self.params = params = {**params, "callbacks": self.callbacks}
        for callback in self.callbacks:
            callback.model = model
            callback.params = params
        self._hooks = {hook: _overridden(hook, self.callbacks) for hook in HOOKS}
        self.batch_hooks = self._hooks["on_batch_end"]
        self._begun: list[Callback] = []

    def train_begin(self) -> None:
        """Call the ``on_train_begin`` hooks."""
        for callback in self.callbacks:
            callback.on_train_begin({})
            self._begun.append(callback)

    def train_end(self) -> None:
        """Call ``on_train_end`` of each callback that has begun, in their order, even if that of another fails."""
        with ExitStack() as ends:
            ends.callback(self.params.pop, "data", None)  # callbacks live on, and must not keep the data with them
            for callback in reversed(self._begun):  # the last one entered is called first
                ends.callback(callback.on_train_end, {})

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Call the ``on_train_end`` hooks at the end of a ``with`` block, however it ends."""
        try:
            yield
        finally:
            self.train_end()

    def epoch_begin(self, epoch: int) -> None:
        """Call the ``on_epoch_begin`` hooks."""
        for hook in self._hooks["on_epoch_begin"]:
            hook(epoch, {})

    def epoch_end(self, epoch: int, logs: Logs, history: History) -> None:
        """Enter `logs` into `history` and call the ``on_epoch_end`` hooks; each may add to `logs`."""
        history.append(epoch + 1, logs)
        for hook in self._hooks["on_epoch_end"]:
            hook(epoch, logs)
            history.amend(logs)

    def batch_end(self, batch: int, logs: Logs) -> None:
        """Call the ``on_batch_end`` hooks."""
        for hook in self.batch_hooks:
            hook(batch, logs)


def _overridden(hook: str, callbacks: Sequence[Callback]) -> list[Callable[..., None]]:
    methods = [getattr(callback, hook) for callback in callbacks]
    return [method for method in methods if getattr(method, "__func__", None) is not getattr(Callback, hook)]


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Return `callbacks` as a list; TypeError if one is not a callback."""
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
