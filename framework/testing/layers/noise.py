"""The noise of a layer in training: it comes from ``ctx.rng``, and is new on each pass."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench
from framework.testing.layers.means import NEAR, PASSES, check_mean, explained

OWN = (
    "each row is treated in its own way, but not by ctx.rng: a generator of its own (with a fixed seed, the same noise "
    "on each pass), or a wrong axis"
)
DEPENDS = "a sample depends on the others of its batch: wrong axis, or ctx.training is ignored"

SHARES = ("rate", "drop", "keep", "prob", "surviv")


def forward_with_noise(bench: Bench, ctx: Context, x: Array) -> tuple[Array, bool]:
    """Return a copy of the outputs in training, and whether the layer drew from ``ctx.rng``."""
    bench.restart()
    before = bench.noise.bit_generator.state
    y = bench.forward(ctx, x).copy()
    return y, bench.noise.bit_generator.state != before


def mixes_samples(bench: Bench, ctx: Context, x: Array) -> bool:
    """Return whether an output depends on samples other than its own, the noise being the same."""
    y = bench.forward(ctx, x).copy()
    alone = (bench.forward(ctx, np.repeat(x[i : i + 1], len(x), axis=0))[i] for i in range(min(2, len(x))))
    return not all(np.allclose(output, y[i], rtol=1e-9) for i, output in enumerate(alone))


def check_randomness(subject: Subject, bench: Bench, x: Array, smooth: bool) -> None:
    """Check that all randomness in training comes from ``ctx.rng``, and what it does to the outputs."""
    ctx = bench.context(len(x))
    _, random = forward_with_noise(bench, ctx, x)
    if random:
        _check_renewed(subject, bench, ctx, x)
        if smooth:
            check_mean(subject, bench, x)
        return
    if mixes_samples(bench, ctx, x):
        alike = np.repeat(x[:1], len(x), axis=0)  # by their place, samples can matter to their neighbors alone
        y = bench.forward(ctx, alike)
        subject.same("forward in training, equal samples", y, np.repeat(y[:1], len(x), axis=0), cause=OWN)
        return
    _check_drawn(subject, bench, x, bench.forward(ctx, x).copy())
    backwards = bench.forward(ctx, x[::-1].copy())[::-1].copy()
    subject.same("forward in training, batch order reversed", backwards, bench.forward(ctx, x), cause=OWN)


def _check_drawn(subject: Subject, bench: Bench, x: Array, y: Array) -> None:
    """Fail if training is inference times a factor that belongs to noise, and there is no noise."""
    still = bench.forward(bench.context(len(x), training=False), x)
    size = float((still * still).sum())
    factor = float((y * still).sum()) / size if size else 1.0
    if factor > 0 and abs(factor - 1) > NEAR and np.allclose(y, factor * still, rtol=1e-9):
        text = explained(bench, factor, 1e-9) or explained(bench, 1 / factor, 1e-9)
        shares = text is not None and any(word in text for word in SHARES)
        problem = f"its outputs are {factor:.3g} times those in inference, without noise"
        cause = f"it scales by {text} or its inverse, and draws no noise: draw a mask from ctx.rng, too"
        subject.require(not shares, "forward in training", problem, cause)


def _check_renewed(subject: Subject, bench: Bench, ctx: Context, x: Array) -> None:
    still = bench.forward(bench.context(len(x), training=False), x).copy()
    first = bench.forward(ctx, x).copy()
    if np.allclose(first, still) or any(not np.array_equal(ctx.layer.forward(ctx, x), first) for _ in range(PASSES)):
        return  # the noise may be none at first, and be raised by state
    problem = f"{PASSES} passes on one context have the same noise"
    cause = "it is drawn once and kept (on ctx): draw it again from ctx.rng in each forward"
    subject.fail("forward in training", problem, cause)
