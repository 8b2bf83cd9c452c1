"""Layers that are wrong, or unusual and right, at some values, sizes or arguments only."""

import numpy as np

from faults import Quiet, fault, right
from faults.layers import VECTOR, Affine
from framework import Layer
from framework.testing import check_layer


class _Softmax(Quiet, Layer):
    largest = False

    def forward(self, ctx, x):
        powers = np.exp(x - x.max(axis=-1, keepdims=True) if self.largest else x)
        ctx.y = powers / powers.sum(axis=-1, keepdims=True)
        return ctx.y

    def backward(self, ctx, grad):
        return ctx.y * (grad - (grad * ctx.y).sum(axis=-1, keepdims=True))


@fault("inputs up to 100 .float32.*finite value such as.*subtract the maximum", check_layer, **VECTOR)
class Overflows(_Softmax):
    pass


@right(check_layer, **VECTOR)
class SubtractsMaximum(_Softmax):
    largest = True


class _Standardized(Quiet, Layer):
    epsilon = 1e-6

    def forward(self, ctx, x):
        centered = x - x.mean(axis=1, keepdims=True)
        ctx.spread = np.sqrt((centered**2).mean(axis=1, keepdims=True) + self.epsilon)
        ctx.y = centered / ctx.spread
        return ctx.y

    def backward(self, ctx, grad):
        along = (grad * ctx.y).mean(axis=1, keepdims=True)
        return (grad - grad.mean(axis=1, keepdims=True) - ctx.y * along) / ctx.spread


@fault("constant samples .float64.*0 / 0.*all values of a sample are equal.*epsilon", check_layer, **VECTOR)
class NoEpsilon(_Standardized):
    epsilon = 0.0


@fault("constant samples .float32.*float32 does not round to 0", check_layer, **VECTOR)
class EpsilonVanishes(_Standardized):
    epsilon = 1e-60


@fault("nearly constant.*float32.*cancellation.*mean", check_layer, **VECTOR)
class Cancels(_Standardized):
    def forward(self, ctx, x):
        mean = x.mean(axis=1, keepdims=True)
        ctx.spread = np.sqrt((x * x).mean(axis=1, keepdims=True) - mean * mean + self.epsilon)
        ctx.y = (x - mean) / ctx.spread
        return ctx.y


@fault("gradient of x, inputs zeros.*0 / 0.*where x is 0", check_layer, **VECTOR)
class DividesByNorm(Quiet, Layer):
    def output_shape(self, input_shape):
        return (1,)

    def forward(self, ctx, x):
        ctx.x, ctx.norm = x, np.sqrt((x * x).sum(axis=1, keepdims=True))
        return ctx.norm

    def backward(self, ctx, grad):
        return grad * ctx.x / ctx.norm


class _Largest(Quiet, Layer):
    def output_shape(self, input_shape):
        return (1,)

    def forward(self, ctx, x):
        y = x.max(axis=1, keepdims=True)
        ctx.among = (x == y).astype(x.dtype)
        return y


@fault("slope.*computed.*ties", check_layer, **VECTOR)
class GivesEachTheWhole(_Largest):
    def backward(self, ctx, grad):
        return grad * ctx.among


@right(check_layer, **VECTOR)
class Shares(_Largest):
    def backward(self, ctx, grad):
        return grad * ctx.among / ctx.among.sum(axis=1, keepdims=True)


@fault("inputs times 10.*a case .a boundary", check_layer, **VECTOR)
class Clips(Quiet, Layer):
    def forward(self, ctx, x):
        return np.clip(x, -6, 6)

    def backward(self, ctx, grad):
        return grad.copy()


@fault("a batch of 40.*right for a batch of 5", check_layer, **VECTOR)
class ThirtyTwo(Affine):
    def backward(self, ctx, grad):
        dx = super().backward(ctx, grad)
        ctx.db[...] = grad[:32].sum(axis=0)
        return dx


@fault("batch of one.*right for batches of 5 and 3.*ddof=1", check_layer, **VECTOR)
class AwayFromOthers(Quiet, Layer):
    """y = x - mean of the other samples, in training."""

    differs_in_training = True

    def forward(self, ctx, x):
        return x - (x.sum(axis=0) - x) / np.float64(len(x) - 1).astype(x.dtype) if ctx.training else x

    def backward(self, ctx, grad):
        return grad - (grad.sum(axis=0) - grad) / (len(grad) - 1)


@fault("input_shape=.1,.*right for 4 inputs, wrong for one.*squeeze", check_layer, **VECTOR)
class Squeezes(Quiet, Layer):
    def forward(self, ctx, x):
        y = 2 * x
        return y[:, 0] if y.shape[1] == 1 else y

    def backward(self, ctx, grad):
        return 2 * grad


@fault("axes of the same length.*exchanged", check_layer, input_shape=(3, 3, 2))
class ExchangesAxes(Quiet, Layer):
    def forward(self, ctx, x):
        return x.swapaxes(1, 2)

    def backward(self, ctx, grad):
        return grad.swapaxes(1, 2)


class _Leaky(Quiet, Layer):
    def __init__(self, slope=0.01, gate=False, **common):
        super().__init__(**common)
        self.slope = slope
        self.gate = gate

    def forward(self, ctx, x):
        ctx.slope = np.where(x > 0, 1.0, self.slope).astype(x.dtype)
        return x * ctx.slope * (0.5 if self.gate else 1)


@fault("right with slope=0.01, wrong with slope=.*self.slope", check_layer, **VECTOR)
class WritesSlopeIn(_Leaky):
    def backward(self, ctx, grad):
        return grad * np.where(ctx.slope == 1, 1.0, 0.01).astype(grad.dtype) * (0.5 if self.gate else 1)


@fault("right with gate=False, wrong with gate=True", check_layer, **VECTOR)
class ForgetsFlag(_Leaky):
    def backward(self, ctx, grad):
        return grad * ctx.slope


@fault("trainable=False.*frozen", check_layer, **VECTOR)
class FrozenStops(Affine):
    def backward(self, ctx, grad):
        return super().backward(ctx, grad) if ctx.trainable else None


@fault("gives .n, n.*keepdims", check_layer, **VECTOR)
class Broadcasts(Quiet, Layer):
    def output_shape(self, input_shape):
        return (1,)

    def forward(self, ctx, x):
        ctx.x = x
        return (x.sum(axis=1, keepdims=True) - x.mean(axis=1)).mean(axis=1, keepdims=True)

    def backward(self, ctx, grad):
        return grad * np.ones_like(ctx.x) - grad.mean() / ctx.x.shape[1]


@right(check_layer, input_shape=(6, 2))
class SameConvolution(Quiet, Layer):
    """Right for odd windows, which are all that it is meant for; the mean of a moving window."""

    def __init__(self, window=3, **common):
        super().__init__(**common)
        self.window = window

    def _moving_sum(self, x):
        each = self.window // 2
        padded = np.pad(x, ((0, 0), (each, each), (0, 0)))
        steps = padded.shape[1] - self.window + 1
        return sum(padded[:, k : k + steps] for k in range(self.window))

    def forward(self, ctx, x):
        return self._moving_sum(x) / self.window

    def backward(self, ctx, grad):
        return self._moving_sum(grad) / self.window


@right(check_layer, **VECTOR)
class Refuses(Quiet, Layer):
    """Right: products of halves; an odd number of features is refused."""

    def output_shape(self, input_shape):
        return (input_shape[-1] // 2,)

    def forward(self, ctx, x):
        if x.shape[1] % 2:
            raise ValueError("an even number of features is needed")
        ctx.a, ctx.b = np.split(x, 2, axis=1)
        return ctx.a * ctx.b

    def backward(self, ctx, grad):
        return np.concatenate([grad * ctx.b, grad * ctx.a], axis=1)


@right(check_layer, **VECTOR)
class FourFeatures(Quiet, Layer):
    """Right for four features, which are all that it is meant for."""

    def forward(self, ctx, x):
        return x * np.array([1, 2, 3, 4], x.dtype)

    def backward(self, ctx, grad):
        return grad * np.array([1, 2, 3, 4], grad.dtype)


@right(check_layer, **VECTOR)
class Pole(Quiet, Layer):
    """Right: y = 1 / x and exp(x) beside each other, infinite where they should be."""

    def output_shape(self, input_shape):
        return (2 * input_shape[0],)

    def forward(self, ctx, x):
        ctx.y = np.concatenate([1 / x, np.exp(x)], axis=1)
        return ctx.y

    def backward(self, ctx, grad):
        inverse, power = np.split(ctx.y, 2, axis=1)
        left, right = np.split(grad, 2, axis=1)
        return right * power - left * inverse**2


@right(check_layer, **VECTOR, inputs=lambda rng, shape: rng.uniform(0.5, 2, shape))
class PositiveOnly(Quiet, Layer):
    """Right: y = log(x), for positive inputs."""

    def forward(self, ctx, x):
        assert (x > 0).all()
        ctx.x = x
        return np.log(x)

    def backward(self, ctx, grad):
        return grad / ctx.x
