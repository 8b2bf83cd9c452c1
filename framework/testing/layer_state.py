"""What a layer may leave behind: nothing but on its own context."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.testing.bench import Bench
from framework.testing.report import Subject

DRAWS = 400
SHARED = "a buffer kept on self or on the class is given out twice: keep it on ctx"


def check_buffers(subject: Subject, bench: Bench, x: Array, other: Array) -> None:
    """Check one training pass: what is returned, what is written to, and that the next pass starts clean."""
    part, shape = "forward", (len(x), *bench.output_shape)
    ctx = bench.context(len(x))
    watched = {f"parameter {name}": values for name, values in bench.params.items()}
    y = subject.call(part, lambda: bench.forward(ctx, x), x=x, **watched)
    y = subject.array(part, y, shape, np.float64).copy()
    unfilled = "an offered buffer is not filled, or used before it is written (buffers hold NaN before each call)"
    subject.require(np.isfinite(y).all(), part, f"computed {y[~np.isfinite(y)][:1]}, expected finite values", unfilled)
    cause = "the same input and seed give another value: randomness that is not from ctx.rng, or stale state"
    subject.same(part, bench.forward(ctx, x), y, cause=cause)
    after = bench.forward(ctx, other)
    fresh = bench.forward(bench.context(len(x)), other)
    subject.same(part, after, fresh, cause="stale state from the last batch stays on ctx")


def check_contexts(subject: Subject, bench: Bench, x: Array, small: Array, rng: np.random.Generator) -> None:
    """Check that passes on other contexts, of the same and of another batch size, disturb nothing."""
    first, second, third = bench.context(len(x)), bench.context(len(x)), bench.context(len(small))
    y = bench.forward(first, x)
    grad = rng.standard_normal(y.shape)
    kept = y.copy()
    dx = bench.backward(first, grad)
    expected = {name: gradient.copy() for name, gradient in bench.grads.items()}
    expected_dx = None if dx is None else dx.copy()
    bench.forward(second, x[::-1].copy())
    bench.backward(second, grad)
    subject.same("forward on another context", y, kept, cause=f"the outputs are clobbered: {SHARED}")
    if dx is not None:
        subject.same("backward on another context", dx, expected_dx, cause=f"the result is clobbered: {SHARED}")
    cause = "stale state: backward uses what another batch left on self; keep it on ctx"
    for other, batch, kind in ((second, x[::-1].copy(), "the same size"), (third, small, "another size")):
        part = f"backward after a pass on another context, a batch of {kind}"
        bench.forward(first, x)
        subject.call(f"forward, a batch of {len(batch)}", bench.forward, other, batch)
        result = subject.call(part, lambda: bench.backward(first, grad))
        for name, gradient in expected.items():
            subject.same(f"{part}, gradient of {name}", bench.grads[name], gradient, cause=cause)
        if expected_dx is not None:
            subject.same(f"{part}, gradient of x", result, expected_dx, cause=cause)


def _check_scale(subject: Subject, bench: Bench, x: Array) -> None:
    """Fail where noise of a given rate shrinks the outputs by just that rate."""
    y = bench.forward(bench.context(len(x), training=False), x)
    ctx = bench.context(len(x))
    bench.restart()
    mean = sum(ctx.layer.forward(ctx, x) for _ in range(DRAWS)) / DRAWS
    ratio = float((mean * y).sum() / (y * y).sum())
    for name, rate in bench.place.layer.get_params(deep=False).items():
        if isinstance(rate, float) and 0.2 <= rate < 1 and abs(ratio - (1 - rate)) < 0.05:
            problem = f"its mean is {ratio:.3g} times the outputs in inference, expected 1 times"
            subject.fail("forward in training", problem, f"what is kept is not scaled by 1 / (1 - {name})")


def check_randomness(subject: Subject, bench: Bench, x: Array) -> None:
    """Check that what is random in training comes from ``ctx.rng``."""
    ctx = bench.context(len(x))
    bench.restart()
    before = bench.noise.bit_generator.state
    y = bench.forward(ctx, x).copy()
    if bench.noise.bit_generator.state != before:
        _check_scale(subject, bench, x)
        return
    backwards = bench.forward(ctx, x[::-1].copy())[::-1]
    cause = "each row is treated in its own way, but not by ctx.rng: a generator of its own, or a wrong axis"
    subject.same("forward in training, batch order reversed", backwards, y, cause=cause)
