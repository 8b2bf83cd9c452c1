"""Run the conformance check of every registered component: whatever is added to the package is tested, or fails here.

A component that needs arguments, or special inputs, has samples in `SAMPLES`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pytest

import framework
from framework import (
    Activation,
    Component,
    Constraint,
    Initializer,
    Layer,
    Loss,
    Metric,
    Optimizer,
    Regularizer,
    Schedule,
    testing,
)

CHECKS: dict[Any, Callable[..., None]] = {
    Activation: testing.check_activation,
    Constraint: testing.check_constraint,
    Initializer: testing.check_initializer,
    Layer: testing.check_layer,
    Loss: testing.check_loss,
    Metric: testing.check_metric,
    Optimizer: testing.check_optimizer,
    Regularizer: testing.check_regularizer,
    Schedule: testing.check_schedule,
}


def by_fans(variance):
    return {"mean": 0.0, "std": lambda fan_in, fan_out: sqrt(variance(fan_in, fan_out))}


def probabilities(rng, n):
    return rng.integers(0, 3, n), rng.dirichlet(np.ones(3), n)


def indices(rng, shape):
    return rng.integers(0, 7, shape)


GLOROT = by_fans(lambda fan_in, fan_out: 2 / (fan_in + fan_out))
HE = by_fans(lambda fan_in, fan_out: 2 / fan_in)
LECUN = by_fans(lambda fan_in, fan_out: 1 / fan_in)
SHAPES = {"input_shape": [(4,), (3, 2)]}
VECTOR = {"input_shape": (4,)}

# By family and class: the constructor's arguments, as a tuple or by name, and the options of the check.
SAMPLES = {
    Activation: {
        "ELU": [((0.5,), {}), ((2.0,), {})],
        "GELU": [((), {}), ((True,), {})],
        "LeakyReLU": [((), {}), ((0.3,), {})],
    },
    Initializer: {
        "Constant": [((0.3,), {"mean": 0.3, "std": 0})],
        "GlorotNormal": [((), GLOROT)],
        "GlorotUniform": [((), GLOROT)],
        "HeNormal": [((), HE)],
        "HeUniform": [((), HE)],
        "LecunNormal": [((), LECUN)],
        "LecunUniform": [((), LECUN)],
        "Ones": [((), {"mean": 1, "std": 0})],
        "Orthogonal": [((2.0,), by_fans(lambda fan_in, fan_out: 4 / max(fan_in, fan_out)))],
        "RandomNormal": [((0.5, 2.0), {"mean": 0.5, "std": 2.0})],
        "RandomUniform": [((-1.0, 3.0), {"mean": 1.0, "std": 4 / sqrt(12)})],
        "TruncatedNormal": [((0.5, 2.0), {"mean": 0.5, "std": 2 * 0.8796256610342398})],
        "Values": [((np.arange(6.0).reshape(2, 3),), {"shapes": (2, 3)})],
        "Zeros": [((), {"mean": 0, "std": 0})],
    },
    Layer: {
        "Activate": [(("tanh",), SHAPES), (("relu",), SHAPES), (("softmax",), VECTOR)],
        "Add": [(([["tanh"], "linear"],), VECTOR)],
        "AlphaDropout": [((0.4,), SHAPES)],
        "BatchNormalization": [((), SHAPES)],
        "Concatenate": [(([["sigmoid"], "linear"],), VECTOR)],
        "Dense": [((3,), VECTOR), ((3, "gelu"), VECTOR), ((1, "relu"), VECTOR), ((3, "softmax"), VECTOR)],
        "Dropout": [((0.4,), SHAPES)],
        "Embedding": [((7, 3), {"input_shape": [(5,), ()], "inputs": indices})],
        "FeatureCross": [((), VECTOR)],
        "Flatten": [((), {"input_shape": [(4,), (2, 3), (2, 3, 2)]})],
        "GaussianDropout": [((0.4,), SHAPES)],
        "GaussianNoise": [((0.3,), SHAPES)],
        "LayerNormalization": [((), SHAPES)],
        "RMSNormalization": [((), SHAPES)],
        "Reshape": [(((3, 2),), {"input_shape": [(6,), (2, 3)]})],
        "Residual": [((["tanh"],), VECTOR)],
        "Sequential": [((["tanh", "sigmoid"],), VECTOR)],
    },
    Loss: {
        "BinaryCrossentropy": [
            ((), {}),
            ({"from_logits": True}, {"minimum": False}),
            ({"pos_weight": 3.0}, {"minimum": False}),
            ({"from_logits": True, "pos_weight": [3.0, 0.5, 1.0]}, {"minimum": False, "outputs": (3,)}),
        ],
        "CategoricalCrossentropy": [((), {"minimum": False}), ({"from_logits": True}, {"minimum": False})],
    },
    Metric: {
        "ConfusionMatrix": [((), {"number": False})],
        "F1": [((), {}), (("macro",), {"inputs": probabilities}), (("micro",), {"inputs": probabilities})],
        "Precision": [((), {}), (("macro",), {"inputs": probabilities}), (("micro",), {"inputs": probabilities})],
        "Recall": [((), {}), (("macro",), {"inputs": probabilities}), (("micro",), {"inputs": probabilities})],
        "TopK": [((2,), {"inputs": probabilities})],
    },
    Optimizer: {},
    Regularizer: {},
    Constraint: {},
    Schedule: {
        "Cosine": [((0.1, 50), {}), ((0.1, 50, 0.01, True, 2.0), {})],
        "Exponential": [((0.1, 0.9), {})],
        "InverseTime": [((0.1, 0.5), {})],
        "OneCycle": [((0.1, 100), {})],
        "Piecewise": [(([20, 60], [0.1, 0.03, 0.01]), {})],
        "Polynomial": [((0.1, 100, 2.0, 0.001), {})],
        "Step": [((0.1, 20), {})],
        "WarmUp": [((0.1, 10), {})],
    },
}


def built_in(family):
    return [cls for cls in family.components() if cls.__module__.startswith("framework.")]


def cases():
    for family, samples in SAMPLES.items():
        for cls in built_in(family):
            for i, sample in enumerate(samples.get(cls.__name__, [((), {})])):
                yield pytest.param(family, cls, sample, id=f"{family.__name__}-{cls.__name__}-{i}")


@pytest.mark.parametrize(("family", "cls", "sample"), [*cases()])
def test_component(family, cls, sample):
    arguments, options = sample
    try:
        component = cls(**arguments) if isinstance(arguments, dict) else cls(*arguments)
    except TypeError as error:
        pytest.fail(f"{cls.__name__} cannot be created ({error}): give it a sample in SAMPLES")
    CHECKS[family](component, **options)


def test_every_family_has_a_check():
    """A new family needs a check, or a reason to have none."""
    families = {cls for cls in Component.__subclasses__() if cls.__module__.startswith("framework.")}
    without_components = {framework.Model, framework.Callback}
    assert families - without_components == set(CHECKS)


def test_every_sample_is_used():
    for family, samples in SAMPLES.items():
        assert set(samples) <= {cls.__name__ for cls in built_in(family)}, family


@pytest.mark.usefixtures("restored_registry")
def test_a_component_without_a_sample_fails():
    class Needy(Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units

    Needy.__module__ = "framework.layers.needy"
    assert Needy in built_in(Layer)
    with pytest.raises(pytest.fail.Exception, match="SAMPLES"):
        test_component(Layer, Needy, ((), {}))
