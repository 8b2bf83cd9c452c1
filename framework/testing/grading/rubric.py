"""Rubrics: which components are expected, how they are made and checked, and what they are worth."""

from __future__ import annotations

import json
import runpy
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.core.messages import did_you_mean, shown
from framework.testing.grading.families import CHECKS, NAMES, family_named, options_of

OWN = ("points", "name", "family", "arguments")
SHAPES = ("input_shape", "shapes")


class RubricError(ValueError):
    """A rubric that cannot be used: the teacher's mistake, not the student's."""


@dataclass(frozen=True)
class Entry:
    """One line of a rubric: a check of a component.

    Attributes
    ----------
    component : str
        The name of the class, instance or metric function in the submission.
    name : str
        What the line is called in the results; by default the name of the check.
    points : float
    family : str
        "Layer", "Loss", ...; an empty string accepts any family.
    arguments : mapping or sequence, optional
        The arguments of the constructor.
    options : mapping
        Options of the check.
    """

    component: str
    name: str = ""
    points: float = 1.0
    family: str = ""
    arguments: Mapping[str, Any] | Sequence[Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def read_rubric(source: Any) -> list[Entry]:
    """Return the entries of a rubric, in its order.

    Parameters
    ----------
    source : mapping, str or Path
        ``{"Gain": 2}``, ``{"Gain": {"points": 2, "input_shape": 3}}``, or several checks of one component,
        ``{"Gain": [{"points": 1}, {"points": 1, "input_shape": (3, 2)}]}``; or the path of a file that holds this as
        JSON, as TOML, or as the variable ``RUBRIC`` of a Python file.

    Raises
    ------
    RubricError
        If it cannot be read, is empty, or has a wrong word or value.
    """
    if isinstance(source, str | Path):
        source = _of_file(Path(source))
    if not isinstance(source, Mapping):
        raise RubricError(f"a rubric is a mapping of components to points or options, got {shown(source)}")
    entries = [_entry(str(name), line) for name, lines in source.items() for line in _lines(lines)]
    if not entries:
        raise RubricError("the rubric is empty: name at least one component")
    return entries


def _of_file(path: Path) -> Any:
    try:
        if path.suffix == ".py":
            held = runpy.run_path(str(path))
            if "RUBRIC" not in held:
                raise RubricError(f"{path} has no RUBRIC: write RUBRIC = {{...}} in it")
            return held["RUBRIC"]
        text = path.read_text(encoding="utf-8")
        if path.suffix not in (".json", ".toml"):
            raise RubricError(f"{path} is no rubric: its name must end in .json, .toml or .py")
        held = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except RubricError:
        raise
    except OSError as error:
        raise RubricError(f"the rubric {path} cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise RubricError(f"the rubric {path} cannot be read: {type(error).__name__}: {error}") from error
    return _with_shapes(held)


def _with_shapes(value: Any) -> Any:
    """Return what a file holds with shapes as tuples, for which JSON and TOML have no type."""
    if isinstance(value, dict):
        return {key: _shape(item) if key in SHAPES else _with_shapes(item) for key, item in value.items()}
    return [_with_shapes(item) for item in value] if isinstance(value, list) else value


def _shape(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [_shape(item) for item in value] if any(isinstance(item, list) for item in value) else tuple(value)


def _lines(lines: Any) -> Sequence[Any]:
    return lines if isinstance(lines, list | tuple) else [lines]


def _entry(component: str, line: Any) -> Entry:
    if isinstance(line, int | float) and not isinstance(line, bool):
        line = {"points": line}
    if not isinstance(line, Mapping):
        raise RubricError(f"{component}: expected points, or a mapping with points and options, got {shown(line)}")
    points = line.get("points", 1.0)
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < float("inf"):
        raise RubricError(f"{component}: points must be a number that is not negative, got {shown(points)}")
    family, arguments = line.get("family", ""), line.get("arguments")
    try:
        known = options_of(family_named(family)) if family else {name for each in CHECKS for name in options_of(each)}
    except KeyError:
        raise RubricError(f"{component}: unknown family {family!r}{did_you_mean(str(family), NAMES)}") from None
    if arguments is not None and not isinstance(arguments, Mapping | list | tuple):
        raise RubricError(f"{component}: arguments must be a list or a mapping, got {shown(arguments)}")
    options = {str(key): value for key, value in line.items() if key not in OWN}
    for option in options:
        if option not in known:
            raise RubricError(f"{component}: unknown option {option!r}{did_you_mean(option, [*OWN, *sorted(known)])}")
    return Entry(component, str(line.get("name", "")), float(points), str(family), arguments, options)
