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


LEAVES = "replayable = True: it takes the values out of an array .* differs from what is computed without a recording"


@fault(LEAVES, check_layer, **VECTOR)
class StaleGain(Gain):
    """A recording cannot trace its parameter through bytes, so a replay would multiply by the recorded values."""

    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return x * np.frombuffer(ctx.s.tobytes(), x.dtype)


@fault(LEAVES, check_loss)
class StaleSquared(Quiet, Loss):
    replayable = True

    def per_sample(self, y_true, y_pred):
        return ((y_pred - np.frombuffer(y_true.tobytes(), y_pred.dtype).reshape(y_pred.shape)) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / y_pred.shape[1]


@fault(LEAVES, check_layer, **VECTOR)
class PlainGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = np.asarray(x)
        return x * ctx.s


@fault(f"{LEAVES}|does not work on the arrays of a recording", check_layer, **VECTOR)  # before Python 3.12
class BufferGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return x * np.asarray(memoryview(ctx.s))


@fault(LEAVES, check_layer, **VECTOR)
class AssigningGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x, y = x, np.empty(x.shape, x.dtype)
        y[...] = x
        y *= ctx.s
        return y


@fault(LEAVES, check_layer, **VECTOR)
class LeftGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return np.eye(len(x), dtype=x.dtype).dot(x) * ctx.s


@fault(r"replayable = True: it takes the values out of an array \(flat\)", check_layer, **VECTOR)
class FlatGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return x * np.fromiter(ctx.s.flat, x.dtype)


@fault(r"replayable = True: it takes the values out of an array \(nonzero\)", check_layer, **VECTOR)
class NonzeroGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x, y = x, x * ctx.s
        y[x.nonzero()] += 0
        return y


@fault("replayable = True: it writes into an array that it made by shape", check_layer, **VECTOR)
class AddingGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x, y = x, np.zeros(x.shape, x.dtype)
        y += x * ctx.s
        return y


@fault("replayable = True: it writes into an array that it made by shape", check_activation)
class DividingSwish(Swish):
    """What is not divided is 1 in each call; in a replay it would be what the call before left."""

    replayable = True

    def __call__(self, z):
        return z * np.divide(1, 1 + np.exp(-z), out=np.ones(z.shape, z.dtype), where=z < 1000)


@fault("replayable = True: it selects by a mask, so that a shape depends on values", check_layer, **VECTOR)
class SelectingGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x, y = x, x * ctx.s
        y[0] += 0 * y[x > 0].sum()
        return y


@fault("replayable = True: the form of what compress returns depends on values", check_layer, **VECTOR)
class CompressingGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x, y = x, x * ctx.s
        return y + 0 * y.compress(np.isfinite(x[0]), axis=1)


@fault(
    "replayable = True: CountingGain, played, differs from what is computed without a recording", check_layer, **VECTOR
)
class CountingGain(Gain):
    """Counts its batches in its context: no array that could be traced."""

    replayable = True

    def backward(self, ctx, grad):
        ctx.batches = getattr(ctx, "batches", 0) + 1
        return super().backward(ctx, grad) * (1 if ctx.batches < 3 else 1 + 1e-14)


@fault("replayable = True: ForgetfulGain, played, differs from what is computed", check_layer, **VECTOR)
class ForgetfulGain(Gain):
    """Every third pass of a context is another one."""

    replayable = True

    def forward(self, ctx, x):
        ctx.passes = [*getattr(ctx, "passes", []), 0][-4:]
        ctx.x = x
        return x * ctx.s + (1e-13 if len(ctx.passes) == 3 else 0)


@fault("replayable = True: UnlikeGain does not work on the arrays of a recording", check_layer, **VECTOR)
class UnlikeGain(Gain):
    replayable = True

    def forward(self, ctx, x):
        ctx.x = x
        return np.ndarray.__mul__(x, ctx.s)


@right(check_layer, **VECTOR)
class DividingGain(Gain):
    """Right: an array like `x` is made anew in each replay, and so is a copy."""

    replayable = True

    def forward(self, ctx, x):
        ctx.x, y = x, np.zeros_like(x)
        y += np.divide(x, 1, out=np.ones_like(x), where=x < 0)
        np.copyto(y, x, where=x >= 0)
        return y * ctx.s


@right(check_layer, **VECTOR)
class SortingGain(Gain):
    """Right: sorted, and put back in order."""

    replayable = True

    def forward(self, ctx, x):
        order = x.argsort(axis=1)
        ordered = x.copy()
        ordered.sort(axis=1)
        ctx.x = np.zeros_like(x)
        np.put_along_axis(ctx.x, order, ordered, axis=1)
        return ctx.x * ctx.s


FACTOR = 1.5


@right(check_layer, **VECTOR)
class OtherGain(Gain):
    """Right: what it reads from elsewhere may change unseen, so it is called in each step."""

    replayable = True
    power = 2.0

    def __init__(self, factors=(1.0, 2.0, 3.0, 4.0), table=None):
        super().__init__()
        self.factors = factors
        self.table = table

    def forward(self, ctx, x):
        ctx.x = x * (np.array(self.factors, x.dtype) * FACTOR**self.power)
        return ctx.x * ctx.s

    def backward(self, ctx, grad):
        return super().backward(ctx, grad) * (np.array(self.factors, grad.dtype) * FACTOR**self.power)


@right(check_layer, **VECTOR)
class ArrayGain(OtherGain):
    replayable = True

    def __init__(self, factors=None, table=None):
        super().__init__([1.0, 2.0, 3.0, 4.0] if factors is None else factors, table or {})


class _Rectifier(Quiet, Activation):
    def __call__(self, z):
        return np.maximum(z, 0)


@fault("replayable = True", check_activation)
class LoopingRectifier(_Rectifier):
    replayable = True

    def derivative(self, z, a):
        return np.array([1.0 if element > 0 else 0.0 for element in z.ravel()], z.dtype).reshape(z.shape)
