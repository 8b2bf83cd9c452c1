"""Initializers, regularizers, schedules and losses at the edges of the cases that a check tells apart."""

import numpy as np

from faults import Quiet, fault, right
from faults.edges import descent
from faults.optimizers import Descent
from faults.schedules import Timed
from framework import Initializer, Loss, Regularizer
from framework.testing import check_initializer, check_loss, check_optimizer, check_regularizer, check_schedule


@right(check_initializer)
class Orthogonal(Quiet, Initializer):
    """Right: rows, or columns, at right angles and of one length."""

    def __call__(self, shape, rng):
        rows, columns = shape[0], int(np.prod(shape[1:]))
        Q = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))[0]
        return np.ascontiguousarray(Q if rows >= columns else Q.T).reshape(shape)


@fault("the rows are not at right angles, as the name says", check_initializer)
class MyOrthogonal(Orthogonal):
    def __call__(self, shape, rng):
        W = super().__call__(shape, rng)
        return W + 3e-6 * rng.normal(size=shape)


@fault("the rows are not of one length", check_initializer)
class OrthogonalNormal(Orthogonal):
    def __call__(self, shape, rng):
        W = super().__call__(shape, rng)
        return W * (1 + 1e-5 * rng.random((len(W), *(1 for _ in shape[1:])))) if shape[0] <= shape[-1] else W


@fault("read-only.*a view, as from np.broadcast_to", check_initializer)
class Broadcasts(Quiet, Initializer):
    def __call__(self, shape, rng):
        W = rng.normal(size=shape)
        W.flags.writeable = False
        return W


@fault("different seeds give the same values.*what it draws is not used", check_initializer)
class DrawsInVain(Quiet, Initializer):
    def __call__(self, shape, rng):
        rng.random()
        return np.cos(np.arange(np.prod(shape), dtype=float)).reshape(shape)


@fault("kept from the first call .a cache.: draw anew", check_initializer)
class KeepsFirst(Quiet, Initializer):
    drawn = {}

    def __call__(self, shape, rng):
        if shape not in self.drawn:
            self.drawn[shape] = rng.normal(size=shape)
        return self.drawn[shape].copy()


@fault("factor 2 on the gradient", check_optimizer, definition=descent)
class DoublesGradient(Descent):
    def update(self, params, grads):
        params -= self.rate * (2 * grads)


class Ridge(Quiet, Regularizer):
    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * parameter


@fault("number of rows: a mean where a sum belongs", check_regularizer)
class AveragesRows(Ridge):
    def gradient(self, parameter):
        return 2 * parameter / len(parameter)


@fault("number of columns: a mean where a sum belongs", check_regularizer)
class AveragesColumns(Ridge):
    def gradient(self, parameter):
        return 2 * parameter / parameter.shape[-1]


@fault("jumps from .* where an entry of W passes 1.5", check_regularizer, kinks=(1.5, -1.5))
class JumpsAtEntry(Ridge):
    def __call__(self, parameter):
        return super().__call__(parameter) + float((parameter > 1.5).sum())


@fault("jumps from .* where the length of W passes 2.5", check_regularizer)
class JumpsAtLength(Ridge):
    def __call__(self, parameter):
        return super().__call__(parameter) + float(np.sqrt((parameter**2).sum()) > 2.5)


@fault(
    "a division where an integer division belongs", check_schedule, definition=lambda step: 0.1 * 0.5 ** (step // 100)
)
class Slides(Timed):
    def __call__(self, step):
        return self.learning_rate * 0.5 ** (step / self.steps)


@fault(
    "a wrong formula from step 40 on: the steps before it are right",
    check_schedule,
    definition=lambda step: 0.1 / (1 + step / 100),
)
class TurnsAt40(Timed):
    def __call__(self, step):
        return self.learning_rate / (1 + step / self.steps * (1 if step < 40 else 2))


@fault("a logarithm or division at 0", check_loss, definition=None)
class Reciprocal(Quiet, Loss):
    expects = "probabilities"

    def per_sample(self, y_true, y_pred):
        return (y_true / y_pred + (1 - y_true) / (1 - y_pred)).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return -y_true / y_pred**2 + (1 - y_true) / (1 - y_pred) ** 2


@fault("an exp or a power that overflows", check_loss)
class Softplus(Quiet, Loss):
    def per_sample(self, y_true, y_pred):
        return np.log1p(np.exp((y_pred - y_true) ** 2 / 50)).sum(axis=1)

    def gradient(self, y_true, y_pred):
        e = np.exp((y_pred - y_true) ** 2 / 50)
        return e / (1 + e) * (y_pred - y_true) / 25
