"""A CSV file that grows by lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Self, TextIO

import numpy as np

from framework.saving.atomic_write import replacing


class CSVTable:
    """A CSV file with a header; a line that is added is on disk at once.

    Attributes
    ----------
    columns : list of str
    rows : list of list of str
        The cells below the header.
    whole : bool
        Whether the file ended with a whole line, so that it can be appended to.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.columns: list[str] = []
        self.rows: list[list[str]] = []
        self.whole = True
        self._file: TextIO | None = None

    @classmethod
    def read(cls, path: str) -> Self:
        """Return the table in a file, empty if there is none. A last line that was cut off is left out.

        Raises
        ------
        ValueError
            If the file is no CSV file.
        """
        table, text = cls(path), ""
        with suppress(FileNotFoundError), open(path, "rb") as file:
            text = _decoded(file.read(), path)
        try:
            lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line]
        except csv.Error as error:
            raise ValueError(f"{path!r} is no CSV file: {error}") from None
        table.whole = text.endswith("\n") or not text
        if lines and "\r\n" in text and not table.whole:  # every line written here ends in \r\n
            lines.pop()
        if lines:
            table.columns = lines[0]
            table.rows = [[*line, *[""] * len(lines[0])][: len(lines[0])] for line in lines[1:]]
        return table

    def cells(self, values: Mapping[str, Any]) -> list[str]:
        """Return a row with the values that have a column."""
        return [cell(values.get(name)) for name in self.columns]

    def epoch(self, row: list[str]) -> int | None:
        """Return the number in the column "epoch" of a row, if there is one."""
        try:
            return int(row[self.columns.index("epoch")])
        except ValueError:
            return None

    def begin_of_last_run(self) -> int:
        """Return the index of the first of the last rows whose epochs increase."""
        start, following = len(self.rows), None
        while start:
            epoch = self.epoch(self.rows[start - 1])
            if epoch is None or (following is not None and epoch >= following):
                break
            start, following = start - 1, epoch
        return start

    def add_columns(self, names: Iterable[str], own: bool = False) -> bool:
        """Add those that are missing, and write the file anew if it has rows; return whether any was added.

        Another program's header is left as it is: `own` says whether this is none, else "epoch" as its first column.
        """
        missing = [name for name in names if name not in self.columns]
        if not missing or not (own or self.columns[:1] in ([], ["epoch"])):
            return False
        self.columns = [*self.columns, *missing]
        if self.rows:
            self.rows = [self.padded(row) for row in self.rows]
            self.write()
        return True

    def padded(self, row: list[str]) -> list[str]:
        """Return a row with empty cells for columns that were added; an empty row as it is."""
        return [*row, *[""] * (len(self.columns) - len(row))] if row else []

    def write(self) -> None:
        """Replace the whole file, atomically."""
        self.close()
        with replacing(self.path) as file:
            file.write(_lines([self.columns, *self.rows]).encode())
        self.whole = True

    def append(self, *rows: list[str]) -> None:
        """Add rows to the file."""
        if not self.rows:
            self.rows = list(rows)
            self.write()
            return
        self.rows += rows
        if self._file is None:
            self._file = open(self.path, "a", newline="", encoding="utf-8")  # noqa: SIM115 - open for a whole fit
        self._file.write(_lines(rows))
        self._file.flush()

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._file is not None:
            self._file.close()
            self._file = None


def cell(value: Any) -> str:
    """Return a value as text: numbers in full precision, None as an empty cell."""
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float | np.floating) else str(value)


def _lines(rows: Iterable[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path!r} is no CSV file: {error}") from None
