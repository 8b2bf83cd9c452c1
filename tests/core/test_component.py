"""Components: names, arguments, copies and repr."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from framework import SGD, Dense, Layer, Model, Sequential
from framework.core.component import Component
from framework.saving.config import from_config, to_config


class Fruit(Component):
    """A separate family, so that no class here is registered under one of the framework's names."""


class RedApple(Fruit, aliases=["pome"]):
    def __init__(self, weight=1.5, core=None):
        self.weight, self.core = weight, core
        self.check()

    def check(self):
        if self.weight <= 0:
            raise ValueError(f"weight must be above 0, got {self.weight}")


class XMLPear(Fruit, name="pear"):
    def __init__(self, length, **common):
        self.length = length


class _Hidden(Fruit):
    pass


class Unregistered(Fruit, registered=False):
    pass


@pytest.mark.parametrize("name", ["red_apple", "RedApple", "RED-APPLE", "red apple", "pome"])
def test_a_subclass_is_known_by_name_in_any_spelling(name):
    assert type(Fruit.of(name)) is RedApple


def test_names_are_sorted_and_leave_out_aliases_and_the_unregistered():
    assert Fruit.names() == ["pear", "red_apple"]
    assert Fruit.components() == [XMLPear, RedApple]
    assert not Fruit.known("hidden")
    assert not Fruit.known("unregistered")


def test_of_accepts_a_name_an_instance_and_a_class():
    apple = RedApple(2.0)
    assert Fruit.of(apple) is apple
    assert type(Fruit.of(RedApple)) is RedApple


def test_a_later_class_replaces_one_of_the_same_name():
    class Family(Component):
        pass

    class Same(Family):
        pass

    first = Same

    class Same(Family):  # type: ignore[no-redef]
        pass

    assert Family.named("same") is Same is not first


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("red_aple", ValueError, r"unknown fruit 'red_aple'; did you mean 'red_apple'\? Known: pear, red_apple"),
        ("pear", ValueError, r"XMLPear needs arguments: write XMLPear\(length=...\)"),
        (3, TypeError, r"expected a Fruit, its name or its class, got 3 \(int\)"),
        (SGD, TypeError, "expected a Fruit, its name or its class"),
    ],
)
def test_of_refuses_anything_that_is_not_a_component(spec, error, message):
    with pytest.raises(error, match=message):
        Fruit.of(spec)


def test_set_params_sets_what_get_params_returns_even_in_nested_components():
    apple = RedApple(core=RedApple(2.0))
    apple.set_params(weight=3.0, core__weight=4.0)
    assert (apple.weight, apple.core.weight) == (3.0, 4.0)
    assert apple.get_params(deep=False) == {"weight": 3.0, "core": apple.core}
    assert apple.get_params()["core__weight"] == 4.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": -1, "core": None}, "weight must be above 0"),
        ({"weight": 9.0, "wieght": 1}, "RedApple has no argument 'wieght'; did you mean 'weight'"),
        ({"weight": 9.0, "core__weight": -1}, "weight must be above 0"),
        ({"weight": 9.0, "weight__unit": "g"}, "it has no arguments to set"),
    ],
)
def test_refused_params_change_nothing(change, message):
    core = RedApple(2.0)
    apple = RedApple(1.0, core)
    with pytest.raises(ValueError, match=message):
        apple.set_params(**change)
    assert (apple.weight, apple.core, core.weight) == (1.0, core, 2.0)


def test_an_argument_that_is_not_kept_is_named():
    class Forgetful(Fruit, registered=False):
        def __init__(self, seeds=3):
            pass

    with pytest.raises(AttributeError, match=r"Forgetful must keep its argument 'seeds' as self\.seeds"):
        Forgetful().get_params()


def test_a_clone_shares_no_components_and_no_arrays():
    values = np.ones(3)
    apple = RedApple(2.0, [RedApple(3.0), {"a": values}])
    twin = apple.clone()
    twin.core[0].weight = 5.0
    twin.core[1]["a"][:] = 0
    assert apple.core[0].weight == 3.0
    assert values.tolist() == [1, 1, 1]
    assert repr(apple) == "RedApple(weight=2.0, core=[RedApple(weight=3.0), {'a': array([1., 1., 1.])}])"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_have_the_same_repr(copied):
    model = Model([Dense(3, "tanh"), "relu", [Dense(1)]], optimizer=SGD(0.1, momentum=0.9), seed=3)
    assert repr(copied(model)) == repr(model)


@pytest.mark.parametrize(
    "code",
    [
        "Model([Dense(2, activation='sigmoid'), Dense(1)])",
        "Model([Dense(3), 'relu', [Dense(1)]], loss='mse', optimizer=SGD(learning_rate=0.5, momentum=0.9))",
        "Sequential([Dense(2, weight_initializer=array([[1.0, 0.1]], dtype='float64'), use_bias=False, name='in')])",
        "Dense(4, trainable=False)",
    ],
)
def test_repr_reads_like_the_code(code):
    names = {"Model": Model, "Dense": Dense, "SGD": SGD, "Sequential": Sequential, "array": np.array}
    made = eval(code, names)
    again = eval(repr(made), names)
    assert repr(again) == repr(made)
    assert sorted(repr(made)) == sorted(code)  # the same arguments, in the order of the constructor


class Softmaxed(Dense, registered=False):
    def __init__(self, units, **common):
        super().__init__(units, "softmax", use_bias=False, **common)


class TwoLayers(Sequential, registered=False):
    def __init__(self, units=3, **common):
        self.units = units
        Sequential.__init__(self, [Dense(5, "tanh"), Dense(units)], **common)


class MaybeSoftmaxed(Dense):
    def __init__(self, units, end=False, **common):
        self.end = end
        if end:
            super().__init__(units, "softmax", **common)
        else:
            super().__init__(units, **common)


class ByDefault(Dense):
    def __init__(self, units, **common):
        common.setdefault("activation", "relu")
        super().__init__(units, **common)


class TestWhatASubclassPassesOnByItself:
    @pytest.mark.parametrize("layer", [Softmaxed(2, name="end"), TwoLayers(4, trainable=False)], ids=repr)
    def test_it_is_no_argument(self, layer):
        assert {"activation", "use_bias", "layers"}.isdisjoint(layer.get_params(deep=False))
        assert repr(eval(repr(layer))) == repr(layer)
        for twin in (layer.clone(), from_config(to_config(layer), classes=(Softmaxed, TwoLayers))):
            assert twin.get_params() == layer.get_params()
            assert repr(vars(twin)) == repr(vars(layer))

    def test_nor_if_the_source_cannot_be_read(self):
        scope: dict[str, Any] = {"Dense": Dense, "__name__": "nowhere"}
        exec(
            "class Unread(Dense, registered=False):\n"
            "    def __init__(self, units, **common):\n"
            "        super().__init__(units, 'softmax', **common)\n",
            scope,
        )
        twin = scope["Unread"](3, trainable=False).clone()
        assert (twin.units, twin.activation, twin.trainable) == (3, "softmax", False)

    @pytest.mark.parametrize(
        "layer",
        [
            MaybeSoftmaxed(3, activation="relu"),
            MaybeSoftmaxed(3, end=True),
            ByDefault(3),
            ByDefault(3, activation="elu"),
        ],
        ids=repr,
    )
    def test_what_may_be_given_is_an_argument(self, layer):
        assert layer.clone().activation == from_config(to_config(layer)).activation == layer.activation

    def test_a_file_may_hold_it(self):  # written where the source could not be read
        data = to_config(Softmaxed(2))
        data["arguments"]["activation"] = "softmax"
        assert repr(from_config(data, classes=(Softmaxed,))) == "Softmaxed(2)"


def test_a_layer_keeps_whether_it_is_trained_even_if_its_constructor_does_not_take_it():
    class Scale(Layer, registered=False):
        def __init__(self, start=1.0):
            self.start = start

    layer = Scale(2.0).set_params(trainable=False)
    assert layer.get_params() == {"start": 2.0, "trainable": False}
    assert not layer.clone().trainable
    assert not from_config(to_config(layer), classes=(Scale,)).trainable
    assert Scale().clone().trainable
