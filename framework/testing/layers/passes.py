"""Traces of a pass: the network's arrays in their place, nothing that grows, and no draw in backward."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.core.report import Subject
from framework.testing.core.state import lengths
from framework.testing.layers.bench import Bench, contexts

LOOKS = (20, 25, 30)  # after these passes: by then, a list of the last few batches has its full length


def check_passes(subject: Subject, bench: Bench, x: Array) -> None:
    """Check passes on one context by what they leave behind, not by what they compute."""
    first = {name: values.copy() for name, values in bench.state.items()}
    with np.errstate(all="ignore"):
        _check_pass(subject, bench, x, training=True)
        learns = bench.settle(x)  # before the first training pass, there may be nothing to infer from
        _check_pass(subject, bench, x, training=False, learns=learns)
    bench.start_from(first)


def _check_pass(subject: Subject, bench: Bench, x: Array, training: bool, learns: bool = True) -> None:
    part = "forward" if training else "forward in inference"
    ctx = _bound(subject, bench, len(x), training)
    places = list(contexts(ctx, bench.place))
    arrays = [(at, name, getattr(at, name)) for at, place in places for name in place.parameters]
    bench.restart()
    for name, values in bench.params.items():
        values[...] = bench.moved[name]  # an earlier pass may have changed them so that this one does not
    fixed = bench.params if training else {**bench.params, **bench.state}
    kept = {name: values.copy() for name, values in fixed.items()}
    try:
        y = subject.call(part, lambda: bench.forward(ctx, x), x=x)
    except AssertionError as error:
        if not training and isinstance(error.__cause__, AttributeError):
            _check_not_left(subject, bench, x, error.__cause__)
        raise
    _check_bound(subject, part, arrays)
    grad = np.ones_like(y) if training and isinstance(y, np.ndarray) and y.dtype == bench.dtype else None
    _check_not_written(subject, bench, ctx, kept, part, grad, learns)
    if grad is not None:
        drawn = bench.noise.bit_generator.state
        _quietly(bench, ctx, grad)
        _check_bound(subject, "backward", arrays)
        cause = "the noise must be that of the forward pass: keep it on ctx there (ctx.mask = ...), and use it"
        subject.require(bench.noise.bit_generator.state == drawn, "backward", "draws from ctx.rng", cause)
    _check_lengths(subject, bench, ctx, x, grad)


def _bound(subject: Subject, bench: Bench, n: int, training: bool) -> Context:
    drawn = bench.noise.bit_generator.state
    ctx = bench.context(n, training)
    cause = "noise that is drawn once is the same on every pass: draw it in forward"
    fine = bench.noise.bit_generator.state == drawn
    subject.require(fine, "bind", "draws from ctx.rng, when a context is made", cause)
    return ctx


def _check_bound(subject: Subject, part: str, arrays: list[tuple[Context, str, Array]]) -> None:
    """Fail if a parameter on a context is another array than before."""
    for ctx, name, array in arrays:
        if not np.shares_memory(array, getattr(ctx, name)):
            cause = (
                "it makes a new array of that name, which is lost after the pass: assign into the network's, "
                f"ctx.{name}[...] = ..., not ctx.{name} = ..."
            )
            subject.fail(part, f"ctx.{name} is not the network's array", cause)


def _check_not_left(subject: Subject, bench: Bench, x: Array, error: AttributeError) -> None:
    """Fail if inference wants what training has on its context."""
    ctx, part, name = bench.context(len(x)), "forward in inference", error.name
    bench.restart()
    drawn = bench.noise.bit_generator.state
    ctx.layer.forward(ctx, x)
    draws = bench.noise.bit_generator.state != drawn
    if name == "rng" and not draws:
        cause = "training and inference are exchanged: noise belongs to training, so draw it if ctx.training"
        subject.fail(part, "needs ctx.rng, which exists in training only", cause)
    left = name is not None and any(hasattr(at, name) for at, _ in contexts(ctx, bench.place))
    if name != "rng" and left and isinstance(error.obj, Context):
        cause = "what training learns is kept in a Parameter(shape, trainable=False); all else is computed anew"
        subject.fail(part, f"needs ctx.{name}, which training leaves on a context of its own", cause)


def _check_not_written(
    subject: Subject,
    bench: Bench,
    ctx: Context,
    kept: dict[str, Array],
    part: str,
    grad: Array | None,
    learns: bool,
) -> None:
    """Fail if `forward` has written to a parameter that it must leave alone."""
    for name, before in kept.items():
        values = bench.params[name] if name in bench.params else bench.state[name]
        wrong = np.argwhere(values != before)
        if not len(wrong):
            continue
        i = tuple(int(k) for k in wrong[0])
        problem = f"writes to parameter {name}: entry {list(i)} was {before[i]:.6g} and is now {values[i]:.6g}"
        cause = (
            "an operation in place, or out=; make a new array. What limits a parameter after each step is a "
            "constraint: Parameter(..., constraint=...)"
        )
        if name in bench.state:
            cause = "running state is updated in inference, too: update it only if ctx.training"
            if not learns:
                cause = "training and inference are exchanged: running state is updated in training (if ctx.training)"
        elif grad is not None and _quietly(bench, ctx, grad) and not np.nan_to_num(bench.grads[name]).any():
            cause = f"what the layer updates itself is declared as Parameter(..., trainable=False), and {name} is not"
        subject.fail(part, problem, cause)


def _check_lengths(subject: Subject, bench: Bench, ctx: Context, x: Array, grad: Array | None) -> None:
    """Fail if something on the context, or that outlives it, is longer after each pass."""
    part = "forward and backward" if grad is not None else "forward in inference"
    seen: list[dict[str, int]] = []
    for i in range(max(LOOKS)):
        bench.forward(ctx, x)
        if grad is not None and not _quietly(bench, ctx, grad):
            return
        if i + 1 in LOOKS:
            seen.append(_lengths(bench, ctx))
    first, second, third = seen
    for name, length in third.items():
        if first.get(name, 0) < second.get(name, 0) < length:
            problem = f"{name} grows: after {LOOKS[0]}, {LOOKS[1]} and {LOOKS[2]} passes on one context its length is "
            problem += f"{first.get(name, 0)}, {second[name]} and {length}"
            cause = f"each pass adds to it, and nothing takes away: assign it anew, {name} = ..., in each forward"
            subject.fail(part, problem, cause)


def _lengths(bench: Bench, ctx: Context) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, place in contexts(ctx, bench.place):
        found |= {f"ctx.{name}": _length(value) for name, value in vars(at).items()}
        found |= lengths(place.layer)
    return found


def _length(value: Any) -> int:
    """Return the number of elements in a value and, however deep, in what it contains."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple | set | deque):
        return sum(1 + _length(item) for item in value)
    return value.size if isinstance(value, np.ndarray) else len(value) if isinstance(value, str) else 0


def _quietly(bench: Bench, ctx: Context, grad: Array) -> bool:
    """Run `backward`, and return whether it raises nothing: the checks of gradients report that."""
    try:
        with np.errstate(all="ignore"):
            bench.backward(ctx, grad)
    except Exception:
        return False
    return True
