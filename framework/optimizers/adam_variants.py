"""Variants of Adam with rules of their own: Adamax, NAdam, RAdam."""

from __future__ import annotations

from math import sqrt
from typing import Unpack

import numpy as np

from framework.core.arguments import number
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.optimizers.adam import Moments
from framework.optimizers.base import OptimizerOptions
from framework.schedules import Schedule

NO_PRODUCT = 2.0**-60  # 1 - p is 1 for every smaller p


class Adamax(Moments):
    """`Adam` with the largest recent gradient in place of the root of the averaged squares.

    ``m' = beta_1 m' + (1 - beta_1) g``, ``u = max(beta_2 u, |g| + epsilon)``,
    ``params -= rate / (1 - beta_1^t) * m' / u``, as in PyTorch; Keras adds epsilon to u in the last line instead.
    The slot m holds ``m' / (1 - beta_1)``, the slot v holds u.
    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 2.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`; PyTorch's learning rate, 0.002.
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **common: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)

    def update(self, params: Array, grads: Array) -> None:
        m, u, work, dtype = self.m, self.v, self.work, params.dtype
        m *= scalar(self.beta_1, dtype)
        m += grads
        np.abs(grads, work)
        work += scalar(self.epsilon, dtype)
        u *= scalar(self.beta_2, dtype)
        np.maximum(u, work, out=u)
        self._scale[()] = self.rate * (1 - self.beta_1) / (1 - self.beta_1**self.step)  # m' = (1 - beta_1) m
        np.divide(m, u, work)
        work *= self._scale
        params -= work


class NAdam(Moments, name="nadam"):
    """`Adam` with Nesterov's momentum, which grows from half of `beta_1` to all of it.

    ``mu_t = beta_1 (1 - 0.96^(t momentum_decay) / 2)``, ``p_t = mu_1 ... mu_t``, m' and v' as in Adam, and
    ``params -= rate * n / (sqrt(v' / (1 - beta_2^t)) + epsilon)``,
    ``n = mu_{t+1} m' / (1 - p_{t+1}) + (1 - mu_t) g / (1 - p_t)``.
    As in PyTorch; Keras has a learning rate of 0.001. The slots hold ``m' / (1 - beta_1)`` and ``v' / (1 - beta_2)``.
    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam", algorithm 2 and section 3.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`; PyTorch's learning rate, 0.002.
    momentum_decay : float
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        momentum_decay: float = 0.004,
        **common: Unpack[OptimizerOptions],
    ) -> None:
        self.momentum_decay = momentum_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)

    def check(self) -> None:
        super().check()
        number(self.momentum_decay, "momentum_decay", self, least=0)

    def bind(self, params: Array, decayed: int | None = None) -> None:
        super().bind(params, decayed)
        self._ahead = np.empty_like(params)
        self._factors, self._products = (0.0, 0.0), [1.0]

    def update(self, params: Array, grads: Array) -> None:
        m, v = self.average(grads)
        work, ahead, scale, offset, t = self.work, self._ahead, self._scale, self._offset, self.step
        mu, next_mu, product = self._mu(t), self._mu(t + 1), self._product(t)
        b = sqrt((1 - self.beta_2) / (1 - self.beta_2**t))  # numerator and denominator are divided by it, as in Adam
        rate = self.rate / b

        scale[()] = rate * next_mu / (1 - product * next_mu) * (1 - self.beta_1)
        np.multiply(m, scale, ahead)
        scale[()] = rate * (1 - mu) / (1 - product)
        np.multiply(grads, scale, work)
        ahead += work  # rate * n / b

        offset[()] = self.epsilon / b
        np.sqrt(v, work)
        work += offset
        ahead /= work
        params -= ahead

    def _mu(self, step: int) -> float:
        return float(self.beta_1 * (1 - 0.5 * 0.96 ** (step * self.momentum_decay)))

    def _product(self, step: int) -> float:
        """Return mu_1 ... mu_step with the present arguments, like beta_1^t in Adam: whoever resumes gets the same."""
        if (self.beta_1, self.momentum_decay) != self._factors:
            self._factors, self._products = (self.beta_1, self.momentum_decay), [1.0]
        products = self._products
        while len(products) <= step and products[-1] > NO_PRODUCT:
            products.append(products[-1] * self._mu(len(products)))
        return products[min(step, len(products) - 1)]


class RAdam(Moments, name="radam"):
    """`Adam` that scales by v only after enough steps to estimate it, and then allows for the estimate's variance.

    With ``rho_inf = 2 / (1 - beta_2) - 1`` and ``rho_t = rho_inf - 2 t beta_2^t / (1 - beta_2^t)``, in step t
    ``params -= rate * m' / (1 - beta_1^t)`` while ``rho_t <= 5``, then ``r sqrt(1 - beta_2^t) / (sqrt(v') + epsilon)``
    times that, ``r^2 = (rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t)``. As in PyTorch; the
    paper has 4 in place of 5 and no epsilon. The slots hold ``m' / (1 - beta_1)`` and ``v' / (1 - beta_2)``.
    Source: Liu et al. 2020, "On the variance of the adaptive learning rate and beyond", algorithm 2.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`.
    clip_norm, clip_value, weight_decay
        As in `Optimizer`.
    """

    def update(self, params: Array, grads: Array) -> None:
        m, v = self.average(grads)
        work, scale, offset, t, beta_2 = self.work, self._scale, self._offset, self.step, self.beta_2
        rate = self.rate * (1 - self.beta_1) / (1 - self.beta_1**t)  # m' = (1 - beta_1) m
        rho_inf = 2 / (1 - beta_2) - 1
        rho = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)
        if rho > 5:
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            b = sqrt(1 - beta_2)  # sqrt(v') = b sqrt(v)
            scale[()] = rate * r * sqrt(1 - beta_2**t) / b
            offset[()] = self.epsilon / b
            np.sqrt(v, work)
            work += offset
            np.divide(m, work, work)
            work *= scale
        else:
            scale[()] = rate
            np.multiply(m, scale, work)
        params -= work
