"""Components as plain data, and back."""

import json

import numpy as np
import pytest

import framework as f
from framework.core.component import Component
from framework.initializers import Values
from framework.layers.base import Layer
from framework.saving.config import from_config, to_config
from framework.saving.config_difference import assign, classes_in, difference


def through_json(component, classes=()):
    return from_config(json.loads(json.dumps(to_config(component), allow_nan=False)), classes)


def without_arguments():
    for family in (f.Activation, f.Initializer, f.Layer, f.Loss, f.Metric, f.Optimizer, f.Regularizer, f.Schedule):
        for cls in family.components():
            try:
                yield cls()
            except (TypeError, ValueError):  # needs arguments
                continue


@pytest.mark.parametrize("component", list(without_arguments()), ids=repr)
def test_every_component_round_trips(component):
    twin = through_json(component)
    assert type(twin) is type(component)
    assert repr(twin) == repr(component)
    assert to_config(twin) == to_config(component)


class Anything(Layer, registered=False):
    def __init__(self, value, **common):
        super().__init__(**common)
        self.value = value


VALUES = [
    None,
    True,
    -3,
    2**200,
    0.1,
    float("inf"),
    "relu",
    "naïve ☃",
    (1, (2.5, None), []),
    [[], [1, "a"], ()],
    {"a": [1], 3: (2,), (1, 2): {"b": None}},
    f.Activation,
    f.Dense,
    f.Dense(3, f.Activation.of("tanh"), name="hidden"),
    [f.Dense(1), {"inner": f.Dropout(0.25)}],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_as_they_were(value):
    twin = through_json(Anything(value), [Anything]).value
    assert type(twin) is type(value)
    assert repr(twin) == repr(value)


def test_nan_comes_back():
    assert np.isnan(through_json(Anything(float("nan")), [Anything]).value)


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i4", "u8", "f2", "f4", "f8", ">f8", ">i2"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_arrays_come_back_bit_for_bit(dtype, shape):
    array = np.asarray(np.random.default_rng(0).normal(size=shape) * 50 + 60).astype(dtype)
    twin = through_json(Anything(array.T), [Anything]).value
    assert twin.dtype == array.dtype.newbyteorder("=")
    assert twin.flags.writeable
    np.testing.assert_array_equal(twin, array.T)


def test_numpy_scalars_and_dtypes_keep_their_types():
    rate, dtype, kind = through_json(Anything([np.float32(0.1), np.dtype("f4"), np.float64]), [Anything]).value
    assert type(rate) is np.float32
    assert rate == np.float32(0.1)
    assert isinstance(dtype, np.dtype)
    assert dtype == np.float32
    assert kind is np.float64


def test_a_model_round_trips():
    layers = [f.Dense(4, "tanh", np.ones((4, 2))), f.Dropout(0.1), [f.Dense(3), "relu"], f.Dense(1)]
    model = f.Model(
        layers, loss="mse", optimizer=f.SGD(0.1, momentum=0.9), metrics=("mae", "r2"), seed=3, dtype=np.float32
    )
    twin = through_json(model)
    assert to_config(twin) == to_config(model)
    assert isinstance(twin.metrics, tuple)
    X, y = np.linspace(-1, 1, 20).reshape(10, 2), np.linspace(0, 1, 10)
    np.testing.assert_array_equal(twin.fit(X, y).predict(X), model.fit(X, y).predict(X))


@pytest.mark.parametrize("value", [len, lambda x: x, object(), {1, 2}, b"bytes", 1j, np.array(["a"]), np.array([None])])
def test_what_cannot_be_written_is_named(value):
    with pytest.raises(TypeError, match=r"layers\[1\]\.value\[0\] is .* cannot be written"):
        to_config(f.Model([f.Dense(1), Anything([value])]))


def test_a_function_as_metric_says_what_to_do():
    def off_by(y_true, y_pred):
        return 0.0

    with pytest.raises(TypeError, match=r"metrics\[0\] is <function .* write a class"):
        to_config(f.Model([f.Dense(1)], metrics=[off_by]))


def test_a_registered_class_of_ones_own_is_found_and_an_unknown_one_is_named():
    config = {"family": "Layer", "name": "dence", "arguments": {"units": 3}}
    with pytest.raises(ValueError, match=r"unknown layer 'dence'; did you mean 'dense'.*classes="):
        from_config(config)

    class Dence(f.Dense):
        pass

    try:
        assert type(from_config(config)) is Dence
    finally:
        del f.Layer._registry["dence"]
    assert type(from_config(config, [Dence])) is Dence


def test_a_class_passed_goes_before_the_registered_one():
    class Wide(f.Dense, registered=False, name="dense"):
        pass

    assert type(through_json(f.Dense(2), [Wide])) is Wide


DENSE = {"family": "Layer", "name": "dense"}
ARRAY = {"array": "<f8", "shape": [2], "base64": "AAAAAAAAAAAAAAAAAAAAAA==", "scalar": False}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"import": "os"},
        {"family": "Layer"},
        {"family": "os", "name": "system", "arguments": {"command": "true"}},
        {"family": "Layer", "name": "Component", "arguments": {}},
        {**DENSE, "arguments": {"units": 3}, "more": 1},
        {**DENSE, "arguments": [3]},
        {**DENSE, "arguments": {"unit": 3}},
        {**DENSE, "arguments": {}},
        {**DENSE, "arguments": {"units": -1}},
        {**DENSE, "arguments": {"units": "3"}},
        {"family": ["Layer"], "name": "dense"},
        {"float": "1.5"},
        {"tuple": 3},
        {"dict": [[1]]},
        {"dict": [[[], 1]]},
        {"dtype": "O"},
        {"dtype": "<U1000000"},
        {"stored": "params", "scalar": False},
        {**ARRAY, "array": "|O"},
        {**ARRAY, "array": "<f4"},
        {**ARRAY, "shape": [10**12]},
        {**ARRAY, "shape": [-1]},
        {**ARRAY, "shape": [2.0]},
        {**ARRAY, "shape": [True, 2]},
        {**ARRAY, "base64": "%%"},
        {**ARRAY, "scalar": 0},
        {1, 2},
    ],
    ids=repr,
)
def test_a_config_of_another_form_is_refused(config):
    with pytest.raises((ValueError, TypeError)):
        from_config(config)


def test_the_first_difference_is_said():
    def config(*layers, **arguments):
        return to_config(f.Model(list(layers), **arguments))

    one = config(f.Dense(3, "tanh"), f.Dense(1), seed=1)
    assert difference(one, config(f.Dense(3, "tanh"), f.Dense(1), seed=1)) == ""
    assert difference(one, config(f.Dense(3, "relu"), f.Dense(1), seed=1)) == (
        "layers[0].activation is 'tanh' (str) here and 'relu' (str) there"
    )
    assert "layers[1] is 'dense' (str) here and 'dropout' (str)" in difference(
        one, config(f.Dense(3, "tanh"), f.Dropout())
    )
    assert "seed is 1 (int) here and 2 (int)" in difference(one, config(f.Dense(3, "tanh"), f.Dense(1), seed=2))
    assert difference(one, config(f.Dense(3), seed=1)).startswith("layers is [")


def test_assign_changes_in_place_what_has_the_same_structure():
    hidden, output = f.Dense(3), f.Dense(1)
    optimizer = f.SGD(0.5)
    model = f.Model([hidden, output], optimizer=optimizer)
    changed = f.Model([f.Dense(3, trainable=False), f.Dense(1)], optimizer=f.SGD(0.25), metrics=["mae"])
    assert assign(model, to_config(changed)) is model
    assert to_config(model) == to_config(changed)
    assert model.layers == [hidden, output]
    assert not hidden.trainable
    assert optimizer.learning_rate == 0.25
    assign(model, to_config(f.Model([f.Dense(3)], optimizer="sgd")))
    assert len(model.layers) == 1
    assert model.optimizer == "sgd"


def test_classes_in_finds_all():
    model = f.Model(
        [f.Dense(3, f.Activation.of("tanh"), Values([[1.0]])), [Anything({"a": (f.Dropout,)})]], loss=f.Loss.of("mse")
    )
    names = {cls.__name__ for cls in classes_in(model)}
    assert names == {"Model", "Dense", "Tanh", "Values", "Anything", "Dropout", "MeanSquaredError"}
    assert all(issubclass(cls, Component) for cls in classes_in(model))
