"""Layers with faults in their noise, in what they declare and in what they leave, and right ones with unusual noise."""

import numpy as np

from faults import Quiet, fault, right
from faults.layers import VECTOR, Affine, Gain, Mask
from framework import Dense, Layer, Parameter
from framework.testing import check_layer


@right(check_layer, **VECTOR)
class MixUp(Quiet, Layer):
    """Right: mixes each sample with another one."""

    differs_in_training = True

    def forward(self, ctx, x):
        if not ctx.training:
            return x
        ctx.share, ctx.order = float(ctx.rng.beta(0.4, 0.4)), ctx.rng.permutation(len(x))
        return ctx.share * x + (1 - ctx.share) * x[ctx.order]

    def backward(self, ctx, grad):
        dx = ctx.share * grad
        dx[ctx.order] += (1 - ctx.share) * grad
        return dx


@right(check_layer, **VECTOR)
class RandomGate(Quiet, Layer):
    """Right: a relaxed Bernoulli gate whose mean is learned, and in inference only near to that."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"a": Parameter(input_shape, "ones")}

    def forward(self, ctx, x):
        odds = 0 * x
        if ctx.training:
            u = ctx.rng.uniform(1e-4, 1 - 1e-4, x.shape)
            odds = (np.log(u) - np.log1p(-u)).astype(x.dtype)
        ctx.x, ctx.gate = x, 1 / (1 + np.exp(-2 * (ctx.a + odds) if ctx.training else -ctx.a + odds))
        return x * ctx.gate

    def backward(self, ctx, grad):
        ctx.da[...] = (grad * ctx.x * 2 * ctx.gate * (1 - ctx.gate)).sum(axis=0)
        return grad * ctx.gate


@right(check_layer, **VECTOR)
class LeansOnNeighbor(Quiet, Layer):
    """Right: takes a part of the sample before, in training."""

    differs_in_training = True

    def forward(self, ctx, x):
        return x - 0.2 * np.roll(x, 1, axis=0) if ctx.training else 0.8 * x

    def backward(self, ctx, grad):
        return grad - 0.2 * np.roll(grad, -1, axis=0)


@right(check_layer, input_shape=(5, 2))
class CutOut(Quiet, Layer):
    """Right: erases some steps of each sample, without a scale."""

    differs_in_training = True

    def __init__(self, size=2, **common):
        super().__init__(**common)
        self.size = size

    def forward(self, ctx, x):
        if not ctx.training:
            return x
        start = ctx.rng.integers(0, x.shape[1], (len(x), 1))
        ctx.kept = ((np.arange(x.shape[1]) - start) % x.shape[1] >= self.size)[:, :, None]
        return x * ctx.kept

    def backward(self, ctx, grad):
        return grad * ctx.kept


@right(check_layer, **VECTOR)
class WarmMask(Mask):
    """Right: the rate is 0 at first, and raised with each pass."""

    def parameters(self, input_shape):
        return {"passes": Parameter((), trainable=False)}

    def forward(self, ctx, x):
        rate = self.rate * min(1, float(ctx.passes) / 500)
        if not ctx.training:
            return x
        ctx.passes += 1
        ctx.mask = ((ctx.rng.random(x.shape) >= rate) / (1 - rate)).astype(x.dtype)
        return x * ctx.mask


class Drawn(Mask):
    """Base: the mask is `draw`."""

    def forward(self, ctx, x):
        if not ctx.training:
            return x
        ctx.mask = self.draw(ctx, x).astype(x.dtype)
        return x * ctx.mask


@fault("scaled twice by 1 / \\(1 - rate\\)", check_layer, **VECTOR)
class ScalesTwice(Drawn):
    def draw(self, ctx, x):
        return (ctx.rng.random(x.shape) >= self.rate) / (1 - self.rate) ** 2


@fault("scaled by 1 / rate, expected 1 / \\(1 - rate\\)", check_layer, **VECTOR)
class ScalesByRate(Drawn):
    """Right for a rate of 0.5."""

    def __init__(self, rate=0.5):
        super().__init__(rate)

    def draw(self, ctx, x):
        return (ctx.rng.random(x.shape) >= self.rate) / self.rate


@fault("kept and dropped are exchanged", check_layer, **VECTOR)
class KeepsDropped(Drawn):
    def draw(self, ctx, x):
        return (ctx.rng.random(x.shape) < self.rate) / (1 - self.rate)


@fault("inference multiplies by 0.6, but training is scaled already", check_layer, **VECTOR)
class ScalesInference(Mask):
    def forward(self, ctx, x):
        return super().forward(ctx, x) if ctx.training else x * (1 - self.rate)


@fault("the random factor has mean 1.08", check_layer, **VECTOR)
class LogNormal(Drawn):
    def draw(self, ctx, x):
        return np.exp(self.rate * ctx.rng.standard_normal(x.shape))


@fault("noise that is added has mean 0.4.*first argument of ctx.rng.normal", check_layer, **VECTOR)
class ShiftsMean(Mask):
    def forward(self, ctx, x):
        return x + ctx.rng.normal(self.rate, size=x.shape).astype(x.dtype) if ctx.training else x

    def backward(self, ctx, grad):
        return grad


@fault("have the same noise.*drawn once", check_layer, **VECTOR)
class KeepsMask(Mask):
    def forward(self, ctx, x):
        return x * ctx.mask if hasattr(ctx, "mask") else super().forward(ctx, x)


@fault("bind: draws from ctx.rng", check_layer, **VECTOR)
class DrawsOnce(Mask):
    def bind(self, ctx):
        if ctx.training:
            ctx.mask = (ctx.rng.random((ctx.n, 4)) >= self.rate) / (1 - self.rate)


@fault("backward: draws from ctx.rng", check_layer, **VECTOR)
class DrawsAgain(Drawn):
    def draw(self, ctx, x):
        return (ctx.rng.random(x.shape) >= self.rate) / (1 - self.rate)

    def backward(self, ctx, grad):
        return grad * self.draw(ctx, grad)


@fault("training and inference are exchanged", check_layer, **VECTOR)
class Exchanged(Mask):
    def forward(self, ctx, x):
        if ctx.training:
            ctx.mask = 1
            return x
        return x * (ctx.rng.random(x.shape) >= self.rate) / (1 - self.rate)


@fault("output_shape: self.size was not there and is now 4.*output_shape keeps self.size", check_layer, **VECTOR)
class SizeFromShape(Affine):
    def output_shape(self, input_shape):
        self.size = input_shape[0]
        return (4,)

    def parameters(self, input_shape):
        return {"W": Parameter((4, self.size), "glorot_uniform"), "b": Parameter((4,))}


@fault("initial values of W differ from one call", check_layer, **VECTOR)
class DrawsValues(Affine):
    def parameters(self, input_shape):
        W = np.random.default_rng().standard_normal((4, *input_shape))
        return {**super().parameters(input_shape), "W": Parameter(W.shape, W)}


@fault("ctx.seen grows: after 20, 25 and 30 passes", check_layer, **VECTOR)
class Remembers(Gain):
    def bind(self, ctx):
        ctx.seen = []

    def forward(self, ctx, x):
        ctx.seen.append(x)
        return super().forward(ctx, x)


class _Path(Quiet, Layer):
    """Right: y = x + f(x), a path that is left out at random, and divided by the share that is kept."""

    differs_in_training = True
    scale = 0.8
    together = False

    def children(self, input_shape):
        return [(Dense(4, "tanh"), input_shape)]

    def forward(self, ctx, x):
        (child,) = ctx.children
        ctx.keep = 1.0
        if ctx.training:
            ctx.keep = (ctx.rng.random((1 if self.together else len(x), 1)) < 0.8).astype(x.dtype) / self.scale
        return x + ctx.keep * child.layer.forward(child, x)

    def backward(self, ctx, grad):
        (child,) = ctx.children
        inside = child.layer.backward(child, ctx.keep * grad)
        return grad + inside if ctx.needs_input_grad else None


@right(check_layer, **VECTOR)
class Path(_Path):
    pass


@right(check_layer, **VECTOR)
class LayerDrop(_Path):
    """Right: the path is left out for the whole batch, as in LayerDrop (Fan et al. 2020), which scales nothing."""

    scale = 1.0
    together = True


@fault("path through the layers inside is kept at random, and not divided", check_layer, **VECTOR)
class UnscaledPath(_Path):
    scale = 1.0


@right(check_layer, input_shape=(5, 2))
class EraseOne(Quiet, Layer):
    """Right: sets one step of each sample to zero in training, as an augmentation, and scales nothing."""

    differs_in_training = True

    def forward(self, ctx, x):
        ctx.mask = np.ones((*x.shape[:2], 1), x.dtype)
        if ctx.training:
            ctx.mask[np.arange(len(x)), ctx.rng.integers(0, x.shape[1], len(x))] = 0
        return x * ctx.mask

    def backward(self, ctx, grad):
        return grad * ctx.mask
