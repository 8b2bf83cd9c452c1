"""Activations whose faults show for some inputs, sizes or arguments alone, and right ones that are not usual."""

import numpy as np

from faults import Quiet, fault, right
from framework import Activation
from framework.testing import check_activation


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


@fault("frequency=0.5.*factor 2 too much.*with frequency=1.0 it is right", check_activation)
class DropsFrequency(Quiet, Activation):
    def __init__(self, frequency=1.0):
        self.frequency = frequency

    def __call__(self, z):
        return np.sin(self.frequency * z)

    def derivative(self, z, a):
        return np.cos(self.frequency * z)


@fault("z = 0: computed nan.*0 / 0", check_activation)
class SincWithoutLimit(Quiet, Activation):
    def __call__(self, z):
        with np.errstate(invalid="ignore"):
            return np.sin(z) / z

    def derivative(self, z, a):
        return (np.cos(z) - a) / z


@fault("z = 0: computed 0, expected 1.*right beside z = 0", check_activation)
class FlatAtZero(Quiet, Activation):
    def __call__(self, z):
        return z / (1 + np.abs(z))

    def derivative(self, z, a):
        return np.abs(np.sign(z)) / (1 + np.abs(z)) ** 2


@fault("right up to z = 20, wrong beyond", check_activation)
class FlatFarOut(Quiet, Activation):
    def __call__(self, z):
        return np.logaddexp(0, z)

    def derivative(self, z, a):
        return np.where(z < 25, logistic(z), z.dtype.type(0))


@fault("computed inf, expected 100.*exp overflows", check_activation)
class InfiniteSoftplus(Quiet, Activation):
    def __call__(self, z):
        return np.log1p(np.exp(z))

    def derivative(self, z, a):
        return logistic(z)


@fault("one unit.*0 / 0", check_activation)
class Standardized(Quiet, Activation):
    def __call__(self, z):
        return (z - z.mean(-1, keepdims=True)) / z.std(-1, keepdims=True)

    def backward(self, grad, z, a):
        centered = grad - grad.mean(-1, keepdims=True) - a * (grad * a).mean(-1, keepdims=True)
        return centered / z.std(-1, keepdims=True)


@fault("a sample of zeros.*0 / 0", check_activation)
class UnitLength(Quiet, Activation):
    def __call__(self, z):
        return z / np.sqrt((z * z).sum(-1, keepdims=True))

    def backward(self, grad, z, a):
        return (grad - a * (grad * a).sum(-1, keepdims=True)) / np.sqrt((z * z).sum(-1, keepdims=True))


@fault("batch size is written into the code", check_activation)
class Of32Samples(Quiet, Activation):
    def __call__(self, z):
        a = np.zeros_like(z)
        a[:32] = np.tanh(z[:32])
        return a

    def derivative(self, z, a):
        return 1 - a * a


@fault("depends on the others of its batch", check_activation)
class SoftmaxOfFarSamples(Quiet, Activation):
    """Right as long as no other sample is far larger."""

    def __call__(self, z):
        e = np.exp(z - z.max())
        return e / e.sum(-1, keepdims=True)

    def backward(self, grad, z, a):
        return a * (grad - (grad * a).sum(-1, keepdims=True))


@fault("a sample's gradient depends on the others", check_activation)
class SoftmaxSummedOverAll(Quiet, Activation):
    def __call__(self, z):
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def backward(self, grad, z, a):
        return a * (grad - (grad * a).sum())


@fault("write backward\\(grad, z, a\\) instead of derivative", check_activation)
class SoftmaxOfDiagonal(Quiet, Activation):
    def __call__(self, z):
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def derivative(self, z, a):
        return a * (1 - a)


@fault("gives other values: random", check_activation)
class Noisy(Quiet, Activation):
    def __call__(self, z):
        return np.tanh(z + 0.1 * np.random.default_rng().random(z.shape))

    def derivative(self, z, a):
        return 1 - a * a


@fault("constant between its jumps", check_activation)
class StraightThrough(Quiet, Activation):
    def __call__(self, z):
        return np.sign(z)

    def derivative(self, z, a):
        return (np.abs(z) < 1).astype(z.dtype)


@fault("z = 0: jumps from 1 to 0.*a constant is missing", check_activation)
class EluWithoutItsOne(Quiet, Activation):
    def __call__(self, z):
        return np.where(z > 0, z, np.exp(np.minimum(z, 0)))

    def derivative(self, z, a):
        return np.where(z > 0, 1, a).astype(z.dtype)


@fault("right where z > 0, wrong where z < 0.*every entry is 0.952381 times", check_activation)
class ScaledOnOneSide(Quiet, Activation):
    def __call__(self, z):
        return 1.05 * np.where(z > 0, z, np.expm1(np.minimum(z, 0)))

    def derivative(self, z, a):
        return np.where(z > 0, 1.05, np.exp(np.minimum(z, 0))).astype(z.dtype)


@right(check_activation)
class LeakyThreshold(Quiet, Activation):
    """It jumps, on purpose; the second argument of derivative may have any name."""

    def __init__(self, threshold=1.0):
        self.threshold = threshold

    def __call__(self, x):
        return np.where(x > self.threshold, x, 0.1 * x)

    def derivative(self, x, out):
        return np.where(x > self.threshold, 1, 0.1).astype(x.dtype)


@right(check_activation)
class Phase(Quiet, Activation):
    """An angle from -pi to pi."""

    def __call__(self, z):
        return z - 2 * np.pi * np.round(z / (2 * np.pi))

    def derivative(self, z, a):
        return np.ones_like(z)


@fault("by definition", check_activation, definition=lambda z: z * logistic(1.702 * z))
class OtherConstant(Quiet, Activation):
    def __call__(self, z):
        return z * logistic(1.5 * z)

    def derivative(self, z, a):
        s = logistic(1.5 * z)
        return s + 1.5 * a * (1 - s)


@right(check_activation)
class Sparsemax(Quiet, Activation):
    """The nearest point of the simplex; only `backward` is written."""

    def __call__(self, z):
        ordered = -np.sort(-z, axis=-1)
        excess = np.cumsum(ordered, axis=-1) - 1
        count = (ordered * np.arange(1, z.shape[-1] + 1) > excess).sum(axis=-1, keepdims=True)
        return np.maximum(z - np.take_along_axis(excess, count - 1, axis=-1) / count, 0).astype(z.dtype)

    def backward(self, grad, z, a):
        support = (a > 0).astype(z.dtype)
        return support * (grad - (grad * support).sum(-1, keepdims=True) / support.sum(-1, keepdims=True))


@right(check_activation)
class WinnerTakesAll(Quiet, Activation):
    def __call__(self, z):
        return np.where(z == z.max(-1, keepdims=True), z, 0)

    def backward(self, grad, z, a):
        return np.where(z == z.max(-1, keepdims=True), grad, 0)


@right(check_activation)
class MaxMin(Quiet, Activation):
    """Sorts the units in pairs."""

    def __call__(self, z):
        if z.shape[-1] % 2:
            raise ValueError("MaxMin needs an even number of units")
        return np.sort(z.reshape(*z.shape[:-1], -1, 2), axis=-1).reshape(z.shape)

    def backward(self, grad, z, a):
        pairs, back = z.reshape(*z.shape[:-1], -1, 2), grad.reshape(*z.shape[:-1], -1, 2)
        return np.where(pairs[..., :1] > pairs[..., 1:], back[..., ::-1], back).reshape(z.shape)


@right(check_activation, definition=lambda z: np.sin(100 * z))
class Steep(Quiet, Activation):
    def __init__(self, frequency=100.0):
        self.frequency = frequency

    def __call__(self, z):
        return np.sin(self.frequency * z)

    def derivative(self, z, a):
        return self.frequency * np.cos(self.frequency * z)


@right(check_activation)
class Jumps(Quiet, Activation):
    """Keeps what is above a threshold."""

    def __init__(self, threshold=1.0):
        self.threshold = threshold

    def __call__(self, z):
        return z * (z > self.threshold)

    def derivative(self, z, a):
        return (z > self.threshold).astype(z.dtype)


@right(check_activation)
class Squareplus(Quiet, Activation):
    """Infinite where squares overflow."""

    def __call__(self, z):
        return (z + np.sqrt(z * z + 4)) / 2

    def derivative(self, z, a):
        return (1 + z / np.sqrt(z * z + 4)) / 2


@right(check_activation)
class SoftmaxAlong(Quiet, Activation):
    def __init__(self, axis=-1, temperature=0.5):
        self.axis = axis
        self.temperature = temperature

    def __call__(self, z):
        e = np.exp((z - z.max(self.axis, keepdims=True)) / self.temperature)
        return e / e.sum(self.axis, keepdims=True)

    def backward(self, grad, z, a):
        return a * (grad - (grad * a).sum(self.axis, keepdims=True)) / self.temperature


@right(check_activation)
class ByUnit(Quiet, Activation):
    """The first half of the units has one function, the second half another."""

    def __call__(self, z):
        half = z.shape[-1] // 2
        return np.concatenate([np.maximum(z[..., :half], 0), np.tanh(z[..., half:])], axis=-1)

    def derivative(self, z, a):
        half = z.shape[-1] // 2
        return np.concatenate([(a[..., :half] > 0).astype(a.dtype), 1 - a[..., half:] ** 2], axis=-1)
