"""Grade modules, classes and instances in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from types import ModuleType
from typing import Any

from framework.core.component import Component
from framework.core.messages import shown
from framework.testing.grading.checking import check_name, run
from framework.testing.grading.components import found_in
from framework.testing.grading.results import Report, Result
from framework.testing.grading.rubric import Entry


def graded_here(
    submission: Any, entries: Sequence[Entry] | None, progress: Callable[[Result, int], None] | None
) -> Report:
    """Return the report of a module, of one or several classes, or of an instance; see `grade`."""
    begin = perf_counter()
    title, names, own = _named(submission)
    entries = [Entry(name) for name in own] if entries is None else entries
    results: list[Result] = []
    for entry in entries:
        verdict = run(entry, names, files=[str(getattr(submission, "__file__", ""))])
        points = entry.points if verdict.passed else 0.0
        results.append(
            Result(
                entry.component,
                check_name(entry, names),
                verdict.passed,
                verdict.message,
                verdict.seconds,
                points,
                entry.points,
                verdict.checked,
            )
        )
        if progress is not None:
            progress(results[-1], len(entries))
    others = [name for name in own if name not in {entry.component for entry in entries}]
    return Report(title, results, perf_counter() - begin, others)


def _named(submission: Any) -> tuple[str, Mapping[str, Any], list[str]]:
    """Return a title, what a submission defines by name, and the names of its components."""
    if isinstance(submission, ModuleType):
        return submission.__name__, vars(submission), found_in(vars(submission), submission.__name__)
    given = list(submission) if isinstance(submission, list | tuple) else [submission]
    names: dict[str, Any] = {}
    for each in given:
        if isinstance(each, Component) and not isinstance(each, type):
            names[type(each).__name__] = each
        elif isinstance(each, type) or callable(each):
            names[each.__name__] = each
        else:
            expected = "the path of a file, a module, classes or a component"
            raise TypeError(f"grade expects {expected}, got {shown(each)}")
    return ", ".join(names), names, list(names)
