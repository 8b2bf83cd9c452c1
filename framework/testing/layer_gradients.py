"""The gradients of a layer."""

from __future__ import annotations

from math import prod

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.arrays import layouts
from framework.testing.bench import Bench
from framework.testing.numeric import slopes
from framework.testing.report import Subject

ACCUMULATES = "backward accumulates: use = (ctx.dW[...] = ...), not +="
LEFT_OUT = "backward does not write it: ctx.dW[...] = ... is missing"
REBOUND = "backward makes a new array of that name: assign into it, ctx.dW[...] = ..., not ctx.dW = ..."


def check_gradients(subject: Subject, bench: Bench, x: Array, rng: np.random.Generator, smooth: bool) -> None:
    """Check `backward` on one batch; with `smooth`, the gradient of the input too."""
    ctx = bench.context(len(x))
    y = bench.forward(ctx, x)
    grad = rng.standard_normal(y.shape)
    watched = {f"parameter {name}": values for name, values in bench.params.items()}
    dx = subject.call("backward", lambda: bench.backward(ctx, grad), grad=grad, x=x, **{"output y": y}, **watched)
    _check_written(subject, bench, ctx, grad)
    gradients = {name: gradient.copy() for name, gradient in bench.grads.items()}
    if smooth:
        dx = subject.array("backward: gradient of x", dx, x.shape, np.float64).copy()
    moving = x.copy()

    def projection() -> float:
        return float((bench.output(ctx, moving) * grad).sum())

    compared, wanted = 0, 0
    sizes = {"the batch size": len(x), "the number of inputs": prod(x.shape[1:])}
    sizes["the number of outputs"] = prod(y.shape[1:])
    targets = [(f"gradient of {name}", values, gradients[name]) for name, values in bench.params.items()]
    if smooth:
        targets.append(("gradient of x", moving, dx))
    for part, array, gradient in targets:
        expected = slopes(projection, array, rng)
        faults = {"grad is passed on unchanged": grad} if grad.shape == gradient.shape else {}
        compared += subject.gradient(f"backward: {part}", gradient, expected, factors=sizes, alternatives=faults)
        wanted += len(expected.where)
    cause = "has a kink or a jump almost everywhere: is the training pass random without ctx.rng?"
    subject.require(2 * compared >= wanted, "forward", cause, "see kinks=")
    _check_repeated(subject, bench, x, grad, dx if smooth else None, gradients)
    _check_layouts(subject, bench, x, grad, dx if smooth else None, gradients)
    _check_without_input(subject, bench, x, grad, gradients)


def _check_written(subject: Subject, bench: Bench, ctx: Context, grad: Array) -> None:
    for name, view in bench.grads.items():
        if np.isnan(view).all() and view.size:
            own = getattr(ctx, f"d{name}", view)
            if not np.shares_memory(own, view):
                subject.fail(f"backward: gradient of {name}", "ctx.d" + name + " is not the network's array", REBOUND)
            bench.backward(ctx, grad, gradients=0.0)
            cause = ACCUMULATES if view.any() else LEFT_OUT
            subject.fail(
                f"backward: gradient of {name}", "entry 0: computed NaN, which was there before the call", cause
            )


def _check_repeated(
    subject: Subject, bench: Bench, x: Array, grad: Array, dx: Array | None, gradients: dict[str, Array]
) -> None:
    """Check that what backward gives depends on nothing but the last forward."""
    ctx = bench.context(len(x))
    for start in (0.0, 7.0):
        bench.forward(ctx, x[::-1].copy())
        bench.backward(ctx, grad, gradients=start)
        bench.forward(ctx, x)
        result = bench.backward(ctx, grad, gradients=start)
        for name, gradient in gradients.items():
            subject.same(
                f"backward: gradient of {name}", bench.grads[name], gradient, cause=f"{ACCUMULATES}; or stale state"
            )
        if dx is not None:
            cause = "stale state from the last batch, or backward accumulates in a buffer: use = not +="
            subject.same("backward: gradient of x", result, dx, cause=cause)


def _check_layouts(
    subject: Subject, bench: Bench, x: Array, grad: Array, dx: Array | None, gradients: dict[str, Array]
) -> None:
    for layout, other in layouts(grad).items():
        ctx, same_x, part = bench.context(len(x)), layouts(x)[layout], f"backward, arrays {layout}"
        subject.call(f"forward, inputs {layout}", bench.forward, ctx, same_x)
        result = subject.call(part, bench.backward, ctx, other)
        for name, gradient in gradients.items():
            subject.same(f"{part}: gradient of {name}", bench.grads[name], gradient)
        if dx is not None:
            subject.same(f"{part}: gradient of x", result, dx)


def _check_without_input(subject: Subject, bench: Bench, x: Array, grad: Array, gradients: dict[str, Array]) -> None:
    """Check a first layer, which is not asked for the gradient of the data."""
    first = Bench(bench.place.layer, x.shape[1:], seed=bench.seed, needs_input_grad=False)
    if not gradients:
        return
    ctx = first.context(len(x))
    first.forward(ctx, x)
    subject.call("backward without needs_input_grad", lambda: first.backward(ctx, grad))
    for name, gradient in gradients.items():
        cause = "it is left out where ctx.needs_input_grad is false"
        subject.same(f"backward as the first layer: gradient of {name}", first.grads[name], gradient, cause=cause)
