"""Make changes in a copy of the tree, and run the tests that reach them."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import sys
import tomllib
from pathlib import Path

from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db

from tests.mutation import chosen
from tests.mutation.reach import Reach

CONFIG = tomllib.loads(Path(__file__).with_name("config.toml").read_text())
MEMORY = 8 << 30  # bytes: a change of a shape must not take the machine with it


def limits() -> None:
    """Give this process and those that it starts one thread of BLAS, no window, a part of the memory, and Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell in the background ignores
    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND="Agg")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def work(folder: Path, part: int, jobs: list[str]) -> None:
    """Make each of these changes in a copy of the tree, run the tests that reach it, and store the result."""
    root = folder / f"tree-{part}"
    os.chdir(root)
    os.environ["PYTHONPATH"] = str(root)
    limits()
    config = CONFIG["cosmic-ray"]
    reach = Reach(folder, folder / "tree-0")
    names_in = folder / f"tests-{part}.json"
    os.environ[chosen.FILE] = str(names_in)
    command = [sys.executable, *shlex.split(config["test-command"])[1:], "-p", "tests.mutation.chosen"]
    with use_db(str(folder / "session.sqlite"), WorkDB.Mode.open) as db:
        items = {item.job_id: item for item in db.work_items}
        for job in jobs:
            change = items[job].mutations[0]
            names = reach.tests(change.module_path, change.start_pos[0])
            chosen.write(names_in, names)
            tests = shlex.join([*command, *chosen.files(names)])
            db.set_result(job, mutate_and_test(items[job].mutations, tests, config["timeout"]))
