"""What Adam and its kin share."""

from __future__ import annotations

from math import sqrt
from typing import Any, ClassVar

import numpy as np
from numpy import add, divide, multiply, subtract
from numpy import sqrt as square_root

from framework.core.arguments import number
from framework.core.types import Array
from framework.optimizers.base import Optimizer


class Moments(Optimizer, registered=False):
    """Base of optimizers that average the gradient and its square: ``m = beta_1 m + g``, ``v = beta_2 v + g^2``.

    These are the averages of the literature, ``m' = beta_1 m' + (1 - beta_1) g`` and the like, divided by
    ``1 - beta_1`` and ``1 - beta_2``: two passes over memory less. The factors go into the step's scalars.
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")
    m: Array
    v: Array

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **common: Any,
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        super().__init__(learning_rate, **common)

    def check(self) -> None:
        super().check()
        number(self.beta_1, "beta_1", self, least=0, below=1)
        number(self.beta_2, "beta_2", self, least=0, below=1)
        number(self.epsilon, "epsilon", self, above=0)

    def bind(self, params: Array, decayed: int | None = None) -> None:
        super().bind(params, decayed)
        self._scale, self._offset = np.zeros((), params.dtype), np.zeros((), params.dtype)
        self._beta_1, self._beta_2 = np.zeros((), params.dtype), np.zeros((), params.dtype)

    def average(self, grads: Array) -> None:
        """Take `grads` into m and v."""
        m, v, work, beta_1, beta_2 = self.m, self.v, self.work, self._beta_1, self._beta_2
        beta_1[()], beta_2[()] = self.beta_1, self.beta_2
        multiply(m, beta_1, m)
        add(m, grads, m)
        multiply(grads, grads, work)
        multiply(v, beta_2, v)
        add(v, work, v)

    def move(self, params: Array, v: Array, scale: float, offset: float) -> None:
        """Subtract ``scale * m / (sqrt(v) + offset)`` from `params`."""
        work, scale_, offset_ = self.work, self._scale, self._offset
        scale_[()], offset_[()] = scale, offset
        square_root(v, work)
        add(work, offset_, work)
        divide(self.m, work, work)
        multiply(work, scale_, work)
        subtract(params, work, params)

    def corrected(self) -> tuple[float, float]:
        """Return Adam's `scale` and `offset`: bias corrections, learning rate and epsilon."""
        of_m = (1 - self.beta_1) / (1 - self.beta_1**self.step)
        of_root = sqrt((1 - self.beta_2) / (1 - self.beta_2**self.step))
        return self.rate.item() * of_m / of_root, self.epsilon / of_root
