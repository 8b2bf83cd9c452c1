"""The command line: ``python -m framework.testing submission.py --rubric rubric.toml``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from framework.testing.grading.formats import as_csv, as_gradescope, as_json, as_junit
from framework.testing.grading.grader import grade
from framework.testing.grading.results import Report, Result

DESCRIPTION = """\
Check the components that Python files or notebooks define: layers, activations, losses, optimizers and the rest.
Each file runs in a process of its own, with limits of time and memory. This is not a sandbox: for people whom you
do not trust, run it in a container."""
EPILOG = "Exit code: 0 if all checks passed, 1 if some did not, 2 if the command or the rubric is wrong."


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade the files that the command line names; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.gradescope and len(options.submissions) > 1:
        parser.error("--gradescope takes one submission")
    for path in options.submissions:  # before any is graded
        if not path.is_file():
            parser.error(f"there is no file {str(path)!r} to grade")
    try:
        reports = [_graded(path, options) for path in options.submissions]
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(2, "interrupted\n")
    if len(reports) > 1:
        _print("\n".join(f"{report.submission}: {report.summary}" for report in reports))
    for path, text in (
        (options.json, as_json),
        (options.junit, as_junit),
        (options.csv, as_csv),
        (options.gradescope, lambda all_: as_gradescope(all_[0])),
    ):
        if path is not None:
            _write(parser, path, text(reports))
    return 0 if all(report.passed for report in reports) else 1


def _graded(path: Path, options: argparse.Namespace) -> Report:
    report = grade(
        path,
        options.rubric,
        timeout=options.timeout,
        total_timeout=options.total_timeout,
        memory=options.memory,
        progress=_progress(path) if options.progress or sys.stderr.isatty() else None,
    )
    _print(f"{report}\n" if len(options.submissions) > 1 else str(report))
    return report


def _print(text: str) -> None:
    """Print a text with whatever signs a submission has in it, also where the output has no code for them."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m framework.testing",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("submissions", nargs="+", type=Path, metavar="FILE", help="a .py or .ipynb file")
    parser.add_argument(
        "--rubric", type=Path, metavar="FILE", help="points and options by component: .toml, .json or .py"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, for GitLab, Jenkins and others")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row of points for each submission")
    parser.add_argument("--gradescope", type=Path, metavar="FILE", help="write Gradescope's results.json")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds for each check (10)")
    parser.add_argument("--total-timeout", type=float, default=120.0, metavar="S", help="seconds for a file (120)")
    parser.add_argument("--memory", type=int, default=1024, metavar="MB", help="megabytes for a file (1024)")
    parser.add_argument("--progress", action="store_true", help="a line for each check, even if it goes to a file")
    return parser


def _progress(path: Path) -> Callable[[Result, int], None]:
    done = 0

    def show(result: Result, count: int) -> None:
        nonlocal done
        done += 1
        sys.stderr.write(f"{path.name} {done}/{count} {result.component} {result.check}: {result.word}\n")

    return show


def _write(parser: argparse.ArgumentParser, path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        parser.error(f"{path} cannot be written: {error.strerror or error}")
