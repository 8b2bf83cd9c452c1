"""The gradients of a layer."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.testing.core.arrays import layouts
from framework.testing.core.numeric import RTOL
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench
from framework.testing.layers.evidence import why_rough
from framework.testing.layers.projection import ACCUMULATES, Gradients, Projection

MOST_OF_WRONG = 300  # elements that are compared one by one where something is known to be wrong
NOT_LINEAR = "backward is not linear in grad: something clips it, normalizes it or adds to it"
IN_SERIES = (
    "a layer inside returned None, as it was not asked for the gradient of its input: if the layers inside come one "
    "after another, set in_series = True"
)


def check_gradients(subject: Subject, bench: Bench, x: Array, rng: np.random.Generator, smooth: bool) -> None:
    """Check `backward` on one batch, entry by entry; with `smooth`, the gradient of the input too."""
    at = Projection(subject, bench, x, rng, smooth)
    compared, wanted = at.compare()
    if 2 * compared < wanted and (
        cause := next(filter(None, (why_rough(at, array) for _, array, _ in at.arrays())), "")
    ):
        subject.fail("forward", "jumps almost everywhere", cause)
    subject.require_smooth("forward", compared, wanted, "is the training pass random without ctx.rng?")
    _check_repeated(subject, bench, x, at.grad, at.gradients)
    _check_layouts(subject, bench, x, at.grad, at.gradients)
    _check_without_input(subject, bench, x, at.grad, at.gradients)


def check_slope(
    subject: Subject,
    bench: Bench,
    x: Array,
    rng: np.random.Generator,
    smooth: bool,
    part: str = "backward",
    cause: str = "",
    step: float = 1.0,
) -> None:
    """Check `backward` along one random direction, and entry by entry if it differs there."""
    at = Projection(subject, bench, x, rng, smooth, part, cause)
    directions = [np.asarray(rng.standard_normal(array.shape)) for _, array, _ in at.arrays()]
    if at.gradients.x is not None:
        directions[-1] *= step
    if not directions:
        return
    computed, expected = at.along(directions)
    if expected.smooth[0] and not np.isclose(computed, expected.values[0], rtol=RTOL, atol=expected.atol):
        at.compare(MOST_OF_WRONG, step)


def check_linear(subject: Subject, bench: Bench, x: Array, rng: np.random.Generator, smooth: bool) -> None:
    """Check that `backward` is linear in grad: larger and smaller values give gradients that are as much so."""
    at = Projection(subject, bench, x, rng, smooth)
    for factor in (1e3, 1e-3):
        bench.forward(at.ctx, x)
        dx = subject.call("backward", bench.backward, at.ctx, factor * at.grad)
        pairs = [(name, bench.grads[name], right) for name, right in at.gradients.parameters.items()]
        for name, computed, right in pairs if at.gradients.x is None else [*pairs, ("x", dx, at.gradients.x)]:
            part = f"backward, grad times {factor:g}: gradient of {name}"
            subject.same(part, computed, factor * right, rtol=1e-7, cause=NOT_LINEAR)


def _check_repeated(subject: Subject, bench: Bench, x: Array, grad: Array, gradients: Gradients) -> None:
    """Check that the gradients depend on nothing but the last forward pass."""
    ctx = bench.context(len(x))
    for start in (0.0, 7.0):
        bench.forward(ctx, x[::-1].copy())
        bench.backward(ctx, grad, gradients=start)
        bench.forward(ctx, x)
        dx = bench.backward(ctx, grad, gradients=start)
        gradients.check(subject, "backward", bench, dx, f"{ACCUMULATES}; or stale state from the last batch")


def _check_layouts(subject: Subject, bench: Bench, x: Array, grad: Array, gradients: Gradients) -> None:
    for layout, (stored_x, stored_grad) in layouts(x, grad):
        ctx, part = bench.context(len(x)), f"backward, arrays {layout}"
        subject.call(f"forward, arrays {layout}", bench.forward, ctx, stored_x)
        dx = subject.call(part, bench.backward, ctx, stored_grad)
        gradients.check(subject, part, bench, dx)


def _check_without_input(subject: Subject, bench: Bench, x: Array, grad: Array, gradients: Gradients) -> None:
    """Check a first layer, whose gradient of the input is not used."""
    if not gradients.parameters:
        return
    first = Bench(bench.place.layer, x.shape[1:], seed=bench.seed, needs_input_grad=False)
    ctx = first.context(len(x))
    first.forward(ctx, x)
    part = "backward without needs_input_grad"
    try:
        subject.call(part, first.backward, ctx, grad)
    except AssertionError as error:
        if "NoneType" in str(error) or "dtype('O')" in str(error):
            subject.require(not first.place.children, part, f"raised {error.__cause__}", IN_SERIES)
        raise
    alone = Gradients(gradients.parameters, None)
    cause = "it is left out where ctx.needs_input_grad is false"
    alone.check(subject, "backward as the first layer", first, None, cause)
