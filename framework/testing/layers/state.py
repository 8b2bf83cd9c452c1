"""The state of a layer: it must be on the context of the pass, and nowhere else."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench
from framework.testing.layers.projection import Gradients, named_parameters

SHARED = "a buffer kept on self or on the class is given out twice: keep it on ctx"


def check_buffers(subject: Subject, bench: Bench, x: Array, other: Array) -> None:
    """Check one training pass: its outputs, the arrays it writes to, and that the next pass starts clean."""
    part, ctx = "forward", bench.context(len(x))
    arrays = {"x": x, **named_parameters(bench)}
    y = subject.compute(part, lambda: bench.forward(ctx, x), (len(x), *bench.output_shape), **arrays)
    unfilled = "an offered buffer is not filled, or used before it is written (buffers hold NaN before each call)"
    subject.finite(part, y, unfilled)
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
    gradients = Gradients.of(bench, dx)
    bench.forward(second, x[::-1].copy())
    bench.backward(second, grad)
    subject.same("forward on another context", y, kept, cause=f"the outputs are clobbered: {SHARED}")
    if gradients.x is not None:
        subject.same("backward on another context", dx, gradients.x, cause=f"the result is clobbered: {SHARED}")
    cause = "stale state: backward uses what another batch left on self; keep it on ctx"
    for other, batch, kind in ((second, x[::-1].copy(), "the same size"), (third, small, "another size")):
        part = f"backward after a pass on another context, a batch of {kind}"
        bench.forward(first, x)
        subject.call(f"forward, a batch of {len(batch)}", bench.forward, other, batch)
        result = subject.call(part, lambda: bench.backward(first, grad))
        gradients.check(subject, part, bench, result, cause)
