"""Optimizers that are wrong after some steps, with small gradients or beside clipping, and unusual right ones."""

import numpy as np

from faults import Quiet, fault, right
from faults.optimizers import Descent, Moments, Momentum, adam
from framework import Optimizer
from framework.testing import check_optimizer


@right(check_optimizer, follows_rate=False)
class Resilient(Quiet, Optimizer):
    """Right: Rprop. The learning rate is the first step's length, and no other's."""

    slots = ("length", "last")

    def __init__(self, learning_rate=0.01, increase=1.2, decrease=0.5, **common):
        super().__init__(learning_rate, **common)
        self.increase, self.decrease = increase, decrease

    def update(self, params, grads):
        if self.step == 1:
            self.length[...] = self.rate
        agree = grads * self.last
        self.length[agree > 0] *= self.increase
        self.length[agree < 0] *= self.decrease
        self.last[...] = np.where(agree < 0, 0, grads)
        params -= self.length * np.sign(self.last)


@right(check_optimizer, follows_rate=False)
class BarzilaiBorwein(Quiet, Optimizer):
    """Right: the learning rate is that of the first step; the later ones follow from two points."""

    slots = ("x", "g")
    elementwise = False

    def update(self, params, grads):
        moved, turned = params - self.x, grads - self.g
        curved = self.step > 1 and moved.any()
        rate = min(10.0, (moved @ moved) / (abs(moved @ turned) + 1e-12)) if curved else self.rate
        self.x[...], self.g[...] = params, grads
        params -= rate * grads


@right(check_optimizer)
class Lookahead(Quiet, Optimizer):
    """Right: slow weights, which start at params."""

    slots = ("slow",)

    def __init__(self, learning_rate=0.1, every=10, **common):
        super().__init__(learning_rate, **common)
        self.every = every

    def update(self, params, grads):
        if self.step == 1:
            self.slow[...] = params
        params -= self.rate * grads
        if self.step % self.every == 0:
            self.slow += 0.5 * (params - self.slow)
            params[...] = self.slow


@right(check_optimizer)
class Accumulates(Quiet, Optimizer):
    """Right: a step with the mean of each four gradients."""

    slots = ("total",)

    def update(self, params, grads):
        self.total += grads
        if self.step % 4 == 0:
            params -= self.rate * self.total / 4
            self.total[...] = 0


@right(check_optimizer)
class ScheduleFree(Quiet, Optimizer):
    """Right: averages in which a zero gradient still moves the last digit."""

    slots = ("z", "x")

    def update(self, params, grads):
        if self.step == 1:
            self.z[...], self.x[...] = params, params
        self.z -= self.rate * grads
        self.x += (self.z - self.x) / self.step
        params[...] = 0.1 * self.z + 0.9 * self.x


@right(check_optimizer)
class ExchangesSlots(Quiet, Optimizer):
    """Right: positive-negative momentum."""

    slots = ("even", "odd")

    def update(self, params, grads):
        self.even, self.odd = self.odd, self.even
        self.even *= 0.8
        self.even += 0.2 * grads
        params -= self.rate * (1.5 * self.even - 0.5 * self.odd)


@right(check_optimizer)
class OwnDecay(Quiet, Optimizer):
    """Right: an argument of its own moves what has no gradient."""

    def __init__(self, learning_rate=0.01, l1=1e-3, **common):
        super().__init__(learning_rate, **common)
        self.l1 = l1

    def update(self, params, grads):
        params -= self.rate * (grads + self.l1 * np.sign(params))


@right(check_optimizer)
class UnevenMomenta(Quiet, Optimizer):
    """Right: Adam, whose mean falls by `momentum`, so that its steps do not."""

    slots = ("m", "v")

    def __init__(self, learning_rate=0.01, momentum=0.9, rho=0.99, **common):
        super().__init__(learning_rate, **common)
        self.momentum, self.rho = momentum, rho

    def update(self, params, grads):
        self.m = self.momentum * self.m + (1 - self.momentum) * grads
        self.v = self.rho * self.v + (1 - self.rho) * grads**2
        m, v = self.m / (1 - self.momentum**self.step), self.v / (1 - self.rho**self.step)
        params -= self.rate * m / (np.sqrt(v) + 1e-8)


@fault("zero gradient: step 10: .*slot that should start at params", check_optimizer)
class SlowFromZero(Lookahead):
    def update(self, params, grads):
        params -= self.rate * grads
        if self.step % self.every == 0:
            self.slow += 0.5 * (params - self.slow)
            params[...] = self.slow


@fault("slot 'slow': is params itself.*copy it", check_optimizer)
class SlowIsParams(Lookahead):
    def update(self, params, grads):
        if self.step == 1:
            self.slow = params
        super().update(params, grads)


@fault(r"zero gradient: step 1: params are not finite.*0 / 0 .*epsilon", check_optimizer)
class WithoutEpsilon(Moments):
    def update(self, params, grads):
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        params -= self.rate * grads / np.sqrt(self.v / (1 - self.beta_2**self.step))


@fault("from 1e-8 to 1e4: .*an epsilon of another size, or in another place", check_optimizer, definition=adam)
class EpsilonInRoot(Moments):
    def update(self, params, grads):
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        m, v = self.m / (1 - self.beta_1**self.step), self.v / (1 - self.beta_2**self.step)
        params -= self.rate * m / np.sqrt(v + 1e-8)


@fault("average with beta_1 is corrected with beta_2", check_optimizer)
class CorrectsWithOther(Moments):
    def update(self, params, grads):
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        m, v = self.m / (1 - self.beta_2**self.step), self.v / (1 - self.beta_2**self.step)
        params -= self.rate * m / (np.sqrt(v) + 1e-8)


@fault("the bias corrections are missing", check_optimizer, definition=adam)
class CorrectsNothing(Moments):
    def update(self, params, grads):
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        params -= self.rate * self.m / (np.sqrt(self.v) + 1e-8)


@fault("as gradient .. -1, by the formula as gradient .. 0: a square", check_optimizer, definition=adam)
class ForgetsRoot(Moments):
    def update(self, params, grads):
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        m, v = self.m / (1 - self.beta_1**self.step), self.v / (1 - self.beta_2**self.step)
        params -= self.rate * m / (v + 1e-8)


@fault("argument 'nesterov': no other value.*is ignored", check_optimizer)
class IgnoresNesterov(Momentum):
    def __init__(self, learning_rate=0.1, momentum=0.8, nesterov=False, **common):
        super().__init__(learning_rate, momentum, **common)
        self.nesterov = nesterov


@fault("argument 'momentum': no other value.*the slot 'velocity' is made anew", check_optimizer)
class ForgetsVelocity(Momentum):
    def update(self, params, grads):
        self.velocity = np.zeros_like(params)
        self.velocity += self.momentum * self.velocity + grads
        params -= self.rate * self.velocity


@fault("small gradients: .*below a threshold", check_optimizer)
class DropsSmall(Descent):
    def update(self, params, grads):
        params -= self.rate * np.where(np.abs(grads) > 1e-3, grads, 0)


@fault(r"entry \[6\] does not move.*left out", check_optimizer)
class LeavesLast(Descent):
    def update(self, params, grads):
        params[:-1] -= self.rate * grads[:-1]


@fault("large gradients|an overflow", check_optimizer)
class Overflows(Descent):
    def update(self, params, grads):
        power = np.exp(grads)
        params -= self.rate * (power - 1) / (power + 1)


@fault("first changed in step 2.*update the slots first", check_optimizer)
class OneStepLate(Momentum):
    def update(self, params, grads):
        params -= self.rate * self.velocity
        self.velocity *= self.momentum
        self.velocity += grads


@fault("clip_norm is applied twice", check_optimizer)
class ClipsAgain(Descent):
    def update(self, params, grads):
        norm = np.sqrt(grads @ grads)
        if self.clip_norm is not None and norm > self.clip_norm:
            grads = grads * (self.clip_norm / norm)
        params -= self.rate * grads


@fault("bind must pass decayed on", check_optimizer)
class DecaysBiases(Descent):
    def bind(self, params, decayed=None):
        super().bind(params)


@fault(r"a vector of one parameter", check_optimizer)
class NeedsTwo(Descent):
    elementwise = False

    def update(self, params, grads):
        params -= self.rate * grads / (1 + np.std(grads, ddof=1))


@fault(r"name it in slots, \('velocity',\)", check_optimizer)
class Misspelled(Momentum):
    slots = ("velocty",)


@fault("self.rate is .* after the step", check_optimizer)
class ShrinksRate(Descent):
    def update(self, params, grads):
        self.rate *= 0.99
        params -= self.rate * grads


@fault("the minimum is left again.*steps that grow", check_optimizer)
class Grows(Descent):
    def update(self, params, grads):
        params -= self.rate * self.step * grads


@fault("check with follows_rate=False", check_optimizer)
class FirstRateOnly(Resilient):
    """Right but for the option."""


@fault("the step is as long as .*small learning rates are held", check_optimizer)
class NeverSlow(Quiet, Optimizer):
    def update(self, params, grads):
        params -= max(self.rate, 1e-3) * grads


@right(check_optimizer)
class LeastRate(Quiet, Optimizer):
    """Right: the least rate is an argument."""

    def __init__(self, learning_rate=0.01, least=1e-3, **common):
        super().__init__(learning_rate, **common)
        self.least = least

    def update(self, params, grads):
        params -= max(self.rate, self.least) * grads


def nesterov(x, grad, step, rate, memory, ahead, **common):
    memory["v"] = grad if step == 1 else 0.9 * memory["v"] + grad
    return x - rate * (grad + 0.9 * memory["v"] if ahead else memory["v"])


@fault("ahead=False works as ahead=True", check_optimizer, definition=nesterov)  # which makes its memory in step 1
class AlwaysAhead(Quiet, Optimizer):
    slots = ("v",)

    def __init__(self, learning_rate=0.01, ahead=False, **common):
        super().__init__(learning_rate, **common)
        self.ahead = ahead

    def update(self, params, grads):
        self.v *= 0.9
        self.v += grads
        params -= self.rate * (grads + 0.9 * self.v)
