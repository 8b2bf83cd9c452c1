"""Layers whose running state differs from what training computes, and right ones that may differ."""

import numpy as np

from faults import Quiet, fault, right
from faults.layers import VECTOR
from framework import Layer, Parameter
from framework.testing import check_layer


@right(check_layer, input_shape=[(4,), (3, 2)])
class Norm(Quiet, Layer):
    """Right: batch normalization, the running variance divided by m - 1."""

    differs_in_training = True

    def __init__(self, momentum=0.9, epsilon=1e-5, **common):
        super().__init__(**common)
        self.momentum = momentum
        self.epsilon = epsilon

    def parameters(self, input_shape):
        last = input_shape[-1:]
        mean, var = Parameter(last, trainable=False), Parameter(last, "ones", trainable=False)
        return {"g": Parameter(last, "ones"), "b": Parameter(last), "mean": mean, "var": var}

    def learn(self, ctx, mean, var):
        ctx.mean[...] = self.momentum * ctx.mean + (1 - self.momentum) * mean
        ctx.var[...] = self.momentum * ctx.var + (1 - self.momentum) * var

    def infer(self, ctx, x):
        return ctx.g * (x - ctx.mean) / np.sqrt(ctx.var + self.epsilon) + ctx.b

    def forward(self, ctx, x):
        if not ctx.training:
            return self.infer(ctx, x)
        axes = tuple(range(x.ndim - 1))
        mean, var, m = x.mean(axis=axes), x.var(axis=axes), x.size // x.shape[-1]
        self.learn(ctx, mean, var * m / max(m - 1, 1))
        ctx.deviation = np.sqrt(var + self.epsilon)
        ctx.h = (x - mean) / ctx.deviation
        return ctx.g * ctx.h + ctx.b

    def backward(self, ctx, grad):
        axes = tuple(range(grad.ndim - 1))
        ctx.dg[...] = (grad * ctx.h).sum(axis=axes)
        ctx.db[...] = grad.sum(axis=axes)
        dh = grad * ctx.g
        return (dh - dh.mean(axis=axes) - ctx.h * (dh * ctx.h).mean(axis=axes)) / ctx.deviation


@right(check_layer, **VECTOR)
class SlowNorm(Norm):
    """Right: after 200 passes, the running values are still near their start."""

    def __init__(self, momentum=0.9999, epsilon=1e-5, **common):
        super().__init__(momentum, epsilon, **common)


@right(check_layer, **VECTOR)
class Renorm(Norm):
    """Right: training depends on the running values, too."""

    def forward(self, ctx, x):
        ctx.deviation = np.sqrt(ctx.var + self.epsilon)
        ctx.h = (x - ctx.mean) / ctx.deviation
        if ctx.training:
            self.learn(ctx, x.mean(axis=0), x.var(axis=0))
        return ctx.g * ctx.h + ctx.b

    def backward(self, ctx, grad):
        ctx.dg[...] = (grad * ctx.h).sum(axis=0)
        ctx.db[...] = grad.sum(axis=0)
        return grad * ctx.g / ctx.deviation


@right(check_layer, **VECTOR)
class TotalCenter(Quiet, Layer):
    """Right: the running mean is a sum over a count, and both grow."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"total": Parameter(input_shape, trainable=False), "count": Parameter((), trainable=False)}

    def forward(self, ctx, x):
        if not ctx.training:
            return x - ctx.total / ctx.count
        ctx.total += x.sum(axis=0)
        ctx.count += len(x)
        return x - x.mean(axis=0)

    def backward(self, ctx, grad):
        return grad - grad.mean(axis=0)


@right(check_layer, **VECTOR)
class Rounds(Quiet, Layer):
    """Right: rounds to the running range, in inference alone."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"top": Parameter((), trainable=False), "passes": Parameter((), trainable=False)}

    def forward(self, ctx, x):
        if not ctx.training:
            step = ctx.top / 4
            return np.round(x / step) * step
        ctx.top[...] = np.maximum(ctx.top, np.abs(x).max())
        ctx.passes += 1
        return +x

    def backward(self, ctx, grad):
        return grad


@fault("before any training: computed .*let it start at ones", check_layer, input_shape=(4,))
class StartsAtZero(Norm):
    def parameters(self, input_shape):
        return super().parameters(input_shape) | {"var": Parameter(input_shape, trainable=False)}

    def infer(self, ctx, x):
        return ctx.g * (x - ctx.mean) / np.sqrt(ctx.var) + ctx.b


@fault("var stays at its initial values: in training, ctx.var", check_layer, **VECTOR)
class NeverUpdates(Norm):
    def learn(self, ctx, mean, var):
        super().learn(ctx, mean, 1)


@fault("ctx.mean is not the network's array.*assign into", check_layer, **VECTOR)
class RebindsMean(Norm):
    def learn(self, ctx, mean, var):
        super().learn(ctx, mean, var)
        ctx.mean = 0.9 * ctx.mean + 0.1 * mean


@fault("mean approaches 0.1 times the batch's mean.*sum to 1", check_layer, **VECTOR)
class ForgetsTooMuch(Norm):
    def learn(self, ctx, mean, var):
        super().learn(ctx, 0.1 * mean, var)


@fault("var approaches the batch's standard deviation, expected its variance", check_layer, **VECTOR)
class KeepsDeviation(Norm):
    def learn(self, ctx, mean, var):
        super().learn(ctx, mean, np.sqrt(var))


@fault("the state is right.*formula of inference is not", check_layer, **VECTOR)
class ForgetsRoot(Norm):
    def infer(self, ctx, x):
        return ctx.g * (x - ctx.mean) / (ctx.var + self.epsilon) + ctx.b


@fault("inference does not read mean and var", check_layer, **VECTOR)
class IgnoresState(Norm):
    def infer(self, ctx, x):
        return ctx.g * x + ctx.b


@fault("inference does not use its epsilon as training does", check_layer, **VECTOR)
class EpsilonOutside(Norm):
    def infer(self, ctx, x):
        return ctx.g * (x - ctx.mean) / (np.sqrt(ctx.var) + self.epsilon) + ctx.b


@fault("total / count approaches .* times the batch's mean", check_layer, **VECTOR)
class CountsBatches(TotalCenter):
    def forward(self, ctx, x):
        count = ctx.count + 1
        y = super().forward(ctx, x)
        if ctx.training:
            ctx.count[...] = count
        return y


@fault("writes to parameter mean.*trainable=False", check_layer, **VECTOR)
class TrainableMean(Norm):
    def parameters(self, input_shape):
        return {**super().parameters(input_shape), "mean": Parameter(input_shape)}


@fault("backward changes ctx.scale: assign state in forward", check_layer, **VECTOR)
class LearnsInBackward(Quiet, Layer):
    differs_in_training = True

    def parameters(self, input_shape):
        return {"scale": Parameter(input_shape, "ones", trainable=False)}

    def forward(self, ctx, x):
        ctx.x = x
        return x / ctx.scale

    def backward(self, ctx, grad):
        ctx.scale[...] = 0.9 * ctx.scale + 0.1 * np.abs(ctx.x).mean(axis=0)
        return grad / ctx.scale
