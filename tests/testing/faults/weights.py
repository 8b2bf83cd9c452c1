"""Regularizers and constraints: other arguments, shapes, zeros, large values, nearest values, definitions."""

import numpy as np

from faults import Quiet, fault, right
from faults.small import Ball, Ridge, lengths
from framework import Constraint, Regularizer
from framework.regularizers import L2
from framework.testing import check_constraint, check_regularizer


class OfStrength(Quiet, Regularizer):
    """The base of those below: it keeps a strength."""

    def __init__(self, strength=0.1):
        self.strength = strength


@right(check_regularizer)
class OfMatricesByAccident(OfStrength):
    def __call__(self, parameter):
        return float(self.strength * (parameter.sum(axis=1) ** 2).sum())

    def gradient(self, parameter):
        return 2 * self.strength * parameter.sum(axis=1, keepdims=True).repeat(parameter.shape[1], axis=1)


@right(check_regularizer)
class OfSquares(OfStrength):
    def __call__(self, parameter):
        if parameter.ndim != 2 or len(set(parameter.shape)) > 1:
            raise ValueError(f"a square matrix is needed, got the shape {parameter.shape}")
        return float(self.strength * ((parameter - parameter.T) ** 2).sum())

    def gradient(self, parameter):
        return 4 * self.strength * (parameter - parameter.T)


@right(check_regularizer)
class Power(Quiet, Regularizer):
    """Its gradient at 0 is infinite for powers below 1, such as a variant has."""

    def __init__(self, power=1.5):
        self.power = power

    def __call__(self, parameter):
        return float((np.abs(parameter) ** self.power).sum())

    def gradient(self, parameter):
        return self.power * np.sign(parameter) * np.abs(parameter) ** (self.power - 1)


@right(check_regularizer, definition=lambda W: -0.1 * np.log(np.abs(W) + 0.01).sum())
class NegativeAtTimes(OfStrength):
    def __call__(self, parameter):
        return -float(self.strength * np.log(np.abs(parameter) + 0.01).sum())

    def gradient(self, parameter):
        return -self.strength * np.sign(parameter) / (np.abs(parameter) + 0.01)


@fault("1 / strength: strength is missing", check_regularizer)
class RidgeForgetsStrength(L2, registered=False):
    def gradient(self, parameter):
        return 2 * parameter


@fault("argument 'strength': has no effect", check_regularizer)
class RidgeOfFixedStrength(OfStrength):
    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * parameter


@fault(r"RightByDefault\(power=3\).*gradient", check_regularizer)
class RightByDefault(Quiet, Regularizer):
    def __init__(self, power=2):
        self.power = power

    def __call__(self, parameter):
        return float((np.abs(parameter) ** self.power).sum())

    def gradient(self, parameter):
        return 2 * parameter


@fault("W with a row of zeros.*division by the norm", check_regularizer)
class NormOfRows(Quiet, Regularizer):
    def __call__(self, parameter):
        return float(lengths(parameter).sum())

    def gradient(self, parameter):
        return parameter / lengths(parameter) if parameter.any() else 0 * parameter


@fault("W = 0.*a logarithm of 0", check_regularizer)
class LogOfSizes(Quiet, Regularizer):
    def __call__(self, parameter):
        return float(np.log(np.abs(parameter)).sum())

    def gradient(self, parameter):
        return 1 / parameter


@fault(r"W = \+-100 in float32.*overflow", check_regularizer)
class Overflows(Quiet, Regularizer):
    def __call__(self, parameter):
        return float(np.log(np.cosh(parameter)).sum())

    def gradient(self, parameter):
        return np.tanh(parameter)


@fault("computed -5, expected -37", check_regularizer)
class RightNearZero(Ridge):
    def gradient(self, parameter):
        return np.clip(2 * parameter, -5, 5)


@fault("it is random", check_regularizer)
class DropsTerms(Ridge):
    def gradient(self, parameter):
        return 4 * parameter * (np.random.default_rng().random(parameter.shape) < 0.5)


@fault(
    "columns take the place of rows", check_regularizer, definition=lambda W: (W.reshape(len(W), -1).sum(1) ** 2).sum()
)
class SumsColumns(Quiet, Regularizer):
    def __call__(self, parameter):
        return float((parameter.sum(axis=0) ** 2).sum())

    def gradient(self, parameter):
        return 2 * parameter.sum(axis=0, keepdims=True) * np.ones_like(parameter)


class Limited(Quiet, Constraint):
    """The base of those below: it keeps a limit."""

    def __init__(self, limit=1.0):
        self.limit = limit


@right(check_constraint, definition=lambda W: np.clip(W, -1, 1))
class Box(Limited):
    def __call__(self, parameter):
        return np.clip(parameter, -self.limit, self.limit)


@right(check_constraint)
class DividesByALittleMore(Limited):
    def __call__(self, parameter):
        norms = lengths(parameter)
        return parameter * (np.clip(norms, 0, self.limit) / (1e-7 + norms))


@right(check_constraint)
class UnitAndNonNegative(Quiet, Constraint):
    """Rows without a positive number become 0."""

    def __call__(self, parameter):
        positive = np.maximum(parameter, 0)
        norms = lengths(positive)
        return positive / np.where(norms > 0, norms, 1)


@right(check_constraint)
class NoBounds(Quiet, Constraint):
    def __init__(self, low=None, high=None):
        self.low = low
        self.high = high

    def __call__(self, parameter):
        return parameter.copy() if self.low is self.high is None else np.clip(parameter, self.low, self.high)


@right(check_constraint)
class Signs(Quiet, Constraint):
    def __call__(self, parameter):
        return np.where(parameter < 0, -1, 1).astype(parameter.dtype)


@right(check_constraint)
class Symmetric(Quiet, Constraint):
    """Leaves what is not square as it is."""

    def __call__(self, parameter):
        square = parameter.ndim == 2 and len(parameter) == parameter.shape[1]
        return (parameter + parameter.T) / 2 if square else parameter.copy()


@fault("same values for different W", check_constraint)
class Forgets(Quiet, Constraint):
    def __call__(self, parameter):
        return np.full_like(parameter, 0.5)


@fault("it allows everything: limit has no effect", check_constraint)
class DoesNothing(Limited):
    def __call__(self, parameter):
        return parameter.copy()


@fault("row . of W could stay as it is", check_constraint)
class ScalesAllRows(Limited):
    def __call__(self, parameter):
        return parameter * min(1.0, self.limit / max(float(lengths(parameter).max()), 1e-12))


@fault("not the nearest", check_constraint)
class WrongThreshold(Quiet, Constraint):
    def __call__(self, parameter):
        return np.where(parameter > 0.5, 1, -1).astype(parameter.dtype)


@fault("with a row of zeros.*division by the norm", check_constraint)
class UnitRows(Quiet, Constraint):
    def __call__(self, parameter):
        return parameter / lengths(parameter) if parameter.any() else 0 * parameter


@fault("each call multiplies them by 0.5", check_constraint)
class Halves(Quiet, Constraint):
    def __call__(self, parameter):
        return 0.5 * parameter


@fault("each row is meant", check_constraint, definition=Ball())
class BallOfAll(Quiet, Constraint):
    def __call__(self, parameter):
        return parameter * min(1.0, 2 / max(float(np.linalg.norm(parameter)), 1e-12))


@fault("jumps from .* a constant is missing", check_regularizer)
class HuberWithoutItsConstant(OfStrength):
    def __call__(self, parameter):
        size = np.abs(parameter)
        return float(self.strength * np.where(size < 3, size**2 / 2, 3 * size).sum())

    def gradient(self, parameter):
        return self.strength * np.clip(parameter, -3, 3)


@right(check_regularizer)
class Huber(HuberWithoutItsConstant):
    def __call__(self, parameter):
        size = np.abs(parameter)
        return float(self.strength * np.where(size < 3, size**2 / 2, 3 * size - 4.5).sum())


@fault("right for ratio=0.5, wrong for ratio=0.25", check_regularizer)
class RatioWrittenIn(Quiet, Regularizer):
    def __init__(self, ratio=0.5):
        self.ratio = ratio

    def __call__(self, W):
        return float(self.ratio * np.abs(W).sum() + (1 - self.ratio) * (W * W).sum())

    def gradient(self, W):
        return 0.5 * np.sign(W) + W
