"""Where the time of a step goes, each part timed on its own: a profiler would cost more than what it measures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from timeit import Timer
from typing import Any

import numpy as np

from benchmarks.peers.ours import Ours
from benchmarks.workloads import Workload
from framework.batches import ArrayBatches

REPEATS = 7
LEAST_SECONDS = 0.05


def microseconds(call: Callable[[], Any]) -> float:
    """Return the time of one call, the least of several repeats."""
    timer, count = Timer(call), 1
    while (seconds := timer.timeit(count)) < LEAST_SECONDS:
        count *= 2
    return 1e6 * min(seconds, *timer.repeat(REPEATS, count)) / count


def parts(work: Workload) -> Iterator[tuple[str, float]]:
    """Give the parts of a step of this framework, in microseconds, then the whole step inside `fit`."""
    peer = Ours(work)
    model = peer.model.fit(work.X[: work.batch], work.y[: work.batch], batch_size=work.batch)
    network, loss, optimizer = model.network, model.loss_, model.optimizer_
    targets = loss.check_targets(work.y, network.output_shape, network.dtype)
    batches = ArrayBatches(work.X, targets, None, work.batch, np.random.default_rng(0))
    yield "batches", microseconds(lambda: deque(batches, maxlen=0)) * work.epochs / work.steps

    x, y = work.X[: work.batch], targets[: work.batch]
    prediction = network.forward(x, training=True)
    inputs = x
    for i, (forward, ctx) in enumerate(network.active.forwards):
        yield f"forward {i} {ctx.layer.label()}", microseconds(lambda f=forward, c=ctx, a=inputs: f(c, a))
        inputs = forward(ctx, inputs)
    yield "forward, all of it", microseconds(lambda: network.forward(x, training=True))

    def value_and_gradient() -> Any:
        return loss.value_and_gradient(y, prediction, None, network.sums, network.active.grad)

    yield "loss", microseconds(value_and_gradient)
    _, grad = value_and_gradient()
    given = grad.copy()
    for i, (backward, ctx) in enumerate(network.active.backwards):
        number = len(network.active.backwards) - 1 - i
        yield f"backward {number} {ctx.layer.label()}", microseconds(lambda f=backward, c=ctx, g=given: f(c, g))
        after = backward(ctx, given)
        given = None if after is None else after.copy()
    yield "backward, all of it", microseconds(lambda: network.backward(grad))
    params, grads = network.trainable_params.copy(), network.trainable_grads * 0
    yield "update", microseconds(lambda: optimizer.update(params, grads))
    yield "a step of fit", microseconds(peer.fit) / work.steps


def report(work: Workload) -> str:
    """Return the parts as a table; what they leave of a whole step is the loop with its bookkeeping."""
    found = dict(parts(work))
    whole = found["a step of fit"]
    named = ("batches", "forward, all of it", "loss", "backward, all of it", "update")
    found["the loop: the rest"] = whole - sum(found[name] for name in named)
    lines = [f"{work.name}: {work.about}; {work.steps:,} steps", f"  {'':32}{'us':>8}{'of a step':>12}"]
    lines += [f"  {name:32}{value:>8.2f}{value / whole:>12.0%}" for name, value in found.items()]
    return "\n".join(lines)
