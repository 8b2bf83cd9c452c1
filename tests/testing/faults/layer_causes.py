"""Layers with wrong gradients, shapes and definitions, of which the cause can be computed."""

import numpy as np

from faults import Quiet, fault, right
from faults.layer_values import _Standardized
from faults.layers import VECTOR, Affine, Gain, Table
from framework import Dense, Layer, Parameter
from framework.testing import check_layer


@fault("output_shape is missing.*return .3,", check_layer, **VECTOR)
class NoOutputShape(Quiet, Layer):
    def forward(self, ctx, x):
        return x[:, :3].copy()

    def backward(self, ctx, grad):
        return np.pad(grad, ((0, 0), (0, 1)))


@fault("output_shape must leave out the batch axis", check_layer, **VECTOR)
class BatchInShape(Affine):
    def output_shape(self, input_shape):
        return (5, 4)

    def memory(self, input_shape):
        return {}


@fault("memory declares y with .5, 4.*leave out the batch axis", check_layer, **VECTOR)
class BatchInMemory(Affine):
    def memory(self, input_shape):
        return {"y": (5, 4)}

    def forward(self, ctx, x):
        ctx.x = x
        return np.dot(x, ctx.W.T, out=ctx.y)


@fault("parameters declares W with .4, 3., .inputs, units", check_layer, **VECTOR)
class InputsFirst(Affine):
    def output_shape(self, input_shape):
        return (3,)

    def parameters(self, input_shape):
        return {"W": Parameter((*input_shape, 3), "glorot_uniform"), "b": Parameter((3,))}


@fault("gradient of x.*ctx.W is transposed", check_layer, **VECTOR)
class TransposesInput(Affine):
    def backward(self, ctx, grad):
        super().backward(ctx, grad)
        return grad @ ctx.W.T


@fault("definition.*ctx.W is transposed", check_layer, **VECTOR, definition=lambda x, W, b: x @ W.T + b)
class TransposesForward(Affine):
    def forward(self, ctx, x):
        ctx.x = x
        return x @ ctx.W + ctx.b

    def backward(self, ctx, grad):
        ctx.dW[...] = ctx.x.T @ grad
        ctx.db[...] = grad.sum(axis=0)
        return grad @ ctx.W.T


@right(check_layer, **VECTOR, definition=lambda x, W, b: x @ W.T + b)
class Defined(Affine):
    pass


@fault("grad times 1000: gradient of W.*not linear in grad", check_layer, **VECTOR)
class ClipsGradient(Affine):
    def backward(self, ctx, grad):
        return super().backward(ctx, np.clip(grad, -6, 6))


@fault("gradient of W.*a multiple of the parameter is added", check_layer, **VECTOR)
class AddsPenalty(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.dW += 0.01 * ctx.W
        return dx


@fault("divided or multiplied by the batch size", check_layer, **VECTOR)
class DividesByBatch(Affine):
    def forward(self, ctx, x):
        return super().forward(ctx, x) / len(x)

    def backward(self, ctx, grad):
        return super().backward(ctx, grad / len(grad))


class _Product(Quiet, Layer):
    """Right: y = (x @ U.T) * (x @ V.T)."""

    def parameters(self, input_shape):
        return {name: Parameter((3, *input_shape), "glorot_uniform") for name in "UV"}

    def output_shape(self, input_shape):
        return (3,)

    def forward(self, ctx, x):
        ctx.x, ctx.u, ctx.v = x, x @ ctx.U.T, x @ ctx.V.T
        return ctx.u * ctx.v

    def backward(self, ctx, grad):
        ctx.dU[...] = (grad * ctx.v).T @ ctx.x
        ctx.dV[...] = (grad * ctx.u).T @ ctx.x
        return (grad * ctx.v) @ ctx.U + (grad * ctx.u) @ ctx.V


@fault("gradient of U.*it is the gradient of V", check_layer, **VECTOR)
class ExchangesGradients(_Product):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.dU[...], ctx.dV[...] = ctx.dV.copy(), ctx.dU.copy()
        return dx


@fault("gradient of x.*path through parameter V", check_layer, **VECTOR)
class ForgetsTerm(_Product):
    def backward(self, ctx, grad):
        super().backward(ctx, grad)
        return (grad * ctx.v) @ ctx.U


@fault("statistics over axis 1 is left out", check_layer, **VECTOR)
class ConstantStatistics(_Standardized):
    def backward(self, ctx, grad):
        return grad / ctx.spread


@fault("direct path from x to y", check_layer, **VECTOR)
class ForgetsSkip(Affine):
    def forward(self, ctx, x):
        return x + super().forward(ctx, x)


@fault("own input alone", check_layer, **VECTOR)
class DiagonalOnly(_Standardized):
    def backward(self, ctx, grad):
        n = grad.shape[1]
        return grad * (1 - 1 / n - ctx.y**2 / n) / ctx.spread


@fault("gradient of x.*grad is not used", check_layer, **VECTOR)
class ReturnsDerivative(Quiet, Layer):
    def forward(self, ctx, x):
        ctx.x = x
        return x**2

    def backward(self, ctx, grad):
        return 2 * ctx.x


@fault("gradient of x.*a factor ctx.s is missing", check_layer, **VECTOR)
class ForgetsFactor(Gain):
    def forward(self, ctx, x):
        return np.sin(super().forward(ctx, x))

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * np.cos(ctx.s * ctx.x) * ctx.x).sum(axis=0)
        return grad * np.cos(ctx.s * ctx.x)


@fault("gradient of W.*the norm over axis 1 of W is left out", check_layer, **VECTOR)
class ConstantNorm(Affine):
    def forward(self, ctx, x):
        ctx.x, ctx.norm = x, np.sqrt((ctx.W**2).sum(axis=1))
        return x @ ctx.W.T / ctx.norm + ctx.b

    def backward(self, ctx, grad):
        ctx.db[...] = grad.sum(axis=0)
        ctx.dW[...] = (grad / ctx.norm).T @ ctx.x
        return (grad / ctx.norm) @ ctx.W


@fault("the derivative of what follows is left out", check_layer, **VECTOR)
class ForgetsChain(Affine):
    def forward(self, ctx, x):
        return np.tanh(super().forward(ctx, x))


@fault("the other direction than forward", check_layer, **VECTOR)
class SameDirection(Quiet, Layer):
    def forward(self, ctx, x):
        return x.cumsum(axis=1)

    def backward(self, ctx, grad):
        return grad.cumsum(axis=1)


@fault(
    "repeated indices count once", check_layer, input_shape=(6,), inputs=lambda rng, shape: rng.integers(0, 5, shape)
)
class LosesRepeated(Table):
    def backward(self, ctx, grad):
        ctx.dW[...] = 0
        ctx.dW[ctx.rows] += grad


@fault("needs_input_grad is tested the wrong way round", check_layer, **VECTOR)
class WrongWayRound(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        return None if ctx.needs_input_grad else dx


class _Gated(Quiet, Layer):
    """Right: y = f(x) * g(x), of two layers inside."""

    def children(self, input_shape):
        return [(Dense(4, "tanh"), input_shape), (Dense(4, "sigmoid"), input_shape)]

    def forward(self, ctx, x):
        ctx.ends = [child.layer.forward(child, x).copy() for child in ctx.children]
        return ctx.ends[0] * ctx.ends[1]

    def backward(self, ctx, grad):
        ends = [
            child.layer.backward(child, grad * end) for child, end in zip(ctx.children, ctx.ends[::-1], strict=True)
        ]
        return self.total(ends) if ctx.needs_input_grad else None

    def total(self, ends):
        return ends[0] + ends[1]


@right(check_layer, **VECTOR)
class Gated(_Gated):
    pass


@fault("path through Dense, a layer inside", check_layer, **VECTOR)
class OneBranch(_Gated):
    def total(self, ends):
        return ends[0]


@fault("Dense, a layer inside, is called with the context of another layer", check_layer, **VECTOR)
class OwnContext(_Gated):
    def forward(self, ctx, x):
        return Dense(4).forward(ctx, x)


@fault("backward uses ctx.d where it has not written", check_layer, **VECTOR)
class FillsTheLargestAlone(Quiet, Layer):
    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones")}

    def memory(self, input_shape):
        return {"d": input_shape}

    def forward(self, ctx, x):
        ctx.x, ctx.best = x, np.argmax(x * ctx.s, axis=1)[:, np.newaxis]
        return np.where(np.arange(x.shape[1]) == ctx.best, x * ctx.s, 0)

    def backward(self, ctx, grad):
        np.put_along_axis(ctx.d, ctx.best, np.take_along_axis(grad, ctx.best, 1), 1)
        ctx.ds[...] = (ctx.d * ctx.x).sum(axis=0)
        return ctx.d * ctx.s


@fault("as many as the layer has features", check_layer, **VECTOR)
class TellsAxesByLength(Quiet, Layer):
    def forward(self, ctx, x):
        return x.T if len(x) == x.shape[1] else 1 * x

    def backward(self, ctx, grad):
        return grad


@fault("over groups of 3 along axis 1", check_layer, input_shape=6)
class GroupSpread(Quiet, Layer):
    def forward(self, ctx, x):
        groups = x.reshape(len(x), 2, 3)
        ctx.std = np.sqrt(groups.var(axis=2, keepdims=True, ddof=1) + 1e-3)
        ctx.y = (groups - groups.mean(axis=2, keepdims=True)) / ctx.std
        return ctx.y.reshape(x.shape)

    def backward(self, ctx, grad):
        g = grad.reshape(ctx.y.shape)
        dx = g - g.mean(axis=2, keepdims=True) - ctx.y * (g * ctx.y).mean(axis=2, keepdims=True)
        return (dx / ctx.std).reshape(grad.shape)
