"""Learning rates that fall as training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

import numpy as np

from framework.core.arguments import integer, number
from framework.core.messages import shown
from framework.schedules.base import Schedule


class Step(Schedule):
    """Multiplied by `factor` after every `steps` steps: ``learning_rate * factor ** (step // steps)``.

    PyTorch: ``StepLR(step_size=steps, gamma=factor)``, stepped once a batch.

    Parameters
    ----------
    learning_rate : float
        At first.
    steps : int
    factor : float
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
    """Multiplied by `factor` over every `steps` steps, smoothly: ``learning_rate * factor ** (step / steps)``.

    PyTorch: ``ExponentialLR(gamma=factor)`` where `steps` is 1. A `factor` above 1 grows, as a search for a good
    rate does.

    Parameters
    ----------
    learning_rate : float
        At first.
    factor : float
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
    """Falls as one over time: ``learning_rate / (1 + decay * step / steps)``.

    With `steps` of 1, PyTorch's ``lr_decay`` of Adagrad.
    Source: Robbins & Monro 1951, "A stochastic approximation method", for why 1 / step suffices to converge.

    Parameters
    ----------
    learning_rate : float
        At first.
    decay : float
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
    """Falls to `end` within `steps` steps and stays: ``end + (learning_rate - end) * (1 - step / steps) ** power``.

    PyTorch: ``PolynomialLR(total_iters=steps, power=power)``, whose end is 0.

    Parameters
    ----------
    learning_rate : float
        At first.
    steps : int
    power : float
        1 is a straight line.
    end : float
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
    """``values[i]`` until ``boundaries[i]`` steps are made, at last ``values[-1]``.

    With ``boundaries=[100, 200]`` steps 0 to 99 have the first value, 100 to 199 the second. PyTorch's ``MultiStepLR``
    changes at the same steps; Keras' ``PiecewiseConstantDecay`` one step later.

    Parameters
    ----------
    boundaries : list of int
        Rising.
    values : list of float
        One more.
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
