"""Estimators that go on with the network of the last fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")

from framework import Dense, Dropout, Layer, Residual
from framework.activations import Tanh
from framework.initializers import Constant
from framework.sklearn import NeuralClassifier, NeuralRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)
BOTH = pytest.mark.parametrize("estimator", [NeuralClassifier, NeuralRegressor])
LAYERS = [5, Dropout(0.1), Residual([Dense(5, "tanh")])]

CHANGED = [
    ({"layers": [9, LAYERS[1], Residual([Dense(9, "tanh")])]}, r"layers\[0\].units was 5 .* is 9"),
    ({"layers": [5]}, "layers was .* is "),
    ({"layers": [5, Dropout(0.5), LAYERS[2]]}, r"layers\[1\].rate was 0.1 .* is 0.5"),
    ({"layers": [*LAYERS[:2], Residual([Dense(5, "relu")])]}, r"layers\[2\].layers\[0\].activation was 'tanh'.*'relu'"),
    (
        {"layers": [Dense(5, "relu", weight_initializer=Constant(2.0)), *LAYERS[1:]]},
        r"layers\[0\].weight_initializer was",
    ),
    ({"loss": "mse"}, "loss was .* is MeanSquaredError"),
    ({"output": "tanh"}, r"layers\[3\].activation was .* is Tanh"),
    ({"output": Dense(1, "tanh")}, r"layers\[3\].activation was .* is 'tanh'"),
]
SAME = [
    {"layers": tuple(LAYERS)},
    {"layers": [Dense(5, "relu"), Dropout(0.1), Residual([Dense(5, Tanh())])]},
    {"optimizer": "sgd"},
    {"epochs": 4, "batch_size": 7, "verbose": 0},
]


def fitted(estimator: Any, **options: Any) -> Any:
    return estimator(layers=LAYERS, epochs=2, random_state=0, **options).fit(X, Y)


@BOTH
@pytest.mark.parametrize(("change", "words"), CHANGED, ids=[next(iter(change)) for change, _ in CHANGED])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_another_network_is_refused_and_the_old_one_stays(estimator: Any, change: Any, words: str, call: str) -> None:
    warm = fitted(estimator, warm_start=True)
    given, before = {name: getattr(warm, name) for name in change}, warm.predict(X)
    warm.set_params(**change)
    with pytest.raises(ValueError, match=f"{words}.*set it back, or start anew with fit and warm_start=False"):
        getattr(warm, call)(X, Y)
    assert np.array_equal(warm.set_params(**given).predict(X), before)
    getattr(warm, call)(X, Y)
    if "output" not in change:  # a classifier's loss does not go with every output
        warm.set_params(**change, warm_start=False).fit(X, Y)
        wanted = fitted(estimator).set_params(**change).fit(X, Y)
        assert warm.model_.network.params.tolist() == wanted.model_.network.params.tolist()


@BOTH
@pytest.mark.parametrize("change", SAME)
def test_the_same_network_in_other_words_goes_on(estimator: Any, change: Any) -> None:
    warm = fitted(estimator, warm_start=True).set_params(**change)
    epochs = len(warm.history_.epoch)
    warm.fit(X, 1 - Y)
    assert len(warm.history_.epoch) == epochs + warm.epochs
    warm.partial_fit(X, Y)


@BOTH
def test_an_output_layer_of_ones_own_without_a_bias_goes_on(estimator: Any) -> None:
    class _Mean(Layer):
        def output_shape(self, input_shape: Any) -> Any:
            return (1,)

        def forward(self, ctx: Any, x: Any) -> Any:
            return 1 / (1 + np.exp(-x.mean(axis=1, keepdims=True)))

        def backward(self, ctx: Any, grad: Any) -> Any:
            return np.repeat(grad, 5, axis=1) * 0

    own = fitted(estimator, output=_Mean(), warm_start=True)
    own.fit(X, Y)
    with pytest.raises(ValueError, match=r"layers\[3\] was"):
        own.set_params(output="sigmoid").fit(X, Y)
