"""Logging to a CSV file, and functions as callbacks."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import isnan
from typing import Any

from framework.callbacks.base import HOOKS, Callback
from framework.callbacks.csv_table import CSVTable, cell
from framework.callbacks.run_identity import PLACE, checked_path, identity
from framework.core import arguments
from framework.core.messages import did_you_mean, shown
from framework.core.types import Logs
from framework.saving.atomic_write import check_writable


class CSVLogger(Callback):
    """Write a line for each epoch to a CSV file: "epoch" (from 1) and the values of the history, in full precision.

    A path that cannot be written fails before training begins; an old file is replaced when the first epoch is done.
    Columns are those of the first epoch, and those that later epochs add; or those of a file appended to, which gets
    new ones only if "epoch" is its first.

    In a fit that goes on from a `Checkpoint`, each epoch of the run has one line, whether lines were lost or epochs
    are run again. When a fit appends the very lines that its file ends with, as a script does that was killed and
    starts over, they stay as they are.

    Parameters
    ----------
    path : str or path
        ``"{run}"`` in it stands for a name of the run, as in `Checkpoint`.
    append : bool
        Whether to append to a file that exists.

    Attributes
    ----------
    file : str
        The path in use since training began.

    Raises
    ------
    OSError
        When training begins, if the file cannot be written.
    ValueError
        When training begins, if the file to append to is no CSV file.
    """

    file: str

    def __init__(self, path: str | os.PathLike[str], append: bool = False) -> None:
        self.path = checked_path(path, self)
        self.append = arguments.flag(append, "append")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.file = identity(self.model, self.params).in_path(self.path) if PLACE in self.path else self.path
        check_writable(self.file)
        if self.append:
            CSVTable.read(self.file)
        self._table: CSVTable | None = None
        self._before = len(self.model.history.epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = {"epoch": epoch + 1, **(logs or {})}
        if self._table is None:
            self._table = self._opened(len(self.model.history.epoch) - 1, list(values))
            self._again = self._place_of(self._table.cells(values)) if self.append else None
        table = self._table
        if table.add_columns(values) and self._lost:
            for at, i in self._lost.items():
                table.rows[at] = table.cells(self._logged(i))
            table.write()
        row = table.cells(values)
        if self._again is not None:
            start, end = self._again
            if table.rows[end : end + 1] == [row]:
                self._again = start, end + 1
                return
            self._again = None
            if end < len(table.rows):  # it was another run, if with equal epochs at first
                table.append(*table.rows[start:end])
        table.append(row)

    def on_train_end(self, logs: Logs | None = None) -> None:
        done = len(self.model.history.epoch)
        if self._table is None and done > self._before:  # a checkpoint held a finished run
            self._table = self._opened(done, [])
        if self._table is not None:
            self._table.close()
            self._table = None

    def _opened(self, done: int, columns: list[str]) -> CSVTable:
        """Return the table with what has to stand in it before the next epoch, which is number `done` in the history.

        The history holds more epochs than when the fit began if a checkpoint has restored them. `columns` are those of
        the next epoch, if there is one.
        """
        resumed = range(self._before, done)
        table = self._read() if self.append or resumed else CSVTable(self.file)
        old, first = list(table.rows), table.begin_of_last_run()
        by_epoch = {table.epoch(row): row for row in old[first:]}
        ours = {i: by_epoch.get(self.model.history.epoch[i], []) for i in resumed}
        ours = {i: row if row and self._agrees(table, row, i) else [] for i, row in ours.items()}
        found = any(ours.values())
        if not self.append:
            table.rows = []
            table.columns = table.columns if found else []
        elif found:  # the lines beyond the checkpoint come again
            table.rows = [*old[:first], *(row for row in old[first:] if self._is_earlier(table, row))]
        if not (columns or found):
            columns = ["epoch", *self.model.history]
        table.add_columns(columns, own=not self.append)
        self._lost = {len(table.rows) + at: i for at, (i, row) in enumerate(ours.items()) if not row}
        table.rows += [table.padded(row) or table.cells(self._logged(i)) for i, row in ours.items()]
        if not table.whole or table.rows != old:
            table.write()
        return table

    def _read(self) -> CSVTable:
        try:
            return CSVTable.read(self.file)
        except ValueError:
            if self.append:
                raise
            return CSVTable(self.file)  # it is replaced, whatever it is

    def _logged(self, i: int) -> dict[str, Any]:
        history = self.model.history
        return {"epoch": history.epoch[i], **{name: _unless_nan(history[name][i]) for name in history}}

    def _agrees(self, table: CSVTable, row: list[str], i: int) -> bool:
        """Return whether a line holds what the history has in place `i`."""
        known = self._logged(i)
        pairs = [(text, known[name]) for name, text in zip(table.columns, row, strict=True) if name in known]
        return all(_same_number(text, value) for text, value in pairs)

    def _is_earlier(self, table: CSVTable, row: list[str]) -> bool:
        return (table.epoch(row) or 0) < self.model.history.epoch[self._before]

    def _place_of(self, row: list[str]) -> tuple[int, int] | None:
        """Return where the lines of the last run begin that are to come, as a slice of none yet."""
        table = self._table
        if table is None or row not in table.rows[table.begin_of_last_run() :]:
            return None
        start = len(table.rows) - 1 - table.rows[::-1].index(row)
        return start, start


def _unless_nan(value: float) -> float | None:
    """Return what a line holds for a value of the history, where nan also stands for none."""
    return None if isnan(value) else value


def _same_number(text: str, value: Any) -> bool:
    if value is None:
        return text in ("", "nan")
    try:
        return float(text) == float(value)
    except ValueError:
        return cell(value) == text


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
