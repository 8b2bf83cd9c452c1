"""How large a fault must be to be refused: rounding is accepted, five times as much as a check allows is not."""

import numpy as np
import pytest

from framework import Activation, Dense, Layer, Loss, Model, Parameter, Regularizer
from framework.testing import check_activation, check_layer, check_loss, check_model, check_regularizer

ROUNDING, FAULT = 1 + 2e-7, 1 + 5e-6  # of a gradient, beside 1e-6 which is allowed


class Arctan(Activation, registered=False):
    off = 1.0

    def __call__(self, z):
        return np.arctan(z)

    def derivative(self, z, a):
        return self.off / (1 + z * z)


class Scaled(Layer, registered=False):
    off, off_input = 1.0, 1.0

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones")}

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = self.off * (grad * ctx.x).sum(axis=0)
        return self.off_input * (grad * ctx.s)


class Squares(Loss, registered=False):
    off = 1.0

    def per_sample(self, y_true, y_pred):
        return ((y_pred - y_true) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * self.off * (y_pred - y_true) / y_pred.shape[1]


class Ridge(Regularizer, registered=False):
    off = 1.0

    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * self.off * parameter


def in_a_model():
    rng = np.random.default_rng(0)
    check_model(Model([Dense(3, "tanh"), Dense(2)], loss=Squares()), rng.normal(size=(9, 3)), rng.normal(size=(9, 2)))


CHECKED = {  # where the factor is, and the check
    "activation": (Arctan, "off", lambda: check_activation(Arctan())),
    "layer": (Scaled, "off", lambda: check_layer(Scaled(), input_shape=(4,))),
    "input of a layer": (Scaled, "off_input", lambda: check_layer(Scaled(), input_shape=(4,))),
    "loss": (Squares, "off", lambda: check_loss(Squares())),
    "regularizer": (Ridge, "off", lambda: check_regularizer(Ridge())),
    "model": (Squares, "off", in_a_model),
}


@pytest.mark.parametrize("kind", CHECKED)
def test_a_gradient_may_be_off_by_rounding_alone(kind, monkeypatch):
    cls, name, check = CHECKED[kind]
    monkeypatch.setattr(cls, name, ROUNDING)
    check()
    for off in (FAULT, 2 - FAULT):
        monkeypatch.setattr(cls, name, off)
        with pytest.raises(AssertionError, match=r"computed .*, expected .* by central differences"):
            check()
