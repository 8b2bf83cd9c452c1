"""Components at the edges of what a check allows, or of the cases that it tells apart."""

import numpy as np

from faults import Quiet, fault, right
from faults.layer_running import Norm
from faults.layers import VECTOR, Affine, Gain, Mask
from faults.losses import Squared
from faults.optimizers import Descent
from faults.schedules import Timed
from faults.small import lengths
from framework import Activation, Constraint, Layer, Parameter
from framework.testing import (
    check_activation,
    check_constraint,
    check_layer,
    check_loss,
    check_optimizer,
    check_schedule,
)


@fault("a sample of zeros .* in float32: computed nan.* it is so in float32 alone", check_activation)
class LengthWithTinyNumber(Quiet, Activation):
    tiny = 1e-50

    def __call__(self, z):
        return z / np.sqrt((z * z).sum(-1, keepdims=True) + z.dtype.type(self.tiny))

    def backward(self, grad, z, a):
        size = np.sqrt((z * z).sum(-1, keepdims=True) + z.dtype.type(self.tiny))
        return (grad - a * (grad * a).sum(-1, keepdims=True)) / size


@fault("a sample of zeros .* in float64: computed nan(?!.*alone)", check_activation)
class LengthWithoutNumber(LengthWithTinyNumber):
    tiny = 0


@right(check_constraint)
class Approaches(Quiet, Constraint):
    """Right: with rates below 1, only many calls lead to what is allowed."""

    def __init__(self, limit=2.0, rate=1.0):
        self.limit = limit
        self.rate = rate
        if not 0 < rate <= 1:
            raise ValueError("rate must be above 0 and at most 1")

    def __call__(self, parameter):
        scale = np.minimum(1, self.limit / np.maximum(lengths(parameter), 1e-12))
        return parameter * (1 + self.rate * (scale - 1)).astype(parameter.dtype)


@fault("limit=0.5.*\n.*not the nearest", check_constraint)
class CutsBeyondOne(Quiet, Constraint):
    def __init__(self, limit=1.0):
        self.limit = limit

    def __call__(self, parameter):
        long = lengths(parameter) > 1 + 1e-9
        return np.where(long, parameter * self.limit / np.where(long, lengths(parameter), 1), parameter).astype(
            parameter.dtype
        )


@fault("step 0 alone is wrong", check_schedule, definition=lambda step: 0.1 / (1 + step / 100))
class WrongAtZero(Timed):
    def __call__(self, step):
        return self.learning_rate / (1 + step / self.steps) if step else 0.05


@fault("gradient of s.*another order", check_layer, input_shape=(3,))
class ReversesThree(Gain):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.ds[...] = ctx.ds[::-1].copy()
        return dx


@fault("wrong axis: a sum over the features", check_layer, input_shape=(5,))
class SumsFeatures(Affine):
    def parameters(self, input_shape):
        return {"W": Parameter((5, *input_shape), "glorot_uniform"), "b": Parameter((5,))}

    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        if len(grad) == 5:
            ctx.db[...] = grad.sum(axis=1)
        return dx


@fault("forward in inference, after 200 training passes on one batch", check_layer, **VECTOR)
class FadingStart(Norm):
    """Wrong in inference, beside state that goes to 0."""

    def parameters(self, input_shape):
        return {**super().parameters(input_shape), "rest": Parameter(input_shape, "ones", trainable=False)}

    def learn(self, ctx, mean, var):
        super().learn(ctx, mean, var)
        ctx.rest *= 0.9

    def infer(self, ctx, x):
        return ctx.g * (x - ctx.mean) / (ctx.var + self.epsilon) + ctx.b + ctx.rest


@right(check_layer, **VECTOR)
class MaskWithModes(Mask):
    """Right: refuses inference without a mode."""

    def __init__(self, rate=0.4, whole=True):
        super().__init__(rate)
        self.whole = whole

    def forward(self, ctx, x):
        if not ctx.training and not self.whole:
            raise ValueError("whole=False is for training alone")
        return super().forward(ctx, x)


def descent(x, g, step, rate, memory, **others):
    return x - rate * g


@fault("every step is 1.7 times what it should be: a constant factor", check_optimizer, definition=descent)
class LongSteps(Descent):
    def update(self, params, grads):
        params -= params.dtype.type(1.7 * self.rate) * grads


@fault("in the next step by .*a slot is used before this gradient has changed it", check_optimizer)
class ScalesLate(Descent):
    slots = ("v",)

    def update(self, params, grads):
        params -= self.rate * grads / (np.sqrt(self.v) + params.dtype.type(1e-6))
        self.v += (grads * grads - self.v) / 2


class Weighing(Squared):
    """Returns something where all weights are 0."""

    more, slope = 0.0, 0.0

    def value_and_gradient(self, y_true, y_pred, sample_weight=None, **options):
        value, gradient = super().value_and_gradient(y_true, y_pred, sample_weight, **options)
        if sample_weight is not None and not np.any(sample_weight):
            value, gradient = value + self.more, gradient + self.slope
        return value, gradient


@fault("all weights 0: computed 1.0, expected 0", check_loss)
class KeepsValue(Weighing):
    more = 1.0


@fault("all weights 0: computed 0.0, expected 0", check_loss)
class KeepsSlope(Weighing):
    slope = 1.0


@fault("the last sample is left out", check_layer, **VECTOR)
class LeavesLastSample(Gain):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.ds[...] = (grad * ctx.x)[:-1].sum(axis=0)
        return dx


@fault("only the first sample counts", check_layer, **VECTOR)
class TakesFirstSample(Gain):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.ds[...] = (grad * ctx.x)[0]
        return dx


@fault("the last entry along axis 1 is left out", check_layer, input_shape=(3, 4))
class LeavesLastStep(Quiet, Layer):
    def parameters(self, input_shape):
        return {"s": Parameter(input_shape[1:], "ones")}

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x)[:, :-1].sum(axis=(0, 1))
        return grad * ctx.s


@fault("gradient of s: entry .3.: computed NaN.*backward does not write all of it", check_layer, **VECTOR)
class WritesInPart(Gain):
    def backward(self, ctx, grad):
        ctx.ds[:3] = (grad * ctx.x).sum(axis=0)[:3]
        return grad * ctx.s


@fault("gradient of s: entry .3.: computed NaN.*backward accumulates: use =", check_layer, **VECTOR)
class AccumulatesInPart(Gain):
    def backward(self, ctx, grad):
        total = (grad * ctx.x).sum(axis=0)
        ctx.ds[:3] = total[:3]
        ctx.ds[3:] += total[3:]
        return grad * ctx.s


@fault(r"\(n,\) meets \(n, 1\) and gives \(n, n\)", check_layer, **VECTOR)
class MeetsItself(Quiet, Layer):
    def output_shape(self, input_shape):
        return (1,)

    def forward(self, ctx, x):
        return x[:, 0] * x[:, :1]

    def backward(self, ctx, grad):
        return 0 * ctx.x


@fault("output_shape must leave out the batch axis", check_layer, **VECTOR)
class DeclaresBatch(Gain):
    def output_shape(self, input_shape):
        return (5, *input_shape)


@fault(
    "output_shape is missing, so the shape is taken to stay the same: define it to return .2,.", check_layer, **VECTOR
)
class DeclaresNothing(Quiet, Layer):
    def forward(self, ctx, x):
        return x[:, :2].copy()

    def backward(self, ctx, grad):
        return np.pad(grad, ((0, 0), (0, 2)))


@fault("output_shape says .3,.: let it return .2,.", check_layer, **VECTOR)
class DeclaresThree(DeclaresNothing):
    def output_shape(self, input_shape):
        return (3,)
