"""Which tests reach a line, and how long they take: recorded once, by a run of all tests with coverage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import coverage

from tests.mutation import places
from tests.mutation.chosen import plain


class Reach:
    """The tests that reach each line.

    Parameters
    ----------
    folder : Path
        Where `record` wrote its two files.
    root : Path
        The tree in which the tests ran.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        recorded = json.loads((folder / "tests.json").read_text())
        self.seconds, self.starting = recorded["seconds"], recorded["starting"]
        self.data = coverage.CoverageData(str(folder / "coverage"))
        self.data.read()
        self.root = root

    def tests(self, path: Path, line: int) -> list[str]:
        """Return the tests that see a change in a line: those of the smallest block around it that has any.

        The tests of its own room come first, and then the fastest; at the end those that start other processes, which
        may reach any line.
        """
        contexts = self.data.contexts_by_lineno(str(self.root / path))
        for span in places.lines(path, line):
            names = {plain(name.rpartition("|")[0]) for at in span for name in contexts.get(at, ())}
            if found := names & self.seconds.keys():
                break
        else:
            found = set(self.seconds)
        room = path.with_suffix("").parts[1]
        own = (f"tests/{room}/", f"tests/test_{room}.py")
        last = set(self.starting)
        found |= last
        return sorted(found, key=lambda name: (name in last, not name.startswith(own), self.seconds[name], name))


def record(folder: Path, root: Path) -> None:
    """Run all tests, and write what each one reaches and how long it takes; those that fail are left out."""
    settings = folder / "coverage.ini"
    settings.write_text(f"[run]\nsource = framework\ndata_file = {folder / 'coverage'}\n")
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-p", "tests.mutation.reach"]
    command += ["--cov", "--cov-context=test", f"--cov-config={settings}", "--cov-report="]
    subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
    (root / "tests.json").rename(folder / "tests.json")


# What follows are pytest's hooks: `record` loads this file as a plugin.
_seconds: dict[str, float] = {}
_starting: set[str] = set()
_failed: set[str] = set()


def pytest_configure() -> None:
    """Note which test is running when a process is started."""

    def note(event: str, _: tuple) -> None:
        if event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
            _starting.add(plain(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]))

    sys.addaudithook(note)


def pytest_runtest_logreport(report) -> None:
    """Add up the time of a test's set-up, call and tear-down."""
    name = plain(report.nodeid)
    _seconds[name] = _seconds.get(name, 0.0) + report.duration
    if not report.passed:
        _failed.add(name)


def pytest_sessionfinish() -> None:
    """Write the times of all tests that passed, and which of them started processes."""
    seconds = {name: round(time, 4) for name, time in _seconds.items() if name not in _failed}
    starting = sorted(_starting & seconds.keys())
    Path("tests.json").write_text(json.dumps({"seconds": seconds, "starting": starting}, indent=0))
