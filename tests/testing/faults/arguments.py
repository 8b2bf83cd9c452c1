"""Components with faults in their constructors, and state that they keep outside of `ctx`."""

from enum import Enum
from functools import cached_property, partial

import numpy as np

from faults import Quiet, fault, right
from faults.layers import VECTOR, Gain
from framework import SGD, Activation, Loss, Schedule
from framework.testing import check_activation, check_layer, check_loss, check_optimizer, check_schedule

history = []
scale = np.ones(1)


@fault(r"argument 'name' was 'other' and came back as None.*\*\*common is dropped", check_layer, **VECTOR)
class DropsCommon(Gain):
    def __init__(self, rate=0.5, **common):
        super().__init__()
        self.rate = rate


@fault("argument 'nesterov' was True and came back as False.*dropped", check_optimizer)
class DropsClipping(Quiet, SGD):
    def __init__(self, learning_rate=0.01, momentum=0.9, **kwargs):
        super().__init__(learning_rate, momentum=momentum)


@fault("argument 'power' was 3 and came back as 2", check_activation)
class LimitsArgument(Quiet, Activation):
    def __init__(self, power=2):
        self.power = min(power, 2)

    def __call__(self, z):
        return z**2

    def derivative(self, z, a):
        return 2 * z


@fault(r"state: ClassState.seen was 0.*in a Parameter\(trainable=False\)", check_layer, **VECTOR)
class ClassState(Gain):
    seen = 0

    def forward(self, ctx, x):
        ClassState.seen += 1
        return super().forward(ctx, x) / ClassState.seen


@fault(r"state: the global variable scale was \[1\.\]", check_layer, **VECTOR)
class GlobalState(Gain):
    def forward(self, ctx, x):
        scale[...] = 0.9 * scale + 0.1
        scale[...] += 0.1 * np.abs(x).mean()
        return super().forward(ctx, x) / scale


@fault(r"state: a default value of DefaultState.__call__ was \[\]", check_activation)
class DefaultState(Quiet, Activation):
    def __call__(self, z, last=[]):  # noqa: B006 - the fault
        last.append(float(z.mean()))
        return z + last[-2] if len(last) > 1 else z + 0

    def derivative(self, z, a):
        return np.ones_like(z)


@right(check_schedule)
class CountsInstances(Quiet, Schedule):
    made = 0

    def __init__(self, rate=0.1):
        CountsInstances.made += 1
        self.rate = rate

    def __call__(self, step):
        history.append(step)
        return self.rate


@right(check_schedule)
class MakesNumbersOfArguments(Quiet, Schedule):
    def __init__(self, rate=1, steps=100):
        self.rate = float(rate)
        self.steps = steps

    def __call__(self, step):
        return self.rate / (1 + step / self.steps)


@fault("argument 'power' was 0 and came back as 2", check_activation)
class ReplacesZero(LimitsArgument):
    def __init__(self, power=2):
        self.power = power or 2


@fault("argument 'momentum' was 0.5 and came back as 0.9", check_optimizer)
class ChangesItsDefault(Quiet, SGD):
    def __init__(self, learning_rate=0.01, momentum=0.5, **common):
        super().__init__(learning_rate, momentum=0.9, **common)


@right(check_optimizer)
class ClipsAlways(Quiet, SGD):
    def __init__(self, learning_rate=0.05):
        super().__init__(learning_rate, momentum=0.9, clip_norm=1.0)


@right(check_optimizer)
class DecaysAlone(Quiet, SGD):
    def __init__(self, learning_rate=0.05, weight_decay=0.01):
        super().__init__(learning_rate, weight_decay=weight_decay)


class Count:
    n = 0

    def __init__(self):
        self.n = 0


@fault(r"state: self.count.n was 0 and is now", check_activation)
class StateInAHelper(Quiet, Activation):
    def __init__(self):
        self.count = Count()

    def __call__(self, z):
        self.count.n += 1
        return z + self.count.n

    def derivative(self, z, a):
        return np.ones_like(z)


@fault(r"argument 'slopes' was \(0.5, 2.0\) and came back as \[0.5, 2. \]", check_activation)
class MakesAnArray(Quiet, Activation):
    def __init__(self, slopes=(0.5, 2.0)):
        self.slopes = np.array(slopes)

    def __call__(self, z):
        return np.where(z > 0, z * float(self.slopes[1]), z * float(self.slopes[0]))

    def derivative(self, z, a):
        return np.where(z > 0, *self.slopes[::-1]).astype(z.dtype)


@fault(r"self.total is worked out once and goes stale", check_activation)
class GoesStale(Quiet, Activation):
    def __init__(self, factors=(0.5, 2.0)):
        self.factors = factors

    @cached_property
    def total(self):
        return sum(self.factors)

    def __call__(self, z):
        return self.total * z

    def derivative(self, z, a):
        return np.full_like(z, self.total)


double = partial(np.multiply, 2.0)


class Side(Enum):
    LEFT = -1
    RIGHT = 1


@right(check_activation)
class HoldsWhatNoFileCan(Quiet, Activation):
    """Of a class that no pickle can hold."""

    __module__ = "nowhere"

    def __init__(self, factor=double, side=Side.RIGHT):
        self.factor, self.side = factor, side
        self._compute = self._scaled
        self._helper = Count()

    def _scaled(self, z):
        return self.factor(z) * self.side.value

    def __call__(self, z):
        return self._compute(z)

    def derivative(self, z, a):
        return self._compute(np.ones_like(z))


@right(check_activation)
class Memo(Quiet, Activation):
    table = {}

    @cached_property
    def half(self):
        return 0.5

    def __call__(self, z):
        return z * self.table.setdefault(z.dtype, z.dtype.type(2)) * self.half

    def derivative(self, z, a):
        return np.ones_like(z)


@fault(r"argument 'reduction' is missing, which every loss has.*end in \*\*common", check_loss)
class TakesNoReductionOfItsOwn(Quiet, Loss):
    def __init__(self, power=2):
        super().__init__()
        self.power = power

    def per_sample(self, y_true, y_pred):
        return (np.abs(y_pred - y_true) ** self.power).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return self.power * np.abs(y_pred - y_true) ** (self.power - 1) * np.sign(y_pred - y_true)
