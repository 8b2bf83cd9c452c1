"""Layers in series, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack, cast

from framework.core.advice import OF_SERIES
from framework.core.types import Array, Shape
from framework.core.words import add_advice
from framework.layers.base import Context, Layer, LayerOptions, Layers, layer_list


class _Series(Layer):
    """Base of layers that hold a series of layers, where each one's output is the next one's input."""

    in_series = True

    def __init__(self, layers: Layers, **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.layers = cast("Sequence[Any]", layers)
        self.check()

    def check(self) -> None:
        layer_list(self, "layers")

    def children(self, input_shape: Shape) -> list[tuple[Layer, Shape]]:
        pairs: list[tuple[Layer, Shape]] = []
        for spec in self.layers:
            if pairs:
                before, input_shape = pairs[-1]
                input_shape = before.output_shape(input_shape)
            pairs.append((Layer.of(spec), input_shape))
        return pairs

    def end_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the last layer's output."""
        layer, shape = self.children(input_shape)[-1]
        return layer.output_shape(shape)

    def bind(self, ctx: Context) -> None:
        ctx.forwards = [(child.layer.forward, child) for child in ctx.children]
        ctx.backwards = [(child.layer.backward, child) for child in reversed(ctx.children) if child.needs_backward]

    def run(self, ctx: Context, x: Array) -> Array:
        """Return the last layer's output, given the first one's input `x`."""
        for forward, child in ctx.forwards:
            x = forward(child, x)
        return x

    def run_back(self, ctx: Context, grad: Array) -> Array:
        """Return the gradient of the series' input, given that of its output."""
        for backward, child in ctx.backwards:
            grad = backward(child, grad)
        return grad


class Sequential(_Series):
    """Layers in series: (n, *input_shape) -> the shape of the last layer's output.

    A list inside a list of layers stands for this layer.

    Parameters
    ----------
    layers : list of layers, activations or names
    name, trainable
        As in `Layer`; ``trainable=False`` freezes all layers inside.
    """

    replayable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.end_shape(input_shape)

    def forward(self, ctx: Context, x: Array) -> Array:
        return self.run(ctx, x)

    def backward(self, ctx: Context, grad: Array) -> Array:
        return self.run_back(ctx, grad)


add_advice(_Series, OF_SERIES)
