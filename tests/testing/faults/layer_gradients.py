"""Layers with faults in `backward`."""

import numpy as np

from faults import Quiet, fault
from faults.layers import VECTOR, Affine, Buffered, Center, Gain
from framework import Layer
from framework.testing import check_layer


@fault("gradient of x.*sign is wrong", check_layer, **VECTOR)
class WrongSign(Gain):
    def backward(self, ctx, grad):
        return -super().backward(ctx, grad)


@fault("gradient of s.*accumulates: use =", check_layer, **VECTOR)
class Accumulates(Gain):
    def backward(self, ctx, grad):
        ctx.ds += (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


@fault("\\+= accumulates", check_layer, **VECTOR)
class AccumulatesInput(Buffered):
    def backward(self, ctx, grad):
        ctx.dx += 2 * grad * ctx.x
        return ctx.dx


@fault("gradient of b.*mean where a sum belongs", check_layer, **VECTOR)
class MeanForSum(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.db[...] = grad.mean(axis=0)
        return dx


@fault("the batch size.*sum where a mean belongs", check_layer, **VECTOR)
class SumForMean(Center):
    def backward(self, ctx, grad):
        return len(grad) * super().backward(ctx, grad)


@fault("writes to grad", check_layer, **VECTOR)
class WritesGradient(Gain):
    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x).sum(axis=0)
        grad *= ctx.s
        return grad


@fault("writes to output y", check_layer, **VECTOR)
class OverwritesOutput(Buffered):
    def backward(self, ctx, grad):
        return np.multiply(2 * grad, ctx.x, ctx.y)


@fault("wrong axis", check_layer, **VECTOR, batch_sizes=(4, 1))
class SumsOverFeatures(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.db[...] = grad.sum(axis=1)
        return dx


@fault("depends on the others.*wrong axis", check_layer, **VECTOR)
class CentersOverBatch(Quiet, Layer):
    def forward(self, ctx, x):
        return x - x.mean(axis=0)

    def backward(self, ctx, grad):
        return grad - grad.mean(axis=0)


@fault("transposed", check_layer, **VECTOR)
class Transposed(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.dW[...] = ctx.x.T @ grad
        return dx


@fault("backward in float32.*computed float64", check_layer, **VECTOR)
class LeaksFloat64Backward(Gain):
    def backward(self, ctx, grad):
        return super().backward(ctx, grad) * np.float64(1)


@fault("stale state, or|stale state from|accumulates", check_layer, **VECTOR)
class ReadsOldGradient(Gain):
    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x).sum(axis=0) + 0.5 * np.nan_to_num(ctx.ds)
        return grad * ctx.s


@fault("gradient of b.*does not write it", check_layer, **VECTOR)
class ForgetsBias(Affine):
    def backward(self, ctx, grad):
        ctx.dW[...] = grad.T @ ctx.x
        return grad @ ctx.W


@fault("assign into it", check_layer, **VECTOR)
class RebindsGradient(Gain):
    def backward(self, ctx, grad):
        ctx.ds = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


@fault("gradient of x.*buffer is not filled", check_layer, **VECTOR)
class UnfilledGradient(Buffered):
    def backward(self, ctx, grad):
        np.multiply(2 * grad, ctx.x, out=ctx.dx, where=grad > 0)
        return ctx.dx


@fault("returned None", check_layer, **VECTOR)
class ReturnsNothing(Affine):
    def backward(self, ctx, grad):
        super().backward(ctx, grad)


@fault("grad is passed on unchanged", check_layer, **VECTOR)
class PassesGradientOn(Buffered):
    def backward(self, ctx, grad):
        return grad


@fault("entries are wrong: a case", check_layer, **VECTOR, seeds=(2,))
class MissesACase(Gain):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        dx[ctx.x > 0.8] *= 3
        return dx


@fault("needs_input_grad", check_layer, **VECTOR)
class LazyFirstLayer(Gain):
    def backward(self, ctx, grad):
        if not ctx.needs_input_grad:
            return None
        return super().backward(ctx, grad)


@fault("parts of grad are exchanged", check_layer, **VECTOR)
class SplitsElsewhere(Quiet, Layer):
    def output_shape(self, input_shape):
        return (input_shape[0] + 1,)

    def forward(self, ctx, x):
        ctx.x = x
        return np.concatenate([(x * x).sum(axis=1, keepdims=True), np.tanh(x)], axis=1)

    def backward(self, ctx, grad):
        rest, first = grad[:, :-1], grad[:, -1:]
        return rest * (1 - np.tanh(ctx.x) ** 2) + 2 * first * ctx.x
