"""Adam and those that differ from it by a line: AMSGrad, AdamW."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.optimizers.moments import Moments


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
        self.average(grads)
        self.move(params, self.v, *self.corrected())


class AMSGrad(Moments, name="amsgrad"):
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

    def update(self, params: Array, grads: Array) -> None:
        self.average(grads)
        np.maximum(self.v_max, self.v, out=self.v_max)
        self.move(params, self.v_max, *self.corrected())


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
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        weight_decay: float = 0.01,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay, **common)
