"""Losses that are wrong at some values, sizes or arguments only, and right ones of unusual domains."""

import numpy as np

from faults import Quiet, fault, right
from faults.losses import Squared
from framework import Loss
from framework.losses import BinaryCrossentropy
from framework.testing import check_loss


class Robust(Quiet, Loss):
    """Huber's loss, whose parts a subclass gets wrong."""

    def __init__(self, delta=1.0, **common):
        super().__init__(**common)
        self.delta = delta

    def per_sample(self, y_true, y_pred):
        r = np.abs(y_pred - y_true)
        return np.where(r <= self.delta, 0.5 * r**2, self.delta * (r - 0.5 * self.delta)).mean(axis=1)

    def gradient(self, y_true, y_pred):
        r = y_pred - y_true
        return np.clip(r, -self.delta, self.delta) / r.shape[1]


@fault("per_sample: sample.*jumps from.*branches.*do not meet", check_loss)
class BranchesDoNotMeet(Robust):
    def per_sample(self, y_true, y_pred):
        r = np.abs(y_pred - y_true)
        return np.where(r <= self.delta, 0.5 * r**2, self.delta * r).mean(axis=1)


@fault("right for delta=1.0, wrong for delta=0.5.*does not enter gradient", check_loss)
class ForgetsArgument(Robust):
    def gradient(self, y_true, y_pred):
        r = y_pred - y_true
        return np.clip(r, -1, 1) / r.shape[1]


@fault("argument 'delta': has no effect.*self.delta is not used", check_loss)
class LeavesArgument(Robust):
    def per_sample(self, y_true, y_pred):
        return Robust().per_sample(y_true, y_pred)

    def gradient(self, y_true, y_pred):
        return Robust().gradient(y_true, y_pred)

    def __init__(self, delta=1.0, **common):
        super().__init__(delta, **common)


@fault("gradient: entry.*where y_pred is", check_loss)
class WrongFarAway(Squared):
    def per_sample(self, y_true, y_pred):
        r = np.abs(y_pred - y_true)
        return np.where(r <= 5, r**2, 10 * r - 25).sum(axis=1)


@fault("prediction equal to the target, gradient: computed nan.*of 0 is divided by", check_loss)
class NormAtZero(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return np.linalg.norm(y_pred - y_true, axis=1)

    def gradient(self, y_true, y_pred):
        r = y_pred - y_true
        return r / np.linalg.norm(r, axis=1, keepdims=True)


@fault("targets of 0, value: computed inf.*a target.*is 0 and divided by", check_loss)
class Percentage(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return np.abs(y_pred / y_true - 1).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return np.sign(y_pred / y_true - 1) / y_true / y_true.shape[1]


@fault("in float32, value.*finite in float64 only", check_loss)
class ClipsTooLittle(Quiet, Loss):
    expects = "probabilities"

    def per_sample(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)).mean(axis=1)

    def gradient(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return (p - y_true) / (p * (1 - p)) / p.shape[1]


@fault("exp or a power that overflows", check_loss)
class NaiveLogCosh(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return np.log(np.cosh(y_pred - y_true)).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return np.tanh(y_pred - y_true)


@fault(r"per_sample of one output.*broadcasts to \(n, n\)", check_loss)
class AllPairsOfOneOutput(Squared):
    def per_sample(self, y_true, y_pred):
        y = y_true[:, 0] if y_true.shape[1] == 1 else y_true
        return ((y_pred - y) ** 2).mean(axis=1) * y_pred.shape[1]


@fault("per_sample of a batch of one.*squeeze", check_loss)
class SqueezesBatch(Squared):
    def per_sample(self, y_true, y_pred):
        return np.squeeze(super().per_sample(y_true, y_pred))


@fault("per_sample of a batch of 70.*right for 5 samples, wrong for 70", check_loss)
class FixedSize(Squared):
    def per_sample(self, y_true, y_pred):
        losses = np.zeros(len(y_pred), y_pred.dtype)
        losses[:64] = super().per_sample(y_true, y_pred)[:64]
        return losses


@fault("right for 3 outputs only", check_loss)
class FixedOutputs(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return ((y_pred - y_true) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / 3


@fault("state: self.mean was 0.0.*stale state", check_loss)
class RunningMean(Squared):
    def __init__(self, **common):
        super().__init__(**common)
        self.mean = 0.0

    def per_sample(self, y_true, y_pred):
        losses = super().per_sample(y_true, y_pred)
        self.mean = 0.9 * self.mean + 0.1 * float(losses.mean())
        return losses / (1 + self.mean)


@fault("from logits, with sample_weight.*weights are ignored", check_loss)
class LogitsIgnoreWeights(BinaryCrossentropy, registered=False):
    def sum_and_gradient(self, y_true, y_pred, sample_weight=None, logits=None, out=None):
        weight = sample_weight if logits is None else None
        return super().sum_and_gradient(y_true, y_pred, weight, logits, out)


@fault("link = 'sigmoid' needs per_sample_from_logits", check_loss)
class LinkAlone(Squared):
    link = "sigmoid"

    def per_sample(self, y_true, y_pred):
        return super().per_sample(y_true, y_pred)


@fault("per_sample where a target is 0: computed nan.*a logarithm of 0", check_loss)
class RelativeEntropy(Quiet, Loss):
    expects = "distribution"

    def per_sample(self, y_true, y_pred):
        return (y_true * np.log(y_true / np.maximum(y_pred, 1e-7))).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return np.where(y_pred > 1e-7, -y_true / np.maximum(y_pred, 1e-7), 0)


@right(check_loss)  # `expects` is for the error at build; a loss may do without
class ExpectsNothing(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return -(y_true * np.log(y_pred + 1e-7) + (1 - y_true) * np.log(1 - y_pred + 1e-7)).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return (1 - y_true) / (1 - y_pred + 1e-7) - y_true / (y_pred + 1e-7)


@right(check_loss)
class TakesNoReduction(Squared):
    def __init__(self):
        pass


@fault(r"minimum: entry.*cut to integers, as by astype\(int\)", check_loss)
class CutsTargets(Squared):
    def per_sample(self, y_true, y_pred):
        return super().per_sample(np.trunc(y_true), y_pred)

    def gradient(self, y_true, y_pred):
        return super().gradient(np.trunc(y_true), y_pred)


@fault(r"arguments come as \(y_true, y_pred\), and not as \(pred, target\)", check_loss)
class OtherOrder(Squared):
    def per_sample(self, pred, target):
        return ((pred - target) ** 2).sum(axis=1)

    def gradient(self, pred, target):
        return 2 * (pred - target)


@right(check_loss)
class Focal(Quiet, Loss):
    """Right: for targets 0 and 1, which nothing but its logarithm tells."""

    def __init__(self, gamma=2.0, **common):
        super().__init__(**common)
        self.gamma = gamma

    def per_sample(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-6, 1 - 1e-6)
        q = np.where(y_true == 1, p, 1 - p)
        return -((1 - q) ** self.gamma * np.log(q)).mean(axis=1)

    def gradient(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-6, 1 - 1e-6)
        q, g = np.where(y_true == 1, p, 1 - p), self.gamma
        slope = g * (1 - q) ** (g - 1) * np.log(q) - (1 - q) ** g / q
        return (2 * y_true - 1) * slope / p.shape[1]


@right(check_loss)
class Dice(Quiet, Loss):
    """Right: of probabilities alone, and its least value is at the target for classes alone."""

    expects = "probabilities"

    def per_sample(self, y_true, y_pred):
        return 1 - (2 * (y_true * y_pred).sum(axis=1) + 1) / ((y_true + y_pred).sum(axis=1) + 1)

    def gradient(self, y_true, y_pred):
        above = 2 * (y_true * y_pred).sum(axis=1, keepdims=True) + 1
        below = (y_true + y_pred).sum(axis=1, keepdims=True) + 1
        return (above - 2 * y_true * below) / below**2


@right(check_loss, outputs=(2,))
class Likelihood(Quiet, Loss):
    """Right: of a mean and a logarithm of a variance, which overflows where it must."""

    def per_sample(self, y_true, y_pred):
        return 0.5 * (y_pred[:, 1] + (y_true[:, 0] - y_pred[:, 0]) ** 2 * np.exp(-y_pred[:, 1]))

    def gradient(self, y_true, y_pred):
        r, precision = y_pred[:, 0] - y_true[:, 0], np.exp(-y_pred[:, 1])
        return np.stack([r * precision, 0.5 * (1 - r**2 * precision)], axis=1)


@right(check_loss)
class Missing(Quiet, Loss):
    """Right: an argument that marks targets, which none has unless it is tried."""

    def __init__(self, missing=-1.0, **common):
        super().__init__(**common)
        self.missing = missing

    def per_sample(self, y_true, y_pred):
        return np.where(y_true == self.missing, 0, (y_pred - y_true) ** 2).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return np.where(y_true == self.missing, 0, 2 * (y_pred - y_true))


@right(check_loss)
class Tukey(Robust):
    """Right: flat beyond delta."""

    def per_sample(self, y_true, y_pred):
        u = np.clip((y_pred - y_true) / self.delta, -1, 1)
        return self.delta**2 / 6 * (1 - (1 - u**2) ** 3).mean(axis=1)

    def gradient(self, y_true, y_pred):
        r = y_pred - y_true
        return np.where(np.abs(r) < self.delta, r * (1 - (r / self.delta) ** 2) ** 2, 0) / r.shape[1]


@right(check_loss)
class Smoothed(Quiet, Loss):
    """Right: the least value of a cross-entropy with smoothed labels is near the target, and not at it."""

    def per_sample(self, y_true, y_pred):
        soft = 0.9 * y_true + 0.1 / y_true.shape[1]
        return -(soft * np.log(np.maximum(y_pred, 1e-7))).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return -(0.9 * y_true + 0.1 / y_true.shape[1]) / np.maximum(y_pred, 1e-7)


@right(check_loss)
class Exponential(Quiet, Loss):
    """Right: of the signs of scores, for which larger is better."""

    expects = "signed"

    def per_sample(self, y_true, y_pred):
        return np.exp(-y_true * y_pred).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return -y_true * np.exp(-y_true * y_pred) / y_pred.shape[1]
