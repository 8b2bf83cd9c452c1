"""Stochastic gradient descent, with or without momentum."""

from __future__ import annotations

from typing import Unpack

from numpy import multiply

from framework.core.arguments import flag, number
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.optimizers.base import Optimizer, OptimizerOptions
from framework.schedules import Schedule


class SGD(Optimizer, name="sgd"):
    """Gradient descent, optionally with momentum.

    Without momentum ``params -= rate * grads``: the tutorial's ``update_params``. With it
    ``v = momentum * v + grads`` and ``params -= rate * v``, or with `nesterov`
    ``params -= rate * (grads + momentum * v)``. PyTorch's default learning rate is 0.001.
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", in PyTorch's
    form, where v does not contain the rate.

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
        self,
        learning_rate: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[OptimizerOptions],
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
                multiply(velocity, momentum, work)
                work += grads
                work *= self._rate
            else:
                multiply(velocity, self._rate, work)
        else:
            multiply(grads, self._rate, work)
        params -= work
