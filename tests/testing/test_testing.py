"""The conformance kit: it accepts right components, and names what is wrong with the others."""

from __future__ import annotations

import re

import numpy as np
import pytest
from faults import FAULTS, RIGHT, activations, layers, losses, metrics, models, optimizers, replays, small

from framework import Component, Dense
from framework.testing import check_layer, check_metric

assert all(
    (activations, layers, losses, metrics, models, optimizers, replays, small)
)  # each enters its classes on import


@pytest.mark.parametrize(("cls", "check", "told", "words"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_fault_is_named(cls, check, told, words):
    with pytest.raises(AssertionError) as caught:
        check(cls(), **told)
    message = str(caught.value)
    assert re.search(words, message, re.DOTALL), message
    assert message.count("\n") <= 3


@pytest.mark.parametrize(("cls", "check", "told"), RIGHT, ids=lambda value: getattr(value, "__name__", ""))
def test_right_component_passes(cls, check, told):
    check(cls(), **told)


def test_there_are_enough_faults():
    assert len(FAULTS) >= 100
    assert len({check for _, check, _, _ in FAULTS}) == 10


def test_faults_are_not_registered():
    families = Component.__subclasses__()
    assert not [cls for family in families for cls in family.components() if cls.__module__.startswith("faults")]


def test_a_function_is_a_metric():
    check_metric(
        lambda y_true, y_pred: float(np.abs(y_true - y_pred).mean()), inputs=lambda rng, n: tuple(rng.random((2, n, 3)))
    )
    with pytest.raises(AssertionError, match="the order matters"):
        check_metric(lambda y_true, y_pred: float(y_pred[0, 0]))


def test_what_came_in_is_named():
    with pytest.raises(AssertionError, match=r"(?s)Dense\(3\).*expects inputs of shape \(n, inputs\)"):
        check_layer(Dense(3), input_shape=(4, 2))
    with pytest.raises(AssertionError, match="kink or a jump almost everywhere"):
        check_layer("relu", input_shape=(4,), inputs=lambda rng, shape: np.zeros(shape))
    check_layer("relu", input_shape=(4,), inputs=lambda rng, shape: np.zeros(shape), kinks=(0,))
