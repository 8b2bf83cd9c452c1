"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.arguments import flag, number
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.optimizers.base import Optimizer
from framework.schedules import Schedule


class SGD(Optimizer, name="sgd"):
    """Gradient descent, with momentum if wanted.

    Without momentum ``params -= rate * grads``: the tutorial's ``update_params``. With it
    ``v = momentum * v + grads`` and ``params -= rate * v``, or with `nesterov`
    ``params -= rate * (grads + momentum * v)``. Source: Sutskever et al. 2013, "On the importance of
    initialization and momentum in deep learning", in PyTorch's form, where v does not hold the rate.
    PyTorch's default rate is 0.001.

    Parameters
    ----------
    learning_rate : float or Schedule
    momentum : float
        In [0, 1).
    nesterov : bool
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    slots = ("velocity",)
    velocity: Array

    def __init__(
        self, learning_rate: float | Schedule = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Any
    ) -> None:
        self.momentum = momentum
        self.nesterov = nesterov
        super().__init__(learning_rate, **common)

    def check(self) -> None:
        super().check()
        number(self.momentum, "momentum", self, least=0, below=1)
        flag(self.nesterov, "nesterov", self)
        if self.nesterov and not self.momentum:
            raise ValueError("SGD: nesterov needs a momentum above 0; 0.9 is usual")

    def update(self, params: Array, grads: Array) -> None:
        work = self.work
        if self.momentum:
            momentum, velocity = scalar(self.momentum, params.dtype), self.velocity
            velocity *= momentum
            velocity += grads
            if self.nesterov:
                np.multiply(velocity, momentum, work)
                work += grads
                work *= self.rate
            else:
                np.multiply(velocity, self.rate, work)
        else:
            np.multiply(grads, self.rate, work)
        np.subtract(params, work, params)
