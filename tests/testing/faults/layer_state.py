"""Layers with faults in `forward`, state, randomness or arguments."""

import numpy as np

from faults import Quiet, fault
from faults.layers import VECTOR, Buffered, Center, Gain, Mask
from framework import Layer
from framework.testing import check_layer


@fault("writes to x", check_layer, **VECTOR)
class WritesInput(Gain):
    def forward(self, ctx, x):
        ctx.x = x.copy()
        x *= ctx.s
        return x


@fault("writes to parameter s.*Parameter\\(..., constraint", check_layer, **VECTOR)
class LimitsParameter(Gain):
    def forward(self, ctx, x):
        np.clip(ctx.s, 0, 0.5, out=ctx.s)
        return super().forward(ctx, x)


@fault("the gradient of x is still computed from the old parameters.*ctx.t is a copy.*in bind", check_layer, **VECTOR)
class CopiesParameter(Gain):
    def bind(self, ctx):
        ctx.t = ctx.s.copy()

    def backward(self, ctx, grad):
        super().backward(ctx, grad)
        return grad * ctx.t


@fault("tables: Grid\\(base=0.25\\) computes something else after Grid\\(\\) .*key leaves out", check_layer, **VECTOR)
class Grid(Quiet, Layer):
    """Adds multiples of `base`, which are remembered for each number of inputs."""

    tables = {}

    def __init__(self, base=0.5, **common):
        super().__init__(**common)
        self.base = base

    def forward(self, ctx, x):
        if x.shape[1] not in self.tables:
            self.tables[x.shape[1]] = self.base * np.arange(x.shape[1])
        return x + self.tables[x.shape[1]].astype(x.dtype)

    def backward(self, ctx, grad):
        return grad


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


@fault("computed float64, expected float32", check_layer, **VECTOR)
class LeaksFloat64(Gain):
    def forward(self, ctx, x):
        return super().forward(ctx, x) * np.ones(4)


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


@fault("buffer is not filled", check_layer, **VECTOR)
class UnfilledBuffer(Buffered):
    def forward(self, ctx, x):
        ctx.x = x
        ctx.y[:, 1:] = x[:, 1:] ** 2
        return ctx.y


@fault("expected shape", check_layer, **VECTOR)
class WrongShape(Gain):
    def forward(self, ctx, x):
        return super().forward(ctx, x).sum(axis=1)


@fault("column-major|not contiguous", check_layer, input_shape=(4,))
class NeedsContiguous(Gain):
    def forward(self, ctx, x):
        return super().forward(ctx, x.ravel(order="K").reshape(x.shape))


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
