"""Arguments inside lists and components, by paths."""

import copy
from typing import Any

import numpy as np
import pytest

from framework import SGD, BatchNormalization, Dense, Dropout, EarlyStopping, Model, Residual
from framework.metrics import Precision

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X[:, :1]


def model():
    layers = [Dense(4, "elu"), Dropout(0.2), [Dense(3), "relu"], Residual([Dense(3)]), Dense(1)]
    return Model(layers, metrics=["precision", Precision("macro")], seed=0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("layers__1__rate", 0.5),
        ("layers__0__units", 7),
        ("layers__0__activation", "relu"),
        ("layers__2__0__units", 5),
        ("layers__3__layers__0__use_bias", False),
        ("metrics__1__threshold", 0.25),
        ("layers__1", Dropout(0.3)),
        ("layers__2__1", "tanh"),
    ],
)
def test_what_get_params_shows_can_be_set_and_nothing_shared_changes(path, value):
    given = model()
    shared = copy.copy(given)
    before = repr(shared)
    assert path in given.get_params()
    assert given.set_params(**{path: value}).get_params()[path] is value
    assert repr(shared) == before != repr(given)


def test_components_given_by_name_are_made():
    given = model().set_params(metrics__0__threshold=0.3, layers__0__activation__alpha=0.5, optimizer__momentum=0.9)
    assert given.metrics[0].threshold == 0.3
    assert given.layers[0].activation.alpha == 0.5
    assert given.optimizer.momentum == 0.9


def test_a_list_is_set_before_its_items_and_items_before_their_arguments():
    given = model().set_params(layers__0__units=9, layers__0=Dense(2, "tanh"), layers=[Dense(1), Dense(1)])
    assert repr(given.layers) == "[Dense(9, activation='tanh'), Dense(1)]"


def test_a_tuple_stays_a_tuple_and_numbers_have_no_items():
    given = Model((Dense(1, bias_initializer=[0.5]), Dropout(0.1))).set_params(layers__1__rate=0.2)
    assert type(given.layers) is tuple
    assert "layers__0__bias_initializer__0" not in given.get_params()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layers__5__rate": 0.1}, r"Model\.layers has no item '5': it has items 0 to 4"),
        ({"layers__x": 0.1}, r"Model\.layers has no item 'x': it has items 0 to 4"),
        ({"layers__2__2__units": 0.1}, r"Model\.layers\[2\] has no item '2': it has items 0 to 1"),
        ({"layers__1__p": 0.1}, "Dropout has no argument 'p'; did you mean 'rate'"),
        ({"layers__1__rate": 2}, "rate must be"),
        ({"layers__2__1__alpha": 2}, "Activate has no argument 'alpha'.*Known: activation"),
        ({"seed__x": 2}, r"Model\.seed is 0 \(int\): it has no arguments to set"),
        ({"layer__1__rate": 0.1}, "Model has no argument 'layer__1__rate'; did you mean 'layers'"),
    ],
)
def test_a_wrong_path_says_what_there_is_and_changes_nothing(params, message):
    given = model()
    before, layers = repr(given), given.layers
    with pytest.raises(ValueError, match=message):
        given.set_params(loss="mse", **params)
    assert repr(given) == before
    assert given.layers is layers


def test_the_arguments_of_callbacks_are_set_as_their_constructor_would():
    stopping = EarlyStopping(patience=3)
    assert stopping.get_params()["patience"] == 3
    assert stopping.set_params(patience=5, min_delta=0.1) is stopping
    assert (stopping.patience, stopping.min_delta) == (5, 0.1)
    with pytest.raises(ValueError, match="mode"):
        stopping.set_params(mode="upwards")
    with pytest.raises(ValueError, match="EarlyStopping has no argument 'n_iter_no_change'; did you mean 'patience'"):
        stopping.set_params(n_iter_no_change=3)
    assert stopping.patience == 5


class TestAfterBuild:
    def test_training_goes_on_with_the_new_argument_and_the_present_weights(self):
        layers: Any = [Dense(6, "tanh"), Dropout(0.4), Dense(1)]
        given = Model(layers, optimizer=SGD(0.1, momentum=0.9), seed=0).fit(X, Y, epochs=3)
        twin = copy.deepcopy(given)
        given.set_params(layers__1__rate=0.0).fit(X, Y, epochs=3)
        twin.layers[1].rate = 0.0
        twin.fit(X, Y, epochs=3)
        np.testing.assert_array_equal(given.network.params, twin.network.params)
        assert layers[1].rate == 0.4

    def test_a_layer_is_frozen_and_thawed(self):
        given = Model([Dense(6, "tanh"), BatchNormalization(), Dense(1)], optimizer="adam", seed=0).fit(X, Y, epochs=3)
        before = given.network.view("0.W").copy()
        given.set_params(layers__0__trainable=False).fit(X, Y, epochs=2)
        np.testing.assert_array_equal(given.network.view("0.W"), before)
        given.set_params(layers__0__trainable=True).fit(X, Y, epochs=2)
        assert not np.array_equal(given.network.view("0.W"), before)

    @pytest.mark.parametrize("change", [{"layers__0__units": 7}, {"layers__0": Dense(6)}])
    def test_other_shapes_and_other_layers_need_a_new_build(self, change):
        given = Model([Dense(6), Dense(1)], seed=0).fit(X, Y).set_params(**change)
        with pytest.raises(ValueError, match=r"layers.* changed after the model was built: call build"):
            given.fit(X, Y)
        assert given.build(3).fit(X, Y).built

    def test_predictions_follow_at_once(self):
        given = Model([Dense(6), "relu", Dense(1)], seed=0).fit(X, Y)
        twin = copy.deepcopy(given)
        twin.layers[0].activation = "tanh"
        expected = twin.predict(X)
        np.testing.assert_array_equal(given.set_params(layers__0__activation="tanh").predict(X), expected)
