"""Classes of targets: their weights, and their shares of a validation split."""

from typing import Any

import numpy as np
import pytest

from framework import SGD, Dense, Loss, Model
from framework.data.samples import Data, hard_classes, labels, split, with_class_weight
from framework.losses import BinaryCrossentropy, CategoricalCrossentropy, Hinge

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
LABELS = np.arange(24) % 3
ONE_HOT = np.eye(3)[LABELS]
SEVERAL = np.column_stack([LABELS == 0, LABELS < 2, LABELS == 2]).astype(float)
WEIGHTS = np.array([0.5, 2.0, 3.0])


def weighted(y: Any, class_weight: Any, loss: Any = "binary_crossentropy", units: int = 1) -> np.ndarray:
    """Return the parameters of a model that was fitted with class weights."""
    end = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax"}.get(Loss.of(loss).component_name)
    model = Model([Dense(units, end or "linear")], loss=loss, optimizer=SGD(0.5), seed=0)
    return model.fit(X, y, epochs=2, batch_size=5, class_weight=class_weight).network.params.copy()


@pytest.mark.parametrize(
    ("y", "class_weight", "loss", "units", "by_hand"),
    [
        (LABELS > 0, {0: 0.5, 1: 2.0}, "binary_crossentropy", 1, WEIGHTS[(LABELS > 0).astype(int)]),
        (2.0 * (LABELS > 0) - 1, {-1: 0.5, 1: 2.0}, "hinge", 1, WEIGHTS[(LABELS > 0).astype(int)]),
        (LABELS, dict(enumerate(WEIGHTS)), "categorical_crossentropy", 3, WEIGHTS[LABELS]),
        (ONE_HOT, dict(enumerate(WEIGHTS)), "categorical_crossentropy", 3, WEIGHTS[LABELS]),
        (ONE_HOT, dict(enumerate(WEIGHTS)), "binary_crossentropy", 3, WEIGHTS[LABELS]),
        (2 * ONE_HOT - 1, dict(enumerate(WEIGHTS)), "hinge", 3, WEIGHTS[LABELS]),
        (LABELS % 2, {0: 0.5, 1: 2.0, 2: 9.0}, "categorical_crossentropy", 3, WEIGHTS[LABELS % 2]),
        (LABELS > 0, {np.int64(0): 0.5, 1.0: 2}, "binary_crossentropy", 1, WEIGHTS[(LABELS > 0).astype(int)]),
    ],
)
def test_class_weights_are_the_weights_of_their_samples(y, class_weight, loss, units, by_hand):
    model = Model([Dense(units, {"hinge": "linear"}.get(loss, "softmax" if loss[0] == "c" else "sigmoid"))], loss=loss)
    model.set_params(optimizer=SGD(0.5), seed=0).fit(X, y, epochs=2, batch_size=5, sample_weight=by_hand)
    np.testing.assert_array_equal(weighted(y, class_weight, loss, units), model.network.params)


SOFT = np.where(LABELS > 0, 0.95, 0.0)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 2, 2: 3}])
@pytest.mark.parametrize(
    ("y", "loss", "units", "words"),
    [
        (SOFT, "binary_crossentropy", 1, "one class for each sample, but y holds 0.95: give a sample_weight"),
        (SOFT.reshape(-1, 1), BinaryCrossentropy(pos_weight=2.0), 1, "0.95"),
        (0.1 + 0.7 * ONE_HOT, "categorical_crossentropy", 3, "but y holds 0.[18]: give a sample_weight"),
        (SEVERAL, "binary_crossentropy", 3, r"the row \[1.0, 1.0, 0.0\]: for several labels.*pos_weight=\[...\]"),
        (0 * SEVERAL, "binary_crossentropy", 3, r"the row \[0.0, 0.0, 0.0\]: .*pos_weight"),
        (2 * SEVERAL - 1, "hinge", 3, r"the row \[1.0, 1.0, -1.0\]"),
        (SEVERAL * 0.9, "binary_crossentropy", 3, "but y holds 0.9"),
    ],
)
def test_targets_without_one_class_each_are_refused(y, loss, units, words, class_weight):
    with pytest.raises(ValueError, match=words):
        weighted(y, class_weight, loss, units)


@pytest.mark.parametrize(
    ("class_weight", "error", "words"),
    [
        ({0: 1}, ValueError, r"no weight for class 1; it has \[0\]"),
        ({0: 1, 1: -2}, ValueError, r"class_weight\[1\] must be .* at least 0, got -2"),
        ({0: 1, 1: float("nan")}, ValueError, r"class_weight\[1\] must be a finite number"),
        ({0: 1, 1: "2"}, TypeError, r"class_weight\[1\] must be a number, got '2'"),
        ({0: 1, 1: None}, TypeError, r"class_weight\[1\] must be a number"),
        ({"0": 1, "1": 2}, ValueError, r"a weight for '0' \(str\); the classes are 0, 1"),
        ({0: 1, 1: 2, 2: 3}, ValueError, r"a weight for 2 \(int\); the classes are 0, 1"),
        ({-1: 1, 1: 2}, ValueError, r"a weight for -1 \(int\); the classes are 0, 1"),
        ({0: 0, 1: 0}, ValueError, "all zero"),
        ("balance", ValueError, 'must be "balanced" or a dict'),
        ([1, 2], ValueError, 'must be "balanced" or a dict'),
    ],
)
def test_wrong_class_weights(class_weight, error, words):
    with pytest.raises(error, match=words):
        weighted(LABELS > 0, class_weight)
    if class_weight == {0: 1, 1: 2, 2: 3}:
        with pytest.raises(ValueError, match=r"a weight for 0 \(int\); the classes are -1, 1"):
            weighted(2 * (LABELS > 0) - 1, class_weight, "hinge")


def parts(y: Any, loss: Any, fraction: float = 0.25) -> tuple[Data, Data]:
    y = Loss.of(loss).check_targets(np.asarray(y), np.shape(y)[1:] or (1,), np.float64)
    return split(Data(np.arange(len(y), dtype=float).reshape(-1, 1), y, None), fraction, Loss.of(loss), RNG)


def test_the_classes_of_a_split_keep_their_shares():
    y = np.repeat([0, 1], [80, 20])
    for targets, loss in ((y, "binary_crossentropy"), (2 * y - 1, "hinge"), (np.eye(2)[y], "categorical_crossentropy")):
        training, validation = parts(targets, loss)
        assert (len(training), len(validation)) == (75, 25)
        assert (y[validation.x[:, 0].astype(int)] == 1).sum() == 5


@pytest.mark.parametrize("y", [RNG.integers(0, 2, (400, 6)), RNG.random((400, 1)), 0.9 * (RNG.random(400) < 0.1)])
def test_other_targets_are_split_at_random(y):
    """By rows of several labels as by their first 1 before, some labels would have been in one part alone."""
    training, validation = parts(y, "binary_crossentropy")
    rows = np.concatenate([training.x, validation.x]).ravel()
    assert sorted(rows) == list(range(400))
    assert len(validation) == 100
    assert hard_classes(training.y) is None


def test_several_labels_are_no_classes():
    assert hard_classes(SEVERAL) is None
    assert hard_classes(np.zeros((4, 2, 2))) is None
    np.testing.assert_array_equal(hard_classes(ONE_HOT), LABELS)
    np.testing.assert_array_equal(labels(np.array([[-1.0], [1.0]]), Hinge()), [-1, 1])
    with pytest.raises(ValueError, match="a loss for regression"):
        labels(ONE_HOT, Loss.of("mse"))


def test_memory_mapped_targets_are_looked_at_too(tmp_path):
    for y, words in ((SOFT, "y holds 0.95"), (SEVERAL, "pos_weight")):
        np.save(tmp_path / "y.npy", y)
        mapped = np.load(tmp_path / "y.npy", mmap_mode="r")
        model = Model([Dense(y.size // 24, "sigmoid")], loss="binary_crossentropy")
        with pytest.raises(ValueError, match=words):
            model.fit(X, mapped, class_weight="balanced")
        model.fit(X, mapped, validation_split=0.25)


def test_balanced_weights_are_those_of_scikit_learn():
    """n / (classes * n_c): 6 / (2 * 4) and 6 / (2 * 2)."""
    y = np.array([0, 0, 0, 0, 1, 1])
    for targets, loss in ((y.reshape(-1, 1) * 1.0, BinaryCrossentropy()), (y, CategoricalCrossentropy())):
        data = with_class_weight(Data(np.ones((6, 1)), targets, None), "balanced", loss, 2)
        np.testing.assert_allclose(data.weight, [0.75, 0.75, 0.75, 0.75, 1.5, 1.5])


# pos_weight


@pytest.mark.parametrize("recorded", [False, True])
def test_pos_weight_is_the_sample_weight_of_the_ones(recorded):
    """For one label and the sum over the samples, the two are the same loss."""
    y = (LABELS > 0).astype(float)
    loss = BinaryCrossentropy("sum", pos_weight=4.0)
    epochs, weight = (8 if recorded else 1), np.where(y == 1, 4.0, 1.0)
    one = Model([Dense(1, "sigmoid")], loss=loss, optimizer=SGD(0.01), seed=0)
    other = Model([Dense(1, "sigmoid")], loss=BinaryCrossentropy("sum"), optimizer=SGD(0.01), seed=0)
    one.fit(X, y, epochs=epochs, batch_size=24)
    other.fit(X, y, epochs=epochs, batch_size=24, sample_weight=weight)
    assert bool(one.network.bound.played) is recorded
    np.testing.assert_allclose(one.network.params, other.network.params, rtol=1e-10)
    np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-10)


@pytest.mark.parametrize("pos_weight", [3.0, 2, [1.0, 2.0, 3.0], (1, 2, 3), np.array([1.0, 2.0, 3.0])])
@pytest.mark.parametrize("from_logits", [False, True])
def test_pos_weight_is_saved_and_copied(pos_weight, from_logits, tmp_path):
    loss = BinaryCrossentropy(from_logits=from_logits, pos_weight=pos_weight)
    model = Model([Dense(3, "linear" if from_logits else "sigmoid")], loss=loss, seed=0, dtype="float32")
    model.fit(X, SEVERAL, epochs=3, batch_size=6)
    model.save(tmp_path / "model")
    for twin in (Model.load(tmp_path / "model"), model):
        assert type(twin.loss_.get_params()["pos_weight"]) is type(pos_weight)
        twin.fit(X, SEVERAL, epochs=2, batch_size=6)
        assert twin.network.params.dtype == np.float32
    np.testing.assert_array_equal(twin.network.params, model.network.params)
    assert eval(repr(loss), {"BinaryCrossentropy": BinaryCrossentropy, "array": np.array}) is not loss


def test_a_pos_weight_that_is_set_between_fits_takes_effect():
    model = Model([Dense(1, "sigmoid")], loss=BinaryCrossentropy(pos_weight=1.0), seed=0)
    model.fit(X, LABELS > 0, epochs=5, batch_size=6)
    before = model.evaluate(X, LABELS > 0)["loss"]
    model.loss.pos_weight = 5.0
    p = model.predict(X)[:, 0]
    expected = np.where(LABELS > 0, -5 * np.log(p), -np.log1p(-p)).mean()
    assert model.evaluate(X, LABELS > 0)["loss"] == pytest.approx(expected) != before
    fresh = Model([Dense(1, "sigmoid")], loss=BinaryCrossentropy(pos_weight=5.0), seed=0).build(3)
    fresh.network.params[...] = model.network.params
    assert model.train_on_batch(X[:6], LABELS[:6] > 0) == fresh.train_on_batch(X[:6], LABELS[:6] > 0)
    np.testing.assert_array_equal(model.network.params, fresh.network.params)


@pytest.mark.parametrize(
    ("pos_weight", "error", "words"),
    [
        ([1.0, 2.0], ValueError, "BinaryCrossentropy: pos_weight has 2 numbers, but a sample has 3 labels"),
        (-1.0, ValueError, "pos_weight must be a finite number at least 0, got -1"),
        ([1.0, float("nan"), 1.0], ValueError, "pos_weight must be a finite number"),
        ("balanced", TypeError, "pos_weight must be a number, got 'balanced'"),
        ({0: 1.0}, TypeError, "pos_weight must be a number"),
    ],
)
def test_wrong_pos_weights(pos_weight, error, words):
    with pytest.raises(error, match=words):
        Model([Dense(3, "sigmoid")], loss=BinaryCrossentropy(pos_weight=pos_weight)).fit(X, SEVERAL)
