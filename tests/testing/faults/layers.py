"""Right layers, from which wrong ones are derived."""

import numpy as np

from faults import Quiet, right
from framework import Layer, Parameter
from framework.constraints import MaxNorm
from framework.testing import check_layer

VECTOR = {"input_shape": (4,)}


@right(check_layer, **VECTOR)
class Gain(Quiet, Layer):
    """Right: y = s * x."""

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones")}

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


@right(check_layer, **VECTOR)
class Limited(Gain):
    """Right: a new constraint for each call of `parameters`."""

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones", constraint=MaxNorm(2.0))}


@right(check_layer, **VECTOR)
class Affine(Quiet, Layer):
    """Right: y = x @ W.T + b."""

    def parameters(self, input_shape):
        return {"W": Parameter((4, *input_shape), "glorot_uniform"), "b": Parameter((4,))}

    def forward(self, ctx, x):
        ctx.x = x
        return x @ ctx.W.T + ctx.b

    def backward(self, ctx, grad):
        ctx.dW[...] = grad.T @ ctx.x
        ctx.db[...] = grad.sum(axis=0)
        return grad @ ctx.W


@right(check_layer, input_shape=[(4,), (2, 3)])
class Mask(Quiet, Layer):
    """Right: dropout."""

    differs_in_training = True

    def __init__(self, rate=0.4, **common):
        super().__init__(**common)
        self.rate = rate

    def forward(self, ctx, x):
        if not ctx.training:
            return x
        ctx.mask = ((ctx.rng.random(x.shape) >= self.rate) / (1 - self.rate)).astype(x.dtype)
        return x * ctx.mask

    def backward(self, ctx, grad):
        return grad * ctx.mask


@right(check_layer, **VECTOR)
class Buffered(Quiet, Layer):
    """Right: y = x^2, in declared memory."""

    def memory(self, input_shape):
        return {"y": input_shape, "dx": input_shape}

    def forward(self, ctx, x):
        ctx.x = x
        return np.multiply(x, x, ctx.y)

    def backward(self, ctx, grad):
        np.multiply(grad, ctx.x, ctx.dx)
        return np.multiply(ctx.dx, 2, ctx.dx)


@right(check_layer, **VECTOR)
class Center(Quiet, Layer):
    """Right: y = x - running mean in inference, x - batch mean in training."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"mean": Parameter(input_shape, trainable=False)}

    def forward(self, ctx, x):
        if ctx.training:
            mean = x.mean(axis=0)
            ctx.mean[...] = 0.9 * ctx.mean + 0.1 * mean
            return x - mean
        return x - ctx.mean

    def backward(self, ctx, grad):
        return grad - grad.mean(axis=0)


@right(check_layer, **VECTOR)
class Kinked(Quiet, Layer):
    """Right: y = |x| for |x| > 0.5 and 0 between, with jumps at +-0.5."""

    def forward(self, ctx, x):
        ctx.slope = np.where(np.abs(x) > 0.5, np.sign(x), 0).astype(x.dtype)
        return x * ctx.slope

    def backward(self, ctx, grad):
        return grad * ctx.slope


@right(check_layer, input_shape=(), inputs=lambda rng, shape: rng.integers(0, 5, shape))
class Table(Quiet, Layer):
    """Right: y = W[x]."""

    def parameters(self, input_shape):
        return {"W": Parameter((5, 2), "random_normal")}

    def output_shape(self, input_shape):
        return (*input_shape, 2)

    def forward(self, ctx, x):
        ctx.rows = x.astype(int)
        return ctx.W[ctx.rows]

    def backward(self, ctx, grad):
        ctx.dW[...] = 0
        np.add.at(ctx.dW, ctx.rows, grad)
