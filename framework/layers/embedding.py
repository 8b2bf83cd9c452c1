"""A layer of learned vectors for words, classes or other numbered things."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from framework.core.arguments import integer
from framework.core.arrays import refused
from framework.core.types import Array, Shape
from framework.initializers import Initializer, InitializerLike
from framework.layers.base import Context, Layer, LayerOptions, Parameter


class Embedding(Layer):
    """A learned vector for each of the numbers 0 to vocabulary - 1: y[i] = W[x[i]].

    (n, ...) -> (n, ..., units): (n,) -> (n, units), (n, length) -> (n, length, units). W has shape
    (vocabulary, units). The inputs are integers, kept as integers or floats (float32 holds them exactly up to
    2^24); the gradient with respect to them is 0. ValueError for a number that is not an integer or out of range.
    The same as `Dense` without bias on one-hot rows, W transposed.
    Source: Bengio et al. 2003, "A neural probabilistic language model", section 2, the mapping C.

    Parameters
    ----------
    vocabulary : int
        The number of different vectors.
    units : int
        The length of a vector.
    weight_initializer : str, Initializer or array
        Initial values of W. The default is U[-0.05, 0.05), as in Keras; PyTorch's is N(0, 1).
    name, trainable
        As in `Layer`.
    """

    def __init__(
        self,
        vocabulary: int,
        units: int,
        weight_initializer: InitializerLike = "random_uniform",
        **common: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**common)
        self.vocabulary = vocabulary
        self.units = units
        self.weight_initializer = weight_initializer
        self.check()

    def check(self) -> None:
        integer(self.vocabulary, "vocabulary", self, least=1)
        integer(self.units, "units", self, least=1)
        Initializer.of(self.weight_initializer)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        return {"W": Parameter((self.vocabulary, self.units), self.weight_initializer)}

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.units)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"y": (*input_shape, self.units), "dx": input_shape}

    def bind(self, ctx: Context) -> None:
        if self.vocabulary > 1 / float(np.finfo(ctx.dtype).epsneg):
            limit = f"{ctx.dtype} does not hold all integers below {self.vocabulary}"
            raise ValueError(f"{self.label()}: {limit}; build the model with dtype='float64'")
        ctx.columns = np.arange(self.units)
        ctx.dW_flat = ctx.dW.reshape(-1)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.ids = self._checked(x)
        # The numbers are in range, so "clip" changes none; the default mode would copy the result to `out`.
        return np.take(ctx.W, ctx.ids, axis=0, out=ctx.y, mode="clip")

    def _checked(self, x: Array) -> Array:
        """Return `x` as integers; raise ValueError if an element is not an integer in range."""
        if x.min() >= 0 and x.max() < self.vocabulary:
            ids = x.astype(np.intp)
            if (ids == x).all():
                return ids
        wrong = ~((x >= 0) & (x < self.vocabulary) & (x == np.floor(x)))
        expected = f"integers from 0 to {self.vocabulary - 1} (vocabulary={self.vocabulary})"
        message = f"{self.label()} expects {expected}, got {x[wrong][0]:.10g}"
        raise refused(ValueError(message), message)

    def backward(self, ctx: Context, grad: Array) -> Array:
        # dW[x[i]] += grad[i], for each i. The indices are into a flat dW, because np.add.at is fast on one axis only.
        ctx.dW.fill(0)
        elements = ctx.ids[..., np.newaxis] * self.units + ctx.columns
        np.add.at(ctx.dW_flat, elements.reshape(-1), grad.reshape(-1))
        ctx.dx.fill(0)
        return ctx.dx
