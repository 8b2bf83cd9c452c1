"""How large a fault must be to be refused: rounding is accepted, five times as much as a check allows is not."""

import numpy as np
import pytest

from framework import Activation, Dense, Layer, Loss, Model, Parameter, Regularizer
from framework.testing import check_activation, check_layer, check_loss, check_model, check_regularizer

ROUNDING, FAULT = 1 + 2e-7, 1 + 5e-6  # of a gradient, beside 1e-6 which is allowed


class Arctan(Activation, registered=False):
    def __init__(self, off=1.0):
        self.off = off

    def __call__(self, z):
        return np.arctan(z)

    def derivative(self, z, a):
        return self.off / (1 + z * z)


class Scaled(Layer, registered=False):
    def __init__(self, off=1.0, off_input=1.0):
        super().__init__()
        self.off, self.off_input = off, off_input

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones")}

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = self.off * (grad * ctx.x).sum(axis=0)
        return self.off_input * (grad * ctx.s)


class Squares(Loss, registered=False):
    def __init__(self, off=1.0, **common):
        super().__init__(**common)
        self.off = off

    def per_sample(self, y_true, y_pred):
        return ((y_pred - y_true) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * self.off * (y_pred - y_true) / y_pred.shape[1]


class Ridge(Regularizer, registered=False):
    def __init__(self, off=1.0):
        self.off = off

    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * self.off * parameter


def in_a_model(off):
    rng = np.random.default_rng(0)
    check_model(
        Model([Dense(3, "tanh"), Dense(2)], loss=Squares(off)), rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    )


CHECKED = {
    "activation": lambda off: check_activation(Arctan(off)),
    "layer": lambda off: check_layer(Scaled(off), input_shape=(4,)),
    "input of a layer": lambda off: check_layer(Scaled(off_input=off), input_shape=(4,)),
    "loss": lambda off: check_loss(Squares(off)),
    "regularizer": lambda off: check_regularizer(Ridge(off)),
    "model": in_a_model,
}


@pytest.mark.parametrize("kind", CHECKED)
def test_a_gradient_may_be_off_by_rounding_alone(kind):
    CHECKED[kind](ROUNDING)
    for off in (FAULT, 2 - FAULT):
        with pytest.raises(AssertionError, match=r"computed .*, expected .* by central differences"):
            CHECKED[kind](off)
