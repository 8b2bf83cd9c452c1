"""The conformance checks accept right components, and name the fault of wrong ones."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

import faults
import numpy as np
import pytest
from faults import FAULTS, RIGHT

from framework import Component, Dense, Dropout, Model, Sequential
from framework.engine import outputs
from framework.testing import check_layer, check_metric, check_model

for module in iter_modules(faults.__path__):
    import_module(f"faults.{module.name}")  # fills FAULTS and RIGHT


@pytest.mark.parametrize(("cls", "check", "options", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_fault_is_named(cls, check, options, words):
    with pytest.raises(AssertionError) as caught:
        check(cls(), **options)
    message = str(caught.value)
    assert re.search(words, message, re.DOTALL), message
    assert message.count("\n") <= 3


@pytest.mark.parametrize(("cls", "check", "options"), RIGHT, ids=lambda value: getattr(value, "__name__", ""))
def test_right_component_passes(cls, check, options):
    check(cls(), **options)


def test_every_check_has_faults():
    assert len(FAULTS) >= 100
    assert len({check for _, check, _, _ in FAULTS}) == 10


def test_faults_are_not_registered():
    families = Component.__subclasses__()
    assert not [cls for family in families for cls in family.components() if cls.__module__.startswith("faults")]


class _Halved(Dense):
    """Halves the gradient at its outputs, and its outputs too."""

    def forward(self, ctx, x):
        return 0.5 * super().forward(ctx, x)

    def backward(self, ctx, grad):
        return super().backward(ctx, 0.5 * grad)


def test_a_last_layer_that_is_given_another_gradient_is_named(monkeypatch):
    check_layer(_Halved(2, "sigmoid"), input_shape=(4,))
    check_layer(Sequential([_Halved(2, "softmax")]), input_shape=(4,))
    monkeypatch.setattr(outputs, "runs_as", lambda component, base, methods=(): isinstance(component, base))
    for activation, loss in (("sigmoid", "binary_crossentropy"), ("softmax", "categorical_crossentropy")):
        words = rf"(?s)as the last layer, with {loss}: gradient.*by central differences.*fused"
        for layer in (_Halved(2, activation), Sequential([_Halved(2, activation)])):
            with pytest.raises(AssertionError, match=words):
                check_layer(layer, input_shape=(4,))


def test_a_function_is_a_metric():
    check_metric(
        lambda y_true, y_pred: float(np.abs(y_true - y_pred).mean()), inputs=lambda rng, n: tuple(rng.random((2, n, 3)))
    )
    with pytest.raises(AssertionError, match="the order matters"):
        check_metric(lambda y_true, y_pred: float(y_pred[0, 0]))


def test_a_wrong_input_is_named():
    with pytest.raises(AssertionError, match=r"(?s)Dense\(3\).*expects inputs of shape \(n, inputs\)"):
        check_layer(Dense(3), input_shape=(4, 2))
    with pytest.raises(AssertionError, match="kink or a jump almost everywhere"):
        check_layer("relu", input_shape=(4,), inputs=lambda rng, shape: np.zeros(shape))
    check_layer("relu", input_shape=(4,), inputs=lambda rng, shape: np.zeros(shape), kinks=(0,))


def test_a_model_that_was_fitted_is_checked_and_stays_as_it_is(rng, snapshot):
    X, y = rng.normal(size=(11, 3)), rng.normal(size=(11, 2))
    model = Model([Dense(4, "tanh"), Dropout(0.2), Dense(2)], optimizer="adam", metrics=["mae"]).fit(X, y)
    before = snapshot(model)
    check_model(model, X, y)
    assert snapshot(model) == before
