"""`grade`: the checks of all components of a file, a module, a class or an instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what it needs is imported when it is called: `import framework.testing` stays as fast
    from pathlib import Path

    from framework.testing.grading.results import Report, Result


def grade(
    submission: Any,
    rubric: Mapping[str, Any] | str | Path | None = None,
    *,
    timeout: float = 10.0,
    total_timeout: float = 120.0,
    memory: int = 1024,
    progress: Callable[[Result, int], None] | None = None,
) -> Report:
    """Check the components of a submission, and count the points: ``print(grade("homework.py"))``.

    A file, a Python program or a notebook, is graded in processes of its own, with limits: one that never ends,
    crashes, exits or takes all memory costs its points and no more. They have a temporary working directory, no input,
    no network and none of your environment variables; results come through a channel of their own, and a submission
    that replaces a function of the framework or of NumPy gets no points. **This is not a sandbox.** The submission runs
    as you, in the process that checks it: it can read your files and its rubric, and one written to defeat all this
    can. For people whom you do not trust, run the whole in a container or a virtual machine, as Gradescope does.

    Modules, classes and instances, those of a notebook for example, are graded in this process, without limits.

    Parameters
    ----------
    submission : str, Path, module, class, component, or sequence of classes
        The path of a ``.py`` or ``.ipynb`` file; a module that is imported; one or several classes; an instance.
    rubric : mapping, str or Path, optional
        What is expected, by name: points, or a mapping of ``points`` and the options of the check, among them
        ``input_shape`` for a layer, and ``X`` and ``y`` for a model. Further keys are ``arguments`` of the constructor,
        the ``family`` expected and a ``name`` for the results. A list of such mappings is several checks of one
        component. Or the path of a file that holds this as JSON, as TOML, or as the variable ``RUBRIC`` of a Python
        file. None: every component that the submission defines counts 1 point.
    timeout : float
        Seconds for the import and for each check.
    total_timeout : float
        Seconds for the submission.
    memory : int
        Megabytes for the process, its 150 MB of libraries included; not on Windows, and on macOS in part.
    progress : callable ``(result, number of checks) -> None``, optional
        Called after each check.

    Returns
    -------
    Report
        With ``results`` (component, check, passed, message, seconds, points, max_points), ``points``, ``max_points``
        and ``passed``. Printed, it is a table with the messages below.

    Raises
    ------
    ValueError
        If the rubric or a limit cannot be used.
    FileNotFoundError
        If there is no such file.
    TypeError
        If `submission` is none of these.

    Examples
    --------
    >>> from framework import Dense
    >>> from framework.testing import grade
    >>> report = grade(Dense(3, "tanh"), {"Dense": {"points": 4, "input_shape": 5}})
    >>> report.passed, report.points, report.max_points
    (True, 4.0, 4.0)
    >>> [(result.component, result.check, result.passed) for result in report.results]
    [('Dense', 'check_layer', True)]
    """
    from pathlib import Path

    from framework.testing.grading.here import graded_here
    from framework.testing.grading.isolation import Isolation, Limits
    from framework.testing.grading.rubric import read_rubric

    entries = None if rubric is None else read_rubric(rubric)
    if not isinstance(submission, str | Path):
        return graded_here(submission, entries, progress)
    path = Path(submission)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r} to grade")
    if path.suffix not in (".py", ".ipynb"):
        raise ValueError(f"{path} is neither a .py nor an .ipynb file")
    program = Path(rubric) if isinstance(rubric, str | Path) and Path(rubric).suffix == ".py" else None
    return Isolation(path, entries, program, Limits(timeout, total_timeout, memory), progress).run()
