"""Products of features."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.initializers import Initializer
from framework.layers.base import Context, Layer, Parameter


class FeatureCross(Layer):
    """Products of all pairs of features, weighted, and the features themselves: y = x * (x @ W.T + b) + x.

    (n, features) -> the same; W has shape (features, features), b has shape (features,). The first cross layer of a
    deep and cross network, x0 * (W x + b) + x with x = x0; where the paper's further layers multiply by x0, raising
    the degree by one, this layer put after itself multiplies by its own input, doubling it.
    Source: Wang et al. 2021, "DCN V2", eq. 1.

    Parameters
    ----------
    weight_initializer, bias_initializer : str, Initializer or array
        First values of W and b.
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(
        self, weight_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", **common: Any
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
        ctx.x = x
        z = np.add(x.dot(ctx.WT, ctx.z), ctx.b, ctx.z)
        return np.add(np.multiply(x, z, ctx.y), x, ctx.y)  # type: ignore[no-any-return]

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dz = np.multiply(grad, ctx.x, ctx.dz)
        ctx.x.T.dot(dz, ctx.dWT)
        ctx.ones.dot(dz, ctx.db)
        if not ctx.needs_input_grad:
            return None
        dx = dz.dot(ctx.W, ctx.dx)
        dx += np.multiply(grad, ctx.z, ctx.product)
        dx += grad
        return dx  # type: ignore[no-any-return]
