"""A layer that multiplies features with each other."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from framework.core.types import Array, Shape
from framework.initializers import Initializer, InitializerLike
from framework.layers.base import Context, Layer, LayerOptions, Parameter, in_dtype


class FeatureCross(Layer):
    """Weighted products of all pairs of features, added to the features: y = x * (x @ W.T + b) + x.

    (n, features) -> the same; W has shape (features, features), b has shape (features,). This is the first cross layer
    of a deep and cross network, x0 * (W x + b) + x with x = x0. The paper's further layers still multiply by x0, so
    each raises the degree of the polynomial by one. A second `FeatureCross` multiplies by its own input instead, and
    doubles the degree.
    Source: Wang et al. 2021, "DCN V2", eq. 1.

    Parameters
    ----------
    weight_initializer, bias_initializer : str, Initializer or array
        Initial values of W and b.
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(
        self,
        weight_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        **common: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**common)
        self.weight_initializer = weight_initializer
        self.bias_initializer = bias_initializer
        self.check()

    def check(self) -> None:
        Initializer.of(self.weight_initializer)
        Initializer.of(self.bias_initializer)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        W = Parameter((*input_shape, *input_shape), self.weight_initializer, transposed=True)
        return {"W": W, "b": Parameter(input_shape, self.bias_initializer)}

    def output_shape(self, input_shape: Shape) -> Shape:
        self.expect(len(input_shape) == 1, "(n, features)", input_shape, "put Flatten() before it")
        return input_shape

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("z", "y", "dz", "dx", "product"), input_shape)

    def bind(self, ctx: Context) -> None:
        ctx.WT, ctx.dWT = ctx.W.T, ctx.dW.T

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = x = in_dtype(ctx, x)
        z = np.add(x.dot(ctx.WT, ctx.z), ctx.b, ctx.z)
        return np.add(np.multiply(x, z, ctx.y), x, ctx.y)

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dz = np.multiply(grad, ctx.x, ctx.dz)
        ctx.x.T.dot(dz, ctx.dWT)  # dW = dz.T @ x, transposed as W is in memory
        ctx.ones.dot(dz, ctx.db)  # db = sum of dz over the batch
        if not ctx.needs_input_grad:
            return None
        dx = dz.dot(ctx.W, ctx.dx)
        dx += np.multiply(grad, ctx.z, ctx.product)
        dx += grad
        return dx
