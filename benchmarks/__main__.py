"""Measure this framework against hand-written NumPy and other libraries: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure, processes, report
from benchmarks.peers import LIMITS, PLACES
from benchmarks.workloads import TRAINED, predictions

GROUPS = [*TRAINED, "W5", "W6"]
STARTED = ("W1", "W2", "W2-adam")
MEMORY = "W4"
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS", "KERAS_BACKEND")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return the command-line options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Train, predict and import (W1 to W6) with each installed peer, in turn within each repeat.",
        epilog="Thread counts are those that each library sets; they are printed.",
    )
    names = ",".join(PLACES)
    parser.add_argument("--only", default="W1,W2,W3,W4,W5,W6", help="workloads; W2 means W2 and W2-adam (%(default)s)")
    parser.add_argument("--peers", default=names, help="(%(default)s)")
    parser.add_argument("--repeats", type=int, default=7, help="(%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the samples or epochs (%(default)s)")
    parser.add_argument("--no-processes", action="store_true", help="skip everything that needs a separate process")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results", help="output folder")
    parser.add_argument("--again", type=Path, metavar="FILE", help="write table and picture of a results.json instead")
    parser.add_argument("--profile", metavar="WORKLOAD", help="show where the time of a step goes instead")
    options = parser.parse_args(given)
    options.peers = _chosen(parser, options.peers, list(PLACES), lambda given, name: given == name)
    options.only = _chosen(parser, options.only, GROUPS, lambda given, name: given in (name, name.split("-")[0]))
    if options.profile and options.profile not in TRAINED:
        parser.error(f"--profile takes one of {', '.join(TRAINED)}")
    return options


def _chosen(parser: argparse.ArgumentParser, value: str, names: list[str], fits: Any) -> list[str]:
    given = value.split(",")
    if unknown := [g for g in given if not any(fits(g, name) for name in names)]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}")
    return [name for name in names if any(fits(g, name) for g in given)]


def environment(options: argparse.Namespace) -> dict[str, Any]:
    """Return the conditions that the results depend on."""
    threads = {name: os.environ[name] for name in THREAD_SETTINGS if name in os.environ}
    return {
        "date": datetime.now().isoformat(timespec="minutes"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load": ", ".join(f"{load:.2f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown",
        "repeats": options.repeats,
        "scale": options.scale,
        "threads": threads or "as each library sets them",
    }


def thread_pools() -> dict[str, Any]:
    """Return the thread count of each loaded library that reports one."""
    pools = {}
    if "threadpoolctl" in sys.modules:  # scikit-learn imports it
        for pool in sys.modules["threadpoolctl"].threadpool_info():
            pools[f"{pool['internal_api']} {Path(pool['filepath']).name}"] = pool["num_threads"]
    if "torch" in sys.modules:
        pools["torch"] = sys.modules["torch"].get_num_threads()
    return pools


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that was asked for."""
    results: dict[str, Any] = {"environment": environment(options), "about": {}}
    peers, repeats, scale = options.peers, options.repeats, options.scale
    trainers = [name for name in peers if name not in LIMITS]
    once = [name for name in peers if name != "products_dx"]  # which predicts, and uses memory, just as "products" does

    def say(what: str) -> None:
        print(f"measuring {what} ...", file=sys.stderr, flush=True)

    # Separate processes first, before the data of this one fills memory.
    if not options.no_processes:
        for name in STARTED:
            if name in options.only:
                say(f"{name} from process start")
                results.setdefault("start", {})[name] = processes.starts(name, scale, trainers, repeats)
        if MEMORY in options.only:
            say(f"memory of {MEMORY}")
            results["memory"] = {MEMORY: processes.memory(MEMORY, scale, once)}
        if "W6" in options.only:
            say("imports")
            results["import"] = processes.imports(trainers, repeats)
    for name, make in TRAINED.items():
        if name in options.only:
            work = make(scale)
            results["about"][name] = f"{work.about}, {work.steps:,} steps"
            say(name)
            results.setdefault("fit", {})[name] = measure.fits(work, peers, repeats)
    if "W5" in options.only:
        for task in predictions(scale):
            results["about"][task.name] = task.about
            say(task.name)
            results.setdefault("predict", {})[task.name] = measure.predictions(task, once, repeats)
    results["environment"]["thread pools"] = thread_pools()
    return results


def main(given: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print the report, and write it to files with a plot."""
    options = arguments(given)
    if options.profile:
        from benchmarks import profiling

        print(profiling.report(TRAINED[options.profile](options.scale)))
        return {}
    results = json.loads(options.again.read_text()) if options.again else run(options)
    print(report.text(results))
    report.save(results, options.results)
    print(f"\nwritten: {options.results}/results.json, results.md and results.png")
    return results


if __name__ == "__main__":
    main()
