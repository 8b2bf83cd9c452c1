"""Callbacks that change or record the learning rate."""

from __future__ import annotations

import logging
from typing import ClassVar

from framework.callbacks.base import Callback
from framework.callbacks.monitor import Monitor, a_count
from framework.core.arguments import integer, number
from framework.core.types import Logs
from framework.schedules import Schedule

logger = logging.getLogger("framework")


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` when a value of the history has not improved for `patience` epochs.

    Parameters
    ----------
    monitor : str
        A name in the history.
    factor : float
        Above 0 and below 1.
    patience : int
        How many epochs in a row may pass without improvement; 0 means the same as 1.
    min_delta, mode
        As in `Monitor`.
    cooldown : int
        How many epochs after a reduction do not count toward `patience`.
    min_learning_rate : float
        The rate is never reduced below it.
    """

    remembered: ClassVar = {**Monitor.remembered, "waited": a_count, "cooling": a_count}

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        mode: str = "auto",
        cooldown: int = 0,
        min_learning_rate: float = 0.0,
    ) -> None:
        super().__init__(monitor, min_delta=min_delta, mode=mode)
        self.factor = factor
        number(self.factor, "factor", self, above=0, below=1)
        self.patience = integer(patience, "patience", least=0)
        self.cooldown = integer(cooldown, "cooldown", least=0)
        self.min_learning_rate = min_learning_rate
        number(self.min_learning_rate, "min_learning_rate", self, least=0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.waited = self.cooling = 0
        rate = self.model.learning_rate
        if isinstance(rate, Schedule):
            raise ValueError(f"ReduceLROnPlateau needs a number as learning rate, but the optimizer follows {rate!r}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.is_measured(logs):
            return
        better = self.is_best(epoch, logs)
        if better or self.cooling:
            self.cooling = max(0, self.cooling - 1)
            self.waited = 0
            return
        self.waited += 1
        before = float(self.model.learning_rate)
        rate = max(before * self.factor, self.min_learning_rate)
        if self.waited >= self.patience and 0 < rate < before:
            self.model.learning_rate = rate
            self.waited, self.cooling = 0, self.cooldown
            logger.info("epoch %d: learning rate reduced to %g", epoch + 1, rate)


class LearningRateLogger(Callback):
    """Enter the learning rate of each epoch's last step into the history, as "learning_rate".

    Callbacks that come later in the list see it in their `logs`.
    """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        rate = self.model.learning_rate
        if logs is not None:
            logs["learning_rate"] = float(rate(self.model.optimizer_.step - 1) if isinstance(rate, Schedule) else rate)
