"""`Monitor`, the base of callbacks that follow one value of the history."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, ClassVar

from framework.callbacks.base import Callback
from framework.callbacks.trained_model import TrainedModel
from framework.core.arguments import integer, number
from framework.core.arrays import refused
from framework.core.messages import did_you_mean, shown
from framework.core.types import Logs


def a_value(value: Any, name: str) -> float | None:
    """Return `value`; TypeError unless it is a float, as the history holds, or None."""
    if value is not None and type(value) is not float:
        raise TypeError(f"{name} must be a float or None, got {shown(value)}")
    return value


def an_epoch(value: Any, name: str) -> int | None:
    """Return `value`; TypeError or ValueError unless it is the number of an epoch, or None."""
    return None if value is None else integer(value, name, least=1)


def a_count(value: Any, name: str) -> int:
    """Return `value`; TypeError or ValueError unless it is a count."""
    return integer(value, name, least=0)


class Monitor(Callback):
    """Base of callbacks that follow one value of the history: its value in each epoch and the best so far.

    Parameters
    ----------
    monitor : str
        A name in the history, such as "val_loss".
    min_delta : float
        A value counts as better if it is better than the best by more than this; at least 0.
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto": less for losses and penalties, as a metric declares it otherwise.

    Attributes
    ----------
    best : float or None
        The best value.
    best_epoch : int or None
        Its epoch, counted from 1 as in the history.
    """

    best: float | None = None
    best_epoch: int | None = None
    # What `state` holds: the attributes, and the checks of their values in a file.
    remembered: ClassVar[dict[str, Callable[[Any, str], Any]]] = {"best": a_value, "best_epoch": an_epoch}

    def __init__(self, monitor: str = "val_loss", *, min_delta: float = 0.0, mode: str = "auto") -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'{type(self).__name__}: mode must be "auto", "min" or "max", got {shown(mode)}')
        if not isinstance(monitor, str):
            raise TypeError(f"{type(self).__name__}: monitor must be a name in the history, got {shown(monitor)}")
        self.monitor = monitor
        self.min_delta = min_delta
        number(self.min_delta, "min_delta", self, least=0)
        self.mode = mode

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = self.best_epoch = None
        measured_by_fit = ("val_loss", "val_penalty", *(f"val_{name}" for name in self.model.metrics_))
        if self.monitor in measured_by_fit and not self.params["validated"]:
            raise ValueError(self._not_measured())
        self.less_is_better = self.mode == "min" or (self.mode == "auto" and self._less_is_better(self.model))

    def is_measured(self, logs: Logs | None) -> bool:
        """Return whether `logs` holds the value; False in an epoch without validation, which does not count.

        Raises
        ------
        ValueError
            If there is no value of that name, whether with validation or not.
        """
        logs = logs or {}
        if self.monitor in logs:
            return True
        if self.monitor.startswith("val_") and self.params["validated"] and "val_loss" not in logs:
            return False
        if self.monitor.removeprefix("val_") in self.model.metrics_:
            problem = f"{type(self).__name__} monitors {self.monitor!r}, which is an array, and not a number"
            raise refused(ValueError(), problem + did_you_mean(self.monitor, logs))
        raise refused(ValueError(), self._not_measured() + did_you_mean(self.monitor, logs))

    def is_best(self, epoch: int, logs: Logs | None) -> bool:
        """Return whether the value in `logs` is better than all before, and remember it if so; nan never is.

        False in an epoch without validation; ValueError as in `is_measured`.
        """
        if logs is None or not self.is_measured(logs):
            return False
        value = float(logs[self.monitor])
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch + 1
            return True
        return False

    def is_better(self, value: float, other: float | None) -> bool:
        """Return whether `value` is better than `other` by more than `min_delta`; any but nan is better than None."""
        worst = inf if self.less_is_better else -inf
        other = worst if other is None else other
        return (other - value if self.less_is_better else value - other) > self.min_delta

    def state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.remembered}

    def restore(self, state: dict[str, Any]) -> None:
        self.__dict__.update({name: check(state[name], name) for name, check in self.remembered.items()})

    def _not_measured(self) -> str:
        hint = ": give fit validation_data or validation_split" if self.monitor.startswith("val_") else ""
        return f"{type(self).__name__} monitors {self.monitor!r}, which is not measured{hint}"

    def _less_is_better(self, model: TrainedModel) -> bool:
        name = self.monitor.removeprefix("val_")
        if name in ("loss", "penalty"):
            return True
        metric = model.metrics_.get(name)
        if metric is None or hasattr(metric, "function"):
            raise ValueError(
                f'{type(self).__name__}: whether less or more {self.monitor!r} is better is not known: say mode="min" '
                f'or mode="max" (or monitor one of {["loss", "val_loss", *model.metrics_]})'
            )
        return not metric.greater_is_better
