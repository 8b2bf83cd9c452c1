"""The conformance check of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.layers.base import Layer, Parameter
from framework.testing.core.arguments import check_arguments, check_common
from framework.testing.core.arrays import shapes_of
from framework.testing.core.numeric import away_from
from framework.testing.core.replays import PLAYED, check_layer_replay
from framework.testing.core.report import Subject, reporting
from framework.testing.core.state import kept, unchanged
from framework.testing.layers.bench import Bench, Source
from framework.testing.layers.caches import check_caches
from framework.testing.layers.declarations import check_initial_values, check_parameters
from framework.testing.layers.definition import check_definition
from framework.testing.layers.gradients import check_gradients, check_linear, check_slope
from framework.testing.layers.inference import check_inference, check_untrained
from framework.testing.layers.kept import check_current, check_kept
from framework.testing.layers.last import check_as_last
from framework.testing.layers.noise import check_randomness, forward_with_noise
from framework.testing.layers.passes import check_passes
from framework.testing.layers.running import check_other_arguments, check_running_state
from framework.testing.layers.settings import Draw, DrawShape, check_many, check_other_shapes, check_variants
from framework.testing.layers.shapes import batch_of, check_broadcasting, check_shapes
from framework.testing.layers.state import check_buffers, check_contexts
from framework.testing.layers.values import check_ties, check_values


@reporting
def check_layer(
    layer: Any,
    input_shape: Any,
    *,
    inputs: Any = None,
    kinks: Sequence[float] = (),
    batch_sizes: Sequence[int] = (5, 3, 1),
    seeds: Sequence[int] = (0, 1),
    definition: Callable[..., Array] | None = None,
) -> None:
    """Check a layer: ``check_layer(MyLayer(3), input_shape=(4,))``.

    The gradients of the input and of every parameter are compared with central differences of a random projection
    of the outputs, in a training pass with its noise held fixed: entry by entry for the first seed, else along a random
    direction. All buffers hold NaN before each call.

    Parameters
    ----------
    layer : Layer, or anything that a model accepts as one
    input_shape : int, tuple of int, or several of these
        The shape of one sample.
    inputs : array (n, *input_shape) or callable ``(rng, (n, *input_shape)) -> array``, optional
        Examples, or a function that draws them; None draws from a standard normal distribution. Integers (indices
        for an embedding) arrive as floats, as in a model, and the gradient of the input is left out.
    kinks : sequence of float
        Values that the inputs keep away from. Kinks are also recognized by their one-sided slopes, and left out.
    batch_sizes, seeds : sequence of int
        The batch sizes and the seeds to try.
    definition : callable ``(x, **parameters) -> y``, optional
        What the layer should compute in inference, written down in another way, to be compared with: gradients agree
        with any function, also with a wrong one. The parameters, running values among them, come by name.

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the likeliest cause.
    """
    layer = Layer.of(layer)
    subject = Subject(layer)
    before = kept(layer)
    check_arguments(subject)
    for shape in shapes_of(input_shape):
        draw, smooth = _drawing(inputs, shape, tuple(kinks))
        check_parameters(subject, layer, shape)
        _check_declarations(subject, layer, shape)
        for seed in seeds:
            rng = np.random.default_rng(seed)
            bench = subject.call("building a network", Bench, layer, shape, np.float64, seed)
            check_initial_values(subject, bench, layer, shape)
            with ExitStack() as stack:
                for at in bench.place:
                    stack.enter_context(unchanged(Subject(at.layer)))
                check_shapes(subject, bench, draw(np.random.default_rng(seed), batch_sizes[0]))
                first, second = (draw(np.random.default_rng([seed, i]), max(batch_sizes)) for i in range(2))
                check_passes(subject, bench, first)
                check_kept(subject, bench, first, second)
                check_current(subject, bench, first)
                for i, n in enumerate(batch_sizes):
                    x = draw(rng, n)
                    if i > 0:
                        check_shapes(subject, bench, x, tuple(batch_sizes[:i]))
                    check_buffers(subject, bench, x, draw(rng, n))
                    if i == 0 and seed == seeds[0]:
                        check_gradients(subject, bench, x, rng, smooth)
                    else:
                        check_slope(subject, bench, x, rng, smooth, f"backward, {batch_of(n)}" if i else "backward")
                x, other = draw(rng, max(batch_sizes)), draw(rng, min(batch_sizes))
                check_contexts(subject, bench, x, other, rng)
                if seed == seeds[0]:
                    check_untrained(subject, bench, x)
                    check_running_state(subject, bench, x, plain=inputs is None)
                learns = bench.settle(x)
                check_broadcasting(subject, bench, x)
                check_inference(subject, bench, x, learns)
                check_randomness(subject, bench, x, smooth)
                if seed == seeds[0] and smooth:
                    check_other_arguments(bench, x, plain=inputs is None)
                _check_float32(subject, bench, x, rng, shape)
                if definition is not None:
                    check_definition(subject, bench, x, definition)
                check_as_last(subject, layer, shape, x, rng, smooth)
                if type(layer).replayable:
                    for n, dtype in ((max(batch_sizes), np.float32), (2, np.float64), (1, np.float64)):
                        batches = [draw(rng, n) for _ in range(PLAYED)]
                        check_layer_replay(subject, [Source(), layer], shape, batches, dtype)
                if seed == seeds[0]:
                    check_linear(subject, bench, x, rng, smooth)
                    if smooth:
                        check_ties(subject, bench, x, rng)
                    if smooth and inputs is None:
                        check_values(subject, bench, _narrowed(bench, shape), x, rng)
                    check_many(subject, bench, draw, rng, smooth, batch_sizes[0])
                    check_variants(subject, layer, shape, draw, smooth, batch_sizes[0])
                    elsewhere = _drawing_shapes(inputs, tuple(kinks))
                    check_other_shapes(subject, layer, shape, elsewhere, smooth, batch_sizes[0])
        check_caches(subject, layer, before, draw(np.random.default_rng(0), batch_sizes[0]))
    check_common(subject)


def _drawing(inputs: Any, shape: Shape, kinks: tuple[float, ...]) -> tuple[Draw, bool]:
    """Return a function that draws inputs, and whether the layer has a gradient with respect to them."""

    def raw(rng: np.random.Generator, n: int) -> Array:
        if inputs is None:
            return rng.standard_normal((n, *shape))
        if callable(inputs):
            return np.asarray(inputs(rng, (n, *shape)))
        return np.asarray(inputs)[rng.integers(0, len(inputs), n)]

    def draw(rng: np.random.Generator, n: int) -> Array:
        return away_from(raw(rng, n).astype(np.float64), kinks)

    return draw, raw(np.random.default_rng(0), 2).dtype.kind == "f"


def _drawing_shapes(inputs: Any, kinks: tuple[float, ...]) -> DrawShape:
    """Return a function that draws inputs of a shape; None where they are given in another one."""

    def draw(rng: np.random.Generator, shape: Shape, n: int) -> Array | None:
        if inputs is not None and not callable(inputs):
            return None
        x = _drawing(inputs, shape, kinks)[0](rng, n)
        return x if x.shape == (n, *shape) else None

    return draw


def _narrowed(bench: Bench, shape: Shape) -> Bench:
    """Return the same bench in float32."""
    narrow = Bench(bench.place.layer, shape, np.float32, bench.seed)
    for name, values in narrow.params.items():
        values[...] = bench.params[name]
    narrow.start_from(bench.state)
    return narrow


def _check_declarations(subject: Subject, layer: Layer, shape: Shape) -> None:
    output = subject.call("output_shape", lambda: layer.output_shape(shape))
    sound = isinstance(output, tuple) and all(isinstance(axis, int | np.integer) and axis > 0 for axis in output)
    subject.require(sound, "output_shape", f"computed {output!r}, expected a tuple of positive integers")
    for name, parameter in subject.call("parameters", lambda: layer.parameters(shape)).items():
        subject.require(
            isinstance(parameter, Parameter), "parameters", f"{name} is {parameter!r}, expected a Parameter"
        )
    for name, axes in subject.call("memory", lambda: layer.memory(shape)).items():
        subject.require(isinstance(axes, tuple), "memory", f"{name} is {axes!r}, expected a shape: a tuple")


def _check_float32(subject: Subject, bench: Bench, x: Array, rng: np.random.Generator, shape: Shape) -> None:
    ctx = bench.context(len(x))
    y, random = forward_with_noise(bench, ctx, x)
    grad = np.asarray(rng.standard_normal(y.shape))
    dx = bench.backward(ctx, grad)
    bench.restart()
    small = _narrowed(bench, shape)
    other = small.context(len(x))
    part = "forward in float32"
    computed = subject.compute(part, lambda: small.forward(other, x.astype(np.float32)), y.shape, np.float32)
    result = small.backward(other, grad.astype(np.float32))
    if result is not None:
        subject.array("backward in float32", result, x.shape, np.float32)
    if not random:
        subject.same(part, computed, y, rtol=1e-3)
        if result is not None:
            subject.same("backward in float32", result, dx, rtol=1e-2)
