"""A layer in inference."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.testing.arrays import layouts
from framework.testing.bench import Bench
from framework.testing.report import Subject


def check_inference(subject: Subject, bench: Bench, x: Array) -> None:
    """Check that an output depends on its own sample alone, and how it differs from training."""
    bench.settle(x)
    part, ctx = "forward in inference", bench.context(len(x), training=False)
    watched = {f"parameter {name}": values for name, values in {**bench.params, **bench.state}.items()}
    y = subject.call(part, lambda: bench.forward(ctx, x), x=x, **watched)
    y = subject.array(part, y, (len(x), *bench.output_shape), np.float64).copy()
    cause = "an offered buffer is not filled, or what only training writes is read"
    subject.require(np.isfinite(y).all(), part, "computed values that are not finite", cause)
    cause = "it is random in inference: check ctx.training"
    subject.same(part, bench.forward(ctx, x), y, cause=cause)
    order = np.random.default_rng(0).permutation(len(x))
    cause = "a sample depends on the others of its batch: wrong axis, or ctx.training is ignored"
    subject.same(f"{part}, batch order changed", bench.forward(ctx, x[order]), y[order], cause=cause)
    for size in (1, 2):
        parts = []
        for start in range(0, len(x), size):
            batch = x[start : start + size]
            smaller = bench.context(len(batch), training=False)
            parts.append(subject.call(f"{part}, batch of {len(batch)}", bench.forward, smaller, batch).copy())
        subject.same(f"{part}, batch split into {size}s", np.concatenate(parts), y, cause=cause)
    for layout, other in layouts(x).items():
        again = subject.call(f"{part}, inputs {layout}", bench.forward, ctx, other)
        subject.same(f"{part}, inputs {layout}", again, y)
    _check_training(subject, bench, x, y)
    _check_network(subject, bench, x, y)


def _check_training(subject: Subject, bench: Bench, x: Array, y: Array) -> None:
    trained = bench.forward(bench.context(len(x)), x)
    if any(at.layer.differs_in_training for at in bench.place):
        differs = not np.allclose(trained, y, rtol=1e-9)
        cause = "ctx.training is ignored, or a rate is 0; else remove differs_in_training"
        subject.require(
            differs, "training", "the outputs are those of inference, but differs_in_training is True", cause
        )
        return
    cause = (
        "training and inference differ: if that is meant set differs_in_training = True, else ctx.training is misused"
    )
    subject.same("forward in training and in inference", trained, y, cause=cause)


def _check_network(subject: Subject, bench: Bench, x: Array, y: Array) -> None:
    """Check that what a network predicts belongs to the caller."""
    bench.restart()
    first = bench.network.forward(x)
    subject.same("a network's prediction", first, y)
    kept = first.copy()
    bench.network.forward(x[::-1].copy())
    subject.same(
        "a network's prediction after the next", first, kept, cause="the prediction is clobbered by the next call"
    )
