"""Adam and the two that differ from it by a line: AMSGrad and AdamW."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar, Unpack

import numpy as np

from framework.core.arguments import number
from framework.core.types import Array
from framework.optimizers.base import ClippingOptions, Optimizer, OptimizerOptions
from framework.schedules import Schedule


class Moments(Optimizer, registered=False):
    """Base of optimizers that average the gradient and its square: Adam and its variants.

    In the papers ``m' = beta_1 m' + (1 - beta_1) g`` and ``v' = beta_2 v' + (1 - beta_2) g^2``. The slots hold
    ``m = m' / (1 - beta_1)`` and ``v = v' / (1 - beta_2)``, whose rules have a product less; so a beta that is changed
    in the middle of a training rescales them.
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")
    m: Array
    v: Array

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **common: Unpack[OptimizerOptions],
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

    def average(self, grads: Array) -> tuple[Array, Array]:
        """Return ``m = beta_1 m + g`` and ``v = beta_2 v + g^2``."""
        m, v, work, beta_1, beta_2 = self.m, self.v, self.work, self._beta_1, self._beta_2
        beta_1[()], beta_2[()] = self.beta_1, self.beta_2
        m *= beta_1
        m += grads
        np.multiply(grads, grads, work)
        v *= beta_2
        v += work
        return m, v


class Adam(Moments):
    """Steps of about the learning rate along the averaged gradient, each parameter scaled by its own size of gradient.

    ``m' = beta_1 m' + (1 - beta_1) g``, ``v' = beta_2 v' + (1 - beta_2) g^2``, and in step t
    ``params -= rate * m' / (1 - beta_1^t) / (sqrt(v' / (1 - beta_2^t)) + epsilon)``, as in PyTorch.
    Keras' epsilon is 1e-7 and stands before the correction of v'. The slots hold ``m' / (1 - beta_1)`` and
    ``v' / (1 - beta_2)``; so a beta that is changed in the middle of a training rescales them.
    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.

    Parameters
    ----------
    learning_rate : float or Schedule
    beta_1, beta_2 : float
        In [0, 1).
    epsilon : float
        Above 0.
    clip_norm, clip_value, weight_decay
        As in `Optimizer`: here `weight_decay` is added to the gradient.
    """

    def update(self, params: Array, grads: Array) -> None:
        m, v = self.average(grads)  # m = beta_1 m + g, v = beta_2 v + g^2
        work, scale, offset, t = self.work, self._scale, self._offset, self.step

        # The paper's averages are m' = (1 - beta_1) m and v' = (1 - beta_2) v. With its corrections for the start at 0
        #     m' / (1 - beta_1^t) = a m  and  sqrt(v' / (1 - beta_2^t)) = b sqrt(v),
        # and its step, with numerator and denominator divided by b, is
        #     rate * a m / (b sqrt(v) + epsilon) = (rate * a / b) * m / (sqrt(v) + epsilon / b).
        # So two scalars stand for four products with vectors.
        a = (1 - self.beta_1) / (1 - self.beta_1**t)
        b = sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        scale[()] = self.rate * a / b
        offset[()] = self.epsilon / b

        np.sqrt(v, work)  # params -= scale * m / (sqrt(v) + offset)
        work += offset
        np.divide(m, work, work)
        work *= scale
        params -= work


class AMSGrad(Adam, name="amsgrad"):
    """`Adam` with the largest v' so far in place of v', so that no parameter's step grows again.

    As PyTorch's ``Adam(amsgrad=True)``, with the bias corrections that the paper leaves out.
    Source: Reddi et al. 2018, "On the convergence of Adam and beyond", algorithm 2.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`.
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    slots = ("m", "v", "v_max")
    v_max: Array

    def average(self, grads: Array) -> tuple[Array, Array]:
        m, v = super().average(grads)
        np.maximum(self.v_max, v, out=self.v_max)
        return m, self.v_max


class AdamW(Adam, name="adamw"):
    """`Adam` with decoupled weight decay: first ``params *= 1 - rate * weight_decay``, then Adam's step.

    `weight_decay` is 0.01 by default, as in PyTorch; Keras has 0.004.
    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`.
    weight_decay, clip_norm, clip_value
        As in `Optimizer`.
    """

    decoupled = True

    def __init__(
        self,
        learning_rate: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        **common: Unpack[ClippingOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay, **common)
