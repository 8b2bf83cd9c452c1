"""Run the check of one entry of a rubric, and say in words why it did not pass."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from traceback import walk_tb
from types import FunctionType
from typing import Any

from framework.layers.base import Layer
from framework.model import Model
from framework.testing.grading.components import Refused, Unclear, component_for, guessed_input_shape
from framework.testing.grading.families import CHECKS, family_named, options_of
from framework.testing.grading.results import plain
from framework.testing.grading.rubric import Entry

DATA = '"X": [[...], ...], "y": [[...], ...]'


@dataclass(frozen=True)
class Verdict:
    """Whether a check passed, whether it ran, why it did not pass, and its seconds."""

    passed: bool
    message: str = ""
    checked: bool = True
    seconds: float = 0.0


def run(
    entry: Entry,
    names: Mapping[str, Any],
    *,
    notes: Iterable[str] = (),
    files: Collection[str] = (),
    sound: Callable[[], str] = str,
) -> Verdict:
    """Check the component that an entry asks for.

    Parameters
    ----------
    entry : Entry
    names : mapping
        What the submission defines, by name.
    notes : iterable of str
        Why something may be missing.
    files : collection of str
        The submission's files, as tracebacks name them: a message tells the line of an error in one of these.
    sound : callable ``() -> str``
        Tells afterwards why the result cannot be trusted; an empty string if it can.
    """
    start = perf_counter()
    passed, checked, message = False, True, ""
    try:
        component, family = component_for(entry, names, notes)
        options = _options(entry, component, family)
        CHECKS[family](component, **options)
        passed = True
    except Unclear as error:
        checked, message = False, str(error)
    except (Refused, AssertionError) as error:
        checked = not _of_rubric(error, entry)
        message = _text(error) + _place(error, files)
        if not checked:
            message = f"{entry.component} cannot be checked: a function in the rubric is wrong\n{message}"
    except SystemExit as error:
        message = f"{entry.component} calls sys.exit(){_place(error, files)}"
    except BaseException as error:  # whatever a submission raises, KeyboardInterrupt too, is its result
        message = f"{entry.component} raised {type(error).__name__}: {_text(error)}{_place(error, files)}"
    if problem := sound():
        passed, message = False, problem
    return Verdict(passed, plain(message), checked, perf_counter() - start)


def check_name(entry: Entry, names: Mapping[str, Any]) -> str:
    """Return what the results call an entry: its name, or the name of the check that fits."""
    if entry.name:
        return entry.name
    if entry.family:
        return CHECKS[family_named(entry.family)].__name__
    value = names.get(entry.component)
    cls = value if isinstance(value, type) else type(value)
    return next((check.__name__ for family, check in CHECKS.items() if issubclass(cls, family)), "check")


def _options(entry: Entry, component: Any, family: type[Any]) -> dict[str, Any]:
    options, known = dict(entry.options), options_of(family)
    for option in options:
        if option not in known:
            kind = family.__name__.lower()
            raise Refused(f"{entry.component} is of the family {kind}, whose check has no option {option!r}")
    if family is Layer and "input_shape" not in options:
        options["input_shape"] = guessed_input_shape(component)
    if family is Model and not {"X", "y"} <= options.keys():
        raise Unclear(f"{entry.component} is a model, and its check needs data: give {DATA} in the rubric")
    return options


def _of_rubric(error: BaseException | None, entry: Entry) -> bool:
    """Return whether one of an entry's own functions raised an error, or does not take what a check gives it."""
    functions = [value for value in entry.options.values() if isinstance(value, FunctionType)]
    while error is not None:
        frames = [frame.f_code for frame, _ in walk_tb(error.__traceback__)]
        if frames and frames[-1] in [function.__code__ for function in functions]:
            return True
        if isinstance(error, TypeError) and any(f"{function.__name__}() " in _text(error) for function in functions):
            return True
        error = error.__cause__
    return False


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # the submission's own exception, with a wrong __str__
        return type(error).__name__


def _place(error: BaseException | None, files: Collection[str]) -> str:
    """Return the last line of the submission in a traceback, or in that of its cause."""
    while error is not None:
        lines = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
        own = [place for place in lines if place[0] in files]
        if own and not isinstance(error, AssertionError):
            file, line = own[-1]
            return f"\n    at line {line} of {file}: {linecache.getline(file, line).strip()}"
        error = error.__cause__
    return ""
