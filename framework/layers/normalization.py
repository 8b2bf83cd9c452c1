"""Layers that normalize features over the batch, or samples over their features."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from framework.core.arguments import flag, number
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer, LayerOptions, Parameter, in_dtype


class _Normalization(Layer):
    """Base of normalizations: y = gamma * xhat + beta, with a gamma and a beta for each feature (last axis)."""

    scale = center = True
    epsilon: float

    def check(self) -> None:
        number(self.epsilon, "epsilon", self, above=0)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        gamma = {"gamma": Parameter(input_shape[-1:], "ones", decay=False)} if self.scale else {}
        beta = {"beta": Parameter(input_shape[-1:], "zeros", decay=False)} if self.center else {}
        return gamma | beta

    def output_shape(self, input_shape: Shape) -> Shape:
        self.expect(len(input_shape) > 0, "(n, ..., features)", input_shape, "put Reshape((1,)) before it")
        return input_shape

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"xhat": input_shape, "y": input_shape, "dx": input_shape, "product": input_shape}

    def bind(self, ctx: Context) -> None:
        # For sums as products with ones, which are faster than np.sum: over the rows, and over the features.
        features = ctx.xhat.shape[-1]
        ctx.rows = (-1, features)
        ctx.row_ones = np.ones(ctx.xhat.size // features, ctx.dtype)
        ctx.feature_ones = np.ones((features, 1), ctx.dtype)

    def scaled(self, ctx: Context, xhat: Array) -> Array:
        """Return gamma * xhat + beta."""
        y = np.multiply(xhat, ctx.gamma, ctx.y) if self.scale else xhat
        return np.add(y, ctx.beta, ctx.y) if self.center else y

    def backward_scaled(self, ctx: Context, grad: Array) -> Array:
        """Assign dgamma = sum(grad * xhat) and dbeta = sum(grad) over the rows, and return dxhat = grad * gamma."""
        if self.center:
            ctx.row_ones.dot(in_dtype(ctx, grad).reshape(ctx.rows), ctx.dbeta)
        if not self.scale:
            return grad
        ctx.row_ones.dot(np.multiply(grad, ctx.xhat, ctx.product).reshape(ctx.rows), ctx.dgamma)
        return np.multiply(grad, ctx.gamma, ctx.dx)


class _Standardization(_Normalization):
    """Base of xhat = (x - mean) / sqrt(variance + epsilon); a subclass chooses the elements that `mean` is over."""

    def mean(self, ctx: Context, a: Array) -> Array:
        """Return the mean of `a` over the elements that are normalized together, in a shape that broadcasts."""
        raise NotImplementedError(f"{type(self).__name__} must define mean(self, ctx, a)")

    def standardized(self, ctx: Context, x: Array) -> tuple[Array, Array, Array]:
        """Return xhat, mean and variance (the mean of squares: divided by the number of elements, not by one less)."""
        mean = self.mean(ctx, x)
        centered = np.subtract(x, mean, ctx.xhat)
        variance = self.mean(ctx, np.multiply(centered, centered, ctx.product))
        ctx.inverse = 1 / np.sqrt(variance + self.epsilon)
        return np.multiply(centered, ctx.inverse, ctx.xhat), mean, variance

    def backward_standardized(self, ctx: Context, dxhat: Array) -> Array:
        """Return dx = (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat)) / sqrt(variance + epsilon)."""
        along = self.mean(ctx, np.multiply(dxhat, ctx.xhat, ctx.product))
        dx = np.subtract(dxhat, self.mean(ctx, dxhat), ctx.dx)
        dx -= np.multiply(ctx.xhat, along, ctx.product)
        dx *= ctx.inverse
        return dx


class BatchNormalization(_Standardization):
    """Normalize each feature over the batch: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta.

    (n, ..., features) -> the same. In training, mean and variance of a feature are computed from the batch, over all
    axes but the last, and the running values follow: running = momentum * running + (1 - momentum) * batch. In
    inference, and if the layer is frozen, the running values are used and do not change. Parameters: gamma (initially
    1) and beta (0), without weight decay; mean (0) and variance (1), the running values, which are not trained.

    The variances of the batch and the running variance are divided by the number of elements m, as in Keras; PyTorch
    divides the running one by m - 1. So a batch of one is no exception: its variance is 0 and y = beta. `momentum` is
    as in Keras, whose default is 0.99; PyTorch's argument is 1 - momentum, default 0.1. Keras' epsilon is 1e-3.
    Source: Ioffe & Szegedy 2015, "Batch normalization", algorithm 1 and section 3.1.

    Parameters
    ----------
    momentum : float
        The share of their old value that the running values keep at each step; at least 0 and below 1.
    epsilon : float
        Added to the variance, under the root; above 0.
    center, scale : bool
        False leaves out beta, or gamma.
    name, trainable
        As in `Layer`.
    """

    replayable = True
    differs_in_training = True

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        *,
        center: bool = True,
        scale: bool = True,
        **common: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**common)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.check()

    def check(self) -> None:
        super().check()
        number(self.momentum, "momentum", self, least=0, below=1)
        flag(self.center, "center", self)
        flag(self.scale, "scale", self)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        mean = Parameter(input_shape[-1:], "zeros", trainable=False)
        variance = Parameter(input_shape[-1:], "ones", trainable=False)
        return {**super().parameters(input_shape), "mean": mean, "variance": variance}

    def mean(self, ctx: Context, a: Array) -> Array:
        return ctx.row_ones.dot(a.reshape(ctx.rows)) / len(ctx.row_ones)  # type: ignore[no-any-return]

    def forward(self, ctx: Context, x: Array) -> Array:
        if ctx.training and ctx.trainable:
            xhat, mean, variance = self.standardized(ctx, x)
            ctx.mean += (1 - self.momentum) * (mean - ctx.mean)
            ctx.variance += (1 - self.momentum) * (variance - ctx.variance)
        else:
            ctx.inverse = 1 / np.sqrt(ctx.variance + self.epsilon)
            xhat = np.multiply(np.subtract(x, ctx.mean, ctx.xhat), ctx.inverse, ctx.xhat)
        return self.scaled(ctx, xhat)

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dxhat = self.backward_scaled(ctx, grad)
        if not ctx.needs_input_grad:
            return None
        return self.backward_standardized(ctx, dxhat) if ctx.trainable else np.multiply(dxhat, ctx.inverse, ctx.dx)


class LayerNormalization(_Standardization):
    """Normalize each sample over its features: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta.

    (n, ..., features) -> the same. Mean and variance are over the last axis; the variance is divided by the number of
    features. Parameters: gamma (initially 1) and beta (0), without weight decay. PyTorch's epsilon is the same, Keras'
    is 1e-3. Source: Ba et al. 2016, "Layer normalization", eqs. 3 and 4; epsilon is an addition.

    Parameters
    ----------
    epsilon : float
        Added to the variance, under the root; above 0.
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(self, epsilon: float = 1e-5, **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.epsilon = epsilon
        self.check()

    def mean(self, ctx: Context, a: Array) -> Array:
        return (a @ ctx.feature_ones) / a.shape[-1]  # type: ignore[no-any-return]

    def forward(self, ctx: Context, x: Array) -> Array:
        return self.scaled(ctx, self.standardized(ctx, x)[0])

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dxhat = self.backward_scaled(ctx, grad)
        return self.backward_standardized(ctx, dxhat) if ctx.needs_input_grad else None


class RMSNormalization(_Normalization):
    """Divide each sample by its root mean square: y = gamma * x / sqrt(mean(x^2) + epsilon).

    (n, ..., features) -> the same. The mean is over the last axis. Parameter: gamma (initially 1), without weight
    decay. Keras' epsilon is 1e-6, PyTorch's is the dtype's machine epsilon; both add it under the root, too.
    Source: Zhang & Sennrich 2019, "Root mean square layer normalization", eq. 4; epsilon is an addition.

    Parameters
    ----------
    epsilon : float
        Added to the mean square, under the root; above 0.
    name, trainable
        As in `Layer`.
    """

    replayable = True
    center = False

    def __init__(self, epsilon: float = 1e-5, **common: Unpack[LayerOptions]) -> None:
        super().__init__(**common)
        self.epsilon = epsilon
        self.check()

    def forward(self, ctx: Context, x: Array) -> Array:
        mean_square = (np.multiply(x, x, ctx.product) @ ctx.feature_ones) / x.shape[-1]
        ctx.inverse = 1 / np.sqrt(mean_square + self.epsilon)
        return self.scaled(ctx, np.multiply(x, ctx.inverse, ctx.xhat))

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dx = self.backward_scaled(ctx, grad)
        if not ctx.needs_input_grad:
            return None
        along = (np.multiply(dx, ctx.xhat, ctx.product) @ ctx.feature_ones) / dx.shape[-1]
        dx -= np.multiply(ctx.xhat, along, ctx.product)
        dx *= ctx.inverse
        return dx
