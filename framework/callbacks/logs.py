"""Logging to a CSV file, and functions as callbacks."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from typing import Any

from framework.callbacks.base import HOOKS, Callback
from framework.core import arguments
from framework.core.messages import did_you_mean, shown
from framework.core.types import Logs


class CSVLogger(Callback):
    """Write a line for each epoch to a CSV file: "epoch" (from 1) and the values of the history, in full precision.

    The file is opened before training begins, so that a path which cannot be written fails early; an old file is
    replaced when the first epoch is done. Columns are those of the first epoch, and of validation even if that comes
    later, or of the file appended to.

    Parameters
    ----------
    path : str or path
    append : bool
        Whether to append to a file that exists.
    """

    def __init__(self, path: str | os.PathLike[str], append: bool = False) -> None:
        self.path = os.fspath(arguments.path(path))
        self.append = arguments.flag(append, "append")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._new = not os.path.exists(self.path)
        self._file = open(self.path, "a+", newline="", encoding="utf-8")  # noqa: SIM115 - open for a whole fit
        self._columns: list[str] = []
        if self.append:
            self._file.seek(0)
            self._columns = next(csv.reader(self._file), [])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = {"epoch": epoch + 1, **(logs or {})}
        writer = csv.writer(self._file)
        if not self._columns:
            self._file.truncate(0)
            later = (f"val_{name}" for name in (logs or {}) if self.params["validated"] and name in self._validated())
            self._columns = list(dict.fromkeys([*values, *later]))
            writer.writerow(self._columns)
        writer.writerow([values.get(name, "") for name in self._columns])
        self._file.flush()

    def _validated(self) -> list[str]:
        """Return the names that have a "val_..." value, if only in later epochs."""
        return ["loss", "penalty", *self.model.metrics_]

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._file.close()
        if self._new and not self._columns:
            os.unlink(self.path)


class LambdaCallback(Callback):
    """Call functions at the hooks: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))``.

    Parameters
    ----------
    on_train_begin, on_train_end : callable ``(logs)``, optional
    on_epoch_begin, on_epoch_end : callable ``(epoch, logs)``, optional
    on_batch_end : callable ``(batch, logs)``, optional
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        for hook, function in functions.items():
            if hook not in HOOKS:
                raise TypeError(f"LambdaCallback has no hook {hook!r}{did_you_mean(hook, HOOKS)}")
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"LambdaCallback: {hook} must be a function, got {shown(function)}")
            setattr(self, hook, function)
