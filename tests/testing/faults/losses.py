import numpy as np

from faults import Quiet, fault, right
from framework import Loss
from framework.losses import BinaryCrossentropy
from framework.testing import check_loss


@right(check_loss)
class Squared(Quiet, Loss):
    """Right: the sum of (y - p)^2 over the outputs."""

    def per_sample(self, y_true, y_pred):
        return ((y_pred - y_true) ** 2).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true)


@right(check_loss)
class Absolute(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return np.abs(y_pred - y_true).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return np.sign(y_pred - y_true) / y_pred.shape[1]


def likely(rng, n, outputs):
    return rng.uniform(0.1, 0.9, (n, outputs)), rng.uniform(0.1, 0.9, (n, outputs))


@right(check_loss, inputs=likely)
class LogLikelihood(Quiet, Loss):
    """Right: -y log p - (1 - y) log(1 - p), summed over the outputs."""

    def per_sample(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-6, 1 - 1e-6)
        return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)).sum(axis=1)

    def gradient(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-6, 1 - 1e-6)
        return (p - y_true) / (p * (1 - p))


@fault("gradient.*sign is wrong", check_loss)
class Uphill(Squared):
    def gradient(self, y_true, y_pred):
        return 2 * (y_true - y_pred)


@fault("gradient.*factor 2 is missing", check_loss)
class ForgetsTwo(Squared):
    def gradient(self, y_true, y_pred):
        return y_pred - y_true


@fault("batch size: a mean where a sum belongs", check_loss)
class AveragesTwice(Squared):
    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / len(y_pred)


@fault("number of outputs: a sum where a mean belongs", check_loss)
class SumsOutputs(Absolute):
    def gradient(self, y_true, y_pred):
        return np.sign(y_pred - y_true)


@fault("squared: the square is returned", check_loss)
class SquaredGradient(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return np.log(np.cosh(np.clip(y_pred - y_true, -300, 300))).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return np.tanh(y_pred - y_true) ** 2


@fault("value is returned instead", check_loss, outputs=(1, 3))
class ReturnsValue(Squared):
    def gradient(self, y_true, y_pred):
        return np.repeat(self.per_sample(y_true, y_pred)[:, None], y_pred.shape[1], axis=1)


@fault("minimum.*sign is wrong", check_loss, inputs=likely)
class ForgetsMinus(LogLikelihood):
    def per_sample(self, y_true, y_pred):
        return -super().per_sample(y_true, y_pred)

    def gradient(self, y_true, y_pred):
        return -super().gradient(y_true, y_pred)


@fault("logarithm or division at 0", check_loss, inputs=likely)
class LogOfZero(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return (y_pred - y_true * np.log(np.abs(y_pred))).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return 1 - y_true / y_pred


@fault("computed shape.*wrong axis", check_loss)
class WrongAxis(Squared):
    def per_sample(self, y_true, y_pred):
        return ((y_pred - y_true) ** 2).sum(axis=0)


@fault("depends on the others", check_loss)
class AveragesOverBatch(Squared):
    def per_sample(self, y_true, y_pred):
        return super().per_sample(y_true, y_pred) / len(y_pred)


@fault("writes to y_pred", check_loss)
class WritesPrediction(Squared):
    def gradient(self, y_true, y_pred):
        y_pred -= y_true
        return 2 * y_pred


@fault("writes to y_true", check_loss)
class WritesTarget(Squared):
    def per_sample(self, y_true, y_pred):
        y_true -= y_pred
        return (y_true**2).sum(axis=1)


@fault("expected float32", check_loss)
class Widens(Squared):
    def gradient(self, y_true, y_pred):
        return np.float64(2) * (y_pred - y_true)


@fault("weight is not the same as repetition", check_loss)
class IgnoresWeights(Squared):
    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        return super().value_and_gradient(y_true, y_pred, None, logits=logits, out=out)


@fault("weight is not the same as repetition", check_loss)
class DividesByCount(Squared):
    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        value, gradient = super().value_and_gradient(y_true, y_pred, sample_weight, logits=logits, out=out)
        if sample_weight is not None and self.reduction == "mean":
            value *= sample_weight.sum() / len(y_pred)
        return value, gradient


@fault("uneven parts", check_loss)
class AveragesInTotal(Squared):
    def total(self, y_true, y_pred, sample_weight=None, logits=None):
        total, weight = super().total(y_true, y_pred, sample_weight, logits)
        return (total / weight, 1.0) if weight else (total, weight)


@fault("value_and_gradient, gradient.*batch size", check_loss)
class FastPathForgetsMean(Squared):
    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        value, _ = super().value_and_gradient(y_true, y_pred, sample_weight)
        return value, self.gradient(y_true, y_pred)


@fault("not filled", check_loss)
class LeavesBuffer(Squared):
    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        value, gradient = super().value_and_gradient(y_true, y_pred, sample_weight)
        return value, gradient if out is None else out


@fault("overwritten by the next call", check_loss)
class KeepsBuffer(Squared):
    buffers = {}

    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        if out is None:
            out = self.buffers.setdefault((y_pred.shape, y_pred.dtype), np.empty_like(y_pred))
        return super().value_and_gradient(y_true, y_pred, sample_weight, out=out)


@fault("from logits.*a mean where a sum|from logits.*a sum where a mean", check_loss)
class SumsOverOutputs(BinaryCrossentropy, registered=False):
    def gradient_from_logits(self, y_true, y_pred, out=None):
        return np.subtract(y_pred, y_true, out)

    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        return Loss.value_and_gradient(self, y_true, y_pred, sample_weight, logits=logits, out=out)


@fault("from logits.*sign is wrong", check_loss)
class LogitsUphill(BinaryCrossentropy, registered=False):
    def value_and_gradient(self, y_true, y_pred, sample_weight=None, *, logits=None, out=None):
        value, gradient = super().value_and_gradient(y_true, y_pred, sample_weight, logits=logits, out=out)
        return value, gradient if logits is None else -gradient


@fault("stale state|keeps state", check_loss)
class Remembers(Squared):
    seen = 0

    def per_sample(self, y_true, y_pred):
        self.seen += len(y_pred)
        return super().per_sample(y_true, y_pred)


@fault(
    "per_sample, which differs from the definition.*factor 2",
    check_loss,
    definition=lambda y, p: ((y - p) ** 2).sum(axis=1) / 2,
)
class NotAsDefined(Squared):
    pass


BUFFERS = {}


@fault("gradient is overwritten by the next call: a buffer is kept", check_loss)
class GivesOutBuffer(Squared):
    def gradient(self, y_true, y_pred):
        buffer = BUFFERS.setdefault((y_pred.shape, y_pred.dtype), np.empty_like(y_pred))
        np.subtract(y_pred, y_true, out=buffer)
        buffer *= 2
        return buffer


class Lopsided(Quiet, Loss):
    """An expectile loss, whose gradient a subclass gets wrong."""

    def __init__(self, share=0.8, **common):
        super().__init__(**common)
        self.share = share

    def per_sample(self, y_true, y_pred):
        above, below = np.maximum(y_pred - y_true, 0), np.maximum(y_true - y_pred, 0)
        return (self.share * below**2 + (1 - self.share) * above**2).sum(axis=1)


@fault("y_pred is above y_true and where y_pred is below y_true are exchanged", check_loss)
class ExchangesSides(Lopsided):
    def gradient(self, y_true, y_pred):
        above, below = np.maximum(y_pred - y_true, 0), np.maximum(y_true - y_pred, 0)
        return 2 * (self.share * above - (1 - self.share) * below)


@fault("where y_pred is above y_true, every entry is 5 times .* a factor 1 - share is missing", check_loss)
class ForgetsOneSide(Lopsided):
    def gradient(self, y_true, y_pred):
        above, below = np.maximum(y_pred - y_true, 0), np.maximum(y_true - y_pred, 0)
        return 2 * (above - self.share * below)


@fault("it is right with smoothing=0.0: the fault is where smoothing enters", check_loss)
class SmoothsValueAlone(Quiet, Loss):
    expects = "distribution"

    def __init__(self, smoothing=0.1, **common):
        super().__init__(**common)
        self.smoothing = smoothing

    def per_sample(self, y_true, y_pred):
        soft = (1 - self.smoothing) * y_true + self.smoothing / y_true.shape[1]
        return -(soft * np.log(np.maximum(y_pred, 1e-7))).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return -y_true / np.maximum(y_pred, 1e-7)
