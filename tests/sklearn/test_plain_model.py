"""A plain `Model` in scikit-learn's tools, and parameters inside lists, of models and of estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from framework import Adam, BatchNormalization, Dense, Dropout, EarlyStopping, Model
from framework.sklearn import NeuralClassifier, NeuralRegressor

X = np.random.default_rng(0).normal(size=(80, 3)) * [1, 10, 100]
Y = X @ [1.0, 0.1, 0.01]


def model(**options):
    return Model([Dense(8, "tanh"), Dropout(0.1), Dense(1)], optimizer=Adam(0.05), seed=0, **options)


def classifier():
    return Model([Dense(8, "tanh"), Dense(1, "sigmoid")], loss="binary_crossentropy", optimizer=Adam(0.05), seed=0)


def test_fitted_means_built():
    with pytest.raises(NotFittedError):
        check_is_fitted(model())
    check_is_fitted(model().build(3))
    check_is_fitted(model().fit(X, Y))


@pytest.mark.parametrize("last", [model, classifier])
def test_the_last_step_of_a_pipeline(last):
    y = Y if last is model else Y > 0
    pipeline = make_pipeline(StandardScaler(), last())
    with pytest.raises(NotFittedError):
        pipeline.predict(X)
    pipeline.fit(X, y, model__epochs=30)
    scaled = StandardScaler().fit_transform(X)
    alone = last().fit(scaled, y, epochs=30)
    np.testing.assert_array_equal(pipeline.predict(X), alone.predict(scaled))
    assert pipeline.score(X, y) == alone.score(scaled, y) > 0.8
    check_is_fitted(pipeline)
    assert not clone(pipeline)[-1].built
    assert "Dense(8" in pipeline._repr_html_()
    assert is_classifier(pipeline) == (last is classifier)
    assert is_regressor(pipeline) == (last is model)


def test_set_output_of_the_steps_before():
    pytest.importorskip("pandas")
    pipeline = make_pipeline(StandardScaler(), model()).set_output(transform="pandas")
    plain = make_pipeline(StandardScaler(), model())
    expected = plain.fit(X, Y, model__epochs=2).predict(X)
    np.testing.assert_array_equal(pipeline.fit(X, Y, model__epochs=2).predict(X), expected)


def test_searches_over_what_is_inside_a_model_in_a_pipeline():
    given = model()
    grid = {"model__layers__1__rate": [0.0, 0.95], "model__layers__0__units": [8], "model__loss": ["mse"]}
    search = GridSearchCV(make_pipeline(StandardScaler(), given), grid, cv=2, error_score="raise")
    search.fit(X, Y, model__epochs=30)
    assert search.best_params_["model__layers__1__rate"] == 0.0
    assert search.best_estimator_[-1].layers[1].rate == 0.0
    assert given.layers[1].rate == 0.1
    two = clone(search).set_params(n_jobs=2).fit(X, Y, model__epochs=30)
    np.testing.assert_array_equal(two.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])


def test_searches_over_what_is_inside_a_model():
    search = RandomizedSearchCV(model(), {"layers__1__rate": [0.0, 0.5]}, n_iter=2, cv=2, error_score="raise")
    assert set(search.fit(X, Y, epochs=2).best_params_) == {"layers__1__rate"}
    train, valid = validation_curve(model(), X, Y, param_name="layers__0__units", param_range=[2, 4], cv=2)
    assert train.shape == valid.shape == (2, 2)


def test_tools_around_a_model():
    scaled = StandardScaler().fit_transform(X)
    fitted = model().fit(scaled, Y, epochs=20)
    assert cross_val_predict(model(), scaled, Y, cv=2).shape == (80, 1)
    assert permutation_importance(fitted, scaled, Y, n_repeats=2).importances.shape == (3, 2)
    assert partial_dependence(fitted, scaled, [0], grid_resolution=5).average.shape == (1, 5)
    assert TransformedTargetRegressor(model(), transformer=StandardScaler()).fit(scaled, Y).predict(X).shape == (80,)
    assert BaggingRegressor(model(), n_estimators=2).fit(scaled, Y).predict(scaled).shape == (80, 1)
    assert StackingRegressor([("a", model())], cv=2).fit(scaled, Y).predict(scaled).shape == (80,)
    np.testing.assert_array_equal(FrozenEstimator(fitted).fit(X, Y).predict(scaled), fitted.predict(scaled))


def test_what_needs_labels_says_which_estimator_has_them():
    with pytest.raises(AttributeError, match=r"Model has no attribute 'classes_'.*framework\.sklearn"):
        cross_val_score(classifier(), X, Y > 0, cv=2, scoring="accuracy", error_score="raise")


class TestEstimators:
    def estimator(self) -> Any:
        return NeuralClassifier(
            [16, Dropout(0.2), Dense(8, "elu"), [BatchNormalization(), 4 * [Dense(2)]], "tanh"],
            callbacks=[EarlyStopping("loss", patience=2)],
            epochs=3,
            random_state=0,
        )

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("layers__1__rate", 0.5),
            ("layers__0", 50),
            ("layers__2__activation__alpha", 0.5),
            ("layers__2__units", 5),
            ("layers__3__1__0__units", 5),
            ("layers__4", "relu"),
            ("callbacks__0__patience", 5),
            ("callbacks__0", EarlyStopping("loss", patience=9)),
        ],
    )
    def test_what_is_inside_lists_is_set_and_nothing_shared_changes(self, path, value):
        given = self.estimator()
        twin = clone(given)
        shared: Any = NeuralClassifier(given.layers, callbacks=given.callbacks)
        before = repr(shared.layers), shared.callbacks[0].patience
        assert given.set_params(**{path: value}) is given
        assert given.get_params()[path] is value
        assert (repr(shared.layers), shared.callbacks[0].patience) == before
        assert (repr(twin.layers), twin.callbacks[0].patience) == before
        assert clone(given).get_params()[path] == value or path == "callbacks__0"
        assert given.fit(X, Y > 0).n_iter_ == 3

    def test_a_search(self):
        pipeline = make_pipeline(StandardScaler(), self.estimator())
        prefix = "neuralclassifier__"
        grid = {"layers__1__rate": [0.1, 0.4], "layers__0": [3, 5], "callbacks__0__patience": [1]}
        search = GridSearchCV(pipeline, {prefix + name: value for name, value in grid.items()}, cv=2, n_jobs=2)
        best = search.fit(X, Y > 0).best_estimator_[-1]
        assert best.layers[0] == search.best_params_[prefix + "layers__0"]
        assert best.callbacks_[0].patience == 1

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"layers__9__rate": 0.1}, r"NeuralClassifier\.layers has no item '9': it has items 0 to 4"),
            ({"layers__1__p": 0.1}, "Dropout has no argument 'p'; did you mean 'rate'"),
            ({"layers__0__units": 3}, r"NeuralClassifier\.layers\[0\] is 16 \(int\): it has no arguments to set"),
            ({"callbacks__0__n_iter_no_change": 3}, "EarlyStopping has no argument 'n_iter_no_change'.*'patience'"),
            (
                {"hidden_layer_sizes": (3,)},
                "NeuralClassifier has no argument 'hidden_layer_sizes'; did you mean 'layers'",
            ),
        ],
    )
    def test_a_wrong_path_says_what_there_is_and_changes_nothing(self, params, message):
        given = self.estimator()
        before = repr(given)
        with pytest.raises(ValueError, match=message):
            given.set_params(epochs=7, **params)
        assert repr(given) == before

    @pytest.mark.parametrize(
        ("word", "right"),
        [
            ("hidden_layer_sizes", "did you mean 'layers'"),
            ("max_iter", "did you mean 'epochs'"),
            ("solver", "did you mean 'optimizer'"),
            ("n_iter_no_change", "did you mean 'patience'"),
            ("activation", r"each layer has its own, as in Dense\(8, 'relu'\)"),
            ("learning_rate_init", r"optimizer=SGD\(learning_rate"),
            ("alpha", r"optimizer=AdamW\(weight_decay"),
            ("tol", r"EarlyStopping\(min_delta"),
            ("seed", "did you mean 'random_state'"),
            ("validation_split", "did you mean 'validation_fraction'"),
            ("nesterovs_momentum", "argument of the optimizer"),
        ],
    )
    @pytest.mark.parametrize("kind", [NeuralClassifier, NeuralRegressor])
    def test_words_of_others(self, kind, word, right):
        with pytest.raises(TypeError, match=f"{kind.__name__} got an unexpected keyword argument '{word}'.*{right}"):
            kind(**{word: 1})
