"""One peer in a separate process: ``python -m benchmarks.child start|memory PEER WORKLOAD SCALE``."""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.peers import load
from benchmarks.workloads import TRAINED


def resident() -> int:
    """Return the bytes resident in memory now, or on systems without /proc the peak so far."""
    with suppress(OSError):
        return _status("VmRSS")
    return _most_resident()


def _most_resident() -> int:
    with suppress(OSError):  # unlike ru_maxrss, VmHWM does not include the parent process before exec
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(field)


def _forget_peak() -> None:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def main(what: str, peer: str, workload: str, scale: float) -> dict[str, float]:
    """Train once, and return the time when it ended or the memory used."""
    kind = load(peer)
    imported = resident()
    work = TRAINED[workload](scale)
    data = work.X.nbytes + work.y.nbytes
    without_data = resident() - data  # includes the buffers of NumPy's BLAS, in use since the data were generated
    _forget_peak()
    loss = kind(work).fit()
    trained = time.time()
    if what == "start":
        return {"trained": trained, "loss": loss}
    return {"imported": imported, "added": _most_resident() - without_data, "needed": work.bytes_needed()}


if __name__ == "__main__":
    what, peer, workload, scale = sys.argv[1:]
    print(json.dumps(main(what, peer, workload, float(scale))))
