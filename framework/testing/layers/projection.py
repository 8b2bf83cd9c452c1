"""A random projection of a layer's outputs, its gradients by `backward`, and its derivatives by differences."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.core.causes import sizes
from framework.testing.core.numeric import RTOL, Slopes, slopes
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench
from framework.testing.layers.evidence import why

ACCUMULATES = "backward accumulates: use = (ctx.dW[...] = ...), not +="
LEFT_OUT = "backward does not write it: ctx.dW[...] = ... is missing"
UNFILLED = "memory holds anything at first: backward uses {0} where it has not written; set it to 0 first, {0}[...] = 0"
IN_PART = "backward does not write all of it: set ctx.dW[...] = 0 first, if not every entry has a gradient"
NOT_CALLED = "backward of the layer inside is not called, or does not write it: child.layer.backward(child, grad)"
REBOUND = "backward makes a new array of that name: assign into it, ctx.dW[...] = ..., not ctx.dW = ..."
WHOLE = "x is read as whole numbers, such as indices: give inputs=, a function that draws them"
INVERTED = "ctx.needs_input_grad is tested the wrong way round: the gradient is returned where nobody needs it"
FROZEN = "a frozen layer (trainable=False) returns the gradient of its input, too; ask ctx.needs_input_grad instead"
MOST = 40  # elements of an array whose derivatives are compared one by one


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


class Projection:
    """A random projection of a layer's outputs in a training pass, and its derivatives.

    Parameters
    ----------
    subject : Subject
    bench : Bench
    x : ndarray
    rng : numpy.random.Generator
    smooth : bool
        Whether the layer has a gradient with respect to `x`.
    part : str
        What messages call the call of `backward`.
    cause : str
        Why something is wrong, if it is known.
    """

    def __init__(
        self,
        subject: Subject,
        bench: Bench,
        x: Array,
        rng: np.random.Generator,
        smooth: bool,
        part: str = "backward",
        cause: str = "",
    ) -> None:
        self.subject, self.bench, self.rng, self.part, self.cause = subject, bench, rng, part, cause
        self.x, self.moving = x, x.copy()
        self.ctx = bench.context(len(x))
        y = bench.forward(self.ctx, x)
        self.grad = rng.standard_normal(y.shape)
        if cause:
            try:
                bench.backward(self.ctx, self.grad)
            except Exception as error:
                subject.fail(part, f"raised {type(error).__name__}: {error}", cause)
        arrays = {"grad": self.grad, "x": x, "output y": y, **named_parameters(bench)}
        dx = subject.call(part, lambda: bench.backward(self.ctx, self.grad), **arrays)
        _check_written(subject, bench, self.ctx, self.grad, part)
        if smooth:
            dx = self._sound(dx)
        self.gradients = Gradients.of(bench, dx if smooth else None)

    def _sound(self, dx: Any) -> Array:
        part = f"{self.part}: gradient of x"
        if dx is None:
            problem = f"returned None, expected an array of shape {self.x.shape}"
            self.subject.require(self.bench.place.trainable, part, problem, FROZEN)
            first = Bench(self.bench.place.layer, self.x.shape[1:], seed=self.bench.seed, needs_input_grad=False)
            ctx = first.context(len(self.x))
            first.forward(ctx, self.x)
            if first.backward(ctx, self.grad) is not None:
                self.subject.fail(part, problem, INVERTED)
            still = np.array_equal(self.bench.output(self.ctx, self.x), self.bench.output(self.ctx, self.x + 1e-7))
            self.subject.require(not still, part, problem, WHOLE)
        return self.subject.array(part, dx, self.x.shape, np.float64)

    def __call__(self) -> float:
        """Return the projection, with `moving` as the input."""
        return float((self.bench.output(self.ctx, self.moving) * self.grad).sum())

    def arrays(self) -> list[tuple[str, Array, Array]]:
        """Return the name, the array and the gradient of each parameter and of the input."""
        gradients = self.gradients
        arrays = [(name, values, gradients.parameters[name]) for name, values in self.bench.params.items()]
        return arrays if gradients.x is None else [*arrays, ("x", self.moving, gradients.x)]

    def along(self, directions: list[Array]) -> tuple[float, Slopes]:
        """Return the derivative along one direction in all `arrays` at once: by the gradients, and by differences."""
        arrays = [array for _, array, _ in self.arrays()]
        starts, t = [array.copy() for array in arrays], np.zeros(1)

        def moved() -> float:
            for array, start, direction in zip(arrays, starts, directions, strict=True):
                array[...] = start + t[0] * direction
            return self()

        expected = slopes(moved, t, self.rng)
        for array, start in zip(arrays, starts, strict=True):
            array[...] = start
        gradients = [gradient for _, _, gradient in self.arrays()]
        return float(sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))), expected

    def compare(self, most: int = MOST, step: float = 1.0) -> tuple[int, int]:
        """Compare each entry of the gradients; return how many could be compared, of how many.

        `step` scales the steps of the differences in the input.
        """
        compared, wanted = 0, 0
        shape, factors = self.grad.shape, self._factors()
        for name, array, gradient in self.arrays():
            expected = self._slopes(array, most, step if array is self.moving else 1.0)
            faults = {"grad is passed on unchanged": self.grad} if shape == gradient.shape else {}
            part = f"{self.part}: gradient of {name}"
            try:
                compared += self.subject.gradient(part, gradient, expected, factors=factors, alternatives=faults)
            except AssertionError as error:
                if found := self.cause or why(self, name, array, gradient):
                    self.subject.gradient(part, gradient, expected, cause=found)
                right = [other for k, (other, _, _) in enumerate(self.arrays()) if other != name and self._is_right(k)]
                beside = f"; right: the gradient of {', '.join(right)}" if right else ""
                raise AssertionError(f"{error}{beside}") from None
            wanted += len(expected.where)
        return compared, wanted

    def _factors(self) -> dict[str, float]:
        """Return what a sum may be confused with a mean over; numbers that are equal cannot be told apart."""
        shape = self.grad.shape
        numbers = {**sizes(shape), "the number of inputs": prod(self.x.shape[1:])}
        numbers |= {"the number of steps": shape[1]} if len(shape) > 2 else {}
        numbers |= {"the number of steps of the input": self.x.shape[1]} if self.x.ndim > 2 else {}
        numbers |= {"the number of all outputs of the batch": prod(shape)}
        names: dict[float, list[str]] = {}
        for name, number in numbers.items():
            names.setdefault(number, []).append(name)
        return {" or ".join(same): number for number, same in names.items()}

    def _is_right(self, k: int) -> bool:
        """Return whether gradient `k` is right along one direction."""
        arrays = self.arrays()
        directions = [np.zeros_like(array) for _, array, _ in arrays]
        directions[k] = np.asarray(self.rng.standard_normal(arrays[k][1].shape))
        computed, expected = self.along(directions)
        return bool(expected.smooth[0] and np.isclose(computed, expected.values[0], rtol=RTOL, atol=expected.atol))

    def _slopes(self, array: Array, most: int, step: float) -> Slopes:
        if step == 1.0:
            return slopes(self, array, self.rng, most)
        small = array / step

        def scaled() -> float:
            array[...] = small * step
            return self()

        found = slopes(scaled, small, self.rng, most)
        return Slopes(found.where, found.values / step, found.smooth, found.atol / step)


def named_parameters(bench: Bench) -> dict[str, Array]:
    """Return the trainable parameters under the names that messages call them."""
    return {f"parameter {name}": values for name, values in bench.params.items()}


def _check_written(subject: Subject, bench: Bench, ctx: Context, grad: Array, backward: str) -> None:
    for name, view in bench.grads.items():
        if np.isnan(view).all() and view.size:
            part, own = f"{backward}: gradient of {name}", getattr(ctx, f"d{name}", view)
            if not np.shares_memory(own, view):
                subject.fail(part, f"ctx.d{name} is not the network's array", REBOUND.replace("ctx.dW", f"ctx.d{name}"))
            before = dict(vars(ctx))
            bench.backward(ctx, grad, gradients=0.0)
            if np.isnan(view).any():  # it is not what was there before the call
                _check_buffers(subject, bench, ctx, grad, part, view)
                continue
            cause = ACCUMULATES if view.any() else NOT_CALLED if "." in name else LEFT_OUT
            for other, array in vars(ctx).items():
                if cause == LEFT_OUT and array is not before.get(other) and np.shape(array) == view.shape:
                    cause = f"{LEFT_OUT}, and ctx.{other} is written: the name is another one"
            problem = "entry 0: computed NaN, which was there before the call"
            subject.fail(part, problem, cause.replace("ctx.dW", f"ctx.d{name}"))
        unwritten = np.argwhere(np.isnan(view))
        if len(unwritten):
            bench.backward(ctx, grad, gradients=0.0)
            i = tuple(int(k) for k in unwritten[0])
            if not np.isnan(view).any():
                cause = IN_PART if not view[i] else ACCUMULATES
                problem = f"entry {list(i)}: computed NaN, which was there before the call"
                subject.fail(f"{backward}: gradient of {name}", problem, cause.replace("ctx.dW", f"ctx.d{name}"))
            else:
                _check_buffers(subject, bench, ctx, grad, f"{backward}: gradient of {name}", view)
            bench.backward(ctx, grad)


def _check_buffers(subject: Subject, bench: Bench, ctx: Context, grad: Array, part: str, view: Array) -> None:
    """Fail if `view`, a gradient, is NaN because backward uses what a buffer holds before it is written."""
    bench.backward(ctx, grad, gradients=0.0, left=0.0)
    if not np.isnan(view).any():
        names = " or ".join(f"ctx.{name}" for name in bench.place.layer.memory(bench.place.input_shape))
        subject.fail(part, "computed NaN, which was in a buffer before the call", UNFILLED.format(names or "a buffer"))
    bench.backward(ctx, grad)
