"""Metrics of a fit and of an evaluation: several labels, refusals before the first step, and memory that stays flat."""

from __future__ import annotations

import copy
import tracemalloc
from typing import Any

import numpy as np
import pytest

from framework import BlockShuffle, Callback, Dense, Loss, Model
from framework.metrics import F1, Metric, SumMetric
from framework.training import running_metrics
from framework.training.running_metrics import RunningMetrics

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5))
LABELS = (X @ RNG.normal(size=(5, 4)) + RNG.normal(size=(90, 4)) > 0.3).astype(float)  # some rows have none, some many
NUMBERS = X[:, :1] * 0.5
KINDS = [
    ("binary_crossentropy", "sigmoid", False),
    ("hinge", "linear", True),
    ("half_squared_error", "tanh", True),
    ("half_squared_error", "sigmoid", False),
]


def several_labels(loss, output, metrics, **options):
    return Model([Dense(6, "tanh"), Dense(4, output)], loss=loss, metrics=metrics, seed=0, **options)


class TestSeveralLabels:
    @pytest.mark.parametrize(("loss", "output", "signed"), KINDS)
    def test_accuracy_is_that_of_the_labels(self, loss, output, signed):
        y = 2 * LABELS - 1 if signed else LABELS
        weight = RNG.random(90)
        names = ["accuracy", "binary_accuracy", "subset_accuracy", "hamming_loss", "macro_f1", "f1_samples", F1(None)]
        net = several_labels(loss, output, names).fit(X, y, epochs=2, validation_data=(X[:9], y[:9]))
        for rows, w in ((slice(None), None), (slice(None), weight), (slice(1), None)):
            values = net.evaluate(X[rows], y[rows], w)
            true, predicted = LABELS[rows] == 1, net.predict(X[rows]) > (0 if signed else 0.5)
            if rows == slice(1) and loss == "half_squared_error" and true.sum() == 1:
                continue
            assert values["accuracy"] == pytest.approx(np.average((true == predicted).mean(axis=1), weights=w))
            assert values["binary_accuracy"] == values["accuracy"]
            assert values["hamming_loss"] == pytest.approx(1 - values["accuracy"])
            assert values["subset_accuracy"] == pytest.approx(np.average((true == predicted).all(axis=1), weights=w))
            for metric in (F1("macro"), F1("samples"), F1(None)):
                expected = metric.cut_at(0.5, "multilabel")(true, predicted, w)
                np.testing.assert_allclose(values[metric.label()], expected, rtol=1e-12)
        assert net.history["val_accuracy"][-1] == net.evaluate(X[:9], y[:9])["accuracy"]
        if loss != "half_squared_error":
            assert net.score(X, y) == net.evaluate(X, y)["accuracy"]

    def test_rows_with_one_label_each_are_still_labels(self):
        y = np.eye(4)[RNG.integers(0, 4, 90)]
        net = several_labels("binary_crossentropy", "sigmoid", ["accuracy", "categorical_accuracy", "log_loss"])
        values = net.fit(X, y).evaluate(X, y)
        p = net.predict(X)
        assert values["accuracy"] == pytest.approx(np.mean((p > 0.5) == y))
        assert values["categorical_accuracy"] == pytest.approx(np.mean(p.argmax(axis=1) == y.argmax(axis=1)))
        assert values["log_loss"] == pytest.approx(-np.mean(np.log(np.where(y == 1, p, 1 - p))))
        assert values["log_loss"] == pytest.approx(values["loss"])
        squares = several_labels("half_squared_error", "sigmoid", ["accuracy"]).fit(X, y)
        expected = np.mean(squares.predict(X).argmax(axis=1) == y.argmax(axis=1))
        assert squares.evaluate(X, y)["accuracy"] == pytest.approx(expected)

    def test_a_stream_in_any_batches(self):
        def net():
            return several_labels("hinge", "linear", ["accuracy", "subset_accuracy", "auc"])

        y = 2 * LABELS - 1
        whole = net().fit(X, y, batch_size=10, shuffle=False).history
        stream = net().fit([(X[i : i + 10], y[i : i + 10]) for i in range(0, 90, 10)]).history
        assert stream == whole

    @pytest.mark.usefixtures("restored_registry")
    def test_a_loss_of_your_own_is_read_by_its_targets(self):
        class SquaredDistance(Loss):
            classifies = True

            def per_sample(self, y_true, y_pred):
                return ((y_true - y_pred) ** 2).sum(axis=1)

            def gradient(self, y_true, y_pred):
                return 2 * (y_true - y_pred) * -1

        y = np.eye(4)[RNG.integers(0, 4, 90)]
        net = several_labels("squared_distance", "sigmoid", ["accuracy"]).fit(X, y)
        assert net.score(X, y) == np.mean(net.predict(X).argmax(axis=1) == y.argmax(axis=1))
        smooth = 0.1 / 4 + 0.9 * y
        assert net.score(X, smooth) == net.score(X, y)
        assert net.score(X, LABELS) == pytest.approx(np.mean((net.predict(X) > 0.5) == LABELS))


class NoStep(Callback):
    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        raise AssertionError("a step was made")


REFUSED = [
    (Dense(1), "half_squared_error", NUMBERS, "accuracy", "accuracy is for classes.*use r2, mae or rmse"),
    (Dense(1), "huber", NUMBERS, "acc", "accuracy is for classes"),
    (Dense(2), "mae", np.hstack([NUMBERS, NUMBERS]), "macro_f1", "macro_f1 is for classes"),
    (Dense(1, "exponential"), "poisson", np.arange(90.0) % 5, "confusion_matrix", "confusion_matrix is for classes"),
    (Dense(1), "mse", NUMBERS, "auc", "auc is for classes"),
    (Dense(1), "mse", NUMBERS, "log_loss", "log_loss needs probabilities"),
    (Dense(1, "sigmoid"), "binary_crossentropy", LABELS[:, 0], "top_k", "top_5_accuracy needs a score for each class"),
    (Dense(4, "sigmoid"), "binary_crossentropy", LABELS, "top_k", "belongs to"),
    (Dense(4, "sigmoid"), "binary_crossentropy", LABELS, "f1", "f1 of 4 labels needs an average: write F1"),
    (Dense(3, "softmax"), "categorical_crossentropy", np.arange(90) % 3, "f1", "f1 of 3 classes needs an average"),
    (Dense(3, "softmax"), "categorical_crossentropy", np.arange(90) % 3, "auc", "auc needs two classes"),
    (Dense(3, "softmax"), "categorical_crossentropy", np.arange(90) % 3, "r2", "do not fit predictions.*one-hot rows"),
    (Dense(3, "softmax"), "categorical_crossentropy", np.arange(90) % 3, "hamming_loss", "such as accuracy"),
]


@pytest.mark.parametrize(("layer", "loss", "y", "metric", "words"), REFUSED)
def test_a_metric_that_does_not_suit_is_refused_before_the_first_step(layer, loss, y, metric, words, snapshot):
    net = Model([layer], loss=loss, metrics=[metric], seed=0)
    with pytest.raises(ValueError, match=words):
        net.fit(X, y, epochs=3, callbacks=[NoStep()])
    assert not net.built
    net.build(5)
    before = snapshot(net)
    for batch in (30, 90):
        with pytest.raises(ValueError, match=words):
            net.fit([(X[i : i + batch], y[i : i + batch]) for i in range(0, 90, batch)], callbacks=[NoStep()])
        assert snapshot(net) == before
    with pytest.raises(ValueError, match=words):
        net.evaluate(X, y)


def test_targets_that_turn_out_to_be_numbers_undo_the_fit(snapshot):
    y = np.where(np.arange(90) < 60, np.arange(90) % 2, 0.5)
    net = Model([Dense(1)], metrics=["accuracy"], seed=0).build(5)
    before = snapshot(net)
    with pytest.raises(ValueError, match=r"accuracy is for classes.*got 0\.5"):
        net.fit(X, y, batch_size=10, shuffle=False)
    assert snapshot(net) == before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_labels_of_the_playground(dtype):
    y = np.where(X[:, 0] > 0, 1, -1)
    net = Model([Dense(1, "tanh")], metrics=["accuracy"], seed=0, dtype=dtype).fit(X, y, epochs=2, batch_size=1)
    assert net.evaluate(X, y)["accuracy"] == np.mean((net.predict(X)[:, 0] > 0) == (y > 0))
    assert net.evaluate(X[y > 0], y[y > 0])["accuracy"] == np.mean(net.predict(X[y > 0]) > 0)


@pytest.mark.parametrize("sizes", [[90], [1] * 90, [50, 3, 37], [7] * 12 + [6]])
@pytest.mark.parametrize("room", [1, 10, 64, 4096])
@pytest.mark.parametrize("weighted", [set(), {0}, {1}, {0, 1, 2}])
def test_any_batches_give_the_same_values(sizes, room, weighted, monkeypatch):
    monkeypatch.setattr(running_metrics, "GATHERED_ROWS", room)

    def seen(y_true, y_pred, sample_weight=None):
        sample_weight = np.ones(len(y_true)) if sample_weight is None else sample_weight
        return float(sample_weight @ np.arange(len(y_true)))

    metrics = {name: Metric.of(name) for name in ("mae", "r2", "explained_variance")} | {"seen": Metric.of(seen)}
    y, p, weight = RNG.normal(size=(90, 2)), RNG.normal(size=(90, 2)), np.ones(90)
    running = RunningMetrics(metrics)
    start = 0
    for i, size in enumerate(sizes):
        rows = slice(start, start + size)
        if i in weighted:
            weight[rows] = RNG.random(size)
        batch = y[rows].copy(), p[rows].copy(), weight[rows].copy() if i in weighted else None
        running.add(*batch)
        for array in batch[: 3 if i in weighted else 2]:
            array[...] = np.nan
        start += size
    values = running.values()
    for name, metric in metrics.items():
        assert values[name] == pytest.approx(metric(y, p, weight), rel=1e-12)


@pytest.mark.parametrize("size", [7, 32])
def test_an_epoch_is_added_up_alike_in_any_fit(size):
    y = NUMBERS + RNG.normal(size=(90, 1))

    def net():
        return Model([Dense(1)], metrics=["mae", "r2", "explained_variance"], seed=0)

    whole, parts = net().fit(X, y, epochs=3, batch_size=size), net()
    for _ in range(3):
        parts.fit(X, y, batch_size=size)
    assert parts.history == whole.history  # to the last bit, as after a resume


def test_labels_and_one_hot_rows_in_one_stream():
    y = np.arange(90) % 3
    mixed = [(X[:20], y[:20]), (X[20:30], np.eye(3)[y[20:30]]), (X[30:], y[30:])]

    def net():
        return Model([Dense(3, "softmax")], loss="categorical_crossentropy", metrics=["accuracy"], seed=0)

    plain = net().fit([(X[:20], y[:20]), (X[20:30], y[20:30]), (X[30:], y[30:])])
    assert net().fit(mixed).history["accuracy"] == plain.history["accuracy"]


def test_metrics_set_between_epochs_take_effect():
    class More(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            net.metrics = ["mae", "r2"]

    net = Model([Dense(1)], metrics=["mae"], seed=0)
    net.fit(X, NUMBERS, epochs=2, callbacks=[More()])
    assert np.isnan(net.history["r2"]).tolist() == [True, False]


def mapped(folder, n, classes):
    rng = np.random.default_rng(0)
    x = np.memmap(folder / f"x{n}", np.float32, "w+", shape=(n, 4))
    y = np.memmap(folder / f"y{n}", np.uint8, "w+", shape=(n, classes))
    x[...] = rng.random((n, 4), np.float32)
    y[...] = rng.random((n, classes), np.float32) > 0.5
    return x, y


@pytest.mark.parametrize("way", ["evaluate", "score", "fit", "validation", "stream"])
def test_memory_does_not_grow_with_the_data(way, tmp_path):
    metrics = ["accuracy", "subset_accuracy", "macro_f1", "confusion_matrix", "log_loss", "mae", "r2"]
    net = Model([Dense(20, "sigmoid")], loss="binary_crossentropy", metrics=metrics, seed=0, dtype="float32").build(4)
    few, many = mapped(tmp_path, 20_000, 20), mapped(tmp_path, 200_000, 20)
    small = tuple(array[:500] for array in few)
    ways: dict[str, Any] = {
        "evaluate": net.evaluate,
        "score": net.score,
        "fit": lambda x, y: net.fit(x, y, batch_size=2000, shuffle=False),
        "validation": lambda x, y: net.fit(*small, batch_size=500, validation_data=(x, y)),
        "stream": lambda x, y: net.fit(BlockShuffle(x, y, batch_size=2000, seed=0)),
    }
    ways[way](*few)
    peaks = []
    for data in (few, many):
        tracemalloc.start()
        ways[way](*data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    kept = 180_000 * 20 * 4  # the predictions of the further samples
    assert peaks[1] - peaks[0] < kept / 5


def test_a_function_still_gets_all_at_once():
    calls = []

    def largest(y_true, y_pred):
        calls.append(y_true.shape)
        return float(abs(y_true - y_pred).max())

    net = Model([Dense(1)], metrics=[largest, "mae"], seed=0).fit(X, NUMBERS, batch_size=7)
    assert calls == [(90, 1)]
    assert net.evaluate(X, NUMBERS)["largest"] == float(abs(NUMBERS - net.predict(X)).max())
    again = copy.deepcopy(net)
    assert again.evaluate(X, NUMBERS) == net.evaluate(X, NUMBERS)


@pytest.mark.parametrize("activation", ["tanh", "softsign"])
@pytest.mark.parametrize("loss", ["mse", "half_squared_error", "huber"])
def test_samples_of_class_1_alone_are_cut_at_0_if_the_outputs_have_a_sign(loss, activation):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 2))
    y = np.where(X[:, 0] + rng.normal(size=60) > 0, 1.0, -1.0)
    model = Model([Dense(1, activation)], loss=loss, metrics=["accuracy", "recall"], seed=0).fit(X, y)
    ones = y == 1
    right = float((model.predict(X[ones]) > 0).mean())
    assert 0 < float((model.predict(X[ones]) > 0.5).mean()) < right
    for values in (
        model.evaluate(X[ones], y[ones]),
        model.evaluate([(X[i : i + 1], y[i : i + 1]) for i in np.flatnonzero(ones)]),
    ):
        assert values["accuracy"] == values["recall"] == pytest.approx(right)
    zeros = (y + 1) / 2  # classes 0 and 1 are cut at 0.5, whatever the outputs
    assert model.evaluate(X, zeros)["accuracy"] == pytest.approx(((model.predict(X)[:, 0] > 0.5) == zeros).mean())


class WithoutWeights(Metric, registered=False):
    def __call__(self, y_true, y_pred):
        return float(np.abs(y_true - y_pred).max())


def test_a_metric_that_takes_no_weights_is_refused_where_there_are_some(snapshot):
    net = Model([Dense(1)], metrics=[WithoutWeights()], seed=0).fit(X, NUMBERS)
    before = snapshot(net)
    words = r"WithoutWeights must define __call__\(self, y_true, y_pred, sample_weight=None\)"
    with pytest.raises(TypeError, match=words):
        net.fit(X, NUMBERS, sample_weight=np.ones(90))
    assert snapshot(net) == before
    with pytest.raises(TypeError, match=words):
        net.evaluate(X, NUMBERS, sample_weight=np.ones(90))
    assert net.evaluate(X, NUMBERS)["without_weights"] > 0


def test_sums_that_are_no_tuple_are_told():
    class Forgotten(SumMetric, registered=False):
        def sums(self, y_true, y_pred, sample_weight):
            return sample_weight.sum()

    with pytest.raises(TypeError, match=r"Forgotten\.sums must return a tuple, such as \(total, weight\), got .*32"):
        Model([Dense(1)], metrics=[Forgotten()]).fit(X, NUMBERS)
