"""Faults whose cause several checks could name: the message must name the true one."""

import numpy as np

from faults import Quiet, fault
from faults.layers import VECTOR
from framework import Activation, Layer, Optimizer
from framework.testing import check_activation, check_layer, check_optimizer


class Squares(Quiet, Activation):
    """Right: z^2."""

    def __call__(self, z):
        return z**2

    def derivative(self, z, a):
        return 2 * z


@fault("computed int64.*integers, as from", check_activation)
class Integers(Squares):
    def __call__(self, z):
        return (z > 0).astype(int)

    def derivative(self, z, a):
        return 0 * z


@fault("computed bool.*a comparison is returned", check_activation)
class Comparison(Squares):
    def derivative(self, z, a):
        return z > 0


@fault("computed float32, expected float64.*narrows the data", check_activation)
class Narrows(Squares):
    def __call__(self, z):
        return super().__call__(z.astype(np.float32))


@fault("an if on a whole array", check_activation)
class Branches(Squares):
    def __call__(self, z):
        return z if z > 0 else 0 * z


@fault("transposed: axes are exchanged", check_activation)
class Transposes(Squares):
    def derivative(self, z, a):
        return 2 * z.T


@fault("it is not on ctx", check_layer, **VECTOR)
class NotDeclared(Quiet, Layer):
    def forward(self, ctx, x):
        return x * ctx.W

    def backward(self, ctx, grad):
        return grad * ctx.W


@fault("0 / 0", check_optimizer)
class UnitSteps(Quiet, Optimizer):
    elementwise = False

    def update(self, params, grads):
        params -= self.rate * grads / np.sqrt((grads**2).sum())
