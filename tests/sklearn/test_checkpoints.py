"""Checkpoints in cross-validation and searches: each fit has a file of its own, and no fit gets another's weights."""

import os

import numpy as np
import pytest

pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from framework import Adam, Callback, Checkpoint, Dense, EarlyStopping, Model
from framework.sklearn import NeuralClassifier, NeuralRegressor

RNG = np.random.default_rng(4)
X = RNG.normal(size=(240, 3))
NOISE = RNG.integers(0, 2, 240)


def classifier(path, **arguments):
    saving = Checkpoint(path)
    return NeuralClassifier([16], epochs=30, **{"callbacks": [saving], "random_state": 0} | arguments)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_labels_of_noise_are_predicted_at_chance(tmp_path, n_jobs):
    def scores(path):
        return cross_val_score(classifier(path), X, NOISE, cv=4, n_jobs=n_jobs)

    first = scores(tmp_path / "run.npz")
    assert abs(first.mean() - 0.5) < 0.1
    assert len(list(tmp_path.iterdir())) == 4
    np.testing.assert_array_equal(first, cross_val_score(classifier(tmp_path, callbacks=()), X, NOISE, cv=4))
    np.testing.assert_array_equal(first, scores(tmp_path / "run.npz"))
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("name", ["run.npz", "{run}.npz", "run"])
def test_a_model_in_cross_validation(tmp_path, n_jobs, name):
    network = Model([Dense(8, "tanh"), Dense(1, "sigmoid")], loss="binary_crossentropy", optimizer=Adam(0.01), seed=0)

    def scores(*callbacks):
        params = {"epochs": 30, "callbacks": list(callbacks)}
        return cross_val_score(network, X, NOISE, cv=3, params=params, error_score="raise", n_jobs=n_jobs)

    expected = scores()
    assert abs(expected.mean() - 0.5) < 0.15
    for _ in range(2):
        np.testing.assert_array_equal(scores(Checkpoint(tmp_path / name)), expected)
        assert len(list(tmp_path.iterdir())) == 3


def test_a_model_of_ones_own_has_the_path_as_given(tmp_path):
    network = Model([Dense(1)], seed=0)
    for each, name in ((network, "run.npz"), (network.clone(), "run.npz"), (clone(network), "run-*.npz")):
        each.fit(X, X[:, :1], callbacks=[Checkpoint(tmp_path / "run.npz")])
        (path,) = tmp_path.glob(name)
        path.unlink()


class Killed(Callback):
    """Ends the third fit in its second epoch."""

    fits = 0

    def on_train_begin(self, logs=None):
        Killed.fits += 1

    def on_epoch_end(self, epoch, logs=None):
        if Killed.fits == 6 and epoch == 2:
            raise KeyboardInterrupt


def test_a_killed_search_goes_on(tmp_path, capsys):
    grid = {"patience": [2, 20], "epochs": [5, 9], "callbacks": [[Checkpoint(tmp_path / "run.npz"), Killed()]]}

    def search(grid):
        estimator = NeuralRegressor([4], early_stopping=True, random_state=0)
        return GridSearchCV(estimator, grid, cv=2, error_score="raise").fit(X, X[:, 0] * X[:, 1])

    with pytest.raises(KeyboardInterrupt):
        search(grid)
    capsys.readouterr()
    resumed = search(grid)
    assert capsys.readouterr().err.count("holds a finished run") == 5
    assert len(list(tmp_path.iterdir())) == 9
    expected = search({**grid, "callbacks": [[]]})
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(resumed.cv_results_[name], expected.cv_results_[name])


def test_each_fit_of_a_growing_estimator_goes_on_where_it_was(tmp_path):
    def grown(path):
        estimator = NeuralRegressor([4], epochs=3, warm_start=True, random_state=0, callbacks=[Checkpoint(path)])
        for _ in range(2):
            estimator.fit(X, X[:, 0])
        for rows in (slice(0, 100), slice(100, None), slice(0, 100)):
            estimator.partial_fit(X[rows], X[rows, 0])
        return estimator

    first, again = grown(tmp_path / "run.npz"), grown(tmp_path / "run.npz")
    (tmp_path / "plain").mkdir()
    plain = grown(tmp_path / "plain" / "run.npz")
    for estimator in (again, plain):
        np.testing.assert_array_equal(estimator.predict(X), first.predict(X))
    assert len(list((tmp_path / "plain").iterdir())) == 5


def test_the_file_of_an_estimator_holds_its_final_model(tmp_path):
    estimator = NeuralRegressor(
        [4],
        epochs=40,
        early_stopping=True,
        patience=3,
        random_state=0,
        callbacks=[Checkpoint(tmp_path / "run.npz"), EarlyStopping("loss", patience=10)],
    ).fit(X, NOISE)
    saving = estimator.callbacks_[0]
    assert isinstance(saving, Checkpoint)
    with pytest.raises(FileNotFoundError, match=f"each run has one of its own: {os.path.basename(saving.file)}"):
        Model.load(tmp_path / "run.npz")
    with pytest.raises(FileNotFoundError, match="No such file"):
        Model.load(tmp_path / "another.npz")
    same = Model.load(saving.file)
    np.testing.assert_array_equal(same.network.params, estimator.model_.network.params)
