"""Initializers, regularizers, constraints and schedules."""

from math import sqrt

import numpy as np

from faults import Quiet, fault, right
from framework import Constraint, Initializer, Regularizer, Schedule
from framework.testing import check_constraint, check_initializer, check_regularizer, check_schedule

HE = {"mean": 0, "std": lambda fan_in, fan_out: sqrt(2 / fan_in)}


@right(check_initializer, **HE)
class He(Quiet, Initializer):
    def __call__(self, shape, rng):
        return rng.normal(0, sqrt(2 / max(1, int(np.prod(shape[1:])))), shape)


@fault("variance is taken for the standard deviation", check_initializer, **HE)
class VarianceAsDeviation(He):
    def __call__(self, shape, rng):
        return rng.normal(0, 2 / max(1, int(np.prod(shape[1:]))), shape)


@fault("fan_in and fan_out are exchanged", check_initializer, **HE)
class ExchangesFans(He):
    def __call__(self, shape, rng):
        return rng.normal(0, sqrt(2 / shape[0]), shape)


@fault("factor 2", check_initializer, **HE)
class ForgetsTwo(He):
    def __call__(self, shape, rng):
        return super().__call__(shape, rng) / sqrt(2)


@fault("limit of a uniform distribution", check_initializer, **HE)
class LimitAsDeviation(He):
    def __call__(self, shape, rng):
        limit = sqrt(2 / max(1, int(np.prod(shape[1:]))))
        return rng.uniform(-limit, limit, shape)


@fault("shifted", check_initializer, **HE)
class Shifted(He):
    def __call__(self, shape, rng):
        return super().__call__(shape, rng) + 0.05


@fault("all values are equal", check_initializer, **HE)
class OnlyZeros(He):
    def __call__(self, shape, rng):
        return np.zeros(shape)


@fault("global random state", check_initializer)
class GlobalDraws(He):
    def __call__(self, shape, rng):
        return np.random.normal(0, 1, shape)  # noqa: NPY002 - the fault


@fault("generator of its own", check_initializer)
class OwnDraws(He):
    def __call__(self, shape, rng):
        return np.random.default_rng().normal(0, 1, shape)


@fault("different seeds give the same", check_initializer)
class IgnoresDraws(He):
    def __call__(self, shape, rng):
        rng.random()
        return np.random.default_rng(0).normal(0, 1, shape)


@fault("expected float64", check_initializer)
class Narrow(He):
    def __call__(self, shape, rng):
        return super().__call__(shape, rng).astype(np.float32)


@fault("expected shape", check_initializer)
class ReversesShape(He):
    def __call__(self, shape, rng):
        return super().__call__(shape[::-1], rng)


@fault("same array twice", check_initializer)
class ReturnsItsOwnArray(Quiet, Initializer):
    values = {}

    def __call__(self, shape, rng):
        return self.values.setdefault(tuple(shape), np.ones(shape))


@fault("some rows are equal", check_initializer)
class RepeatsRow(He):
    def __call__(self, shape, rng):
        return np.broadcast_to(rng.normal(0, 1, shape[1:]), shape).copy()


@right(check_regularizer)
class Ridge(Quiet, Regularizer):
    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * parameter


@right(check_regularizer)
class Lasso(Quiet, Regularizer):
    def __call__(self, parameter):
        return float(np.abs(parameter).sum())

    def gradient(self, parameter):
        return np.sign(parameter)


@fault("factor 2 is missing", check_regularizer)
class RidgeForgetsTwo(Ridge):
    def gradient(self, parameter):
        return parameter.copy()


@fault("sign is wrong", check_regularizer)
class RidgeUphill(Ridge):
    def gradient(self, parameter):
        return -2 * parameter


@fault("number of elements: a mean where a sum belongs", check_regularizer)
class RidgeAverages(Ridge):
    def gradient(self, parameter):
        return 2 * parameter / parameter.size


@fault("writes to W", check_regularizer)
class WritesWeights(Ridge):
    def gradient(self, parameter):
        parameter *= 2
        return parameter


@fault("sum over all axes", check_regularizer)
class PenaltyPerColumn(Ridge):
    def __call__(self, parameter):
        return (parameter**2).sum(axis=0)


@fault("expected float32", check_regularizer)
class RidgeWidens(Ridge):
    def gradient(self, parameter):
        return np.float64(2) * parameter


def lengths(W):
    return np.sqrt((W**2).sum(axis=tuple(range(1, W.ndim)) if W.ndim > 1 else None, keepdims=True))


@right(check_constraint)
class Ball(Quiet, Constraint):
    """Right: rows no longer than 2."""

    def __call__(self, parameter):
        return parameter * np.minimum(1, 2 / np.maximum(lengths(parameter), 1e-12)).astype(parameter.dtype)


@fault("not idempotent", check_constraint)
class Shrinks(Ball):
    def __call__(self, parameter):
        return super().__call__(parameter) * parameter.dtype.type(0.99)


@fault("writes to an array that came in", check_constraint)
class WritesProjection(Ball):
    def __call__(self, parameter):
        parameter *= np.minimum(1, 2 / np.maximum(lengths(parameter), 1e-12))
        return parameter


@fault("not the nearest", check_constraint)
class TooStrong(Ball):
    def __call__(self, parameter):
        return parameter * (lengths(parameter) <= 2)


@right(check_schedule)
class Falling(Quiet, Schedule):
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def __call__(self, step):
        return self.learning_rate / (1 + step)


@fault("stale state", check_schedule)
class CountsCalls(Falling):
    def __call__(self, step):
        self.calls = getattr(self, "calls", 0) + 1
        return self.learning_rate / self.calls


@fault("end is not held", check_schedule)
class FallsOn(Falling):
    def __call__(self, step):
        return self.learning_rate * (1 - step / 100)


@fault("overflow", check_schedule)
class GrowsOn(Falling):
    def __call__(self, step):
        return self.learning_rate * float(np.exp(np.minimum(step, 10**5)))


@fault("step count that is off by one", check_schedule)
class CountsFromOne(Falling):
    def __call__(self, step):
        return self.learning_rate / int(step)


@fault("step count off by one", check_schedule, definition=lambda step: 0.1 / (1 + step))
class OneStepLate(Falling):
    def __call__(self, step):
        return self.learning_rate / (2 + step)


@fault("expected a float", check_schedule)
class ReturnsArray(Falling):
    def __call__(self, step):
        return np.array([self.learning_rate])


@fault("came back as", check_schedule)
class KeepsAnotherRate(Falling):
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate / 10


@fault("eval of the repr|repr shows", check_schedule)
class Misdescribed(Falling):
    def __repr__(self):
        return "Misdescribed(0.2)"
