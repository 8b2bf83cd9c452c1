"""Schedules."""

import math

import numpy as np

from faults import Quiet, fault, right
from framework import Schedule
from framework.testing import check_schedule


class Timed(Quiet, Schedule):
    def __init__(self, learning_rate=0.1, steps=100):
        self.learning_rate = learning_rate
        self.steps = steps


@right(check_schedule)
class Ends(Timed):
    """Right: 0 from the end on, with a length of 1 as well."""

    def __call__(self, step):
        return self.learning_rate * max(0.0, 1 - step / self.steps)


@right(check_schedule)
class Waits(Quiet, Schedule):
    """Right: a rate of 0 that is asked for, an argument for another mode, and one of which there are two values."""

    def __init__(self, learning_rate=0.1, pause=10, shape="flat", power=2.0, mode=1):
        self.learning_rate = learning_rate
        self.pause = pause
        self.shape = shape
        self.power = power
        self.mode = mode

    def __call__(self, step):
        rate = self.learning_rate * (0.5, 1.0)[self.mode]
        rate = rate if self.shape == "flat" else rate / (1 + step) ** self.power
        return rate if step >= self.pause else 0.0


@right(check_schedule)
class Doubles(Timed):
    """Right: restarts in periods that double, and a 0-d array."""

    def __call__(self, step):
        period = self.steps
        while step >= period:
            step, period = step - period, 2 * period
        return np.where(step == 0, self.learning_rate, self.learning_rate * (1 - step / period))


@right(check_schedule)
class Bounces(Timed):
    """Right: a cosine without an end, which jumps every tenth step."""

    def __call__(self, step):
        return (1 + (step % 10 == 0)) * self.learning_rate * (1 + math.cos(math.pi * step / self.steps))


@fault("is 0.1 at step 0 and 0 for ever after", check_schedule)
class DividesIntegers(Quiet, Schedule):
    def __init__(self, learning_rate=0.1, slope=1):
        self.learning_rate = learning_rate
        self.slope = slope

    def __call__(self, step):
        return self.learning_rate * (1 // (1 + self.slope * step))


@fault("0 in the first 100 steps.*integer division", check_schedule)
class WarmsUpAtOnce(Timed):
    def __call__(self, step):
        return self.learning_rate * min(1, step // self.steps)


@fault("step 5000: .*division by zero just at steps", check_schedule)
class FailsAtEnd(Timed):
    def __init__(self, learning_rate=0.1, steps=5000):
        super().__init__(learning_rate, steps)

    def __call__(self, step):
        return self.learning_rate * min(1.0, 10 / abs(self.steps - step))


@fault("grows without end", check_schedule)
class Multiplies(Timed):
    def __call__(self, step):
        return self.learning_rate * (1 + step / self.steps)


@fault("argument 'steps': no other value.*ignored", check_schedule)
class IgnoresSteps(Quiet, Schedule):
    def __init__(self, learning_rate=0.1, steps=100):
        self.learning_rate = learning_rate
        self.steps = steps

    def __call__(self, step):
        return self.learning_rate / (1 + step / 100)


@fault("steps=1.*division by zero with steps=1", check_schedule)
class NeedsTwoSteps(Timed):
    def __init__(self, learning_rate=0.1, steps=2):
        super().__init__(learning_rate, steps)

    def __call__(self, step):
        return self.learning_rate * (1 - min(step, self.steps - 1) / (self.steps - 1)) + 0.001


@fault("integer division: the rate stays", check_schedule, definition=lambda step: 0.1 * 0.5 ** (step / 100))
class Staircase(Timed):
    def __call__(self, step):
        return self.learning_rate * 0.5 ** (step // self.steps)


@fault(
    "the end is not held", check_schedule, definition=lambda step: 0.1 * math.cos(math.pi * min(step, 100) / 200) ** 2
)
class RisesAgain(Timed):
    def __call__(self, step):
        return self.learning_rate * math.cos(math.pi * step / self.steps / 2) ** 2


@fault("off by one .at the edge, step 100", check_schedule, definition=lambda step: 0.1 if step < 100 else 0.01)
class ChangesLate(Timed):
    def __call__(self, step):
        return self.learning_rate if step <= self.steps else self.learning_rate / 10


@fault("every rate is 2 times", check_schedule, definition=lambda step: 0.05 / (1 + step))
class Doubled(Timed):
    def __call__(self, step):
        return self.learning_rate / (1 + step)


@fault("NumPy integer: raised TypeError", check_schedule)
class AsksForInt(Timed):
    def __call__(self, step):
        if not isinstance(step, int):
            raise TypeError("step must be an int")
        return self.learning_rate / (1 + step / self.steps)


@fault("a clock, or random numbers of its own", check_schedule)
class DrawsAlone(Timed):
    def __call__(self, step):
        return self.learning_rate * np.random.default_rng().random()


@fault("no length among the arguments is over yet", check_schedule)
class NegativeAtOnce(Timed):
    def __call__(self, step):
        return self.learning_rate * (1 - step / 10 - self.steps / 1000)


@fault("stale state .*smallest", check_schedule)
class Remembers(Timed):
    """It never rises, by a number that seems to be worked out in the constructor."""

    def __init__(self, learning_rate=0.1, steps=100):
        super().__init__(learning_rate, steps)
        self.smallest = learning_rate

    def __call__(self, step):
        self.smallest = min(self.smallest, self.learning_rate * math.cos(step / self.steps) ** 2)
        return self.smallest


@fault(
    "from step 100 on, .*step - steps belongs",
    check_schedule,
    definition=lambda step: 0.1 if step < 100 else 0.1 * 0.9 ** (step - 100),
)
class CountsFromTheStart(Timed):
    def __call__(self, step):
        return self.learning_rate * (1 if step < self.steps else 0.9**step)


@fault("every rate is 0.001 too low: a constant", check_schedule, definition=lambda step: 0.001 + 0.1 * 0.9**step)
class LeavesOutTheFloor(Quiet, Schedule):
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def __call__(self, step):
        return self.learning_rate * 0.9**step


@right(check_schedule)
class Dyadic(Timed):
    """Right: what Python's integers can do, and NumPy's cannot."""

    def __call__(self, step):
        return self.learning_rate * (step + 1).bit_length() * 2 ** -(step // self.steps)
