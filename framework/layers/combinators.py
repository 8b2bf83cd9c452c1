"""Layers made of other layers: a residual connection, and branches side by side.

Nested in each other and in `Sequential`, they can express any feed-forward network.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Unpack

import numpy as np

from framework.core.messages import shape_text
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer, LayerOptions, Layers, layer_list
from framework.layers.sequential import _Series


class Residual(_Series):
    """Layers bypassed by their input, which is added to their output: y = x + f(x), f the `layers` in series.

    (n, ...) -> the same; f has to keep the shape.
    Source: He et al. 2016, "Deep residual learning for image recognition", eq. 1.

    Parameters
    ----------
    layers : list of layers, activations or names
    name, trainable
        As in `Layer`; ``trainable=False`` freezes all layers inside.
    """

    replayable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        end = self.end_shape(input_shape)
        if end != input_shape:
            shapes = f"{shape_text(input_shape)} became {shape_text(end)}"
            fix = f": end them with Dense({input_shape[0]})" if len(input_shape) == len(end) == 1 else ""
            raise ValueError(
                f"{self.label()}: its layers must return the shape of their input to be added, but {shapes}{fix}"
            )
        return input_shape

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"y": input_shape, "dx": input_shape}

    def forward(self, ctx: Context, x: Array) -> Array:
        return np.add(x, self.run(ctx, x), ctx.y)

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dx = self.run_back(ctx, grad)
        return np.add(grad, dx, ctx.dx) if ctx.needs_input_grad else None


class _Branches(Layer):
    """Base of layers that hold branches, all with the same input."""

    def __init__(self, branches: Layers, **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.branches = branches
        self.check()

    def check(self) -> None:
        layer_list(self, "branches")

    def children(self, input_shape: Shape) -> list[tuple[Layer, Shape]]:
        return [(Layer.of(branch), input_shape) for branch in self.branches]

    def end_shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the shape of each branch's output."""
        return [layer.output_shape(shape) for layer, shape in self.children(input_shape)]

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"y": self.output_shape(input_shape), "dx": input_shape}

    def bind(self, ctx: Context) -> None:
        ctx.forwards = [(child.layer.forward, child) for child in ctx.children]

    def run(self, ctx: Context, x: Array) -> list[Array]:
        """Return the output of each branch for `x`."""
        return [forward(child, x) for forward, child in ctx.forwards]

    def run_back(self, ctx: Context, grads: Sequence[Array]) -> Array | None:
        """Return the gradient of the input, summed over the branches, given the gradients of their outputs."""
        gradients = [
            child.layer.backward(child, grad)
            for child, grad in zip(ctx.children, grads, strict=True)
            if child.needs_backward
        ]
        return _sum(gradients, ctx.dx) if ctx.needs_input_grad else None


def _sum(arrays: Sequence[Any], out: Array) -> Array:
    """Return the sum of one or more arrays, written to `out`."""
    np.copyto(out, arrays[0])
    for array in arrays[1:]:
        out += array
    return out


class Concatenate(_Branches):
    """Branches side by side, joined along the last axis: y = (f1(x), f2(x), ...).

    (n, ...) -> (n, ..., sum of the branches' last axes); all other axes have to agree.

    Parameters
    ----------
    branches : list of layers, activations, names, or lists of these
        "linear" is a branch that passes the input on.
    name, trainable
        As in `Layer`; ``trainable=False`` freezes all layers inside.
    """

    replayable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        ends = self.end_shapes(input_shape)
        if () in ends or len({end[:-1] for end in ends}) > 1:
            listed = ", ".join(map(shape_text, ends))
            raise ValueError(
                f"{self.label()}: its branches must agree in all axes but the last, but they return {listed}"
            )
        return (*ends[0][:-1], sum(end[-1] for end in ends))

    def forward(self, ctx: Context, x: Array) -> Array:
        outputs = self.run(ctx, x)
        ctx.widths = [output.shape[-1] for output in outputs]
        return np.concatenate(outputs, axis=-1, out=ctx.y)

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        ends = accumulate(ctx.widths)
        return self.run_back(ctx, [grad[..., end - width : end] for width, end in zip(ctx.widths, ends, strict=True)])


class Add(_Branches):
    """Branches side by side, added up: y = f1(x) + f2(x) + ...

    (n, ...) -> the shape that all branches return.

    Parameters
    ----------
    branches : list of layers, activations, names, or lists of these
        "linear" is a branch that passes the input on.
    name, trainable
        As in `Layer`; ``trainable=False`` freezes all layers inside.
    """

    replayable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        ends = self.end_shapes(input_shape)
        if len(set(ends)) > 1:
            listed = ", ".join(map(shape_text, ends))
            raise ValueError(
                f"{self.label()}: its branches must return one shape to be added, but they return {listed}"
            )
        return ends[0]

    def forward(self, ctx: Context, x: Array) -> Array:
        return _sum(self.run(ctx, x), ctx.y)

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        return self.run_back(ctx, [grad] * len(ctx.children))
