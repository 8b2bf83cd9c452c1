"""The gradients of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.arrays import layouts
from framework.testing.causes import sizes
from framework.testing.layers.bench import Bench
from framework.testing.numeric import slopes
from framework.testing.report import Subject

ACCUMULATES = "backward accumulates: use = (ctx.dW[...] = ...), not +="
LEFT_OUT = "backward does not write it: ctx.dW[...] = ... is missing"
REBOUND = "backward makes a new array of that name: assign into it, ctx.dW[...] = ..., not ctx.dW = ..."


@dataclass(frozen=True)
class Gradients:
    """Copies of the gradients that one call of `backward` computed, to compare those of other calls with.

    Attributes
    ----------
    parameters : dict of str to ndarray
    x : ndarray or None
        None if the gradient of the input is not compared.
    """

    parameters: dict[str, Array]
    x: Array | None

    @classmethod
    def of(cls, bench: Bench, dx: Array | None) -> Gradients:
        """Copy the gradients that the bench holds, and `dx`."""
        parameters = {name: gradient.copy() for name, gradient in bench.grads.items()}
        return cls(parameters, None if dx is None else dx.copy())

    def check(self, subject: Subject, part: str, bench: Bench, dx: Array | None, cause: str = "") -> None:
        """Fail unless the gradients that the bench holds, and `dx`, are these."""
        for name, gradient in self.parameters.items():
            subject.same(f"{part}: gradient of {name}", bench.grads[name], gradient, cause=cause)
        if self.x is not None:
            subject.same(f"{part}: gradient of x", dx, self.x, cause=cause)


def named_parameters(bench: Bench) -> dict[str, Array]:
    """Return the trainable parameters under the names that messages call them."""
    return {f"parameter {name}": values for name, values in bench.params.items()}


def check_gradients(subject: Subject, bench: Bench, x: Array, rng: np.random.Generator, smooth: bool) -> None:
    """Check `backward` on one batch; with `smooth`, the gradient of the input too."""
    ctx = bench.context(len(x))
    y = bench.forward(ctx, x)
    grad = rng.standard_normal(y.shape)
    arrays = {"grad": grad, "x": x, "output y": y, **named_parameters(bench)}
    dx = subject.call("backward", lambda: bench.backward(ctx, grad), **arrays)
    _check_written(subject, bench, ctx, grad)
    if smooth:
        dx = subject.array("backward: gradient of x", dx, x.shape, np.float64)
    gradients = Gradients.of(bench, dx if smooth else None)
    moving = x.copy()

    def projection() -> float:
        return float((bench.output(ctx, moving) * grad).sum())

    compared, wanted = 0, 0
    factors = {**sizes(y.shape), "the number of inputs": prod(x.shape[1:])}
    targets = [(name, values, gradients.parameters[name]) for name, values in bench.params.items()]
    if gradients.x is not None:
        targets.append(("x", moving, gradients.x))
    for name, array, gradient in targets:
        expected = slopes(projection, array, rng)
        faults = {"grad is passed on unchanged": grad} if grad.shape == gradient.shape else {}
        part = f"backward: gradient of {name}"
        compared += subject.gradient(part, gradient, expected, factors=factors, alternatives=faults)
        wanted += len(expected.where)
    subject.require_smooth("forward", compared, wanted, "is the training pass random without ctx.rng?")
    _check_repeated(subject, bench, x, grad, gradients)
    _check_layouts(subject, bench, x, grad, gradients)
    _check_without_input(subject, bench, x, grad, gradients)


def _check_written(subject: Subject, bench: Bench, ctx: Context, grad: Array) -> None:
    for name, view in bench.grads.items():
        if np.isnan(view).all() and view.size:
            part, own = f"backward: gradient of {name}", getattr(ctx, f"d{name}", view)
            if not np.shares_memory(own, view):
                subject.fail(part, f"ctx.d{name} is not the network's array", REBOUND)
            bench.backward(ctx, grad, gradients=0.0)
            cause = ACCUMULATES if view.any() else LEFT_OUT
            subject.fail(part, "entry 0: computed NaN, which was there before the call", cause)


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
    subject.call("backward without needs_input_grad", lambda: first.backward(ctx, grad))
    alone = Gradients(gradients.parameters, None)
    cause = "it is left out where ctx.needs_input_grad is false"
    alone.check(subject, "backward as the first layer", first, None, cause)
