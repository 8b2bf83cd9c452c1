import numpy as np

from faults import Quiet, fault, right
from framework import Layer, Parameter
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

    def __init__(self, rate=0.4):
        super().__init__()
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


@fault("gradient of x.*sign is wrong", check_layer, **VECTOR)
class WrongSign(Gain):
    def backward(self, ctx, grad):
        return -super().backward(ctx, grad)


@fault("gradient of W.*factor 2", check_layer, **VECTOR)
class FactorTwo(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.dW *= 2
        return dx


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


@fault("writes to x", check_layer, **VECTOR)
class WritesInput(Gain):
    def forward(self, ctx, x):
        ctx.x = x.copy()
        x *= ctx.s
        return x


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


@fault("writes to parameter s", check_layer, **VECTOR)
class WritesParameter(Gain):
    def forward(self, ctx, x):
        ctx.s *= 0.99
        return super().forward(ctx, x)


@fault("writes to parameter mean", check_layer, **VECTOR)
class LearnsInInference(Center):
    def forward(self, ctx, x):
        ctx.mean[...] = 0.9 * ctx.mean + 0.1 * x.mean(axis=0)
        return x - (x.mean(axis=0) if ctx.training else ctx.mean)


@fault("clobbered.*given out twice", check_layer, **VECTOR)
class GivesBufferTwice(Gain):
    buffers = {}

    def forward(self, ctx, x):
        ctx.x = x
        buffer = self.buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        return np.multiply(x, ctx.s, buffer)


@fault("ctx.training is ignored", check_layer, **VECTOR)
class IgnoresTraining(Mask):
    def forward(self, ctx, x):
        return x

    def backward(self, ctx, grad):
        return grad


@fault("in training only: check ctx.training", check_layer, **VECTOR)
class DropsAlways(Mask):
    def forward(self, ctx, x):
        ctx.mask = ((ctx.rng.random(x.shape) >= self.rate) / (1 - self.rate)).astype(x.dtype)
        return x * ctx.mask


@fault("not scaled by 1 / \\(1 - rate\\)", check_layer, **VECTOR)
class ForgetsScale(Mask):
    def forward(self, ctx, x):
        if not ctx.training:
            return x
        ctx.mask = (ctx.rng.random(x.shape) >= self.rate).astype(x.dtype)
        return x * ctx.mask


@fault("differs_in_training", check_layer, **VECTOR)
class TrainsOtherwise(Gain):
    def forward(self, ctx, x):
        ctx.scale = 0.5 if ctx.training else 1.0
        return super().forward(ctx, x) * ctx.scale

    def backward(self, ctx, grad):
        return super().backward(ctx, grad * ctx.scale)


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


@fault("computed float64, expected float32", check_layer, **VECTOR)
class LeaksFloat64(Gain):
    def forward(self, ctx, x):
        return super().forward(ctx, x) * np.ones(4)


@fault("backward in float32.*computed float64", check_layer, **VECTOR)
class LeaksFloat64Backward(Gain):
    def backward(self, ctx, grad):
        return super().backward(ctx, grad) * np.float64(1)


@fault("global random state", check_layer, **VECTOR)
class GlobalRandomness(Mask):
    def forward(self, ctx, x):
        if not ctx.training:
            return x
        ctx.mask = (np.random.rand(*x.shape) > 0.4).astype(x.dtype)  # noqa: NPY002 - the fault
        return x * ctx.mask


@fault("randomness that is not from ctx.rng", check_layer, **VECTOR)
class OwnGenerator(Mask):
    def forward(self, ctx, x):
        ctx.mask = 1 + np.random.default_rng().random(x.shape).astype(x.dtype) * ctx.training
        return x * ctx.mask


@fault("not by ctx.rng: a generator of its own", check_layer, **VECTOR)
class FixedNoise(Mask):
    def forward(self, ctx, x):
        ctx.mask = 1 + np.random.default_rng(0).random(x.shape).astype(x.dtype) * ctx.training
        return x * ctx.mask


@fault("stale state from the last batch", check_layer, **VECTOR)
class StaleOnContext(Quiet, Layer):
    def forward(self, ctx, x):
        if not hasattr(ctx, "scale"):
            ctx.scale = np.abs(x).max()
        return x / ctx.scale

    def backward(self, ctx, grad):
        return grad / ctx.scale


@fault("stale state", check_layer, **VECTOR)
class StaleOnSelf(Gain):
    def forward(self, ctx, x):
        self.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * self.x).sum(axis=0)
        return grad * ctx.s


@fault("stale state on self", check_layer, **VECTOR)
class CountsOnSelf(Gain):
    calls = 0

    def forward(self, ctx, x):
        self.calls += 1
        return super().forward(ctx, x)


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


@fault("buffer is not filled", check_layer, **VECTOR)
class UnfilledBuffer(Buffered):
    def forward(self, ctx, x):
        ctx.x = x
        ctx.y[:, 1:] = x[:, 1:] ** 2
        return ctx.y


@fault("gradient of x.*buffer is not filled", check_layer, **VECTOR)
class UnfilledGradient(Buffered):
    def backward(self, ctx, grad):
        np.multiply(2 * grad, ctx.x, out=ctx.dx, where=grad > 0)
        return ctx.dx


@fault("expected shape", check_layer, **VECTOR)
class WrongShape(Gain):
    def forward(self, ctx, x):
        return super().forward(ctx, x).sum(axis=1)


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


@fault("column-major|not contiguous", check_layer, input_shape=(4,))
class NeedsContiguous(Gain):
    def forward(self, ctx, x):
        return super().forward(ctx, x.ravel(order="K").reshape(x.shape))


@fault("needs_input_grad", check_layer, **VECTOR)
class LazyFirstLayer(Gain):
    def backward(self, ctx, grad):
        if not ctx.needs_input_grad:
            return None
        return super().backward(ctx, grad)


@fault("does not keep the argument", check_layer, **VECTOR)
class TransformsArgument(Mask):
    def __init__(self, rate=0.3):
        super().__init__(1 - rate)


@fault("worked out in the constructor", check_layer, **VECTOR)
class DerivesInConstructor(Mask):
    def __init__(self, rate=0.3):
        super().__init__(rate)
        self.keep = 1 - rate


@fault("must keep its argument", check_layer, **VECTOR)
class ForgetsArgument(Gain):
    def __init__(self, units=3):
        super().__init__()


@fault("batch size", check_layer, **VECTOR)
class OneBatchSize(Gain):
    def backward(self, ctx, grad):
        ctx.ds[...] = np.ones(5) @ (grad * ctx.x)
        return grad * ctx.s
