"""Grade a submission in processes of its own, with limits, and read their results."""

from __future__ import annotations

import os
import pickle
import queue
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from framework.testing.grading.checking import check_name
from framework.testing.grading.process import WorkerProcess
from framework.testing.grading.results import Report, Result, plain
from framework.testing.grading.rubric import Entry, RubricError
from framework.testing.grading.worker import Task

START = 60.0  # seconds for a process to start and to import the framework, on whatever machine
LEAST = 256  # MB
BESIDE = 1000  # data files and folders beside a submission
NO_DATA = ".py", ".ipynb", ".toml"  # other submissions and rubrics

Progress = Callable[[Result, int], None]


@dataclass(frozen=True)
class Limits:
    """Seconds for the import and for each check, seconds for the whole, and MB of memory."""

    timeout: float
    total_timeout: float
    memory: int

    def __post_init__(self) -> None:
        for name in ("timeout", "total_timeout"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be a positive number of seconds, got {getattr(self, name)!r}")
        if self.memory < LEAST:
            raise ValueError(f"memory must be at least {LEAST} MB, for Python and NumPy, got {self.memory!r}")


class Isolation:
    """The grading of one submission.

    Parameters
    ----------
    path : Path
    entries : list of Entry, optional
        The rubric; None checks every component that the submission defines.
    program : Path, optional
        The Python file that `entries` were read from.
    limits : Limits
    progress : callable ``(result, number of checks) -> None``, optional
        Called after each check.
    """

    def __init__(
        self, path: Path, entries: list[Entry] | None, program: Path | None, limits: Limits, progress: Progress | None
    ) -> None:
        self.path, self.entries, self.program = path, entries, program
        self.limits, self.progress = limits, progress
        self.begin = monotonic()
        self.end = self.begin + limits.total_timeout
        self.rows = [(entry.component, check_name(entry, {})) for entry in entries or ()]
        self.known = False  # whether a process has told the rows
        self.running: int | None = None  # the check that a process is at, since when
        self.since = 0.0
        self.results: list[Result] = []
        self.others: list[str] = []
        self.output = ""

    def run(self) -> Report:
        """Start processes until each check has a result: one that dies of a check is followed by another."""
        while not self.known or len(self.results) < len(self.rows):
            before = len(self.results)
            problem = self._attempt()
            if problem and self.running is not None:
                self._add(False, problem, monotonic() - self.since)
            elif problem and len(self.results) == before:  # no check has begun: none will
                self.rows = self.rows or [("(submission)", "import")]
                while len(self.results) < len(self.rows):
                    self._add(False, problem)
            self.known = True
        if not self.rows:
            self.rows = [("(submission)", "components")]
            self._add(False, "the submission defines no component that has a check")
        return Report(str(self.path), self.results, monotonic() - self.begin, self.others, self.output)

    def _attempt(self) -> str:
        """Run one process; return why it ended before its time."""
        self.running = None
        if monotonic() >= self.end:
            return f"not checked: the submission took more than {self.limits.total_timeout:g} s"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            _link_data(self.path.resolve().parent, Path(folder))
            token = secrets.token_hex(16)
            worker = WorkerProcess(self._task(folder, token), token, folder)
            try:
                problem = self._follow(worker)
            except RubricError:
                raise
            except (KeyError, TypeError, ValueError, IndexError) as error:
                problem = f"{self._who} sent a wrong message to the grader: {error}"
            finally:
                worker.kill()
        self.output = self.output or plain(worker.head.decode(errors="replace")).strip()
        return problem and problem + worker.last_line(self.path.name)

    def _follow(self, worker: WorkerProcess) -> str:
        """Note the results that a worker sends; return why there are no more before the last one."""
        doing, deadline = "to start", monotonic() + START
        while True:
            try:
                message = worker.inbox.get(timeout=max(0.0, min(deadline, self.end) - monotonic()))
            except queue.Empty:
                worker.abort()
                if monotonic() >= self.end:
                    return f"{self._who} was stopped: the submission took more than {self.limits.total_timeout:g} s"
                return (
                    f"{self._who} was stopped: it took more than {self.limits.timeout:g} s {doing} (an infinite loop?)"
                )
            if isinstance(message, str):
                return f"{self._who} {message}"
            if message is None and doing == "to start":
                told = plain(worker.tail.decode(errors="replace")).strip()
                raise RubricError(f"the process that grades cannot start, or not read the rubric:\n{told}")
            if message is None:
                done = self.known and self.running is None and len(self.results) == len(self.rows)
                return "" if done else f"{self._who} {worker.end()}"
            deadline = monotonic() + self.limits.timeout
            if message["kind"] == "ready":
                doing = "to be imported"
            elif message["kind"] == "found":
                if message["problem"]:
                    return plain(message["problem"])
                self._found(message)
            elif message["kind"] == "start":
                self.running, self.since, doing = len(self.results), monotonic(), "to be checked"
            elif message["kind"] == "result" and self.running == message["row"]:
                self.running = None
                self._add(bool(message["passed"]), plain(message["message"]), message["seconds"], message["checked"])

    @property
    def _who(self) -> str:
        return "the submission" if self.running is None else self.rows[self.running][0]

    def _found(self, message: dict[str, Any]) -> None:
        if self.known:
            return
        rows = [(plain(component), plain(check)) for component, check in message["rows"]]
        if self.entries is None:
            self.entries = [Entry(component) for component, _ in rows]
        if len(rows) != len(self.entries):
            raise ValueError("another number of checks than the rubric's")
        self.rows, self.known = rows, True
        self.others = [plain(name) for name in message["others"]]

    def _add(self, passed: bool, message: str, seconds: float = 0.0, checked: bool = True) -> None:
        i = len(self.results)
        if "MemoryError" in message:
            message += f"\n    the limit is {self.limits.memory} MB"
        worth = self.entries[i].points if self.entries else 1.0
        result = Result(*self.rows[i], passed, message, float(seconds), worth if passed else 0.0, worth, bool(checked))
        self.results.append(result)
        if self.progress is not None:
            self.progress(result, len(self.rows))

    def _task(self, folder: str, token: str) -> bytes:
        path, done = str(self.path.resolve()), len(self.results)
        task = Task(path, self.entries, None, done, self.limits.memory, folder, token)
        if self.program is not None:
            task = replace(task, entries=None, rubric=str(self.program.resolve()))
        try:
            return pickle.dumps(task)
        except Exception as error:
            raise RubricError(
                f"this rubric cannot be sent to another process ({error}): write it into a Python file as "
                "RUBRIC = {...}, and give its path"
            ) from error


def _link_data(source: Path, folder: Path) -> None:
    """Let a submission find the data beside it, as in ``np.loadtxt("data.csv")``, in the folder that it runs in."""
    data = (path for path in source.iterdir() if path.suffix not in NO_DATA)
    for path in islice(data, BESIDE):
        with suppress(OSError):  # Windows: only for who may make links
            os.symlink(path, folder / path.name)
