"""Estimators where they meet what models do: optimizers, layers and weights of other models, checks of a build."""

import copy
import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from framework import Adam, Dense, Layer, Model
from framework.sklearn import NeuralClassifier, NeuralRegressor

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 1))


def test_no_warning_of_shared_layers_in_searches_and_estimators():
    labels = (X[:, 0] > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = Model([Dense(3, "tanh"), Dense(1)], seed=0).fit(X, Y)
        cross_val_score(model, X, Y[:, 0], cv=2)
        clone(model).fit(X, Y)
        GridSearchCV(model, {"optimizer__learning_rate": [0.01, 0.1]}, cv=2).fit(X, Y[:, 0])
        estimator = NeuralClassifier([Dense(3, "tanh"), 4], epochs=2, random_state=0)
        estimator.fit(X, labels).fit(X, labels)
        NeuralClassifier([estimator.layers[0], 8, 4], epochs=2).fit(X, labels)
        cross_val_score(estimator, X, labels, cv=2)
        copy.deepcopy(estimator).fit(X, labels)


def test_an_estimator_is_no_source_of_weights():
    with pytest.raises(TypeError, match=r"source must be a Model, got .*give its model_"):
        Model([Dense(1)]).transfer_weights(NeuralRegressor((2,), epochs=1).fit(X, Y[:, 0]))


class Wide(Layer, registered=False):
    def __init__(self, units, **common):
        super().__init__(**common)
        self.n = units

    def forward(self, ctx, x):
        return x

    def backward(self, ctx, grad):
        return grad


def test_a_fit_tells_of_an_argument_that_a_constructor_does_not_keep():
    with pytest.raises(AttributeError, match=r"Wide must keep its argument 'units' as self\.units"):
        NeuralRegressor([Wide(3), 4], epochs=1).fit(X, X[:, 0])


class TestOptimizers:
    def fitted(self, optimizer):
        return NeuralRegressor((3,), optimizer=optimizer, epochs=2, warm_start=True, random_state=0).fit(X, Y[:, 0])

    @pytest.mark.parametrize("given", ["adam", Adam(0.01)])
    @pytest.mark.parametrize(
        "change",
        [
            lambda estimator: None,
            lambda estimator: estimator.set_params(optimizer__beta_1=0.5),
            lambda estimator: estimator.set_params(epochs=1),
            lambda estimator: estimator.__setstate__(pickle.loads(pickle.dumps(estimator.__getstate__()))),
        ],
    )
    def test_goes_on(self, given, change):
        estimator = self.fitted(given)
        change(estimator)
        estimator.partial_fit(X, Y[:, 0])
        assert estimator.model_.optimizer_.step == 3

    @pytest.mark.parametrize("given", ["adam", Adam(0.01)])
    def test_starts_anew_with_a_new_one(self, given):
        estimator = self.fitted(given)
        estimator.set_params(optimizer=Adam(0.02)).partial_fit(X, Y[:, 0])
        assert estimator.model_.optimizer_.step == 1
