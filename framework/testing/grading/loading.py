"""Load a submission, a Python file or a notebook, as a module."""

from __future__ import annotations

import json
import linecache
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import ModuleType

MODULE = "submission"


@dataclass(frozen=True)
class Loaded:
    """A submission that was run.

    Attributes
    ----------
    module : ModuleType
    errors : list of str
        What each cell that failed raised, and in which line; for a Python file at most one.
    files : set of str
        Names of the file or of its cells in tracebacks.
    complete : bool
        Whether components can be looked for: a Python file that fails has none, a notebook those of its other cells.
    """

    module: ModuleType
    errors: list[str]
    files: set[str]
    complete: bool


def load(path: Path) -> Loaded:
    """Run a submission as the module `submission`; what it raises is among the errors of the result."""
    module = ModuleType(MODULE)
    module.__file__ = str(path)
    sys.modules[MODULE] = module
    sys.path.append(str(path.parent))  # last: no file beside it stands for a module of Python's or NumPy's
    errors: list[str] = []
    notebook = path.suffix == ".ipynb"
    try:
        cells = _cells(path) if notebook else [(path.name, _source(path))]
    except (OSError, ValueError, SyntaxError) as error:
        return Loaded(module, [f"{path.name} cannot be read: {error}"], set(), False)
    for label, source in cells:
        linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
        try:
            exec(compile(source, label, "exec"), vars(module))
        except BaseException as error:  # sys.exit() too
            errors.append(_described(error, label))
    return Loaded(module, errors, {label for label, _ in cells}, notebook or not errors)


def _source(path: Path) -> str:
    with tokenize.open(path) as file:  # in the encoding that it declares
        return file.read()


def _cells(path: Path) -> list[tuple[str, str]]:
    """Return the names and sources of a notebook's code cells, without lines for IPython alone."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (KeyError, TypeError) as error:
        raise ValueError("it is no notebook of format 4") from error
    return [(f"{path.name} cell {i}", _python(source)) for i, source in enumerate(sources, 1)]


def _python(source: str) -> str:
    lines = source.splitlines()
    if lines and lines[0].startswith("%%"):
        return ""
    return "\n".join("pass" if line.startswith(("%", "!", "?")) else line for line in lines)


def _described(error: BaseException, label: str) -> str:
    if isinstance(error, SyntaxError) and error.filename == label:
        line, problem = error.lineno or 0, error.msg
    else:
        own = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == label]
        line, problem = own[-1] if own else 0, _text(error)
    text = linecache.getline(label, line).strip()
    return f"{label}, line {line}: {type(error).__name__}: {problem}" + (f"\n    {text}" if text else "")


def _text(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "it calls sys.exit()"
    try:
        return str(error)
    except BaseException:
        return "(its text cannot be shown)"
