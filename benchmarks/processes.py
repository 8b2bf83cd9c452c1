"""Measurements in separate processes: whole runs from process start, imports, and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Results
from benchmarks.peers import IMPORTS

ROOT = Path(__file__).parent.parent
# Installed peers have their bytecode cached, so this framework may cache its own, too.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _child(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.child", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"missing": reason[0]}
    return json.loads(done.stdout.splitlines()[-1])


def starts(workload: str, scale: float, names: Sequence[str], repeats: int) -> Results:
    """Return times in seconds from the start of the interpreter to the end of training, by peer."""
    results: Results = {name: {"seconds": []} for name in names}
    for _ in range(repeats):
        for name in names:
            if "missing" in results[name]:
                continue
            started = time.time()
            answer = _child("start", name, workload, scale)
            if "missing" in answer:
                results[name] = answer
            else:
                results[name]["seconds"].append(answer["trained"] - started)
    return results


def memory(workload: str, scale: float, names: Sequence[str]) -> Results:
    """Return bytes by peer: those in use after the import, and the peak added by data and training."""
    return {name: _child("memory", name, workload, scale) for name in names}


def imports(names: Sequence[str], repeats: int) -> Results:
    """Return times in seconds of the interpreter importing nothing, NumPy, and each peer's library."""
    statements = {"python": "pass", "numpy": "import numpy"}
    statements |= {name: f"import numpy; {IMPORTS[name]}" for name in names if name in IMPORTS}
    results: Results = {name: {"seconds": []} for name in statements}
    for repeat in range(repeats + 1):  # the first repeat only fills the caches
        for name, statement in statements.items():
            if "missing" in results[name]:
                continue
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", statement],
                cwd=ROOT,
                env=ENVIRONMENT,
                capture_output=True,
                check=False,
            )
            seconds = time.perf_counter() - start
            if done.returncode:
                results[name] = {"missing": "not installed"}
            elif repeat:
                results[name]["seconds"].append(seconds)
    return results
