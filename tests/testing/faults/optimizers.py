import numpy as np

from faults import Quiet, fault, right
from framework import Optimizer
from framework.testing import check_optimizer


@right(check_optimizer)
class Descent(Quiet, Optimizer):
    """Right."""

    def update(self, params, grads):
        params -= self.rate * grads


@right(check_optimizer)
class Momentum(Quiet, Optimizer):
    """Right: v = m v + g, x = x - rate v."""

    slots = ("velocity",)

    def __init__(self, learning_rate=0.1, momentum=0.8, **common):
        self.momentum = momentum
        super().__init__(learning_rate, **common)

    def update(self, params, grads):
        self.velocity *= self.momentum
        self.velocity += grads
        params -= self.rate * self.velocity


def adam(x, g, step, rate, memory, beta_1, beta_2, **others):
    memory["m"] = beta_1 * memory.get("m", 0) + (1 - beta_1) * g
    memory["v"] = beta_2 * memory.get("v", 0) + (1 - beta_2) * g**2
    m, v = memory["m"] / (1 - beta_1**step), memory["v"] / (1 - beta_2**step)
    return x - rate * m / (np.sqrt(v) + 1e-8)


@right(check_optimizer, definition=adam)
class Moments(Quiet, Optimizer):
    """Right: Adam."""

    slots = ("m", "v")
    shift = 0

    def __init__(self, learning_rate=0.1, beta_1=0.9, beta_2=0.99, **common):
        self.beta_1, self.beta_2 = beta_1, beta_2
        super().__init__(learning_rate, **common)

    def update(self, params, grads):
        step = self.step + self.shift
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        m, v = self.m / (1 - self.beta_1**step), self.v / (1 - self.beta_2**step)
        params -= self.rate * m / (np.sqrt(v) + params.dtype.type(1e-8))


@right(check_optimizer)
class Normed(Quiet, Optimizer):
    """Right: not elementwise, and says so."""

    elementwise = False

    def update(self, params, grads):
        params -= self.rate * grads / max(1, np.sqrt(grads @ grads))


@fault("sign is wrong", check_optimizer)
class Ascent(Descent):
    def update(self, params, grads):
        params += self.rate * grads


@fault("step count off by one in a bias correction: it is too high", check_optimizer)
class CountsFromTwo(Moments):
    shift = 1


@fault("step count that is off by one|step count", check_optimizer)
class CountsFromZero(Moments):
    shift = -1


@fault("step count off by one in a bias correction: it is too high", check_optimizer)
class SecondMomentFromTwo(Moments):
    def update(self, params, grads):
        step = self.step + 1
        self.m[...] = grads
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        params -= self.rate * self.m / (np.sqrt(self.v / (1 - self.beta_2**step)) + params.dtype.type(1e-8))


@fault("bias correction is missing.*beta_2", check_optimizer)
class CorrectsOnlyMean(Moments):
    def update(self, params, grads):
        self.m += (1 - self.beta_1) * (grads - self.m)
        self.v += (1 - self.beta_2) * (grads * grads - self.v)
        m = self.m / (1 - self.beta_1**self.step)
        params -= self.rate * m / (np.sqrt(self.v) + params.dtype.type(1e-8))


@fault("momentum applied twice", check_optimizer)
class MomentumTwice(Momentum):
    def update(self, params, grads):
        self.velocity *= self.momentum
        super().update(params, grads)


@fault("learning rate is applied twice", check_optimizer)
class RateTwice(Descent):
    def update(self, params, grads):
        params -= self.rate * self.rate * grads


@fault("learning rate is ignored", check_optimizer)
class IgnoresRate(Descent):
    def update(self, params, grads):
        params -= params.dtype.type(0.01) * grads


@fault("schedule", check_optimizer)
class IgnoresSchedule(Descent):
    slots = ("first",)

    def update(self, params, grads):
        if self.step == 1:
            self.first[...] = self.rate
        params -= self.first * grads


@fault("schedule", check_optimizer)
class ReadsArgument(Descent):
    def update(self, params, grads):
        params -= params.dtype.type(self.learning_rate) * grads


@fault("not changed in place", check_optimizer)
class MakesNewVector(Descent):
    def update(self, params, grads):
        params = params - self.rate * grads


@fault("writes to grads", check_optimizer)
class WritesGradient(Descent):
    def update(self, params, grads):
        grads *= self.rate
        params -= grads


@fault("name it in slots", check_optimizer)
class Unsaved(Momentum):
    slots = ()

    def bind(self, params, decayed=None):
        super().bind(params, decayed)
        self.velocity = np.zeros_like(params)


@fault("stale state: bind", check_optimizer)
class NeverReset(Momentum):
    slots = ()

    def update(self, params, grads):
        if not hasattr(self, "velocity"):
            self.velocity = np.zeros_like(params)
        super().update(params, grads)


@fault("stale state: bind", check_optimizer)
class OwnCount(Moments):
    count = 0

    def update(self, params, grads):
        self.count += 1
        self.m += (1 - self.beta_1) * (grads - self.m)
        params -= self.rate * self.m / (1 - self.beta_1**self.count)


@fault("step after a thaw: raised ValueError.*take sizes from params", check_optimizer)
class SizedForWhole(Descent):
    def bind(self, params, decayed=None):
        super().bind(params, decayed)
        self.size = len(params)

    def update(self, params, grads):
        moved = np.empty(self.size, params.dtype)
        np.multiply(grads, self.rate, moved)
        params -= moved


@fault("step after a thaw: entry .*counts from self.step", check_optimizer)
class CountsForWhole(Moments):
    def bind(self, params, decayed=None):
        super().bind(params, decayed)
        self.powers = {}

    def update(self, params, grads):
        step = self.powers.setdefault("first", self.step) and max(self.step, self.powers["first"])
        self.m += (1 - self.beta_1) * (grads - self.m)
        params -= self.rate * self.m / (1 - self.beta_1**step)


@fault("after a change of beta_1: entry .*keep it in a slot, or compute it anew", check_optimizer)
class RemembersBetas(Moments):
    """Multiplies the betas of the time, and after a restore the present ones."""

    made, product = 0, 1.0

    def update(self, params, grads):
        if self.made != self.step - 1:
            self.made, self.product = 0, 1.0
        for _ in range(self.made, self.step):
            self.product *= self.beta_1
        self.made = self.step
        self.m += (1 - self.beta_1) * (grads - self.m)
        params -= self.rate * self.m / (1 - self.product)


@fault("keeps the vector grads itself", check_optimizer)
class KeepsGradient(Momentum):
    def update(self, params, grads):
        params -= self.rate * (grads + self.momentum * self.velocity)
        self.velocity = grads


@fault("state shared between instances", check_optimizer)
class SharesSlots(Momentum):
    slots = ()
    memory = {}

    def update(self, params, grads):
        self.velocity = self.memory.setdefault((params.size, params.dtype), np.zeros_like(params))
        super().update(params, grads)


@fault("slot 'velocity' in float32.*computed float64", check_optimizer)
class Widens(Momentum):
    def update(self, params, grads):
        self.velocity = np.float64(self.momentum) * self.velocity + grads
        params -= (self.rate * self.velocity).astype(params.dtype)


@fault("zero gradient", check_optimizer)
class Drifts(Descent):
    def update(self, params, grads):
        params -= self.rate * (grads + params.dtype.type(0.001))


@fault("elements depend on each other", check_optimizer)
class NormedSilently(Normed):
    elementwise = True


@fault("work is read before it is written", check_optimizer)
class ReadsWork(Descent):
    def update(self, params, grads):
        self.work += grads
        params -= self.rate * self.work


@fault("argument is changed by the step", check_optimizer)
class DecaysArgument(Momentum):
    def update(self, params, grads):
        super().update(params, grads)
        self.momentum *= 0.99


@fault("not a copy", check_optimizer)
class HandsOutSlots(Momentum):
    def state(self):
        return {"step": self.step, "velocity": self.velocity}


@fault("state\\(\\) and restore", check_optimizer)
class ForgetsStep(Moments):
    def restore(self, state):
        super().restore({**state, "step": 0})


@fault("global random state", check_optimizer)
class Jitters(Descent):
    def update(self, params, grads):
        params -= self.rate * grads * (1 + np.random.random(grads.shape).astype(grads.dtype) / 10)  # noqa: NPY002 - the fault


@fault("not deterministic", check_optimizer)
class JittersAlone(Descent):
    def update(self, params, grads):
        params -= self.rate * grads * (1 + np.random.default_rng().random(grads.shape).astype(grads.dtype) / 10)
