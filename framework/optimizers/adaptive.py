"""Steps scaled by the size of each parameter's own gradients: Adagrad, RMSprop, Adadelta."""

from __future__ import annotations

from math import sqrt
from typing import Unpack

import numpy as np

from framework.core.arguments import flag, number
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.optimizers.base import Optimizer, OptimizerOptions
from framework.schedules import Schedule


class Adagrad(Optimizer):
    """Steps scaled by all gradients so far: ``s += g^2``, ``params -= rate * g / (sqrt(s) + epsilon)``.

    As in PyTorch, whose ``lr_decay`` is the schedule `InverseTime`; Keras starts s at 0.1 and has epsilon in the root.
    Source: Duchi et al. 2011, "Adaptive subgradient methods for online learning and stochastic optimization", fig. 1.

    Parameters
    ----------
    learning_rate : float or Schedule
    epsilon : float
        Above 0.
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    slots = ("s",)
    s: Array

    def __init__(
        self, learning_rate: float | Schedule = 0.01, epsilon: float = 1e-10, **common: Unpack[OptimizerOptions]
    ) -> None:
        self.epsilon = epsilon
        super().__init__(learning_rate, **common)

    def check(self) -> None:
        super().check()
        number(self.epsilon, "epsilon", self, above=0)

    def update(self, params: Array, grads: Array) -> None:
        s, work = self.s, self.work
        np.multiply(grads, grads, work)
        s += work
        np.sqrt(s, work)
        work += scalar(self.epsilon, params.dtype)
        np.divide(grads, work, work)
        work *= self._rate
        params -= work


class RMSprop(Optimizer, name="rmsprop"):
    """Steps scaled by the root of the averaged squares of the gradient.

    ``s' = rho s' + (1 - rho) g^2``, ``d = g / (sqrt(s') + epsilon)`` and ``params -= rate * d``, or with momentum
    ``velocity = momentum * velocity + d`` and ``params -= rate * velocity``. If `centered`, the variance
    ``max(s' - a'^2, 0)`` replaces s', with ``a' = rho a' + (1 - rho) g``. As in PyTorch, where rho is called alpha;
    Keras has rho 0.9, a learning rate of 0.001 and epsilon in the root. The slots hold ``s' / (1 - rho)``,
    ``a' / (1 - rho)`` and ``velocity * sqrt(1 - rho)``; so a rho that is changed in the middle of a training rescales
    them.
    Source: Hinton 2012, "Neural networks for machine learning", lecture 6e; centered: Graves 2013, "Generating
    sequences with recurrent neural networks", eqs. 38 to 42.

    Parameters
    ----------
    learning_rate : float or Schedule
    rho : float
        In [0, 1).
    epsilon : float
        Above 0.
    momentum : float
        In [0, 1).
    centered : bool
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    slots = ("s", "a", "velocity")
    s: Array
    a: Array
    velocity: Array

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        rho: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        **common: Unpack[OptimizerOptions],
    ) -> None:
        self.rho = rho
        self.epsilon = epsilon
        self.momentum = momentum
        self.centered = centered
        super().__init__(learning_rate, **common)

    def check(self) -> None:
        super().check()
        number(self.rho, "rho", self, least=0, below=1)
        number(self.epsilon, "epsilon", self, above=0)
        number(self.momentum, "momentum", self, least=0, below=1)
        flag(self.centered, "centered", self)

    def bind(self, params: Array, decayed: int | None = None) -> None:
        super().bind(params, decayed)
        self._scale = np.zeros((), params.dtype)

    def update(self, params: Array, grads: Array) -> None:
        s, a, work, dtype = self.s, self.a, self.work, params.dtype
        rho = scalar(self.rho, dtype)
        b = sqrt(1 - self.rho)  # sqrt(s') = b sqrt(s): numerator and denominator of d are divided by it
        np.multiply(grads, grads, work)
        s *= rho
        s += work
        if self.centered:
            a *= rho
            a += grads
            np.multiply(a, a, work)
            work *= scalar(1 - self.rho, dtype)  # a'^2 / (1 - rho)
            np.subtract(s, work, work)
            np.maximum(work, scalar(0.0, dtype), out=work)
            np.sqrt(work, work)
        else:
            np.sqrt(s, work)
        work += scalar(self.epsilon / b, dtype)
        np.divide(grads, work, work)  # b d
        self._scale[()] = self.rate / b
        if self.momentum:
            velocity = self.velocity
            velocity *= scalar(self.momentum, dtype)
            velocity += work
            np.multiply(velocity, self._scale, work)
        else:
            work *= self._scale
        params -= work


class Adadelta(Optimizer):
    """Steps in units of earlier steps: ``d = sqrt((x' + epsilon) / (s' + epsilon)) g``, ``params -= rate * d``.

    ``s' = rho s' + (1 - rho) g^2`` before, ``x' = rho x' + (1 - rho) d^2`` after. As in PyTorch; Keras has rho 0.95, a
    learning rate of 0.001 and epsilon 1e-7. The slots hold ``s' / (1 - rho)`` and ``x' / (1 - rho)``; so a rho that is
    changed in the middle of a training rescales them.
    Source: Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1.

    Parameters
    ----------
    learning_rate : float or Schedule
    rho : float
        In [0, 1).
    epsilon : float
        Above 0.
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    slots = ("s", "x")
    s: Array
    x: Array

    def __init__(
        self,
        learning_rate: float | Schedule = 1.0,
        rho: float = 0.9,
        epsilon: float = 1e-6,
        **common: Unpack[OptimizerOptions],
    ) -> None:
        self.rho = rho
        self.epsilon = epsilon
        super().__init__(learning_rate, **common)

    def check(self) -> None:
        super().check()
        number(self.rho, "rho", self, least=0, below=1)
        number(self.epsilon, "epsilon", self, above=0)

    def bind(self, params: Array, decayed: int | None = None) -> None:
        super().bind(params, decayed)
        self._d = np.empty_like(params)

    def update(self, params: Array, grads: Array) -> None:
        s, x, d, work, dtype = self.s, self.x, self._d, self.work, params.dtype
        rho, epsilon = scalar(self.rho, dtype), scalar(self.epsilon / (1 - self.rho), dtype)
        np.multiply(grads, grads, work)
        s *= rho
        s += work

        np.add(s, epsilon, work)  # (s' + epsilon) / (1 - rho); so is x: the factor cancels
        np.add(x, epsilon, d)
        d /= work
        np.sqrt(d, d)
        d *= grads

        np.multiply(d, d, work)
        x *= rho
        x += work
        d *= self._rate
        params -= d
