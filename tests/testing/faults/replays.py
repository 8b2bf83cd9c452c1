"""Components that claim to be replayable; that claim is the only fault of the wrong ones."""

import numpy as np

from faults import Quiet, fault, right
from faults.activations import Swish
from faults.layers import VECTOR, Gain, Mask
from faults.losses import Squared
from framework import Activation, Loss
from framework.testing import check_activation, check_layer, check_loss


@right(check_layer, **VECTOR)
class ReplayableGain(Gain):
    replayable = True


@right(check_layer, input_shape=[(4,), (2, 3)])
class ReplayableMask(Mask):
    """Right: each replay draws new noise."""

    replayable = True


@right(check_activation)
class ReplayableSwish(Swish):
    replayable = True


@right(check_loss)
class ReplayableSquared(Squared):
    replayable = True


@fault("replayable = True: it branches on values", check_layer, **VECTOR)
class BranchingGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s if (x < 0).any() else ctx.s * x


@fault("replayable = True: it takes a Python number out of an array", check_activation)
class NumberSwish(Swish):
    replayable = True

    def derivative(self, z, a):
        slope = super().derivative(z, a)
        return slope * float(np.sign(slope.max()) ** 2)


@fault("replayable = True: .* was not made by NumPy from its arrays", check_layer, **VECTOR)
class ListingGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return np.array([[element * scale for element, scale in zip(row, ctx.s, strict=True)] for row in x])


@fault("played.*differs from what is computed without a recording", check_layer, **VECTOR)
class StaleGain(Gain):
    """A recording cannot trace its parameter through bytes, so a replay multiplies by the recorded values."""

    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return x * np.frombuffer(ctx.s.tobytes(), x.dtype)


@fault("played.*differs from what is computed without a recording", check_loss)
class StaleSquared(Quiet, Loss):
    replayable = True

    def per_sample(self, y_true, y_pred):
        return ((y_pred - np.frombuffer(y_true.tobytes(), y_pred.dtype).reshape(y_pred.shape)) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / y_pred.shape[1]


class _Rectifier(Quiet, Activation):
    def __call__(self, z):
        return np.maximum(z, 0)


@fault("replayable = True", check_activation)
class LoopingRectifier(_Rectifier):
    replayable = True

    def derivative(self, z, a):
        return np.array([1.0 if element > 0 else 0.0 for element in z.ravel()], z.dtype).reshape(z.shape)
