import numpy as np

from faults import Quiet, fault, right
from framework import Activation
from framework.testing import check_activation


@right(check_activation)
class Swish(Quiet, Activation):
    """Right, in two lines."""

    def __call__(self, z):
        return z / (1 + np.exp(-z))

    def derivative(self, z, a):
        s = 1 / (1 + np.exp(-z))
        return s + a * (1 - s)


@right(check_activation)
class Logistic(Quiet, Activation):
    def __call__(self, z):
        return 1 / (1 + np.exp(-z))

    def derivative(self, z, a):
        return a * (1 - a)


@right(check_activation)
class Cut(Quiet, Activation):
    """Right: slope 1 between the kinks at -1 and 1, slope 0.1 beyond them."""

    def __call__(self, z):
        return np.clip(z, -1, 1) + (z - np.clip(z, -1, 1)) / 10

    def derivative(self, z, a):
        return np.where(np.abs(z) < 1, z.dtype.type(1), z.dtype.type(0.1))


@right(check_activation)
class Shares(Quiet, Activation):
    """Right: a softmax, which is not elementwise."""

    def __call__(self, z):
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def backward(self, grad, z, a, out=None):
        return a * (grad - (grad * a).sum(axis=-1, keepdims=True))


@fault("derivative.*sign is wrong", check_activation)
class NegativeSlope(Logistic):
    def derivative(self, z, a):
        return a * (a - 1)


@fault("factor 2 is missing", check_activation)
class HalfSlope(Quiet, Activation):
    def __call__(self, z):
        return z * z / (1 + np.abs(z))

    def derivative(self, z, a):
        u = 1 + np.abs(z)
        return (2 * z * u - z * np.abs(z)) / (u * u) / 2


@fault("takes z where it means a", check_activation)
class SlopeFromInputs(Logistic):
    def derivative(self, z, a):
        return z * (1 - z)


@fault("takes a where it means z", check_activation)
class SlopeFromOutputs(Swish):
    def derivative(self, z, a):
        s = 1 / (1 + np.exp(-a))
        return s + a * s * (1 - s)


@fault("writes to z", check_activation)
class WritesInput(Quiet, Activation):
    def __call__(self, z):
        z[z < 0] = 0
        return z

    def derivative(self, z, a):
        return (a > 0).astype(z.dtype)


@fault("writes to grad", check_activation)
class WritesGrad(Logistic):
    def backward(self, grad, z, a, out=None):
        grad *= a * (1 - a)
        return grad


@fault("in_place is False", check_activation)
class NotInPlace(Swish):
    in_place = True

    def derivative(self, z, a):
        s = 1 / (1 + np.exp(-z))
        return s + z * s * (1 - s)


@fault("not filled", check_activation)
class LeavesBuffer(Logistic):
    def __call__(self, z, out=None):
        out = np.zeros_like(z) if out is None else out
        return np.divide(1, 1 + np.exp(-z), out=out, where=z > -1) if out.any() else super().__call__(z)


@fault("not filled", check_activation)
class AddsToBuffer(Logistic):
    def __call__(self, z, out=None):
        out = np.zeros_like(z) if out is None else out
        out += 1 / (1 + np.exp(-z))
        return out


@fault("computed float64, expected float32", check_activation)
class Widens(Logistic):
    def __call__(self, z):
        return super().__call__(np.asarray(z, np.float64))


@fault("derivative in float32.*computed float64", check_activation)
class WidensSlope(Quiet, Activation):
    def __call__(self, z):
        return np.maximum(z, 0)

    def derivative(self, z, a):
        return np.where(z > 0, np.ones(z.shape), 0)

    def backward(self, grad, z, a, out=None):
        return grad * (z > 0)


@fault("wrong axis", check_activation)
class SharesOfBatch(Shares):
    def __call__(self, z):
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)


@fault("exp overflows", check_activation)
class Overflows(Quiet, Activation):
    def __call__(self, z):
        return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))

    def derivative(self, z, a):
        return 1 - a * a


@fault("overwritten by the next call", check_activation)
class KeepsBuffer(Logistic):
    buffers = {}

    def __call__(self, z):
        return np.divide(1, 1 + np.exp(-z), self.buffers.setdefault((z.shape, z.dtype), np.empty_like(z)))


@fault("backward", check_activation)
class SharesElementwise(Shares):
    def backward(self, grad, z, a, out=None):
        return grad * a * (1 - a)


@fault("grad is left out", check_activation)
class ForgetsGrad(Logistic):
    def backward(self, grad, z, a, out=None):
        return a * (1 - a)


@fault("global random state", check_activation)
class Jitters(Logistic):
    def __call__(self, z):
        return super().__call__(z + 0 * np.random.random(z.shape))  # noqa: NPY002 - the fault


@fault("a wrong formula", check_activation)
class SlopeOfOneSide(Quiet, Activation):
    def __call__(self, z):
        return np.where(z > 0, z, np.expm1(z))

    def derivative(self, z, a):
        return np.where(z > 0, z.dtype.type(1), a)


@fault("a case", check_activation)
class ForgetsUpperBound(Quiet, Activation):
    def __call__(self, z):
        return np.clip(z, 0, 6)

    def derivative(self, z, a):
        return (z > 0).astype(z.dtype)


@right(check_activation)
class Waves(Quiet, Activation):
    """Right: it never becomes a straight line."""

    def __call__(self, z):
        return np.sin(z)

    def derivative(self, z, a):
        return np.cos(z)


@right(check_activation)
class Bump(Quiet, Activation):
    """Right, but for squares that overflow far out."""

    def __call__(self, z):
        return z / (1 + z * z)

    def derivative(self, z, a):
        return (1 - z * z) / (1 + z * z) ** 2


@right(check_activation)
class SwishOfItself(Quiet, Activation):
    """The usual formula of its slope, in which 1e10 - 1e10 is left of 1 far out."""

    def __call__(self, z):
        return z * (0.5 + 0.5 * np.tanh(0.5 * z))

    def derivative(self, z, a):
        return a + (0.5 + 0.5 * np.tanh(0.5 * z)) * (1 - a)


@fault("terms beside the diagonal are left out", check_activation)
class NormIsConstant(Quiet, Activation):
    def __call__(self, z):
        return z / np.sqrt((z * z).sum(axis=-1, keepdims=True) + 0.01)

    def backward(self, grad, z, a):
        return grad / np.sqrt((z * z).sum(axis=-1, keepdims=True) + 0.01)


@fault("the two values are exchanged", check_activation)
class SlopeOutside(Quiet, Activation):
    def __call__(self, z):
        return np.clip(z, -1, 1)

    def derivative(self, z, a):
        return (np.abs(z) > 1).astype(z.dtype)


@fault("z \\(2, 3, 4\\).*written for two axes", check_activation)
class RowByRow(Quiet, Activation):
    def __call__(self, z):
        a = np.zeros_like(z)
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                a[i, j] = max(z[i, j], 0)
        return a

    def derivative(self, z, a):
        return (z > 0).astype(z.dtype)
