"""Optimizers whose numbers are noise, averages, thresholds or rounded, and what is wrong by its numbers alone."""

import numpy as np

from faults import Quiet, fault, right
from faults.optimizers import Descent, Moments, Momentum, adam
from framework import SGD, Optimizer
from framework.testing import check_optimizer


@right(check_optimizer)
class Langevin(Quiet, Optimizer):
    """Right: noise that the seed and the step determine."""

    elementwise = False

    def __init__(self, learning_rate=0.01, temperature=1e-6, seed=0, **common):
        super().__init__(learning_rate, **common)
        self.temperature, self.seed = temperature, seed

    def update(self, params, grads):
        noise = np.random.default_rng((self.seed, self.step)).standard_normal(len(params))
        params += (2 * self.rate * self.temperature) ** 0.5 * noise.astype(params.dtype) - self.rate * grads


@right(check_optimizer)
class Averaged(Quiet, Optimizer):
    """Right: a threshold below which gradients rest, and an average of params that no step depends on."""

    slots = ("mean",)

    def __init__(self, learning_rate=0.05, threshold=1e-3, smoothing=0.9, **common):
        super().__init__(learning_rate, **common)
        self.threshold, self.smoothing = threshold, smoothing

    def update(self, params, grads):
        params -= self.rate * grads * (np.abs(grads) > self.threshold)
        self.mean *= self.smoothing
        self.mean += (1 - self.smoothing) * params


@right(check_optimizer)
class Modes(Quiet, Optimizer):
    """Right: a number that only another mode needs."""

    def __init__(self, learning_rate=0.05, mode="plain", limit=0.5, **common):
        super().__init__(learning_rate, **common)
        self.mode, self.limit = mode, limit

    def update(self, params, grads):
        params -= self.rate * (grads if self.mode == "plain" else np.clip(grads, -self.limit, self.limit))


@right(check_optimizer)
class Scaled(Quiet, Optimizer):
    """Right: a corrected average, with a sum behind it that is no average and needs no correction."""

    slots = ("v", "sum")

    def __init__(self, learning_rate=0.01, rho=0.9, momentum=0.8, **common):
        super().__init__(learning_rate, **common)
        self.rho, self.momentum = rho, momentum

    def update(self, params, grads):
        self.v += (1 - self.rho) * (grads * grads - self.v)
        self.sum *= self.momentum
        self.sum += grads / (np.sqrt(self.v / (1 - self.rho**self.step)) + params.dtype.type(1e-8))
        params -= self.rate * self.sum


@right(check_optimizer)
class TwoSums(Momentum):
    """Right: one of two sums falls by `momentum`."""

    slots = ("velocity", "other")

    def update(self, params, grads):
        self.velocity *= self.momentum
        self.velocity += grads
        self.other *= 0.5
        self.other += grads
        params -= self.rate * (self.velocity + self.other)


@right(check_optimizer)
class Dampened(Quiet, SGD):
    """Right: an inherited argument, `nesterov`, is passed on and not used."""

    def __init__(self, learning_rate=0.01, momentum=0.9, dampening=0.1, **common):
        super().__init__(learning_rate, momentum, **common)
        self.dampening = dampening

    def update(self, params, grads):
        self.velocity *= self.momentum
        self.velocity += (1 - self.dampening) * grads
        params -= self.rate * self.velocity


@fault("slot 'velocity': holds rounded numbers, of float32", check_optimizer)
class SavesMemory(Momentum):
    def update(self, params, grads):
        self.velocity[...] = (self.momentum * self.velocity + grads).astype(np.float32)
        params -= self.rate * self.velocity


@fault("constant gradient in float32: step .* not finite.*square root of a negative number", check_optimizer)
class Centered(Quiet, Optimizer):
    slots = ("v", "mean")

    def update(self, params, grads):
        for slot, value in ((self.v, grads * grads), (self.mean, grads)):
            slot *= 0.9
            slot += params.dtype.type(0.1) * value
        params -= self.rate * grads / (np.sqrt(self.v - self.mean * self.mean) + params.dtype.type(1e-3))


@fault("not solved", check_optimizer)
class Vanishes(Descent):
    def update(self, params, grads):
        params -= self.rate * grads / self.step**3


@fault("beta_2 applied twice", check_optimizer, definition=adam)
class BetaTwice(Moments):
    def update(self, params, grads):
        step, beta = self.step, self.beta_2**2
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - beta) * (grads * grads - self.v)
        m, v = self.m / (1 - self.beta_1**step), self.v / (1 - beta**step)
        params -= self.rate * m / (np.sqrt(v) + params.dtype.type(1e-8))


@fault("weight_decay is applied twice", check_optimizer)
class DecaysAgain(Descent):
    def update(self, params, grads):
        params -= self.rate * (grads + params.dtype.type(self.weight_decay) * params)
