"""Progress of a fit: a bar or lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from framework.callbacks.base import Callback
from framework.core.arguments import integer
from framework.core.types import Logs

T = TypeVar("T")


def line(epoch: int, epochs: int, logs: Logs, seconds: float | None = None) -> str:
    """Return the tutorial's line for an epoch counted from 1: ``[Epoch 10/100] train_loss: 0.012345 (0.24 s)``."""
    named = {"train_loss" if name == "loss" else name: value for name, value in logs.items()}
    values = ", ".join(f"{name}: {value:.6g}" for name, value in named.items())
    if seconds is None:
        return f"[Epoch {epoch}/{epochs}] {values}"
    return f"[Epoch {epoch}/{epochs}] {values} ({f'{seconds:.2f}' if seconds >= 0.1 else f'{seconds:.2g}'} s)"


class EpochLines(Callback):
    """Print a line every `every` epochs, the first and the last included, with the seconds that the epoch took.

    Parameters
    ----------
    every : int
    """

    def __init__(self, every: int = 10) -> None:
        self.every = every

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.done, self.waiting = 0, ""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.begun = perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.done += 1
        text = line(epoch + 1, self.params["last_epoch"], logs or {}, perf_counter() - self.begun)
        due = self.done == 1 or (epoch + 1) % self.every == 0 or epoch + 1 == self.params["last_epoch"]
        self.waiting = "" if due else text
        if due:
            print(text)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.waiting:  # stopped early: the last epoch deserves its line
            print(self.waiting)


class ProgressBar(Callback):
    """A tqdm bar over the steps of a fit with the last epoch's values.

    In a terminal it is written to stderr. In a notebook it is a widget, or text on stdout where ipywidgets is missing.
    If the output is a file or a pipe, about ten lines are printed instead.
    """

    UPDATES_PER_EPOCH = 50

    def on_train_begin(self, logs: Logs | None = None) -> None:
        epochs, steps = self.params["epochs"], self.params["steps"]
        self.lines: EpochLines | None = None
        new_bar = _bars()
        if new_bar is None:
            self.lines = EpochLines(max(1, -(-epochs // 10)))
            self.lines.model, self.lines.params = self.model, self.params
            self.lines.on_train_begin(logs)
            return
        self.every = max(1, (steps or 1000) // self.UPDATES_PER_EPOCH)
        self.bar: Any = new_bar(total=steps and steps * epochs, unit="step")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.done = self.counted = 0
        if self.lines:
            self.lines.on_epoch_begin(epoch, logs)
        else:
            if self.params["steps"]:  # fewer than in the beginning if a checkpoint has restored some
                self.bar.total = self.bar.n + self.params["steps"] * (self.params["last_epoch"] - epoch)
            self.bar.set_description(f"Epoch {epoch + 1}/{self.params['last_epoch']}", refresh=False)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.done = batch + 1
        if not self.lines and self.done % self.every == 0:
            self._count()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.lines:
            self.lines.on_epoch_end(epoch, logs)
            return
        self._count()
        self.bar.set_postfix({name: f"{value:.4g}" for name, value in (logs or {}).items()}, refresh=False)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.lines:
            self.lines.on_train_end(logs)
            return
        self.bar.refresh()
        self.bar.close()

    def _count(self) -> None:
        self.bar.update(self.done - self.counted)
        self.counted = self.done


def shown_progress(parts: Iterable[T], verbose: int, total: int | None = None) -> Iterable[T]:
    """Return `parts`, with a bar as they are gone through if `verbose` is not 0."""
    if not integer(int(verbose) if isinstance(verbose, bool) else verbose, "verbose", least=0):
        return parts
    from tqdm import tqdm

    new_bar = _bars() or partial(tqdm, mininterval=10)  # in a file, a line at the beginning and one at the end
    return new_bar(parts, total=total, unit="batch")  # type: ignore[no-any-return]


def _bars() -> Callable[..., Any] | None:
    """Return a function that makes the bar for where the output goes; None if a bar would flood a file."""
    from tqdm import tqdm

    if sys.stderr.isatty():
        return partial(tqdm, dynamic_ncols=True)
    if "ipykernel" not in sys.modules:
        return None
    try:
        import ipywidgets  # noqa: F401  # without it, tqdm's widget cannot be made
        from tqdm.notebook import tqdm as widget
    except ImportError:
        return partial(tqdm, file=sys.stdout)
    return partial(widget)


def progress(verbose: int) -> list[Callback]:
    """Return the callbacks for `verbose`: 0 none, 1 a bar, n > 1 a line every n epochs."""
    if verbose == 0:
        return []
    return [ProgressBar() if verbose == 1 else EpochLines(verbose)]
