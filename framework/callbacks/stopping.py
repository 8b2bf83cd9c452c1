"""Callbacks that end a fit."""

from __future__ import annotations

import logging
import time
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from framework.callbacks.base import Callback, StopTraining
from framework.callbacks.monitor import Monitor
from framework.core.arguments import flag, integer
from framework.core.messages import shown
from framework.core.types import Array, Logs

logger = logging.getLogger("framework")


class EarlyStopping(Monitor):
    """End the fit when a value of the history has not improved for `patience` epochs.

    Parameters
    ----------
    monitor : str
        A name in the history.
    patience : int
        How many epochs in a row may pass without improvement; 0 means the same as 1.
    min_delta, mode
        As in `Monitor`.
    restore_best_weights : bool
        Whether the model gets the weights of the best epoch at the end, however the fit ends: stopped by this
        callback, complete, or ended by Ctrl-C or an error.

    Attributes
    ----------
    best : float or None
        The best value.
    best_epoch : int or None
        Its epoch (from 1).
    stopped_epoch : int or None
        The epoch (from 1) after which this callback ended the fit.
    best_weights : ndarray or None
        All elements in the order of ``model.get_weights()``.
    """

    stopped_epoch: int | None = None
    best_weights: Array | None = None

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best_weights: bool = True,
    ) -> None:
        super().__init__(monitor, min_delta=min_delta, mode=mode)
        self.patience = integer(patience, "patience", least=0)
        self.restore_best_weights = flag(restore_best_weights, "restore_best_weights")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.waited = 0
        self.stopped_epoch = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.is_best(epoch, logs):
            self.waited = 0
            if self.restore_best_weights:
                views = self.model.network.views.values()  # by name: frozen layers move in the vector
                self.best_weights = np.concatenate([view.ravel() for view in views])
            return
        if not self.is_measured(logs):
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.stopped_epoch = epoch + 1
            self.model.stop_training = True
            logger.info("no better %s than %s for %d epochs", self.monitor, self.best, self.waited)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.best_weights is None:
            return
        start = 0
        for view in self.model.network.views.values():
            view[...] = self.best_weights[start : start + view.size].reshape(view.shape)
            start += view.size

    def state(self) -> dict[str, Any]:
        names = ("best", "best_epoch", "waited", "stopped_epoch", "best_weights")
        return {name: getattr(self, name) for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class TerminateOnNaN(Callback):
    """Let a fit that diverges end quietly instead of raising FloatingPointError.

    In both cases the model keeps its last finite weights and the diverged epoch is not in the history; with this
    callback the fit ends as if stopped, ``model.stop_training`` is True and the reason is logged as a warning.
    """

    tolerates_divergence: ClassVar[bool] = True


class TimeLimit(Callback):
    """End the fit after the first step that ends `seconds` or more after the fit began.

    The epoch of that step is not in the history unless it is complete.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError(f"TimeLimit: seconds must be a number, got {shown(seconds)}")
        if not (isfinite(seconds) and seconds > 0):
            raise ValueError(f"TimeLimit: seconds must be above 0, got {seconds}")
        self.seconds = seconds

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.end = time.monotonic() + self.seconds
        self.paused = False

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        last_of_epoch = batch + 1 == self.params["steps"]
        if time.monotonic() >= self.end and not last_of_epoch:
            raise StopTraining(f"{self.seconds} seconds have passed")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if time.monotonic() >= self.end:
            self.paused = self.model.stop_training = True
