"""More components at the edges of what a check allows, or of the cases that it tells apart."""

import numpy as np

from faults import Quiet, fault, right
from faults.layers import VECTOR, Gain
from faults.losses import Squared
from faults.optimizers import Descent
from faults.small import Ball, lengths
from framework import Activation, Layer, Metric, Parameter
from framework.testing import check_activation, check_constraint, check_layer, check_loss, check_metric, check_optimizer


@fault("params in float32.*digits are lost in float32", check_optimizer)
class AddsAndSubtracts(Descent):
    def update(self, params, grads):
        large = params.dtype.type(1e7)
        params -= self.rate * ((grads + large) - large)


@fault("comes nearer and stops on the way", check_optimizer)
class Stops(Descent):
    def update(self, params, grads):
        params -= self.rate / self.step**2 * grads


@right(check_layer, **VECTOR)
class Peak(Quiet, Layer):
    """Right: less the largest of the batch, in inference of all so far."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"peak": Parameter(input_shape, trainable=False)}

    def forward(self, ctx, x):
        if not ctx.training:
            return x - ctx.peak
        ctx.at = x.argmax(axis=0)
        ctx.peak[...] = np.maximum(ctx.peak, x.max(axis=0))
        return x - x.max(axis=0)

    def backward(self, ctx, grad):
        dx = grad.copy()
        dx[ctx.at, np.arange(grad.shape[1])] -= grad.sum(axis=0)
        return dx


@fault("row . of W could stay as it is; take each row on its own", check_constraint)
class ScalesAll(Ball):
    def __call__(self, parameter):
        longest = np.maximum(lengths(parameter).max(), 1e-12)
        return parameter * np.minimum(1, 2 / longest).astype(parameter.dtype)


@fault("argument 'scale'.*has no effect", check_activation)
class IgnoresThousandth(Quiet, Activation):
    def __init__(self, scale=0.001):
        self.scale = scale

    def __call__(self, z):
        return z + 0.001 * np.tanh(z)

    def derivative(self, z, a):
        return 1 + 0.001 / np.cosh(np.clip(z, -50, 50)) ** 2


@right(check_activation)
class IgnoresLess(IgnoresThousandth):
    """Right: a number that small may be there to avoid a division by 0."""

    def __init__(self, scale=0.0009):
        self.scale = scale


@fault("ctx.ds.* is missing, and ctx.dscale is written: the name is another one", check_layer, **VECTOR)
class WritesAnotherName(Gain):
    def backward(self, ctx, grad):
        ctx.dscale = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


@fault(
    "predictions are cut to integers",
    check_metric,
    inputs=lambda rng, n: (rng.integers(0, 5, (n, 1)), 5 * rng.random((n, 1))),
)
class CutsPredictions(Quiet, Metric):
    greater_is_better = False

    def __call__(self, y_true, y_pred, sample_weight=None):
        return float(np.average(np.abs(y_true - y_pred.astype(y_true.dtype)).mean(axis=1), weights=sample_weight))


@fault("gradient.*factor 2 is missing", check_loss)
class DoublesSums(Squared):
    def per_sample(self, y_true, y_pred):
        return super().per_sample(y_true, y_pred) * (2 if self.reduction == "sum" else 1)
