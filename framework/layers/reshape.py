"""Layers that change only the shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Unpack

import numpy as np

from framework.core.messages import shown
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer, LayerOptions


class Flatten(Layer):
    """Join all axes but that of the batch: (n, a, b, ...) -> (n, a * b * ...)."""

    replayable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, ctx: Context, grad: Array) -> Array:
        return grad.reshape(ctx.shape)


class Reshape(Layer):
    """Put the elements, in row-major order, into another shape: (n, ...) -> (n, *target_shape).

    Parameters
    ----------
    target_shape : sequence of int
        The shape of one sample. One axis may be -1: its length is computed from the others.
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(self, target_shape: Sequence[int], **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.target_shape = target_shape
        self.check()

    def check(self) -> None:
        shape = self.target_shape
        who = f"{type(self).__name__}: target_shape must be a tuple of"
        if not isinstance(shape, list | tuple):
            raise TypeError(f"{who} integers, got {shown(shape)}")
        for axis in shape:
            if isinstance(axis, bool) or not isinstance(axis, int | np.integer):
                raise TypeError(f"{who} integers, got {shown(shape)}")
        if any(axis < 1 and axis != -1 for axis in shape) or list(shape).count(-1) > 1:
            raise ValueError(f"{who} positive integers, at most one of them -1, got {shape}")

    def output_shape(self, input_shape: Shape) -> Shape:
        size, known = prod(input_shape), prod(axis for axis in self.target_shape if axis != -1)
        fits = size % known == 0 if -1 in self.target_shape else size == known
        elements = f"a multiple of {known}" if -1 in self.target_shape else f"{known}"
        self.expect(fits, f"(n, ...) with {elements} elements in a sample", input_shape)
        return tuple(int(size // known if axis == -1 else axis) for axis in self.target_shape)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return x.reshape(len(x), *self.target_shape)

    def backward(self, ctx: Context, grad: Array) -> Array:
        return grad.reshape(ctx.shape)
