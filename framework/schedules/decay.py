"""Schedules whose learning rate falls as training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

import numpy as np

from framework.core.arguments import integer, number
from framework.core.messages import shown
from framework.schedules.base import Schedule


class Step(Schedule):
    """A rate multiplied by `factor` after every `steps` steps: ``learning_rate * factor ** (step // steps)``.

    PyTorch: ``StepLR(step_size=steps, gamma=factor)``, stepped once for each batch.

    Parameters
    ----------
    learning_rate : float
        The initial rate.
    steps : int
        Number of steps at the same rate.
    factor : float
        The rate divided by that before.
    """

    def __init__(self, learning_rate: float, steps: int, factor: float = 0.1) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.factor = factor
        self.check()

    def check(self) -> None:
        number(self.learning_rate, "learning_rate", self, above=0)
        integer(self.steps, "steps", self, least=1)
        number(self.factor, "factor", self, above=0)

    def __call__(self, step: int) -> float:
        return float(self.learning_rate * self.factor ** (step // self.steps))


class Exponential(Schedule):
    """A rate multiplied by `factor` over every `steps` steps, smoothly: ``learning_rate * factor ** (step / steps)``.

    With `steps` of 1, PyTorch's ``ExponentialLR(gamma=factor)``. With a `factor` above 1 the rate grows, as in a search
    for a good one.

    Parameters
    ----------
    learning_rate : float
        The initial rate.
    factor : float
        The rate divided by that `steps` steps before.
    steps : int
    """

    def __init__(self, learning_rate: float, factor: float, steps: int = 1) -> None:
        self.learning_rate = learning_rate
        self.factor = factor
        self.steps = steps
        self.check()

    def check(self) -> None:
        number(self.learning_rate, "learning_rate", self, above=0)
        number(self.factor, "factor", self, above=0)
        integer(self.steps, "steps", self, least=1)

    def __call__(self, step: int) -> float:
        return float(self.learning_rate * self.factor ** (step / self.steps))


class InverseTime(Schedule):
    """A rate that falls as one over time: ``learning_rate / (1 + decay * step / steps)``.

    With `steps` of 1, PyTorch's ``lr_decay`` of Adagrad.
    Source: Robbins & Monro 1951, "A stochastic approximation method", for why 1 / step suffices to converge.

    Parameters
    ----------
    learning_rate : float
        The initial rate.
    decay : float
        How much the divisor grows in `steps` steps.
    steps : int
    """

    def __init__(self, learning_rate: float, decay: float, steps: int = 1) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.steps = steps
        self.check()

    def check(self) -> None:
        number(self.learning_rate, "learning_rate", self, above=0)
        number(self.decay, "decay", self, least=0)
        integer(self.steps, "steps", self, least=1)

    def __call__(self, step: int) -> float:
        return float(self.learning_rate / (1 + self.decay * step / self.steps))


class Polynomial(Schedule):
    """A fall to `end` within `steps` steps: ``end + (learning_rate - end) * (1 - step / steps) ** power``.

    After `steps` steps the rate stays at `end`. PyTorch: ``PolynomialLR(total_iters=steps, power=power)``, whose end
    is 0.

    Parameters
    ----------
    learning_rate : float
        The initial rate.
    steps : int
        Length of the fall.
    power : float
        1 gives a straight line.
    end : float
        The last rate.
    """

    def __init__(self, learning_rate: float, steps: int, power: float = 1.0, end: float = 0.0) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.power = power
        self.end = end
        self.check()

    def check(self) -> None:
        number(self.learning_rate, "learning_rate", self, above=0)
        integer(self.steps, "steps", self, least=1)
        number(self.power, "power", self, above=0)
        number(self.end, "end", self, least=0)

    def __call__(self, step: int) -> float:
        left = 1 - min(step, self.steps) / self.steps
        return float(self.end + (self.learning_rate - self.end) * left**self.power)


class Piecewise(Schedule):
    """``values[i]`` until ``boundaries[i]`` steps have been made; ``values[-1]`` after the last boundary.

    With ``boundaries=[100, 200]``, steps 0 to 99 have the first value and steps 100 to 199 the second. PyTorch's
    ``MultiStepLR`` changes at the same steps, Keras' ``PiecewiseConstantDecay`` one step later.

    Parameters
    ----------
    boundaries : list of int
        Numbers of steps, rising.
    values : list of float
        Rates, one more than boundaries.
    """

    def __init__(self, boundaries: Sequence[int], values: Sequence[float]) -> None:
        self.boundaries = boundaries
        self.values = values
        self.check()

    def check(self) -> None:
        for name in ("boundaries", "values"):
            if isinstance(given := getattr(self, name), str) or not isinstance(given, Sequence | np.ndarray):
                raise TypeError(f"Piecewise: {name} must be a list of numbers, got {shown(given)}")
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"Piecewise: {len(self.boundaries)} boundaries need {len(self.boundaries) + 1} values, "
                f"got {len(self.values)}"
            )
        if not all(isinstance(at, int | np.integer) and at > 0 for at in self.boundaries):
            raise ValueError(f"Piecewise: boundaries must be positive integers, got {shown(self.boundaries)}")
        if not all(a < b for a, b in pairwise(self.boundaries)):
            raise ValueError(f"Piecewise: boundaries must rise, got {shown(self.boundaries)}")
        if not all(isinstance(v, int | float | np.number) and isfinite(v) and v >= 0 for v in self.values):
            raise ValueError(f"Piecewise: values must be finite numbers of at least 0, got {shown(self.values)}")

    def __call__(self, step: int) -> float:
        return float(self.values[sum(step >= boundary for boundary in self.boundaries)])
