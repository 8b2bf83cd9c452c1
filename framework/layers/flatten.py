"""Layers that only change the shape."""

from __future__ import annotations

from math import prod

from framework.component import Array
from framework.layers.base import Context, Layer, Shape


class Flatten(Layer):
    """All axes but the batch's as one: (n, a, b, ...) -> (n, a * b * ...)."""

    def output_shape(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, ctx: Context, grad: Array) -> Array:
        return grad.reshape(ctx.shape)
