"""Schedules whose learning rate rises, or repeats."""

from __future__ import annotations

from math import cos, pi

from framework.core.arguments import effective, integer, number
from framework.schedules.base import Schedule


class Cosine(Schedule):
    """A fall to `end` along half a cosine within `steps` steps; then the rate stays there, or starts again.

    ``end + (learning_rate - end) * (1 + cos(pi * step / steps)) / 2``, with `step` counted from the last start.
    PyTorch: ``CosineAnnealingLR(T_max=steps)``, which rises again where this one stays; with restarts,
    ``CosineAnnealingWarmRestarts(T_0=steps, T_mult=growth)``.
    Source: Loshchilov & Hutter 2017, "SGDR: Stochastic gradient descent with warm restarts", eq. 5.

    Parameters
    ----------
    learning_rate : float
        The initial rate, also after each restart.
    steps : int
        From the start to the first restart, or to the end.
    end : float
        The lowest rate.
    restarts : bool
        Whether to start again at the end of each period.
    growth : float
        The length of a period divided by that of the period before.
    """

    def __init__(
        self, learning_rate: float, steps: int, end: float = 0.0, restarts: bool = False, growth: float = 1.0
    ) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.end = end
        self.restarts = restarts
        self.growth = growth
        self.check()

    def check(self) -> None:
        number(self.learning_rate, "learning_rate", self, above=0)
        integer(self.steps, "steps", self, least=1)
        number(self.end, "end", self, least=0)
        number(self.growth, "growth", self, least=1)
        if not self.restarts:
            effective(self, {"growth": self.growth != 1}, "without restarts=True")

    def __call__(self, step: int) -> float:
        made, period = float(step), float(self.steps)
        if self.restarts and self.growth == 1:
            made %= period
        while self.restarts and made >= period:
            made, period = made - period, period * self.growth
        return _half_cosine(self.learning_rate, self.end, min(made / period, 1.0))


class OneCycle(Schedule):
    """A rise to `learning_rate` along half a cosine, then a fall along another to nearly 0, where the rate stays.

    The rate rises from ``learning_rate / start_divisor`` to `learning_rate` at step ``warm_up * steps - 1``, and falls
    to ``learning_rate / start_divisor / end_divisor`` at step ``steps - 1``. PyTorch:
    ``OneCycleLR(max_lr=learning_rate, total_steps=steps, pct_start=warm_up, div_factor=start_divisor,
    final_div_factor=end_divisor, cycle_momentum=False)``.
    Source: Smith & Topin 2018, "Super-convergence: very fast training of neural networks using large learning rates",
    which has straight lines in place of the cosines.

    Parameters
    ----------
    learning_rate : float
        The highest rate.
    steps : int
        Length of rise and fall together.
    warm_up : float
        Share of the steps in which the rate rises, in [0, 1].
    start_divisor, end_divisor : float
        The highest rate divided by the initial one, and the initial rate divided by the last one.
    """

    def __init__(
        self,
        learning_rate: float,
        steps: int,
        warm_up: float = 0.3,
        start_divisor: float = 25.0,
        end_divisor: float = 1e4,
    ) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.warm_up = warm_up
        self.start_divisor = start_divisor
        self.end_divisor = end_divisor
        self.check()

    def check(self) -> None:
        number(self.learning_rate, "learning_rate", self, above=0)
        integer(self.steps, "steps", self, least=1)
        number(self.warm_up, "warm_up", self, least=0, most=1)
        number(self.start_divisor, "start_divisor", self, above=0)
        number(self.end_divisor, "end_divisor", self, above=0)

    def __call__(self, step: int) -> float:
        peak, last = max(self.warm_up * self.steps - 1, 0.0), self.steps - 1
        start = self.learning_rate / self.start_divisor
        if step < peak:
            return _half_cosine(start, self.learning_rate, step / peak)
        share = (step - peak) / (last - peak) if step < last else float(step > peak)
        return _half_cosine(self.learning_rate, start / self.end_divisor, share)


class WarmUp(Schedule):
    """A rise in a straight line over `steps` steps, then `schedule` from its beginning.

    ``schedule(0) * (step + 1) / (steps + 1)`` while ``step < steps``, then ``schedule(step - steps)``: no step has a
    rate of 0. PyTorch: ``LinearLR(start_factor=1 / (steps + 1), total_iters=steps)`` before the other schedule.
    Source: Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour", section 2.2.

    Parameters
    ----------
    schedule : Schedule or float
        A number is a constant rate.
    steps : int
        Length of the rise.
    """

    def __init__(self, schedule: Schedule | float, steps: int) -> None:
        self.schedule = schedule
        self.steps = steps
        self.check()

    def check(self) -> None:
        if isinstance(self.schedule, Schedule):
            self.schedule.check()
        else:
            number(self.schedule, "schedule", self, above=0)
        integer(self.steps, "steps", self, least=1)

    def __call__(self, step: int) -> float:
        after = max(step - self.steps, 0)
        rate = self.schedule(after) if isinstance(self.schedule, Schedule) else self.schedule
        return float(rate * min((step + 1) / (self.steps + 1), 1.0))


def _half_cosine(start: float, end: float, share: float) -> float:
    """Return the value at `share` (0 to 1) of the way from `start` to `end` along half a cosine."""
    return float(end + (start - end) / 2 * (1 + cos(pi * share)))
