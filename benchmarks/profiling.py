"""A profile of a training step: the time of each NumPy call in the recorded step, and of the loop around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from timeit import Timer
from typing import Any

import numpy as np

from benchmarks.peers.ours import Ours
from benchmarks.workloads import Workload
from framework import Model
from framework.data.batches import ArrayBatches
from framework.engine.replay.call import Call
from framework.engine.replay.player import bind
from framework.engine.replay.recording import Recording
from framework.engine.segments import Segment, record

REPEATS = 7
LEAST_SECONDS = 0.05
ROUNDS = 400


@dataclass
class Part:
    """A part of a step: its time in microseconds, and its NumPy calls if it consists of such calls."""

    name: str
    calls: list[tuple[str, float]]
    time: float = 0.0


def microseconds(call: Callable[[], Any]) -> float:
    """Return the time of one call, the shortest of several repeats."""
    timer, count = Timer(call), 1
    while (seconds := timer.timeit(count)) < LEAST_SECONDS:
        count *= 2
    return 1e6 * min(seconds, *timer.repeat(REPEATS, count)) / count


def recorded(model: Model, x: Any, y: Any) -> Iterator[tuple[str, list[Call]]]:
    """Give the layers and the loss of a training step with the calls that they are recorded as."""
    network, loss = model.network, model.loss_
    at, recording = network.training_pass(len(x)), Recording()
    segments: list[Segment] = []

    array: Any = recording.trace(x)
    for i, step in enumerate(at.forwards):
        array = record(recording, [step], array, segments, network)
        yield f"forward {i} {step[1].layer.label()}", segments[-1].calls
    begin, recording.branches = len(recording.calls), True
    logits = None if at.logits is None else recording.trace(at.logits)
    _, _, array = loss.sum_and_gradient(recording.trace(y), array, None, logits, recording.trace(at.grad))
    yield "loss", recording.calls[begin:]
    for i, step in enumerate(at.backwards):
        array = record(recording, [step], array, segments, network)
        yield f"backward {len(at.backwards) - 1 - i} {step[1].layer.label()}", segments[-1].calls


def describe(call: Call) -> str:
    """Return a call's function and the shapes of its arrays."""
    arrays = [value for value in (*call.inputs, *call.outputs) if isinstance(value, np.ndarray)]
    return f"{call.name} {' '.join('x'.join(map(str, array.shape)) or '0-d' for array in arrays)}"


def timed_in_turn(calls: list[Call]) -> list[float]:
    """Return microseconds of each call, made one after another as in a step, without those of the clock."""
    times = np.empty((ROUNDS, len(calls)))
    clock = min(-perf_counter_ns() + perf_counter_ns() for _ in range(ROUNDS))
    played = [bind(call) for call in calls]
    for row in times:
        for i, call in enumerate(played):
            start = perf_counter_ns()
            call()
            row[i] = perf_counter_ns() - start
    return [max(0.0, float(median(column)) - clock) / 1e3 for column in times.T]


def parts(work: Workload) -> list[Part]:
    """Return the parts of a step of this framework; the last one is the whole step inside `fit`."""
    peer = Ours(work)
    model = peer.model.fit(work.X[: work.batch], work.y[: work.batch], batch_size=work.batch)
    network, loss, optimizer = model.network, model.loss_, model.optimizer_
    targets = loss.check_targets(work.y, network.output_shape, network.dtype)
    x, y = work.X[: work.batch].copy(), targets[: work.batch].copy()

    batches = ArrayBatches(work.X, targets, None, work.batch, np.random.default_rng(0))
    found = [Part("batches", [], microseconds(lambda: deque(batches, maxlen=0)) * work.epochs / work.steps)]
    sections = list(recorded(model, x, y))
    times = iter(timed_in_turn([call for _, calls in sections for call in calls]))
    for name, calls in sections:
        found.append(Part(name, [(describe(call), next(times)) for call in calls]))
        found[-1].time = sum(time for _, time in found[-1].calls)
    params, grads = network.trainable_params.copy(), network.trainable_grads * 0
    found.append(Part("update", [], microseconds(lambda: optimizer.apply(params, grads))))
    whole = microseconds(peer.fit) / work.steps
    found.append(Part("the loop around them: the rest", [], whole - sum(part.time for part in found)))
    return [*found, Part("a step of fit", [], whole)]


def report(work: Workload) -> str:
    """Return the parts as a table."""
    found = parts(work)
    whole = found[-1].time
    lines = [f"{work.name}: {work.about}; {work.steps:,} steps", f"  {'':42}{'us':>8}{'of a step':>12}"]
    for part in found:
        lines.append(f"  {part.name:42}{part.time:>8.2f}{part.time / whole:>12.0%}")
        lines += [f"      {name:38}{time:>8.2f}" for name, time in part.calls]
    return "\n".join(lines)
