"""Lion: steps by the sign of an average."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from framework.core.arguments import number
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.optimizers.base import Optimizer, OptimizerOptions
from framework.schedules import Schedule


class Lion(Optimizer):
    """Steps of exactly the learning rate, up or down, with decoupled weight decay.

    ``params *= 1 - rate * weight_decay``, ``params -= rate * sign(beta_1 m' + (1 - beta_1) g)``, and then
    ``m' = beta_2 m' + (1 - beta_2) g``. The learning rate should be three to ten times smaller than Adam's; Keras'
    default is 0.001. The slot holds ``m = m' / (1 - beta_2)``; so a beta_2 that is changed in the middle of a training
    rescales it. PyTorch has no Lion.
    Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.

    Parameters
    ----------
    learning_rate : float or Schedule
    beta_1, beta_2 : float
        In [0, 1).
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    slots = ("m",)
    decoupled = True
    m: Array

    def __init__(
        self,
        learning_rate: float | Schedule = 0.0001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[OptimizerOptions],
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        super().__init__(learning_rate, **common)

    def check(self) -> None:
        super().check()
        number(self.beta_1, "beta_1", self, least=0, below=1)
        number(self.beta_2, "beta_2", self, least=0, below=1)

    def bind(self, params: Array, decayed: int | None = None) -> None:
        super().bind(params, decayed)
        self._sign = np.empty_like(params)  # np.sign is ten times slower if it overwrites its argument

    def update(self, params: Array, grads: Array) -> None:
        m, work, sign, dtype = self.m, self.work, self._sign, params.dtype
        # sign(beta_1 m' + (1 - beta_1) g), with m' = (1 - beta_2) m and the argument divided by 1 - beta_1
        np.multiply(m, scalar(self.beta_1 * (1 - self.beta_2) / (1 - self.beta_1), dtype), work)
        work += grads
        np.sign(work, sign)
        sign *= self._rate
        params -= sign

        m *= scalar(self.beta_2, dtype)
        m += grads
