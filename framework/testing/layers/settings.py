"""A layer with other sizes and arguments than those that it is checked with in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from framework.core.types import Array, Shape
from framework.layers.base import Layer
from framework.testing.arrays import in_parts
from framework.testing.layers.bench import Bench
from framework.testing.layers.gradients import check_slope
from framework.testing.layers.shapes import check_shapes
from framework.testing.report import Subject
from framework.testing.variants import variants, with_argument

MANY = 40  # samples: more than any size that is likely to be written in
FEW = 5

Draw = Callable[[np.random.Generator, int], Array]
DrawShape = Callable[[np.random.Generator, Shape, int], Array | None]


def check_many(subject: Subject, bench: Bench, draw: Draw, rng: np.random.Generator, smooth: bool) -> None:
    """Check a batch that is larger than the others."""
    x = draw(rng, MANY)
    sizes = (FEW,)
    cause = f"right for a batch of {FEW}, wrong for one of {MANY}: a batch size is written in, or samples are left out"
    check_shapes(subject, bench, x, sizes)
    check_slope(subject, bench, x, rng, smooth, f"backward, a batch of {MANY}", cause)
    y = np.array(bench.forward(bench.context(MANY, training=False), x))
    part = f"forward in inference, a batch of {MANY}"

    def forward(batch: Array) -> Array:
        return np.array(bench.forward(bench.context(len(batch), training=False), batch))

    subject.same(part, y, in_parts(forward, MANY // FEW, x), cause=cause)


def check_other_shapes(subject: Subject, layer: Layer, shape: Shape, draw: DrawShape, smooth: bool) -> None:
    """Check one input where several are given, and axes of different lengths where they are equal."""
    if not shape:
        return
    fixed = shape[:-1]
    if shape[-1] > 1 and all(_accepts(layer, (*fixed, size), draw) for size in (2, 3)):
        cause = f"right for {shape[-1]} inputs, wrong for one: np.squeeze, or an index, drops the axis"
        _check_elsewhere(subject, layer, (*fixed, 1), draw, smooth, cause)
    if len(set(fixed)) < len(fixed):
        unequal = tuple(axis + 2 * i for i, axis in enumerate(fixed))
        cause = "right for axes of the same length, wrong for others: two axes are exchanged (in output_shape?)"
        _check_elsewhere(subject, layer, (*unequal, shape[-1]), draw, smooth, cause, exchanged=True)


def check_variants(subject: Subject, layer: Layer, shape: Shape, draw: Draw, smooth: bool) -> None:
    """Check the shapes and gradients of copies with other arguments, and of a frozen copy."""
    for variant, cause in _variants(layer):
        at = Subject(variant)
        rng = np.random.default_rng(0)
        x = draw(rng, FEW)
        try:
            bench = Bench(variant, shape)
            finite = np.isfinite(bench.forward(bench.context(FEW), x)).all()
        except (ValueError, TypeError, IndexError, ArithmeticError):  # arguments that do not fit each other
            continue
        if finite:
            check_shapes(at, bench, x)
            check_slope(at, bench, x, rng, smooth, "backward", cause)


def _variants(layer: Layer) -> Iterator[tuple[Layer, str]]:
    arguments = layer.get_params(deep=False)
    copies = list(variants(layer))
    ones = [
        copy
        for name, value in arguments.items()
        if isinstance(value, int) and value > 2 and (copy := with_argument(layer, name, 1)) is not None
    ]
    for copy in [*copies, *ones]:
        for name, value in copy.get_params(deep=False).items():
            if isinstance(value, bool | int | float) and value != arguments[name]:
                cause = f"right with {name}={arguments[name]!r}, wrong with {name}={value!r}"
                yield copy, f"{cause}: forward and backward do not both use self.{name}"
                break
    yield (
        layer.clone().set_params(trainable=False),
        "right in training, wrong with trainable=False: a frozen layer returns the gradient of its input, too",
    )


def _accepts(layer: Layer, shape: Shape, draw: DrawShape) -> bool:
    """Return whether the layer works on inputs of another shape."""
    x = draw(np.random.default_rng(0), shape, FEW)
    if x is None:
        return False
    try:
        bench = Bench(layer, shape)
        y = bench.forward(bench.context(FEW), x)
    except Exception:  # it is made for other shapes, and says so in one way or another
        return False
    return bool(np.shape(y) == (FEW, *bench.output_shape))


def _check_elsewhere(
    subject: Subject,
    layer: Layer,
    shape: Shape,
    draw: DrawShape,
    smooth: bool,
    cause: str,
    exchanged: bool = False,
) -> None:
    """Check the shapes and gradients on inputs of another shape, unless the layer refuses it.

    With `exchanged`, a layer need not be made for that shape: only axes that are exchanged are a fault.
    """
    rng = np.random.default_rng(0)
    x = draw(rng, shape, FEW)
    try:
        if x is None or not all(axis > 0 for axis in layer.output_shape(shape)):
            return
        bench = Bench(layer, shape)
    except (ValueError, TypeError, IndexError, ArithmeticError):
        return
    part = f"forward, input_shape={shape}"
    if exchanged and not _accepts(layer, shape, draw):
        try:
            y = bench.forward(bench.context(FEW), x)
        except Exception:
            return
        if sorted(np.shape(y)) != sorted((FEW, *bench.output_shape)):
            return
    y = subject.call(part, bench.forward, bench.context(FEW), x)
    expected = (FEW, *bench.output_shape)
    problem = f"computed shape {np.shape(y)}, expected shape {expected}"
    subject.require(np.shape(y) == expected, part, problem, cause)
    if np.isfinite(y).all():
        check_slope(subject, bench, x, rng, smooth, f"backward, input_shape={shape}", cause)
