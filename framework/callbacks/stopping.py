"""Callbacks that end a fit."""

from __future__ import annotations

import logging
import time
from math import isfinite
from typing import Any, ClassVar

from framework.callbacks.base import Callback, StopTraining
from framework.callbacks.monitor import Monitor, a_count, an_epoch
from framework.core.arguments import flag, integer, number
from framework.core.messages import shown
from framework.core.types import Array, Logs
from framework.engine.weights import checked_vector, joined, put

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
    baseline : float, optional
        A value to be better than: an epoch that is not better than it by more than `min_delta` counts toward
        `patience`, even if it is better than all before. The best weights may be those of such an epoch.
    start_from_epoch : int
        How many epochs of the whole training pass before any counts: neither toward `patience` nor as the best one.

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
    remembered: ClassVar = {**Monitor.remembered, "waited": a_count, "stopped_epoch": an_epoch}

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best_weights: bool = True,
        baseline: float | None = None,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, min_delta=min_delta, mode=mode)
        self.baseline = baseline
        if baseline is not None:
            number(baseline, "baseline", self)
        self.start_from_epoch = integer(start_from_epoch, "start_from_epoch", least=0)
        self.patience = integer(patience, "patience", least=0)
        self.restore_best_weights = flag(restore_best_weights, "restore_best_weights")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.waited = 0
        self.stopped_epoch = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.is_measured(logs) or epoch < self.start_from_epoch:
            return
        if self.is_best(epoch, logs):
            if self.restore_best_weights:
                self.best_weights = joined(self.model.network.views)
            if self.baseline is None or self.is_better(float((logs or {})[self.monitor]), self.baseline):
                self.waited = 0
                return
        self.waited += 1
        if self.waited >= self.patience:
            self.stopped_epoch = epoch + 1
            self.model.stop_training = True
            logger.info("no better %s than %s for %d epochs", self.monitor, self._to_beat(), self.waited)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.best_weights is not None:
            put(self.model.network.views, self.best_weights)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "best_weights": self.best_weights}

    def restore(self, state: dict[str, Any]) -> None:
        weights = state["best_weights"]
        if weights is not None:
            checked_vector(self.model.network.views, weights, "best_weights")
        super().restore(state)
        self.best_weights = weights

    def _to_beat(self) -> float | None:
        """Return the value to be better than: the best one, or the baseline if that is better still."""
        best, baseline = self.best, self.baseline
        if best is None or baseline is None:
            return baseline if best is None else best
        return min(best, baseline) if self.less_is_better else max(best, baseline)


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
