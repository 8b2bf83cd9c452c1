"""The results of a grading: one for each check, points, and a table to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

HEAD = "component", "check", "result", "points", "seconds"
LONGEST, WIDEST = 4000, 400  # letters of a message, and of a line in it
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: Any) -> str:
    """Return a text that may come from a submission without control characters and cut to a readable length."""
    clean = _CONTROL.sub("?", str(text).replace("\r\n", "\n"))
    clean = "\n".join(_cut(line, WIDEST) for line in clean.split("\n"))
    return _cut(clean, LONGEST)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


@dataclass(frozen=True)
class Result:
    """The result of one check.

    Attributes
    ----------
    component, check : str
    passed : bool
    message : str
        Why it did not pass; else empty.
    seconds : float
    points, max_points : float
    checked : bool
        False if the check could not run without something that the rubric does not tell.
    """

    component: str
    check: str
    passed: bool
    message: str
    seconds: float
    points: float
    max_points: float
    checked: bool = True

    @property
    def word(self) -> str:
        """Return "passed", "FAILED" or "not checked"."""
        return "passed" if self.passed else "FAILED" if self.checked else "not checked"


@dataclass(frozen=True)
class Report:
    """What `grade` returns. ``print(report)`` and notebooks show a table.

    Attributes
    ----------
    submission : str
    results : sequence of Result
    seconds : float
        The whole time, starts of processes included.
    others : sequence of str
        Components of the submission that the rubric does not name.
    output : str
        The beginning of what the submission printed.
    """

    submission: str
    results: Sequence[Result]
    seconds: float = 0.0
    others: Sequence[str] = field(default=())
    output: str = ""

    @property
    def passed(self) -> bool:
        """Whether there are results, and all of them passed."""
        return bool(self.results) and all(result.passed for result in self.results)

    @property
    def points(self) -> float:
        """The points reached."""
        return sum(result.points for result in self.results)

    @property
    def max_points(self) -> float:
        """The points that can be reached."""
        return sum(result.max_points for result in self.results)

    @property
    def summary(self) -> str:
        """One line: points, and how many checks passed."""
        right = sum(result.passed for result in self.results)
        checks = f"{right} of {len(self.results)} checks passed"
        return f"{self.points:g} of {self.max_points:g} points, {checks} in {self.seconds:.1f} s"

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
        rule = "  ".join("-" * width for width in widths)
        lines = [self.submission, _line(HEAD, widths), rule, *(_line(row, widths) for row in rows), self.summary]
        return "\n".join([*lines, *(f"\n{text}" for text in self._texts())])

    def _repr_html_(self) -> str:
        from framework.engine.html import table

        texts = "".join(f"<pre>{escape(text)}</pre>" for text in self._texts())
        return f"<p>{escape(self.submission)}</p>{table(HEAD, self._rows(), 3)}<p>{escape(self.summary)}</p>{texts}"

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (each.component, each.check, each.word, f"{each.points:g}/{each.max_points:g}", f"{each.seconds:.2f}")
            for each in self.results
        ]

    def _texts(self) -> list[str]:
        """Return what is below the table; what several checks have in common once."""
        said: dict[str, list[str]] = {}
        for each in self.results:
            said.setdefault(each.message, []).append(each.component)
        texts = []
        for message, components in said.items():
            if message:
                who = "" if message.startswith(components[0]) else f"{', '.join(dict.fromkeys(components))}: "
                texts.append(f"{who}{message}")
        return [*texts, *([f"not in the rubric: {', '.join(self.others)}"] if self.others else [])]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text.rjust(width) if i > 2 else text.ljust(width)
        for i, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
