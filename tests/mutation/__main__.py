"""Test the tests: change the framework at random places, one at a time, and see whether a test notices.

``python -m tests.mutation`` records which tests reach which lines, draws a sample of changes, runs for each one the
tests that reach it, and prints the score. It works in copies of the tree. Stopped at any time, it goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db

from tests.mutation.reach import record
from tests.mutation.report import report
from tests.mutation.sample import draw
from tests.mutation.worker import CONFIG, limits, work

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".*_cache", "build", "dist", "results", "__pycache__", "*.egg-info")


def main() -> None:
    """Read the arguments, and do what has not been done."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutation", help="where everything is kept")
    parser.add_argument("--count", type=int, default=300, help="number of changes")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes")
    parser.add_argument("--again", action="store_true", help="test again what no test noticed")
    parser.add_argument("--report", action="store_true", help="print the score so far, and end")
    given = parser.parse_args()
    folder = given.folder.resolve()
    session = folder / "session.sqlite"
    if not given.report:
        prepare(folder, session, given)
        with use_db(str(session), WorkDB.Mode.open) as db:
            missed = [job for job, result in db.results if given.again and not result.is_killed]
            jobs = missed or sorted(item.job_id for item in db.pending_work_items)
        spawn = get_context("spawn").Process
        workers = [spawn(target=work, args=(folder, i, jobs[i :: given.jobs])) for i in range(given.jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    sys.exit(bool(report(session)))


def prepare(folder: Path, session: Path, given: argparse.Namespace) -> None:
    """Copy the tree, record which tests reach which lines, and draw the sample, as far as this is not done."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = folder / "framework.sha256"
    if session.exists() and sources.read_text() != fingerprint():
        sys.exit(f"framework/ is not what {folder} was made for: go on with another --folder")
    sources.write_text(fingerprint())
    if given.again:  # there are new tests
        (folder / "tests.json").unlink(missing_ok=True)
    for i in range(given.jobs):  # anew each time: one that was stopped left its change behind
        shutil.rmtree(folder / f"tree-{i}", ignore_errors=True)
        shutil.copytree(ROOT, folder / f"tree-{i}", ignore=LEFT_OUT)
    limits()
    if not (folder / "tests.json").exists():
        record(folder, folder / "tree-0")
    os.chdir(folder / "tree-0")
    if not session.exists():
        drawing = session.with_suffix(".drawing")  # one that was stopped here draws anew
        drawing.unlink(missing_ok=True)
        with use_db(str(drawing)) as db:
            draw(db, CONFIG["cosmic-ray"], CONFIG["sample"]["operators"], given.count, given.seed)
        drawing.rename(session)


def fingerprint() -> str:
    """Return a hash of the framework's sources."""
    files = sorted((ROOT / "framework").rglob("*.py"))
    return sha256(b"".join(str(file.relative_to(ROOT)).encode() + file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    main()
