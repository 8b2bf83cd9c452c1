"""Right components, each of a kind that a check has once refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from framework import Constraint, Dense, Initializer, Layer, Loss, Metric, Model, Optimizer, Parameter, Schedule
from framework.testing import (
    check_constraint,
    check_initializer,
    check_layer,
    check_loss,
    check_metric,
    check_model,
    check_optimizer,
    check_schedule,
)


class Cyclic(Schedule, registered=False):
    """One of its arguments matters in one of its modes alone."""

    def __init__(self, low: float = 0.001, high: float = 0.1, up: int = 20, mode: str = "plain", gamma: float = 0.99):
        self.low, self.high, self.up, self.mode, self.gamma = low, high, up, mode, gamma

    def __call__(self, step: int) -> float:
        share = 1 - abs(step % (2 * self.up) / self.up - 1)
        return self.low + (self.high - self.low) * share * (self.gamma**step if self.mode == "falling" else 1.0)


class Fixup(Initializer, registered=False):
    """Divides by 0 if `m` is 1."""

    def __init__(self, depth: int = 16, m: int = 2):
        self.depth, self.m = depth, m

    def __call__(self, shape: Any, rng: np.random.Generator) -> Any:
        return self.depth ** (-1 / (2 * self.m - 2)) * rng.standard_normal(shape)


class TwoOfFour(Constraint, registered=False):
    """Changes nothing in rows of fewer than four."""

    def __call__(self, parameter: Any) -> Any:
        result, end = parameter.copy(), parameter.shape[-1] // 4 * 4
        groups = result[..., :end].reshape(-1, 4)
        least = np.argsort(np.abs(groups), axis=1)[:, :2]
        np.put_along_axis(groups, least, 0, axis=1)
        result[..., :end] = groups.reshape(result[..., :end].shape)
        return result


class AdaMod(Optimizer, registered=False):
    """Ding et al. 2019: the average of the step sizes, which bounds them, begins at 0."""

    slots = ("m", "v", "s")

    def __init__(
        self, learning_rate: Any = 0.01, beta1: float = 0.9, beta2: float = 0.999, beta3: float = 0.99, **common: Any
    ):
        super().__init__(learning_rate, **common)
        self.beta1, self.beta2, self.beta3 = beta1, beta2, beta3

    def update(self, params: Any, grads: Any) -> None:
        self.m += (1 - self.beta1) * (grads - self.m)
        self.v += (1 - self.beta2) * (grads**2 - self.v)
        eta = self.rate / (np.sqrt(self.v / (1 - self.beta2**self.step)) + 1e-8)
        self.s += (1 - self.beta3) * (eta - self.s)
        params -= np.minimum(eta, self.s) * self.m / (1 - self.beta1**self.step)


class Rprop(Optimizer, registered=False):
    """Its rate is that of the first step."""

    slots = ("size", "last")

    def update(self, params: Any, grads: Any) -> None:
        if self.step == 1:
            self.size[...] = self.rate
        agree = np.sign(grads * self.last)
        self.size *= np.where(agree > 0, 1.2, np.where(agree < 0, 0.5, 1))
        self.last[...] = np.where(agree < 0, 0, grads)
        params -= np.sign(self.last) * self.size


class DropPath(Layer, registered=False):
    """Huang et al. 2016: samples are dropped; the others are scaled if that is wanted."""

    differs_in_training = True

    def __init__(self, drop: float = 0.25, scale_by_keep: bool = True, **common: Any):
        super().__init__(**common)
        self.drop, self.scale_by_keep = drop, scale_by_keep

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.mask = np.ones((len(x), *(1 for _ in x.shape[1:])), x.dtype)
        if ctx.training:
            ctx.mask *= ctx.rng.random(ctx.mask.shape) >= self.drop
            ctx.mask /= 1 - self.drop if self.scale_by_keep else 1
        return x * ctx.mask

    def backward(self, ctx: Any, grad: Any) -> Any:
        return grad * ctx.mask


class Settled(Layer, registered=False):
    """z = tanh(a z / 2 + x) with a below 1, to a tolerance; its gradient is that of the exact solution."""

    def __init__(self, tolerance: float = 1e-13, most: int = 300, **common: Any):
        super().__init__(**common)
        self.tolerance, self.most = tolerance, most

    def parameters(self, input_shape: Any) -> dict[str, Parameter]:
        return {"a": Parameter(input_shape)}

    def forward(self, ctx: Any, x: Any) -> Any:
        z, ctx.share = np.zeros_like(x), np.tanh(ctx.a) / 2
        for _ in range(self.most):
            before, z = z, np.tanh(ctx.share * z + x)
            if np.abs(z - before).max() < self.tolerance:
                break
        ctx.z = z
        return z.copy()

    def backward(self, ctx: Any, grad: Any) -> Any:
        slope = 1 - ctx.z**2
        dx = grad * slope / (1 - slope * ctx.share)
        ctx.da[...] = (dx * ctx.z).sum(axis=0) * (1 - np.tanh(ctx.a) ** 2) / 2
        return dx


class Margin(Loss, registered=False):
    """nn.MultiMarginLoss: a function of one-hot targets alone."""

    classifies = True

    def _slack(self, y_true: Any, y_pred: Any) -> Any:
        own = (y_true * y_pred).sum(axis=1, keepdims=True)
        return np.maximum(0, 1 - own + y_pred) * (1 - y_true)

    def per_sample(self, y_true: Any, y_pred: Any) -> Any:
        return self._slack(y_true, y_pred).sum(axis=1)

    def gradient(self, y_true: Any, y_pred: Any) -> Any:
        over = (self._slack(y_true, y_pred) > 0).astype(y_pred.dtype)
        return over - y_true * over.sum(axis=1, keepdims=True)


class MeanAndVariance(Loss, registered=False):
    """Half of the outputs are means, the others logarithms of variances."""

    def per_sample(self, y_true: Any, y_pred: Any) -> Any:
        k = y_pred.shape[1] // 2
        mean, log = y_pred[:, :k], y_pred[:, k:]
        return 0.5 * (np.exp(-log) * (y_true[:, :k] - mean) ** 2 + log).sum(axis=1)

    def gradient(self, y_true: Any, y_pred: Any) -> Any:
        k = y_pred.shape[1] // 2
        mean, log = y_pred[:, :k], y_pred[:, k:]
        off = (mean - y_true[:, :k]) * np.exp(-log)
        return np.concatenate([off, 0.5 * (1 - off * (mean - y_true[:, :k]))], axis=1)


class OfOneColumn(Metric, registered=False):
    """The share of class 1 that is found; several columns do not fit its weights."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        y, p = np.ravel(y_true) > 0.5, np.ravel(y_pred) > 0.5
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        return float(weight @ (y & p) / max(weight @ y, 1e-12))


class GammaDeviance(Metric, registered=False):
    """Refuses a prediction of 0, also where the target is 0."""

    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        if (y_true < 0).any() or (y_pred <= 0).any():
            raise ValueError("predictions must be positive")
        terms = (y_pred - y_true - y_true * np.log(y_pred / np.maximum(y_true, 1e-12))).mean(axis=-1)
        return float(np.average(terms, weights=sample_weight))


class BagOfWords(Layer, registered=False):
    def parameters(self, input_shape: Any) -> dict[str, Parameter]:
        return {"E": Parameter((6, 2), "random_normal")}

    def output_shape(self, input_shape: Any) -> Any:
        return (2,)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.index = x.astype(int)
        return ctx.E[ctx.index].sum(axis=1)

    def backward(self, ctx: Any, grad: Any) -> None:
        ctx.dE[...] = 0
        np.add.at(ctx.dE, ctx.index, grad[:, None])


def test_components_pass() -> None:
    check_schedule(Cyclic())
    check_initializer(Fixup())
    check_constraint(TwoOfFour())
    check_optimizer(AdaMod())
    check_layer(DropPath(), 4)
    check_layer(DropPath(scale_by_keep=False), 4)
    check_layer(Settled(), 3)
    check_loss(Margin())
    check_loss(MeanAndVariance(), minimum=False)
    check_metric(OfOneColumn())
    check_metric(GammaDeviance())


def test_rule_that_uses_its_rate_in_the_first_step_passes_in_a_model() -> None:
    X = np.random.default_rng(0).normal(size=(12, 3))
    check_model(Model([Dense(1)], optimizer=Rprop(), seed=0), X, X[:, 0])
    scheduled = Model([Dense(1)], optimizer=Rprop(Cyclic()), seed=0)
    with pytest.raises(AssertionError, match="the schedule is not followed"):
        check_model(scheduled, X, X[:, 0])


def test_layer_that_reads_whole_numbers_is_told_so() -> None:
    check_layer(BagOfWords(), 3, inputs=lambda rng, shape: rng.integers(0, 6, shape))
    with pytest.raises(AssertionError, match="give inputs="):
        check_layer(BagOfWords(), 3)


def test_refusal_of_all_shapes_is_told_as_one() -> None:
    class OfOneShape(Constraint, registered=False):
        def __call__(self, parameter: Any) -> Any:
            if parameter.shape != (7, 2):
                raise ValueError("a parameter of shape (7, 2) is needed")
            return np.clip(parameter, -math.pi, math.pi)

    check_constraint(OfOneShape(), shapes=(7, 2))
    with pytest.raises(AssertionError, match="the component itself refuses this"):
        check_constraint(OfOneShape())
