"""Times of whole fits and predictions in this process, with the peers in turn within each repeat."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from time import perf_counter, sleep
from typing import Any

from benchmarks.peers import Peer, load
from benchmarks.workloads import Prediction, Workload

PAUSE = 0.1  # seconds, so that threads that one peer leaves spinning do not disturb the next
LEAST_SECONDS = 0.02

Results = dict[str, dict[str, Any]]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the duration of a call in seconds, and its result."""
    gc.collect()
    sleep(PAUSE)
    start = perf_counter()
    value = call()
    return perf_counter() - start, value


def interleaved(calls: dict[str, Callable[[], Any]], repeats: int, times: Callable[[str, float, Any], None]) -> None:
    """Time every call once in each repeat, and begin each repeat with a different one."""
    names = list(calls)
    for repeat in range(repeats if names else 0):
        turn = repeat % len(names)
        for name in names[turn:] + names[:turn]:
            times(name, *timed(calls[name]))


def _ready(names: Sequence[str], results: Results, prepare: Callable[[type[Peer]], tuple[Peer, dict[str, Any]]]) -> Any:
    """Return the peers that can take part, and write into the results why any other cannot."""
    peers = {}
    for name in names:
        try:
            kind = load(name)
        except ImportError as error:
            results[name] = {"missing": f"not installed ({error})"}
            continue
        try:
            peers[name], results[name] = prepare(kind)
        except Exception as error:
            results[name] = {"missing": f"failed: {type(error).__name__}: {error}"}
    return peers


def fits(work: Workload, names: Sequence[str], repeats: int) -> Results:
    """Return times in seconds and losses of whole fits, by peer."""
    results: Results = {}

    def prepare(kind: type[Peer]) -> tuple[Peer, dict[str, Any]]:
        made: list[Peer] = []

        def first_run() -> float:
            made.append(kind(work))
            return made[0].fit()

        first, loss = timed(first_run)
        made[0].tune()
        return made[0], {"first": first, "loss": loss, "note": made[0].note, "seconds": []}

    peers = _ready(names, results, prepare)

    def keep(name: str, seconds: float, loss: float) -> None:
        results[name]["seconds"].append(seconds)
        results[name]["loss"] = loss

    interleaved({name: peer.fit for name, peer in peers.items()}, repeats, keep)
    return results


def _calls(call: Callable[[], Any]) -> int:
    """Return how many calls last LEAST_SECONDS or longer; the first few after a pause are slow."""
    calls = 1
    while True:
        start = perf_counter()
        for _ in range(calls):
            call()
        if perf_counter() - start >= LEAST_SECONDS:
            return calls
        calls *= 2


def predictions(task: Prediction, names: Sequence[str], repeats: int) -> Results:
    """Return times of a prediction in seconds, by peer; short ones are averaged over many calls in each repeat."""
    results: Results = {}

    def prepare(kind: type[Peer]) -> tuple[Peer, dict[str, Any]]:
        peer = kind(task.work)
        first, _ = timed(lambda: peer.predict(task.X))
        return peer, {"first": first, "calls": _calls(lambda: peer.predict(task.X)), "seconds": []}

    peers = _ready(names, results, prepare)

    def loop(name: str) -> Callable[[], None]:
        predict, X, calls = peers[name].predict, task.X, range(results[name]["calls"])

        def run() -> None:
            for _ in calls:
                predict(X)

        return run

    def keep(name: str, seconds: float, _: Any) -> None:
        results[name]["seconds"].append(seconds / results[name]["calls"])

    interleaved({name: loop(name) for name in peers}, repeats, keep)
    return results
