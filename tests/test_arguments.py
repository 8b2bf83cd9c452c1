"""Arguments that would do nothing, and weights that would count nothing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from framework import SGD, Checkpoint, Dense, Loss, Model
from framework.data.block_shuffle import BlockShuffle
from framework.initializers import Zeros
from framework.metrics import Accuracy, TopK
from framework.schedules import Cosine

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3))
Y = X[:, :1] ** 2
W = RNG.random(12)
CLASSES = np.arange(12) % 3
BATCHES = [(X[:5], Y[:5]), (X[5:], Y[5:])]
DTYPES = ["float32", "float64"]


def model(**options: Any) -> Model:
    return Model([Dense(4, "tanh"), Dense(1)], seed=0, **options)


def classifier(**options: Any) -> Model:
    return Model([Dense(3, "softmax")], loss="categorical_crossentropy", seed=0, **options)


NOT_WITH_BATCHES: list[tuple[dict[str, Any], str]] = [
    ({"batch_size": 32}, "batch_size goes with arrays X and y, not batches: they have their size"),
    ({"shuffle": True}, "shuffle goes with arrays X and y, not batches: they come in their own order"),
    ({"shuffle": False}, "shuffle goes with arrays X and y, not batches"),
    ({"validation_split": 0.5}, "validation_split goes with arrays X and y, not batches: give validation_data"),
    ({"sample_weight": W}, "sample_weight goes with arrays X and y, not batches: give (x, y, weight)"),
    ({"class_weight": "balanced"}, "class_weight goes with arrays X and y, not batches"),
    ({"batch_size": 4, "shuffle": False, "class_weight": {0: 1}}, "batch_size and shuffle and class_weight go with"),
]


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("source", [list, iter, lambda batches: BlockShuffle(X, Y)])
@pytest.mark.parametrize(("options", "words"), NOT_WITH_BATCHES)
def test_what_goes_with_arrays_is_refused_with_batches(
    options: Any, words: str, source: Any, fitted: bool, snapshot: Any
) -> None:
    net = model()
    if fitted:
        net.fit(X, Y)
    before = snapshot(net)
    with pytest.raises(ValueError, match=re.escape(words)):
        net.fit(source(BATCHES), **options)
    assert snapshot(net) == before


def test_defaults_of_array_arguments() -> None:
    many = RNG.normal(size=(100, 3))
    named = model().fit(many, many[:, :1], batch_size=32, shuffle=True, validation_freq=1)
    assert named.network.params.tolist() == model().fit(many, many[:, :1]).network.params.tolist()
    assert model().fit(BATCHES, batch_size=None, shuffle=None, validation_split=0).history.epoch == [1]


def first(k: int) -> Any:
    """Return weights that count the first k samples."""
    return (np.arange(12) < k).astype(float)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["mse", Loss.of("mse").clone().set_params(reduction="sum")], ids=["mean", "sum"])
def test_a_part_of_a_split_without_weight_is_refused_before_training(loss: Any, dtype: str, snapshot: Any) -> None:
    seen = set()
    for i in range(12):
        for weight in (np.eye(12)[i], 1 - np.eye(12)[i]):
            net = model(loss=loss, dtype=dtype)
            share = 0.5 if weight.sum() == 1 else 1 / 12
            message = ""
            try:
                net.fit(X, Y, validation_split=share, sample_weight=weight)
            except ValueError as error:
                message = str(error)
            found = re.match(r"validation_split=.* leaves a (\w+) part whose sample_weight is all zero", message)
            assert net.built == (not message)
            assert bool(found) == bool(message)
            seen |= {found[1]} if found else set()
    assert seen == {"training", "validation"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_that_count_nothing_are_refused(dtype: str, snapshot: Any) -> None:
    zero, tiny = np.zeros(12), np.full(12, 1e-60)
    net = model(dtype=dtype).fit(X, Y)
    before = snapshot(net)
    alone, batches = "sample_weight of shape (12,) is all zero", "X gave only batches whose weights are all zero"
    calls: list[tuple[str, Any]] = [
        (alone, lambda w: net.fit(X, Y, sample_weight=w)),
        (f"validation_data {alone}", lambda w: net.fit(X, Y, validation_data=(X, Y, w))),
        (alone, lambda w: net.evaluate(X, Y, w)),
        (alone, lambda w: net.score(X, Y, w)),
        (alone, lambda w: net.gradients(X, Y, w)),
        (alone, lambda w: net.train_on_batch(X, Y, w)),
        (batches, lambda w: net.evaluate([(X, Y, w)] * 2)),
        (batches, lambda w: net.score(iter([(X, Y, w)]))),
        (f"{batches} in epoch 2", lambda w: net.fit([(X, Y, w)] * 2)),
        (batches.replace("X", "validation_data"), lambda w: net.fit(X, Y, validation_data=[(X, Y, w)])),
    ]
    for words, call in calls:
        for weight in (zero, tiny) if dtype == "float32" else (zero,):
            with pytest.raises(ValueError, match=re.escape(words)):
                call(weight)
            assert snapshot(net) == before
    with pytest.raises(ValueError, match="sample_weight is all zero"):
        BlockShuffle(X, Y, sample_weight=zero)


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_whose_sum_overflows_are_refused_and_not_taken_for_a_divergence(dtype: str) -> None:
    large = np.full(12, np.finfo(dtype).max / 4)
    net = model(dtype=dtype).build(3)
    for call in (
        lambda: net.fit(X, Y, sample_weight=large),
        lambda: net.fit([(X, Y, large)]),
        lambda: net.evaluate(X, Y, large),
        lambda: net.fit(X, Y, validation_data=(X, Y, large)),
    ):
        with pytest.raises(ValueError, match=f"has a sum that is too large for {dtype}: scale it down"):
            call()
    assert net.optimizer_.step == 0


def test_weights_and_class_weights_that_count_nothing_together_are_refused() -> None:
    net = classifier()
    with pytest.raises(ValueError, match=r"sample_weight times class_weight.* all zero"):
        net.fit(X, CLASSES, sample_weight=(CLASSES == 0).astype(float), class_weight={0: 0, 1: 1, 2: 1})
    with pytest.raises(ValueError, match=r"class_weight.* all zero"):
        net.fit(X, CLASSES, class_weight={0: 0, 1: 0, 2: 0})
    assert not net.built


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_batches_without_weight_are_fine_beside_others(reduction: str, dtype: str) -> None:
    loss = Loss.of("mse").clone().set_params(reduction=reduction)

    def net() -> Model:
        return model(loss=loss, dtype=dtype, metrics=["mae"])

    wanted = net().fit(X, Y, sample_weight=first(4), batch_size=4, shuffle=False, epochs=4)
    parts = [slice(0, 4), slice(4, 8), slice(8, 12)]
    batches = [(X[rows], Y[rows], first(4)[rows]) for rows in parts]
    streamed = net().fit(batches, epochs=4, validation_data=batches)
    assert streamed.network.params.tolist() == wanted.network.params.tolist()
    assert streamed.history["loss"] == wanted.history["loss"]
    values = wanted.evaluate(X, Y, first(4))
    assert streamed.evaluate(batches) == pytest.approx(values, rel=1e-6)
    assert streamed.history["val_mae"][-1] == pytest.approx(values["mae"], rel=1e-6)
    blocks = BlockShuffle(X, Y, 1, 1, 12, seed=0, sample_weight=first(4))
    assert np.isfinite(net().fit(blocks, epochs=4, validation_data=blocks).history["val_loss"]).all()


NO_EFFECT: list[tuple[Any, str]] = [
    (
        lambda: Dense(2, use_bias=False, bias_initializer="ones"),
        "Dense: bias_initializer has no effect with use_bias=F",
    ),
    (lambda: Dense(2, use_bias=False, bias_initializer=np.ones(2)), "Dense: bias_initializer has no effect"),
    (lambda: Dense(2, use_bias=False, bias_regularizer="l2"), "Dense: bias_regularizer has no effect"),
    (lambda: Dense(2, use_bias=False, bias_constraint="non_negative"), "Dense: bias_constraint has no effect"),
    (
        lambda: Dense(2, bias_regularizer="l2", bias_constraint="non_negative").set_params(use_bias=False),
        "Dense: bias_regularizer and bias_constraint have no effect with use_bias=False",
    ),
    (lambda: Cosine(0.1, 10, growth=2.0), "Cosine: growth has no effect without restarts=True"),
    (lambda: Checkpoint("run", monitor="loss"), "Checkpoint: monitor has no effect without save_best_only=True"),
    (lambda: Checkpoint("run", mode="min"), "Checkpoint: mode has no effect without save_best_only=True"),
    (
        lambda: Checkpoint("run", monitor="auc", mode="max"),
        "Checkpoint: monitor and mode have no effect without save_best_only=True",
    ),
    (lambda: Checkpoint("run", 5, save_best_only=True), "Checkpoint: every has no effect with save_best_only=True"),
    (lambda: SGD(0.1, nesterov=True), "SGD: nesterov needs a momentum"),
]


@pytest.mark.parametrize(("construct", "words"), NO_EFFECT)
def test_arguments_that_others_make_useless_are_refused(construct: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        construct()


def test_arguments_at_their_defaults_are_never_refused() -> None:
    Dense(2, use_bias=False, bias_initializer="zeros", bias_regularizer=None)
    Dense(2, use_bias=False, bias_initializer=Zeros)
    Cosine(0.1, 10, restarts=False, growth=1.0)
    Checkpoint("run", every=3, monitor="val_loss", mode="auto")
    Checkpoint("run", every=1, save_best_only=True, monitor="loss", mode="min")


def test_a_seed_set_after_the_model_was_built_is_refused(snapshot: Any) -> None:
    net = model().fit(X, Y)
    before = snapshot(net)
    net.seed = 5
    for call in (lambda: net.fit(X, Y), lambda: net.train_on_batch(X, Y), lambda: net.evaluate(X, Y)):
        with pytest.raises(ValueError, match=r"seed changed after the model was built: call build\(\(3,\)\)"):
            call()
    assert snapshot(net) == before
    net.seed = 0
    net.fit(X, Y)
    net.seed = 5
    rebuilt = net.build(3).fit(X, Y)
    assert rebuilt.network.params.tolist() == model().set_params(seed=5).fit(X, Y).network.params.tolist()


def test_metrics_that_would_hide_each_other_are_refused() -> None:
    def loss(y_true: Any, y_pred: Any) -> float:
        return 0.0

    for metrics in (["mae", "mean_absolute_error"], [Accuracy(0.3), Accuracy(0.7)], [loss]):
        with pytest.raises(ValueError, match=r"metrics: '(mae|accuracy|loss)' would stand twice in the history"):
            model(metrics=metrics)
    assert set(model(metrics=["mae", "mse", TopK(1), TopK(2)]).build(3).metrics_) == {
        *("mae", "mse", "top_1_accuracy", "top_2_accuracy")
    }
