"""Initializers that draw from another generator, repeat themselves or exchange fans, and right ones that look so."""

from math import sqrt

import numpy as np
from numpy.random import default_rng

from faults import Quiet, fault, right
from framework import Initializer
from framework.initializers import HeNormal, fans
from framework.testing import check_initializer


@fault("generator of its own with a fixed seed", check_initializer)
class FixedSeed(Quiet, Initializer):
    def __init__(self, seed=0):
        self.seed = seed

    def __call__(self, shape, rng):
        return default_rng(self.seed).normal(0, 0.1, shape)


@fault("same values but for their size.*generator of its own", check_initializer)
class FixedPattern(Quiet, Initializer):
    def __call__(self, shape, rng):
        return rng.random() * np.random.Generator(np.random.PCG64(1)).normal(size=shape)


@fault("kept from the first call \\(a cache\\)|stale state", check_initializer)
class Remembers(Quiet, Initializer):
    drawn = {}

    def __call__(self, shape, rng):
        if shape not in self.drawn:
            self.drawn[shape] = rng.normal(size=shape)
        return self.drawn[shape].copy()


@fault("some columns are equal.*one column is drawn and repeated", check_initializer)
class RepeatsColumn(Quiet, Initializer):
    def __call__(self, shape, rng):
        return np.broadcast_to(rng.normal(size=(shape[0], *(1 for _ in shape[1:]))), shape).copy()


@fault("some rows are equal.*10 of 40 rows", check_initializer)
class RepeatsBlock(Quiet, Initializer):
    def __call__(self, shape, rng):
        return np.resize(rng.normal(size=(10, *shape[1:])), shape)


@fault("again every 64 entries", check_initializer, shapes=(30, 9))
class RepeatsValues(Quiet, Initializer):
    def __call__(self, shape, rng):
        return np.resize(rng.normal(size=64), shape)


@fault("name LeakyHe says fan_in.*exchanged", check_initializer)
class LeakyHe(Quiet, HeNormal):
    def __init__(self, slope=0.2):
        self.slope = slope

    def variance(self, fan_in, fan_out):
        return 2 / (1 + self.slope**2) / fan_out


@fault("depend on fan_in more", check_initializer)
class Glorot(Quiet, Initializer):
    def __call__(self, shape, rng):
        return rng.normal(0, sqrt(1 / fans(shape)[0]), shape)


@fault("limit of a uniform distribution", check_initializer)
class MyGlorotUniform(Quiet, Initializer):
    def __call__(self, shape, rng):
        limit = sqrt(2 / sum(fans(shape)))
        return rng.uniform(-limit, limit, shape)


@fault("a square root is missing", check_initializer)
class KaimingNormal(Quiet, Initializer):
    def __call__(self, shape, rng):
        return rng.normal(0, 2 / fans(shape)[0], shape)


@fault("second call with the same generator gives the same values", check_initializer)
class BeginsAgain(Quiet, Initializer):
    def __call__(self, shape, rng):
        return np.random.Generator(np.random.PCG64(rng.bit_generator.seed_seq)).normal(size=shape)


@right(check_initializer)
class PixelShuffle(Quiet, Initializer):
    """ICNR: the rows that make up one pixel start alike."""

    def __init__(self, scale=2):
        self.scale = scale

    def __call__(self, shape, rng):
        W = rng.normal(size=(-(-shape[0] // self.scale), *shape[1:]))
        return np.repeat(W, self.scale, axis=0)[: shape[0]]


@right(check_initializer)
class XavierNormal(Quiet, Initializer):
    """As in Caffe: variance 1 over the number of inputs."""

    def __call__(self, shape, rng):
        return rng.normal(0, sqrt(1 / fans(shape)[0]), shape)


@right(check_initializer)
class Identity(Quiet, Initializer):
    """Refuses what has not two axes."""

    def __call__(self, shape, rng):
        if len(shape) != 2:
            raise ValueError("Identity needs two axes")
        return np.eye(*shape)


@right(check_initializer)
class Picks(Quiet, Initializer):
    """Each node looks at one input, some nodes at the same."""

    def __call__(self, shape, rng):
        W = np.zeros((shape[0] if len(shape) > 1 else 1, fans(shape)[0]))
        W[np.arange(len(W)), rng.integers(0, W.shape[1], len(W))] = 1
        return W.reshape(shape)


@right(check_initializer, std=sqrt(0.02), mean=0)
class Sparse(Quiet, Initializer):
    """Few are not zero."""

    def __call__(self, shape, rng):
        return rng.choice([-1.0, 1.0], shape) * (rng.random(shape) < 0.02)


@right(check_initializer, mean=0, std=1)
class LowRank(Quiet, Initializer):
    def __call__(self, shape, rng):
        if len(shape) != 2:
            return rng.normal(size=shape)
        return rng.normal(size=(shape[0], 1)) @ rng.normal(size=(1, shape[1]))


@right(check_initializer)
class Reseeded(Quiet, Initializer):
    """Its own generator has a seed from the one given."""

    def __call__(self, shape, rng):
        return default_rng(rng.integers(2**63)).standard_cauchy(shape)


@right(check_initializer)
class HeOfOutputs(Quiet, Initializer):
    """He with fan_out, which keeps the size of the gradients."""

    def __call__(self, shape, rng):
        return rng.normal(0, sqrt(2 / fans(shape)[1]), shape)


@fault("some rows are equal", check_initializer, shapes=(4, 3))
class ShortRow(Quiet, Initializer):
    def __call__(self, shape, rng):
        return np.zeros(shape) + rng.normal(size=shape[1:])


@right(check_initializer, shapes=[(4, 3), (6, 2)])
class InPairs(Quiet, Initializer):
    """Right: each row beside its negative."""

    def __call__(self, shape, rng):
        half = rng.normal(size=(shape[0] // 2, *shape[1:]))
        return np.concatenate([half, -half])


@fault("argument 'gain': has no effect", check_initializer)
class GainBesideWord(Quiet, Initializer):
    def __init__(self, gain=1.0, fan="fan_in"):
        self.gain = gain
        self.fan = fan

    def __call__(self, shape, rng):
        return rng.normal(size=shape) / sqrt(fans(shape)[self.fan == "fan_out"])
