"""A layer with other sizes and arguments than those that it is checked with in full."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framework.core.types import Array, Shape
from framework.layers.base import Layer
from framework.testing.core.arrays import in_parts
from framework.testing.core.reasons import on_purpose
from framework.testing.core.report import Subject
from framework.testing.core.variants import BESIDE, other_values, with_argument
from framework.testing.layers.bench import Bench
from framework.testing.layers.gradients import check_slope
from framework.testing.layers.shapes import check_shapes

MANY = 40  # samples, or a few more: above any size that is likely to be written in
AS_MANY = (
    "right for other batches, wrong for {0} samples, as many as the layer has features, steps or units: axes are told "
    "apart by their length, or one is broadcast along the wrong axis"
)

Draw = Callable[[np.random.Generator, int], Array]
DrawShape = Callable[[np.random.Generator, Shape, int], Array | None]


def check_many(subject: Subject, bench: Bench, draw: Draw, rng: np.random.Generator, smooth: bool, few: int) -> None:
    """Check a batch that is larger than the others, a multiple of `few`."""
    many = -(-MANY // few) * few
    x = draw(rng, many)
    check_shapes(subject, bench, x, (few,))
    cause = f"right for a batch of {few}, wrong for one of {many}: a batch size is written in, or samples are left out"
    check_slope(subject, bench, x, rng, smooth, f"backward, a batch of {many}", cause)
    y = np.array(bench.forward(bench.context(many, training=False), x))

    def forward(batch: Array) -> Array:
        return np.array(bench.forward(bench.context(len(batch), training=False), batch))

    subject.same(f"forward in inference, a batch of {many}", y, in_parts(forward, few, x), cause=cause)
    for n in sorted({*bench.place.input_shape, *bench.output_shape} - {few}):
        if 1 < n < many:
            cause = AS_MANY.format(n)
            found = subject.call(f"forward in inference, a batch of {n}", forward, x[:n])
            subject.same(f"forward in inference, a batch of {n}", found, y[:n], cause=cause)


@np.errstate(all="ignore")
def check_other_shapes(subject: Subject, layer: Layer, shape: Shape, draw: DrawShape, smooth: bool, n: int) -> None:
    """Check one input where several are given, and axes of different lengths where they are equal."""
    if not shape:
        return
    fixed = shape[:-1]
    if shape[-1] > 1 and all(_works(layer, (*fixed, size), draw, n) for size in (2, 3)):
        cause = (
            f"right for {shape[-1]} inputs, wrong for one: np.squeeze or an index drops the axis, or a size is fixed"
        )
        _check_elsewhere(subject, layer, (*fixed, 1), draw, smooth, n, cause)
    if len(set(fixed)) < len(fixed):
        unequal = (*(axis + 2 * i for i, axis in enumerate(fixed)), shape[-1])
        cause = "right for axes of the same length, wrong for others: two axes are exchanged (in output_shape?)"
        # A layer need not be made for every shape: only axes that are exchanged are a fault.
        if _works(layer, unequal, draw, n) or _exchanges(layer, unequal, draw, n):
            _check_elsewhere(subject, layer, unequal, draw, smooth, n, cause)


@np.errstate(all="ignore")
def check_variants(subject: Subject, layer: Layer, shape: Shape, draw: Draw, smooth: bool, n: int) -> None:
    """Check the shapes and gradients of copies with other arguments, and of a frozen copy."""
    for name, copies in _variants(layer).items():
        wrong_shapes = 0
        for copy, cause in copies:
            at, rng = Subject(copy), np.random.default_rng(0)
            x = draw(rng, n)
            try:
                bench = Bench(copy, shape)
                y = bench.forward(bench.context(n), x)
            except Exception as error:
                if isinstance(error, AttributeError | NameError | KeyError):
                    at.fail("forward", f"raised {type(error).__name__}: {error}", cause)
                continue  # arguments that do not fit each other
            if np.shape(y) != (n, *bench.output_shape):
                # A kernel of another parity, say, may not be meant; but if all other values are wrong, this one is
                # written in.
                wrong_shapes += 1
                if wrong_shapes == len(copies):
                    problem = f"computed shape {np.shape(y)}, expected shape {(n, *bench.output_shape)}"
                    at.fail("forward", problem, f"output_shape does not use self.{name} as forward does")
            elif np.isfinite(y).all() and not _is_cut_short(layer, copy, name, x):
                check_slope(at, bench, x, rng, smooth, "backward", cause)


def _is_cut_short(layer: Layer, copy: Layer, name: str, x: Array) -> bool:
    """Return whether a copy makes one round of an iteration that has converged in fewer than the layer's rounds."""
    value = getattr(layer, name)
    if getattr(copy, name) != 1 or type(value) is not int or value < 3:
        return False
    outputs = []
    for each in (layer, with_argument(layer, name, value - 1)):
        try:
            bench = Bench(each or copy, x.shape[1:])
            outputs.append(bench.forward(bench.context(len(x)), x).copy())
        except Exception:  # arguments that do not fit each other
            return False
    most, less = outputs
    return most.shape == less.shape and bool(np.allclose(most, less, rtol=1e-9, atol=1e-12))


def _variants(layer: Layer) -> dict[str, list[tuple[Layer, str]]]:
    """Return copies with another value of an argument, and the cause if they fail, by the name of the argument."""
    found: dict[str, list[tuple[Layer, str]]] = {}
    for name, value in layer.get_params(deep=False).items():
        if name in BESIDE or (isinstance(value, int) and value < 0):  # an axis
            continue
        more = [1, value + 2] if type(value) is int and value > 2 else []
        for other in [*other_values(name, value), *more]:
            if (copy := with_argument(layer, name, other)) is not None:
                cause = (
                    f"right with {name}={value!r}, wrong with {name}={other!r}: forward and backward do not both use "
                    f"self.{name}"
                )
                found.setdefault(name, []).append((copy, cause))
    frozen = layer.clone()
    frozen.trainable = False
    cause = "right if it learns, wrong with trainable=False: a frozen layer, too, returns the gradient of its input"
    return {**found, "trainable": [(frozen, cause)]}


def _forward(layer: Layer, shape: Shape, draw: DrawShape, n: int) -> tuple[Shape, Shape] | None:
    """Return the shapes that forward computes and declares for inputs of a shape; None if it does not take them."""
    x = draw(np.random.default_rng(0), shape, n)
    if x is None:
        return None
    try:
        bench = Bench(layer, shape)
        return np.shape(bench.forward(bench.context(n), x)), (n, *bench.output_shape)
    except Exception:  # it is made for other shapes, and says so in one way or another
        return None


def _works(layer: Layer, shape: Shape, draw: DrawShape, n: int) -> bool:
    found = _forward(layer, shape, draw, n)
    return found is not None and found[0] == found[1]


def _exchanges(layer: Layer, shape: Shape, draw: DrawShape, n: int) -> bool:
    found = _forward(layer, shape, draw, n)
    return found is not None and sorted(found[0]) == sorted(found[1])


def _check_elsewhere(
    subject: Subject, layer: Layer, shape: Shape, draw: DrawShape, smooth: bool, n: int, cause: str
) -> None:
    """Check the shapes and gradients on inputs of another shape, unless the layer refuses it."""
    rng = np.random.default_rng(0)
    x = draw(rng, shape, n)
    try:
        if x is None or 0 in layer.output_shape(shape):
            return
        bench = Bench(layer, shape)
        y = bench.forward(bench.context(n), x)
    except Exception as error:
        if on_purpose(error) or isinstance(error, ArithmeticError | Warning):
            return
        subject.fail(f"input_shape={shape}", f"raised {type(error).__name__}: {error}", cause)
    found, expected = np.shape(y), (n, *bench.output_shape)
    if found != expected:
        if len(found) == len(expected) and sorted(found) != sorted(expected):
            return  # it reads inputs that are not there
        problem = f"computed shape {found}, expected shape {expected}"
        subject.fail(f"forward, input_shape={shape}", problem, cause)
    if np.isfinite(y).all():
        check_slope(subject, bench, x, rng, smooth, f"backward, input_shape={shape}", cause)
