"""The estimators under scikit-learn's own checks, and in use with its tools."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # without it scikit-learn skips one of its checks
pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")  # "sklearn" alone is this folder

from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification, make_regression
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from framework import Activation, BatchNormalization, Callback, Dense, Dropout, Loss, Model
from framework.losses import BinaryCrossentropy, CategoricalCrossentropy
from framework.optimizers import SGD, Adam
from framework.sklearn import NeuralClassifier, NeuralRegressor
from framework.sklearn.layers import hidden_layers
from framework.sklearn.samples import arranged

CONFIGURATIONS = [
    {},
    {"layers": [32, Dropout(0.2)], "epochs": 100},
    {"layers": [BatchNormalization(), 32, BatchNormalization()]},
    {"layers": [16, 16], "optimizer": Adam(0.01), "epochs": 60},
    {"early_stopping": True},
    {"layers": [8], "optimizer": "sgd", "epochs": 100},
]
ESTIMATORS = [kind(**configuration) for configuration in CONFIGURATIONS for kind in (NeuralClassifier, NeuralRegressor)]


@parametrize_with_checks(ESTIMATORS)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture
def small():
    return NeuralClassifier([8], epochs=20, optimizer=Adam(0.02), random_state=0)


def params(estimator):
    return estimator.model_.network.params


class Recorder(Callback):
    def __init__(self):
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


# In use with scikit-learn's tools


def test_clone_starts_anew_and_shares_nothing(iris, small):
    small.set_params(callbacks=[Recorder()], layers=[Dense(8, "tanh"), Dropout(0.1)])
    small.fit(*iris)
    copy = clone(small)
    assert not hasattr(copy, "model_")
    assert copy.layers[0] is not small.layers[0]
    assert copy.callbacks[0].losses == []
    assert repr(copy.layers) == repr(small.layers)
    np.testing.assert_array_equal(params(copy.fit(*iris)), params(small))


@pytest.mark.parametrize("optimizer", ["adam", Adam()])
def test_nested_parameters_are_set(iris, optimizer):
    estimator = NeuralClassifier([4], optimizer=optimizer, epochs=1).set_params(optimizer__learning_rate=0.5)
    assert estimator.optimizer.learning_rate == 0.5
    assert estimator.get_params()["optimizer__learning_rate"] == 0.5
    assert clone(estimator).fit(*iris).model_.learning_rate == 0.5


def test_nested_parameters_apply_to_components_set_in_the_same_call():
    estimator = NeuralRegressor().set_params(optimizer__momentum=0.9, optimizer="sgd", loss="huber", loss__delta=2.0)
    assert isinstance(estimator.optimizer, SGD)
    assert estimator.optimizer.momentum == 0.9
    assert estimator.loss.delta == 2


def test_a_wrong_parameter_is_named():
    with pytest.raises(ValueError, match="learning_rat"):
        NeuralRegressor().set_params(optimizer__learning_rat=1)
    with pytest.raises(ValueError, match="width"):
        NeuralRegressor().set_params(width=1)


def test_pickling(iris, small):
    small.fit(*iris)
    again = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(again.predict_proba(iris[0]), small.predict_proba(iris[0]))
    np.testing.assert_array_equal(params(again.partial_fit(*iris)), params(small.partial_fit(*iris)))


def test_grid_search_in_two_processes_finds_what_one_finds(iris, small):
    grid = {"optimizer__learning_rate": [1e-4, 0.02], "layers": [[8], [8, Dropout(0.1)]]}
    one, two = (GridSearchCV(small, grid, cv=2, n_jobs=n_jobs).fit(*iris) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert two.best_params_["optimizer__learning_rate"] == 0.02
    assert two.score(*iris) > 0.9


def test_cross_val_score(iris, small):
    assert cross_val_score(make_pipeline(StandardScaler(), small), *iris, cv=3).mean() > 0.85


def test_column_transformer_with_pandas():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"size": rng.normal(size=80), "color": rng.choice(["red", "green"], 80)})
    y = np.where((frame["size"] > 0) ^ (frame["color"] == "red"), "yes", "no")
    columns = ColumnTransformer([("n", StandardScaler(), ["size"]), ("c", OneHotEncoder(), ["color"])])
    pipe = make_pipeline(columns, NeuralClassifier([16], optimizer=Adam(0.01), random_state=0)).fit(frame, y)
    assert pipe.score(frame, y) > 0.9
    named = NeuralClassifier([2], epochs=1).fit(frame[["size"]], y)
    assert list(named.feature_names_in_) == ["size"]
    with pytest.raises(ValueError, match="feature names"):
        named.predict(frame[["size"]].rename(columns={"size": "weight"}))


def test_calibration(iris, small):
    calibrated = CalibratedClassifierCV(small, cv=2).fit(*iris)
    np.testing.assert_allclose(calibrated.predict_proba(iris[0]).sum(axis=1), 1)
    assert calibrated.score(*iris) > 0.85


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting(iris, small, voting):
    vote = VotingClassifier([("net", small), ("bayes", GaussianNB())], voting=voting).fit(*iris)
    assert vote.score(*iris) > 0.85


def test_learning_curve(iris, small):
    sizes, _, scores = learning_curve(small, *iris, cv=2, train_sizes=[0.3, 1.0], shuffle=True, random_state=0)
    assert sizes.tolist() == [22, 75]
    assert scores.shape == (2, 2)


def test_permutation_importance(small):
    X, y = make_classification(
        200, 3, n_informative=1, n_redundant=0, n_clusters_per_class=1, shuffle=False, random_state=0
    )
    importance = permutation_importance(small.fit(X, y), X, y, random_state=0, n_repeats=2).importances_mean
    assert importance.argmax() == 0


def test_html_in_notebooks(iris, small):
    for estimator in (small, make_pipeline(StandardScaler(), small), small.fit(*iris)):
        assert "NeuralClassifier" in estimator._repr_html_()
    assert repr(NeuralClassifier([64, 32])) == "NeuralClassifier(layers=[64, 32])"


def test_sparse_input_gives_the_same_as_dense_input(iris, small):
    sparse = pytest.importorskip("scipy.sparse")
    X, y = iris
    dense = small.fit(X, y).predict_proba(X)
    for kind in (sparse.csr_matrix, sparse.csc_array):
        np.testing.assert_array_equal(small.fit(kind(X), y).predict_proba(kind(X)), dense)


def test_a_plain_model_is_cloned_scored_and_searched(iris):
    X, y = iris
    model = Model([Dense(8, "tanh"), Dense(3, "softmax")], loss="categorical_crossentropy", seed=0)
    fitted = clone(model).fit(X, y)
    copy = clone(fitted)
    assert not copy.built
    assert repr(copy) == repr(model)
    assert cross_val_score(model, X, y, cv=3, params={"epochs": 30}).mean() > 0.7
    search = GridSearchCV(model, {"optimizer__learning_rate": [1e-5, 0.1]}, cv=2).fit(X, y, epochs=20)
    assert search.best_params_ == {"optimizer__learning_rate": 0.1}
    regression = Model([Dense(1)], optimizer=SGD(0.2), seed=0)
    assert cross_val_score(regression, X, X @ [1.0, 2.0, 3.0, 4.0], cv=3, params={"epochs": 100}).min() > 0.9


# Targets


@pytest.mark.parametrize("labels", [["a", "b", "c"], [-5, 0, 7], [True, False], ["no", "yes"], [2.0, 3.0]])
def test_labels_may_be_of_any_type(iris, small, labels):
    X, y = iris
    X, y = X[y < len(labels)], np.array(labels)[y[y < len(labels)]]
    small.fit(X, y)
    np.testing.assert_array_equal(small.classes_, np.unique(y))
    assert small.predict(X).dtype == y.dtype
    assert small.score(X, y) > 0.85
    log_proba, decision = small.predict_log_proba(X), small.decision_function(X)
    np.testing.assert_allclose(small.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_array_equal(small.classes_[log_proba.argmax(axis=1)], small.predict(X))
    if len(labels) == 2:
        np.testing.assert_allclose(decision, log_proba[:, 1] - log_proba[:, 0])
    else:
        np.testing.assert_array_equal(small.classes_[decision.argmax(axis=1)], small.predict(X))


def test_logarithms_of_probabilities_too_small_for_a_float(small):
    X = np.array([[-1.0], [1.0]])
    small.fit(X, [0, 1])
    small.model_.network.params[...] = 100
    far = small.predict_log_proba([[1e3]])
    assert far[0, 0] < -1e5
    assert small.predict_proba([[1e3]])[0, 0] == 0


def test_multilabel():
    X, y = make_multilabel_classification(60, 10, n_classes=4, random_state=0)
    estimator = NeuralClassifier([32], optimizer=Adam(0.01), random_state=0).fit(X, y)
    assert estimator.score(X, y) > 0.9
    p = estimator.predict_proba(X)
    assert p.shape == (60, 4)
    np.testing.assert_array_equal(p > 0.5, estimator.predict(X))
    np.testing.assert_array_equal(estimator.classes_, range(4))
    assert NeuralClassifier([4], early_stopping=True, class_weight="balanced", epochs=2).fit(X, y).predict(X).shape == (
        60,
        4,
    )
    again = NeuralClassifier([32], optimizer=Adam(0.01), random_state=0)
    for _ in range(150):
        again.partial_fit(X, y, classes=[0, 1, 2, 3])
    assert again.score(X, y) > 0.9


def test_several_classes_for_a_sample_are_refused():
    with pytest.raises(ValueError, match="one class for each sample"):
        NeuralClassifier().fit([[1], [2]], [[1, 2], [3, 1]])


def test_one_class(iris, small):
    X = iris[0]
    small.fit(X, ["only"] * len(X))
    assert set(small.predict(X)) == {"only"}
    np.testing.assert_array_equal(small.predict_proba(X), np.ones((len(X), 1)))


def test_a_column_of_labels_is_accepted_with_a_warning(iris, small):
    X, y = iris
    with pytest.warns(DataConversionWarning):
        small.fit(X, y[:, np.newaxis])
    assert small.predict(X).shape == y.shape


@pytest.mark.parametrize("shape", [(200,), (200, 1), (200, 3)])
def test_predictions_have_the_shape_of_the_targets(shape):
    X, y = make_regression(200, 5, n_targets=shape[1] if len(shape) > 1 else 1, random_state=0)
    estimator = TransformedTargetRegressor(
        NeuralRegressor([32], optimizer=Adam(0.01), random_state=0, epochs=60), transformer=StandardScaler()
    )
    estimator.fit(X, y.reshape(shape))
    assert estimator.predict(X).shape == shape
    assert estimator.score(X, y.reshape(shape)) > 0.95
    assert NeuralRegressor([2], epochs=1).fit(X, y.reshape(shape)).predict(X).shape == shape


# Losses and outputs


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", [name for name in Loss.names() if name != "quantile"])
def test_every_loss_classifies(iris, name, classes):
    X, y = iris
    X, y = X[y < classes], y[y < classes]
    estimator = NeuralClassifier([8], loss=name, optimizer=Adam(0.02), epochs=40, random_state=0).fit(X, y)
    assert estimator.score(X, y) > 0.85
    assert hasattr(estimator, "predict_proba") == (name != "hinge")
    decision = estimator.decision_function(X)
    assert decision.shape == ((len(X),) if classes == 2 else (len(X), 3))
    if name != "hinge":
        p = estimator.predict_proba(X)
        assert p.shape == (len(X), classes)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_array_equal(p.argmax(axis=1), estimator.predict(X))


@pytest.mark.parametrize("kind", ["two classes", "three classes", "one against the rest", "several labels"])
def test_losses_from_logits_give_the_same_probabilities(iris, kind):
    X, y = iris
    loss = CategoricalCrossentropy if kind == "three classes" else BinaryCrossentropy
    if kind == "two classes":
        X, y = X[y > 0], np.array(["no", "yes"])[y[y > 0] - 1]
    elif kind == "several labels":
        y = np.column_stack([y > 0, y < 2, X[:, 0] > 5.5]).astype(int)
    fitted = [
        NeuralClassifier([8], loss=each, optimizer=Adam(0.02), epochs=20, random_state=0).fit(X, y)
        for each in (loss(), loss(from_logits=True))
    ]
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        through, logits = (getattr(estimator, method)(X) for estimator in fitted)
        np.testing.assert_allclose(logits, through, rtol=1e-6, atol=1e-9)
    assert fitted[0].score(X, y) == fitted[1].score(X, y) > 0.7
    assert clone(fitted[1]).fit(X, y).loss_curve_ == fitted[1].loss_curve_
    for output in ("linear", Dense(fitted[1].model_.network.output_shape[0])):
        NeuralClassifier([8], loss=loss(from_logits=True), output=output, epochs=1).fit(X, y).predict_proba(X)
    with pytest.raises(ValueError, match="leave from_logits=True out"):
        NeuralClassifier([8], loss=loss(from_logits=True), output="sigmoid", epochs=1).fit(X, y)


def test_outputs_that_do_not_fit_the_loss_are_refused(iris):
    X, y = iris
    for estimator, words in [
        (NeuralClassifier(output="relu"), "'relu': write Dense.3, \"softmax\""),
        (NeuralClassifier(output="sigmoid"), "'sigmoid': write Dense.3, \"softmax\""),
        (NeuralClassifier(loss="hinge", output="softmax"), "'softmax': write Dense.3. or"),
        (NeuralRegressor(loss="poisson", output="linear"), "0 or more"),
        (NeuralRegressor(loss=BinaryCrossentropy(from_logits=True)), "predicts numbers, not logits"),
    ]:
        with pytest.raises(ValueError, match=words):
            estimator.set_params(epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="softmax over one unit"):
        NeuralClassifier(output="softmax", epochs=1).fit(X[y < 2], y[y < 2])
    for output in ("elu", "softsign", Dense(3, "silu")):  # a margin needs targets -1 and +1 with any of these
        NeuralClassifier([4], loss="hinge", output=output, epochs=1).fit(X, y).predict(X)
    shares = NeuralRegressor([4], loss="binary_crossentropy", epochs=5).fit(X, y / 2).predict(X)
    assert 0 < shares.min() < shares.max() < 1
    assert NeuralRegressor([4], output="sigmoid", epochs=5).fit(X, 10 * y - 5).predict(X).max() < 1  # mean 5


def test_weighted_labels_are_found_more_often(iris):
    X, y = iris
    rare = np.column_stack([y == 1, X[:, 1] > np.quantile(X[:, 1], 0.9)]).astype(int)
    options = {"optimizer": Adam(0.05), "epochs": 40, "random_state": 0}
    plain = NeuralClassifier([], **options).fit(X, rare).predict(X).sum(axis=0)
    loss = BinaryCrossentropy(pos_weight=[1.0, 20.0])
    weighted = NeuralClassifier([], loss=loss, **options).fit(X, rare).predict(X).sum(axis=0)
    assert weighted[1] > 2 * plain[1] > 0
    assert weighted[0] == plain[0]
    searched = NeuralClassifier([], loss="binary_crossentropy", **options).set_params(loss__pos_weight=[1.0, 20.0])
    np.testing.assert_array_equal(searched.fit(X, rare).predict(X).sum(axis=0), weighted)


@pytest.mark.parametrize("weight", [{0: 0, 1: 0}, {0: -1, 1: 1}, {0: np.nan, 1: 1}])
def test_wrong_class_weights_are_named(weight):
    X, y = make_classification(30, random_state=0)
    with pytest.raises(ValueError, match=r"^class_weight "):
        NeuralClassifier([2], class_weight=weight, epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"class_weight .* all zero"):
        NeuralClassifier([2], class_weight={0: 0, 1: 1}, epochs=1).fit(X, y, 1.0 * (y == 0))


def test_signed_outputs_as_in_the_tutorial(iris):
    X, y = iris[0][:100], np.array(["no", "yes"])[iris[1][:100]]
    estimator = NeuralClassifier([4], loss="half_squared_error", output="tanh", optimizer=Adam(0.02), epochs=30)
    assert not hasattr(estimator, "predict_proba")
    assert estimator.fit(X, y).score(X, y) > 0.95
    assert np.abs(estimator.decision_function(X)).max() <= 1


def test_your_own_output_layer(iris):
    X, y = iris
    output = Dense(3, "softmax", weight_initializer="zeros", name="mine")
    estimator = NeuralClassifier([4], output=output, optimizer=Adam(0.02), epochs=40, random_state=0).fit(X, y)
    assert estimator.model_.network.layers[-1].name == "mine"
    assert estimator.score(X, y) > 0.85
    with pytest.raises(ValueError, match="Dense"):
        NeuralClassifier([4], output=Dense(2, "softmax"), epochs=1).fit(X, y)


def test_outputs_start_at_the_mean_of_their_targets():
    X, weight, nothing = np.zeros((6, 2)), [1, 1, 1, 1, 1, 3.5], {"epochs": 0, "layers": [3]}
    mean = np.average([0, 0, 0, 1, 1, 2], weights=weight)
    numbers = NeuralRegressor(**nothing).fit(X, [1000, 1000, 1000, 1001, 1001, 1002], weight)
    np.testing.assert_allclose(numbers.predict(X), 1000 + mean)
    counts = NeuralRegressor(loss="poisson", **nothing).fit(X, [0, 0, 0, 1, 1, 2], weight)
    np.testing.assert_allclose(counts.predict(X), mean)
    two = NeuralClassifier(**nothing).fit(X, [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(two.predict_proba(X), 1 / 2)
    three = NeuralClassifier(**nothing).fit(X, [0, 0, 0, 1, 1, 2])
    np.testing.assert_allclose(three.predict_proba(X[:1]), [[4 / 9, 3 / 9, 2 / 9]])
    labels = NeuralClassifier(**nothing).fit(X, [[0, 1], [0, 1], [0, 1], [0, 0], [1, 1], [1, 1]])
    np.testing.assert_allclose(labels.predict_proba(X[:1]), [[3 / 8, 6 / 8]])
    assert two.loss_curve_ == []


@pytest.mark.parametrize("counts", [(3, 7), (1, 4, 5), (2, 2, 2, 14)])
def test_outputs_start_at_the_frequencies_of_the_classes(counts):
    """By Laplace's rule: (n_k + 1) / (n + K), also for two classes, whose only output is that of the second one."""
    y = np.repeat(np.arange(len(counts)), counts)
    model = NeuralClassifier([], epochs=0, random_state=0).fit(np.zeros((len(y), 2)), y).model_
    bias = model.get_weights()[-1]
    expected = (np.array(counts) + 1) / (len(y) + len(counts))
    started = 1 / (1 + np.exp(-bias)) if len(counts) == 2 else np.exp(bias)
    np.testing.assert_allclose(started, expected[1:] if len(counts) == 2 else expected, rtol=1e-6)


def test_your_own_activation_and_loss(iris):
    class Bent(Activation, registered=False):
        def __call__(self, z, out=None):
            return z + z**2 / 4

        def derivative(self, z, a, out=None):
            return 1 + z / 2

    class Smoothed(CategoricalCrossentropy, registered=False):
        pass

    estimator = NeuralClassifier([4, Bent()], loss=Smoothed(), optimizer=Adam(0.02), epochs=40, random_state=0)
    assert estimator.fit(*iris).score(*iris) > 0.85


def test_poisson_regression_predicts_positive_numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = rng.poisson(np.exp(X[:, 0]))
    assert NeuralRegressor([8], loss="poisson", epochs=30).fit(X, y).predict(X).min() > 0


def test_no_hidden_layer_is_the_linear_model():
    X, y = make_regression(100, 3, noise=1, random_state=0)
    y = (y - y.mean()) / y.std()
    estimator = NeuralRegressor([], optimizer=SGD(0.05), random_state=0).fit(X, y)
    np.testing.assert_allclose(estimator.predict(X), LinearRegression().fit(X, y).predict(X), atol=0.01)
    with pytest.raises(ValueError, match="hidden"):
        estimator.hidden(X)


def test_hidden_layers_from_short_forms():
    layers = hidden_layers([64, np.int64(32), "tanh", "dropout", 16, BatchNormalization(), "relu", Dense(8), 4])
    assert [type(layer).__name__ for layer in layers] == [
        "Dense", "Dense", "Activate", "Dropout", "Dense", "BatchNormalization", "Activate", "Dense", "Dense"
    ]  # fmt: skip
    assert [layer.activation for layer in layers if isinstance(layer, Dense)] == [
        "relu", "linear", "linear", "linear", "relu"
    ]  # fmt: skip
    assert repr(hidden_layers(5)) == repr(hidden_layers((5,)))
    for wrong in ("relu", None, 2.5):
        with pytest.raises(TypeError, match="layers must be a list"):
            hidden_layers(wrong)


def test_hidden_activations(iris):
    X, y = iris
    estimator = NeuralClassifier([Dense(6, "tanh", name="first"), 5], epochs=2, random_state=0).fit(X, y)
    W, b = estimator.model_.get_weights()[:2]
    first = np.tanh(X @ W.T + b)
    np.testing.assert_allclose(estimator.hidden(X, 0), first)
    np.testing.assert_array_equal(estimator.hidden(X, "first"), estimator.hidden(X, -2))
    W, b = estimator.model_.get_weights()[2:4]
    np.testing.assert_allclose(estimator.hidden(X), np.maximum(first @ W.T + b, 0))
    for wrong in (2, -3, "frist"):
        with pytest.raises(ValueError, match=r"below 2|at least -2|did you mean 'first'"):
            estimator.hidden(X, wrong)


# Training


def test_unfitted():
    for method in ("predict", "predict_proba", "decision_function", "hidden"):
        with pytest.raises(NotFittedError):
            getattr(NeuralClassifier(), method)([[1.0]])


def test_the_curves(iris, small):
    X, y = iris
    small.fit(X, y)
    assert small.n_iter_ == len(small.loss_curve_) == 20
    assert small.loss_curve_ == small.history_["loss"]
    assert small.loss_curve_[-1] < small.loss_curve_[0]
    assert small.validation_curve_ is None


def test_early_stopping_goes_back_to_the_best_epoch(iris):
    X, y = iris
    estimator = NeuralClassifier([32], optimizer=Adam(0.1), early_stopping=True, patience=5, random_state=0).fit(X, y)
    curve = estimator.validation_curve_
    assert len(curve) == estimator.n_iter_ < 200
    assert int(np.argmin(curve)) == estimator.n_iter_ - 6
    assert estimator.score(X, y) > 0.9


def test_early_stopping_excludes_partial_fit_and_tiny_validation_sets(iris):
    estimator = NeuralRegressor(early_stopping=True)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        estimator.partial_fit(*iris)
    assert not hasattr(estimator, "partial_fit")
    with pytest.raises(ValueError, match="The validation set is too small"):
        estimator.fit([[1.0], [2.0]], [1.0, 2.0])


def test_partial_fit_is_one_epoch_of_fit(iris, small):
    X, y = iris
    fitted = clone(small).fit(X, y)
    for _ in range(20):
        small.partial_fit(X, y, classes=[0, 1, 2])
    np.testing.assert_array_equal(params(small), params(fitted))
    assert small.n_iter_ == 1
    assert len(small.loss_curve_) == 20


def test_partial_fit_with_classes_to_come(small):
    with pytest.raises(ValueError, match="classes"):
        small.partial_fit([[1]], ["a"])
    small.partial_fit([[1], [2]], ["a", "b"], classes=["a", "b", "c"])
    small.partial_fit([[3]], ["c"])
    assert small.predict_proba([[1]]).shape == (1, 3)
    with pytest.raises(ValueError, match="not in classes_"):
        small.partial_fit([[3]], ["d"])
    with pytest.raises(ValueError, match="not the same"):
        small.partial_fit([[3]], ["c"], classes=["a", "c"])


def test_partial_fit_goes_on_after_fit(iris, small):
    before = params(small.fit(*iris)).copy()
    after = params(small.partial_fit(iris[0][:10], iris[1][:10]))
    assert 0 < np.abs(after - before).max() < 0.2


def test_warm_start_goes_on_and_applies_a_new_rate(iris, small):
    X, y = iris
    once = clone(small).set_params(epochs=40).fit(X, y)
    small.set_params(warm_start=True).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(params(small), params(once))
    assert (small.n_iter_, len(small.loss_curve_)) == (20, 40)
    small.set_params(optimizer__learning_rate=1e-9).fit(X, y)
    np.testing.assert_allclose(params(small), params(once), atol=1e-5)
    with pytest.raises(ValueError, match="same classes"):
        small.fit(X, np.minimum(y, 1))


def test_random_state(iris, small):
    same = [params(clone(small).set_params(random_state=state).fit(*iris)) for state in (1, np.int64(1))]
    np.testing.assert_array_equal(*same)
    same = [params(small.set_params(random_state=np.random.RandomState(1)).fit(*iris)).copy() for _ in range(2)]
    np.testing.assert_array_equal(*same)
    other = [params(small.set_params(random_state=None).fit(*iris)).copy() for _ in range(2)]
    assert not np.array_equal(*other)


def test_float32_stays_float32(iris, small):
    X, y = iris
    small.fit(X.astype(np.float32), y)
    assert params(small).dtype == small.predict_proba(X).dtype == small.hidden(X).dtype == np.float32
    assert small.decision_function(X).dtype == np.float32
    assert NeuralRegressor([2], epochs=1).fit(X.astype(np.float32), y).predict(X).dtype == np.float32


def test_callbacks_are_copies(iris, small):
    recorder = Recorder()
    small.set_params(callbacks=[recorder]).fit(*iris)
    assert recorder.losses == []
    assert small.callbacks_[0].losses == small.loss_curve_


def test_verbose(iris, small, capsys):
    small.set_params(verbose=10).fit(*iris)
    assert "[Epoch 10/20] train_loss:" in capsys.readouterr().out


def test_divergence_is_a_value_error_unless_there_is_a_best_epoch(iris):
    X, y = iris
    wild = NeuralRegressor([100, "linear"], optimizer=SGD(1.0), epochs=50, random_state=0)
    with pytest.raises(ValueError, match="learning rate"):
        wild.fit(X, y)
    with pytest.warns(ConvergenceWarning, match="went back to the best epoch"):
        wild.set_params(early_stopping=True, patience=50).fit(X, y)
    assert np.isfinite(wild.predict(X)).all()


# Weights


def test_class_weight_is_the_weight_of_its_samples(iris, small):
    X, y = iris
    y = np.array(["a", "b", "c"])[y]
    weighted = clone(small).set_params(class_weight={"a": 0.5, "c": 2.5}).fit(X, y)
    np.testing.assert_array_equal(
        params(weighted), params(small.fit(X, y, sample_weight=np.select([y == "a", y == "c"], [0.5, 2.5], 1.0)))
    )


def test_balanced_classes_find_the_rare_one():
    X, y = make_classification(300, 4, weights=[0.95], flip_y=0.1, random_state=0)
    plain, balanced = (
        NeuralClassifier([4], class_weight=weight, epochs=20, random_state=0).fit(X, y) for weight in (None, "balanced")
    )
    assert balanced.predict(X).sum() > plain.predict(X).sum()


@pytest.mark.parametrize("options", [{"layers": [8, Dropout(0.5)]}, {"early_stopping": True}, {"batch_size": 7}])
def test_whole_weights_are_repetitions(iris, options):
    X, y = iris
    weight = np.random.default_rng(0).integers(0, 4, len(X))
    weighted, repeated = (NeuralClassifier(**{"layers": [8], "epochs": 5, "random_state": 0} | options) for _ in "ab")
    order = np.random.default_rng(1).permutation(len(X))
    weighted.fit(X[order], y[order], sample_weight=weight[order])
    repeated.fit(X.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_array_equal(params(weighted), params(repeated))


def test_other_weights_go_to_the_loss():
    X, y = np.array([[3.0], [1.0], [2.0]]), np.array([0.0, 1.0, 0.0])
    chosen, weight = arranged(X, y, np.array([0.5, 0.0, 2.0]))
    assert sorted(zip(chosen.tolist(), weight.tolist(), strict=True)) == [(0, 0.5), (2, 2.0)]
    chosen, weight = arranged(X, y, np.array([100.0, 1.0, 1.0]))
    assert len(chosen) == 3
    assert weight.max() == 100


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_order_of_samples_follows_from_their_values(dtype):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 3, (500, 6)).astype(dtype), rng.integers(0, 2, 500)
    shuffled = rng.permutation(500)
    one, other = arranged(X, y, None)[0], shuffled[arranged(X[shuffled], y[shuffled], None)[0]]
    np.testing.assert_array_equal(np.column_stack([X, y])[one], np.column_stack([X, y])[other])
    assert sorted(one) == list(range(500))


@pytest.mark.parametrize("weight", [[-1.0, 1.0], [0.0, 0.0]])
def test_weights_that_are_refused(weight):
    with pytest.raises(ValueError, match=r"negative|zero"):
        NeuralRegressor(epochs=1).fit([[1.0], [2.0]], [1.0, 2.0], sample_weight=weight)


@pytest.mark.parametrize("layers", [[8, Dense(3, "softmax")], [8, 3, "softmax"]])
def test_a_softmax_at_the_end_of_the_hidden_layers_is_told(layers):
    X, y = load_iris(return_X_y=True)
    with pytest.warns(UserWarning, match="layers are the hidden layers, and the output layer follows"):
        NeuralClassifier(layers, epochs=1, random_state=0).fit(X, y)
