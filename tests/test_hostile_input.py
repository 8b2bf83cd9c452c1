"""Calls that must be refused, one row each, with an error that says why, and that must change nothing."""

from __future__ import annotations

import datetime
import decimal
import fractions
from typing import Any

import numpy as np
import pytest

from framework import SGD, BatchNormalization, Checkpoint, Dense, Model, Residual, RMSprop
from framework.callbacks import CSVLogger, EarlyStopping, LambdaCallback, ReduceLROnPlateau
from framework.data.block_shuffle import BlockShuffle
from framework.datasets import load
from framework.losses import Huber, Quantile
from framework.metrics import Accuracy
from framework.plots import plot_activation, plot_history, plot_surface

N = 12
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = RNG.normal(size=(N, 1))
CLASSES = np.arange(N) % 3
ONE_HOT = np.eye(3)[CLASSES]


def regression(**options: Any) -> Model:
    return Model([Dense(4, "tanh"), Dense(1)], optimizer=SGD(0.05, momentum=0.9), seed=1, **options)


def binary() -> Model:
    return Model([Dense(4, "tanh"), Dense(1, "sigmoid")], loss="binary_crossentropy", seed=1)


def classes() -> Model:
    return Model([Dense(4, "tanh"), Dense(3, "softmax")], loss="categorical_crossentropy", seed=1)


def single() -> Model:
    return regression(dtype="float32")


GOOD_TARGETS = {regression: Y, binary: CLASSES > 0, classes: CLASSES, single: Y}


def changed(array: Any, at: Any, value: Any) -> Any:
    array = np.array(array, float)
    array[at] = value
    return array


class Sparse:
    """Imitate a scipy.sparse matrix."""

    nnz = 3
    shape = (N, 3)

    def toarray(self) -> Any:
        return X

    def tocsr(self) -> Any:
        return self


ONE_AXIS = X[:, 0]
MASKED = np.ma.masked_array(X, mask=X > 1)
RAGGED = [[1.0, 2.0, 3.0], [1.0, 2.0]]
DATES = np.full((N, 3), np.datetime64("2020-01-01"))

# Wrong inputs of any method. (id, x, error, words); {X} stands for the name of the argument.
BAD_X = [
    ("nan", changed(X, (5, 1), np.nan), ValueError, ["{X}", "nan", "[5, 1]", "(12, 3)"]),
    ("inf", changed(X, (5, 1), np.inf), ValueError, ["{X}", "inf", "[5, 1]", "(12, 3)"]),
    ("minus inf", changed(X, (0, 2), -np.inf), ValueError, ["{X}", "-inf", "[0, 2]"]),
    ("nan in float16", changed(X, (5, 1), np.nan).astype(np.float16), ValueError, ["{X}", "nan", "[5, 1]"]),
    ("nan big-endian", changed(X, (5, 1), np.nan).astype(">f8"), ValueError, ["{X}", "nan", "[5, 1]"]),
    ("nan in a strided array", changed(X, (5, 1), np.nan)[::-1], ValueError, ["{X}", "nan", "[6, 1]"]),
    ("nan in a list", changed(X, (5, 1), np.nan).tolist(), ValueError, ["{X}", "nan", "[5, 1]"]),
    ("one axis", ONE_AXIS, ValueError, ["{X}", "(12,)", "reshape(-1, 1)"]),
    ("one sample", X[0], ValueError, ["{X}", "(3,)", "reshape(1, -1)"]),
    ("no axis", 3.0, ValueError, ["{X}", "single number"]),
    ("no features", np.empty((N, 0)), ValueError, ["{X}", "(12, 0)"]),
    ("integer beyond float", [[10**400, 1, 2]] * N, ValueError, ["{X}", "too large"]),
    ("strings", X.astype(str), TypeError, ["{X}", "strings"]),
    ("list of strings", [["1", "2", "3"]] * N, TypeError, ["{X}", "strings"]),
    ("objects that are strings", np.array([["1", "2", "3"]] * N, object), TypeError, ["{X}", "'1'"]),
    ("objects that are NumPy strings", [[np.str_("1"), object(), 1]] * N, TypeError, ["{X}", "'1'"]),
    ("bytes", np.full((N, 3), b"a"), TypeError, ["{X}", "bytes"]),
    ("ragged", RAGGED, TypeError, ["{X}", "inhomogeneous"]),
    ("ragged objects", np.array([np.ones(2), np.ones(3)], object), TypeError, ["{X}"]),
    ("objects", [[object()] * 3] * N, TypeError, ["{X}", "object"]),
    ("None inside", [[1.0, None, 2.0]] * N, TypeError, ["{X}", "None"]),
    ("a dict", {"a": 1}, TypeError, ["{X}", "dict"]),
    ("complex", X + 1j, TypeError, ["{X}", "complex"]),
    ("complex objects", [[1 + 1j, object(), 0]] * N, TypeError, ["{X}", "(1+1j)"]),
    ("NumPy complex objects", np.array([[np.complex64(1)] * 3] * N, object), TypeError, ["{X}", "complex"]),
    ("dates", DATES, TypeError, ["{X}", "dates"]),
    ("time differences", DATES - DATES, TypeError, ["{X}", "time differences"]),
    ("objects that are dates", [[datetime.date(2020, 1, 1)] * 3] * N, TypeError, ["{X}", "date"]),
    ("records", np.zeros((N, 3), [("a", float)]), TypeError, ["{X}", "'a'"]),
    ("masked", MASKED, TypeError, ["{X}", "masked", "filled"]),
    ("sparse", Sparse(), TypeError, ["{X}", "sparse", "toarray()"]),
    ("None", None, TypeError, ["{X}", "None"]),
]

# Wrong targets. (id, kind of model, y, error, words)
BAD_Y = [
    ("nan", regression, changed(Y, (5, 0), np.nan), ValueError, ["{y}", "nan", "[5, 0]", "(12, 1)"]),
    ("inf", regression, changed(Y, (5, 0), np.inf), ValueError, ["{y}", "inf", "[5, 0]"]),
    ("too large for float32", single, changed(Y, (5, 0), 1e300), ValueError, ["1e+300", "float32"]),
    ("two columns", regression, np.hstack([Y, Y]), ValueError, ["(12, 2)", "(n, 1)", "Dense(2)"]),
    ("three axes", regression, Y[..., None], ValueError, ["(12, 1, 1)", "(n, 1)"]),
    ("no axis", regression, 1.0, ValueError, ["{y}", "()"]),
    ("short", regression, Y[:-1], ValueError, ["{X}", "{y}", "(12, 3)", "(11, 1)"]),
    ("long", regression, np.vstack([Y, Y]), ValueError, ["{X}", "{y}", "(12, 3)", "(24, 1)"]),
    ("transposed", regression, Y.T, ValueError, ["(12, 3)", "(1, 12)"]),
    ("strings", regression, Y.astype(str), TypeError, ["{y}", "strings"]),
    ("names of classes", classes, np.array(["a", "b", "c"])[CLASSES], TypeError, ["{y}", "strings"]),
    ("complex", regression, Y + 1j, TypeError, ["{y}", "complex"]),
    ("dates", regression, DATES[:, :1], TypeError, ["{y}", "dates"]),
    ("masked", regression, np.ma.masked_array(Y, mask=Y > 0), TypeError, ["{y}", "masked"]),
    ("sparse", regression, Sparse(), TypeError, ["{y}", "sparse"]),
    ("ragged", regression, RAGGED, TypeError, ["{y}"]),
    ("None inside", regression, [None] * N, TypeError, ["{y}", "None"]),
    ("label K", classes, np.where(CLASSES == 2, 3, CLASSES), ValueError, ["0 to 2", "y[2]", "3", "Dense(4)"]),
    ("label -1", classes, np.where(CLASSES == 2, -1, CLASSES), ValueError, ["0 to 2", "-1"]),
    ("label 0.5", classes, CLASSES + 0.5, ValueError, ["integer labels", "0.5"]),
    ("labels from 1", classes, CLASSES + 1, ValueError, ["0 to 2", "y - 1"]),
    ("one-hot of other width", classes, np.eye(4)[CLASSES], ValueError, ["(12, 4)", "(n, 3)"]),
    ("rows that do not sum to 1", classes, 0.9 * ONE_HOT, ValueError, ["sum"]),
    ("one-hot for one output", binary, ONE_HOT[:, :2], ValueError, ["(12, 2)", "(n, 1)"]),
    ("label 2 of two", binary, CLASSES, ValueError, ["binary_crossentropy", "0 and 1", "2"]),
    ("labels -1 and 1", binary, 2 * (CLASSES > 0) - 1, ValueError, ["binary_crossentropy", "(y + 1) / 2"]),
    ("one column for three", lambda: Model([Dense(3)], seed=1), CLASSES, ValueError, ["(12,)", "(n, 3)"]),
]

# (id, weight, error, words)
BAD_WEIGHT = [
    ("nan", changed(np.ones(N), 4, np.nan), ValueError, ["sample_weight", "nan", "[4]"]),
    ("negative", changed(np.ones(N), 4, -1), ValueError, ["sample_weight", "-1"]),
    ("all zero", np.zeros(N), ValueError, ["sample_weight", "zero"]),
    ("short", np.ones(N - 1), ValueError, ["sample_weight", "(11,)", "(12,)"]),
    ("two columns", np.ones((N, 2)), ValueError, ["sample_weight", "(12, 2)", "(12,)"]),
    ("strings", ["a"] * N, TypeError, ["sample_weight", "strings"]),
]


def stream(*batches: Any) -> list[Any]:
    """Return a good batch, and others after it."""
    return [(X[:4], Y[:4]), *batches]


# Other calls that a regression model must refuse, fresh or fitted. (id, call, error, words)
CALLS = [
    ("epochs -1", lambda m: m.fit(X, Y, epochs=-1), ValueError, ["epochs", "-1"]),
    ("epochs 1.5", lambda m: m.fit(X, Y, epochs=1.5), TypeError, ["epochs", "1.5"]),
    ("epochs True", lambda m: m.fit(X, Y, epochs=True), TypeError, ["epochs", "True"]),
    ("epochs None", lambda m: m.fit(X, Y, epochs=None), TypeError, ["epochs", "None"]),
    ("initial_epoch -1", lambda m: m.fit(X, Y, initial_epoch=-1), ValueError, ["initial_epoch", "-1"]),
    ("initial_epoch 0.5", lambda m: m.fit(X, Y, initial_epoch=0.5), TypeError, ["initial_epoch", "0.5"]),
    ("batch_size 0", lambda m: m.fit(X, Y, batch_size=0), ValueError, ["batch_size", "0"]),
    ("batch_size -1", lambda m: m.fit(X, Y, batch_size=-1), ValueError, ["batch_size", "-1"]),
    ("batch_size '8'", lambda m: m.fit(X, Y, batch_size="8"), TypeError, ["batch_size", "'8'"]),
    ("verbose -1", lambda m: m.fit(X, Y, verbose=-1), ValueError, ["verbose", "-1"]),
    ("no samples", lambda m: m.fit(X[:0], Y[:0]), ValueError, ["X", "(0, 3)", "no samples"]),
    ("no X", lambda m: m.fit(None, Y), TypeError, ["X", "None"]),
    ("no y", lambda m: m.fit(X), TypeError, ["y", "None"]),
    ("a generator and y", lambda m: m.fit((row for row in X), Y), TypeError, ["X", "generator"]),
    ("split 1", lambda m: m.fit(X, Y, validation_split=1), ValueError, ["validation_split", "1"]),
    ("split -0.1", lambda m: m.fit(X, Y, validation_split=-0.1), ValueError, ["validation_split", "-0.1"]),
    ("split nan", lambda m: m.fit(X, Y, validation_split=np.nan), ValueError, ["validation_split", "nan"]),
    ("split '0.1'", lambda m: m.fit(X, Y, validation_split="0.1"), TypeError, ["validation_split", "'0.1'"]),
    (
        "an empty split",
        lambda m: m.fit(X, Y, validation_split=0.01),
        ValueError,
        ["validation_split", "0 for validation"],
    ),
    (
        "no training part",
        lambda m: m.fit(X, Y, validation_split=0.99),
        ValueError,
        ["validation_split", "0 for training"],
    ),
    (
        "split and data",
        lambda m: m.fit(X, Y, validation_split=0.5, validation_data=(X, Y)),
        ValueError,
        ["validation_data", "validation_split"],
    ),
    (
        "empty validation",
        lambda m: m.fit(X, Y, validation_data=(X[:0], Y[:0])),
        ValueError,
        ["validation_data", "(0, 3)"],
    ),
    ("validation of X", lambda m: m.fit(X, Y, validation_data=X), ValueError, ["validation_data", "(X, y)"]),
    ("validation of one", lambda m: m.fit(X, Y, validation_data=(X,)), ValueError, ["validation_data", "(X, y)"]),
    ("class_weight", lambda m: m.fit(X, Y, class_weight="balanced"), ValueError, ["class_weight", "HalfSquaredError"]),
    ("callback class", lambda m: m.fit(X, Y, callbacks=[LambdaCallback]), TypeError, ["callbacks", "with ()"]),
    ("callback function", lambda m: m.fit(X, Y, callbacks=[print]), TypeError, ["callbacks", "print"]),
    ("callback alone", lambda m: m.fit(X, Y, callbacks=LambdaCallback()), TypeError, ["callbacks", "list"]),
    ("callbacks a number", lambda m: m.fit(X, Y, callbacks=3), TypeError, ["callbacks", "3"]),
    (
        "unwritable path",
        lambda m: m.fit(X, Y, callbacks=[CSVLogger("/nowhere/at/all.csv")]),
        FileNotFoundError,
        ["/nowhere/at/all.csv"],
    ),
    ("no batches", lambda m: m.fit([]), ValueError, ["X"]),
    ("batch of one", lambda m: m.fit(stream((X,))), ValueError, ["batch", "(x, y)"]),
    ("batch of four", lambda m: m.fit(stream((X, Y, None, None))), ValueError, ["batch", "(x, y)"]),
    ("batch no tuple", lambda m: m.fit(stream(X)), ValueError, ["batch 2", "(x, y)"]),
    ("batch None", lambda m: m.fit(stream(None)), ValueError, ["batch 2", "None"]),
    ("batch of strings", lambda m: m.fit(stream((X.astype(str), Y))), TypeError, ["batch 2", "strings"]),
    ("batch with nan", lambda m: m.fit(stream((changed(X, (5, 1), np.nan), Y))), ValueError, ["batch 2", "[5, 1]"]),
    ("batch of other width", lambda m: m.fit(stream((X[:, :2], Y))), ValueError, ["batch 2", "(n, 3)", "(12, 2)"]),
    ("batch of other targets", lambda m: m.fit(stream((X, ONE_HOT))), ValueError, ["batch 2", "(12, 3)", "(n, 1)"]),
    ("batch of two lengths", lambda m: m.fit(stream((X, Y[:-1]))), ValueError, ["batch 2", "(12, 3)", "(11, 1)"]),
    ("empty batch", lambda m: m.fit(stream((X[:0], Y[:0]))), ValueError, ["batch 2", "(0, 3)"]),
    ("batches and split", lambda m: m.fit(stream(), validation_split=0.5), ValueError, ["validation_split", "batches"]),
    ("batches and weights", lambda m: m.fit(stream(), sample_weight=np.ones(4)), ValueError, ["sample_weight"]),
    (
        "batches used up",
        lambda m: m.fit(iter(stream()), epochs=2),
        ValueError,
        ["no batches in epoch", "used up", "again"],
    ),
    ("lengths of memory-mapped rows", lambda m: m.fit(BlockShuffle(X, Y[:-1])), ValueError, ["(12, 3)", "(11, 1)"]),
    (
        "inf in memory-mapped rows",
        lambda m: m.fit(BlockShuffle(changed(X, (5, 1), np.inf), Y, 4)),
        ValueError,
        ["batch", "inf"],
    ),
    ("rate -1", lambda m: m.optimizer.set_params(learning_rate=-1), ValueError, ["learning_rate", "-1"]),
    ("another loss", lambda m: m.set_params(loss="no_such"), ValueError, ["no_such"]),
    ("another dtype", lambda m: m.set_params(dtype="float16"), ValueError, ["dtype", "float16"]),
    ("shuffle 'no'", lambda m: m.fit(X, Y, shuffle="no"), TypeError, ["shuffle", "True or False", "'no'"]),
    ("a tuple of arrays", lambda m: m.fit((X, Y)), ValueError, ["X", "fit(X, y)"]),
    ("no val_loss", lambda m: m.fit(X, Y, callbacks=[EarlyStopping()]), ValueError, ["val_loss", "validation_data"]),
    (
        "no val_loss for a rate",
        lambda m: m.fit(X, Y, callbacks=[ReduceLROnPlateau()]),
        ValueError,
        ["ReduceLROnPlateau", "val_loss", "validation_split"],
    ),
    (
        "a figure that nothing measures",
        lambda m: m.fit(X, Y, callbacks=[EarlyStopping("los", mode="min")]),
        ValueError,
        ["'los'", "did you mean 'loss'"],
    ),
    ("save(None)", lambda m: m.save(None), TypeError, ["path", "None"]),
    ("load(5)", lambda m: type(m).load(5), TypeError, ["path", "5"]),
    ("no layers", lambda m: m.set_params(layers=[]), ValueError, ["layer"]),
    ("build(0)", lambda m: m.build(0), ValueError, ["input_shape", "0"]),
    ("build(-1)", lambda m: m.build((-1,)), ValueError, ["input_shape", "-1"]),
    ("build('3')", lambda m: m.build("3"), TypeError, ["input_shape", "'3'"]),
    ("build(None)", lambda m: m.build(None), TypeError, ["input_shape", "None"]),
]

# Calls that need a fitted model. (id, call, error, words)
BUILT_CALLS = [
    ("score without samples", lambda m: m.score(X[:0], Y[:0]), ValueError, ["X", "(0, 3)"]),
    ("evaluate without samples", lambda m: m.evaluate(X[:0], Y[:0]), ValueError, ["X", "(0, 3)"]),
    ("evaluate weights", lambda m: m.evaluate(X, Y, np.ones(3)), ValueError, ["sample_weight", "(3,)"]),
    ("predict batch_size 0", lambda m: m.predict(X, batch_size=0), ValueError, ["batch_size", "0"]),
    ("predict no features", lambda m: m.predict(np.empty((4, 0))), ValueError, ["(n, 3)", "(4, 0)"]),
    ("predict two features", lambda m: m.predict(X[:, :2]), ValueError, ["(n, 3)", "(12, 2)"]),
    ("fit two features", lambda m: m.fit(X[:, :2], Y), ValueError, ["Dense", "(n, 3)", "(12, 2)"]),
    ("rate 0", lambda m: setattr(m, "learning_rate", 0), ValueError, ["learning_rate", "0"]),
    ("rate -1 in use", lambda m: setattr(m, "learning_rate", -1.0), ValueError, ["learning_rate", "-1"]),
    ("rate nan", lambda m: setattr(m, "learning_rate", np.nan), ValueError, ["learning_rate", "nan"]),
    ("rate inf", lambda m: setattr(m, "learning_rate", np.inf), ValueError, ["learning_rate", "inf"]),
    ("rate '0.1'", lambda m: setattr(m, "learning_rate", "0.1"), TypeError, ["learning_rate", "'0.1'"]),
    ("too few weights", lambda m: m.set_weights(m.get_weights()[:-1]), ValueError, ["4", "3"]),
    (
        "transposed weights",
        lambda m: m.set_weights([w.T for w in m.get_weights()]),
        ValueError,
        ["0.W", "(4, 3)", "(3, 4)"],
    ),
    ("weights with nan", lambda m: m.set_weights([*m.get_weights()[:-1], [np.nan]]), ValueError, ["1.b", "nan"]),
    ("weights None", lambda m: m.set_weights(None), TypeError, ["weights", "None"]),
    ("weights of strings", lambda m: m.set_weights([*m.get_weights()[:-1], ["a"]]), TypeError, ["1.b", "strings"]),
]

# (id, call, error, words)
CONSTRUCTIONS = [
    ("SGD(0)", lambda: SGD(0), ValueError, ["learning_rate", "0"]),
    ("SGD(-1)", lambda: SGD(-1), ValueError, ["learning_rate", "-1"]),
    ("SGD(nan)", lambda: SGD(float("nan")), ValueError, ["learning_rate", "nan"]),
    ("SGD('fast')", lambda: SGD("fast"), TypeError, ["learning_rate", "'fast'"]),
    ("unknown loss", lambda: Model([Dense(1)], loss="mean_sqared_error"), ValueError, ["mean_squared_error"]),
    ("unknown optimizer", lambda: Model([Dense(1)], optimizer="sdg"), ValueError, ["sdg", "sgd"]),
    ("unknown metric", lambda: Model([Dense(1)], metrics=["acuracy"]), ValueError, ["accuracy"]),
    ("metrics a string", lambda: Model([Dense(1)], metrics="mae"), TypeError, ["metrics", "list"]),
    ("no layers", lambda: Model([]), ValueError, ["layer"]),
    ("layer None", lambda: Model([None]), TypeError, ["None"]),
    ("seed -1", lambda: Model([Dense(1)], seed=-1), ValueError, ["seed", "-1"]),
    ("seed 'a'", lambda: Model([Dense(1)], seed="a"), TypeError, ["seed", "'a'"]),
    ("dtype float16", lambda: Model([Dense(1)], dtype="float16"), ValueError, ["dtype", "float16"]),
    ("dtype 'flaot'", lambda: Model([Dense(1)], dtype="flaot"), ValueError, ["dtype", "'flaot'"]),
    ("use_bias 'no'", lambda: Dense(1, use_bias="no"), TypeError, ["Dense", "use_bias", "'no'"]),
    ("center None", lambda: BatchNormalization(center=None), TypeError, ["center", "None"]),
    ("nesterov 'no'", lambda: SGD(0.1, 0.9, nesterov="no"), TypeError, ["SGD", "nesterov", "'no'"]),
    ("centered 'no'", lambda: RMSprop(centered="no"), TypeError, ["RMSprop", "centered", "'no'"]),
    ("Huber('a')", lambda: Huber("a"), TypeError, ["Huber", "delta", "'a'"]),
    ("Quantile(1)", lambda: Quantile(1), ValueError, ["Quantile", "tau", "below 1"]),
    ("threshold nan", lambda: Accuracy(np.nan), ValueError, ["Accuracy", "threshold", "nan"]),
    ("monitor 5", lambda: EarlyStopping(5), TypeError, ["EarlyStopping", "monitor", "5"]),
    ("min_delta 'a'", lambda: EarlyStopping(min_delta="a"), TypeError, ["min_delta", "'a'"]),
    ("restore 'no'", lambda: EarlyStopping(restore_best_weights="no"), TypeError, ["restore_best_weights"]),
    ("factor 1", lambda: ReduceLROnPlateau(factor=1), ValueError, ["factor", "below 1"]),
    ("Checkpoint(None)", lambda: Checkpoint(None), TypeError, ["path", "None"]),
    ("resume 'no'", lambda: Checkpoint("a", resume="no"), TypeError, ["resume", "'no'"]),
    ("CSVLogger(5)", lambda: CSVLogger(5), TypeError, ["path", "5"]),
    ("append 'no'", lambda: CSVLogger("a", append="no"), TypeError, ["append", "'no'"]),
    ("data seed 'a'", lambda: load("xor", seed="a"), TypeError, ["seed", "'a'"]),
    ("data seed 2**40", lambda: load("xor", seed=2**40), ValueError, ["seed", "2**32"]),
    ("plot on 5", lambda: plot_history({"loss": [1.0]}, ax=5), TypeError, ["ax", "5"]),
    ("no activation", lambda: plot_activation(), ValueError, ["nothing to draw"]),
    ("z_range", lambda: plot_activation("tanh", z_range=(3, -3)), ValueError, ["z_range", "(3, -3)"]),
    ("surface of 5", lambda: plot_surface(5), TypeError, ["function", "5"]),
    ("no pixels", lambda: plot_surface(print, resolution=0), ValueError, ["resolution", "0"]),
    ("BlockShuffle epoch", lambda: BlockShuffle(X, Y).set_epoch(-1), ValueError, ["epoch", "-1"]),
    ("Residual narrows", lambda: Model([Residual([Dense(2)])]).build(3), ValueError, ["(n, 2)", "Dense(3)"]),
    ("dtype int", lambda: Model([Dense(1)], dtype=int), ValueError, ["dtype", "int"]),
    ("BlockShuffle batch_size", lambda: BlockShuffle(X, Y, 0), ValueError, ["batch_size", "0"]),
    ("BlockShuffle block", lambda: BlockShuffle(X, Y, block=0), ValueError, ["block", "0"]),
    ("BlockShuffle blocks", lambda: BlockShuffle(X, Y, blocks=1.5), TypeError, ["blocks", "1.5"]),
    ("BlockShuffle empty", lambda: BlockShuffle(X[:0], Y[:0]), ValueError, ["(0, 3)", "no samples"]),
    ("BlockShuffle strings", lambda: BlockShuffle(X.astype(str), Y), TypeError, ["x", "strings"]),
    ("BlockShuffle None", lambda: BlockShuffle(None, Y), TypeError, ["x", "None"]),
]


@pytest.fixture
def refused(tmp_path: Any, snapshot: Any) -> Any:
    """Return a function that fails unless a call raises an error with all `words`, and changes no model and no file."""

    def refused(model: Model, call: Any, error: type[Exception], words: list[str]) -> None:
        log = tmp_path / "log.csv"
        log.write_text("epoch,loss\n1,2.0\n")
        arguments, before = repr(model), snapshot(model)
        with np.errstate(all="raise", under="ignore"), pytest.raises(error) as caught:
            call(model)
        missing = [word for word in words if word not in str(caught.value)]
        assert not missing, f"{missing} not in: {caught.value}"
        assert snapshot(model) == before
        assert repr(model) == arguments
        assert log.read_text() == "epoch,loss\n1,2.0\n"
        assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]

    return refused


def made(kind: Any, fitted: bool) -> Model:
    model: Model = kind()
    if fitted:
        model.fit(X, GOOD_TARGETS.get(kind, ONE_HOT), epochs=2, batch_size=5, shuffle=True)
    return model


def rows(columns: str, table: list[Any]) -> Any:
    return pytest.mark.parametrize(columns, [row[1:] for row in table], ids=[row[0] for row in table])


fresh_and_fitted = pytest.mark.parametrize("fitted", [False, True], ids=["fresh", "fitted"])


def named(words: list[str], x: str, y: str) -> list[str]:
    return [word.format(X=x, y=y) for word in words]


@fresh_and_fitted
@rows("x, error, words", BAD_X)
@pytest.mark.parametrize("use", ["fit", "train_on_batch", "fit with a log", "validation"])
def test_bad_x(use: str, x: Any, error: Any, words: list[str], fitted: bool, refused: Any, tmp_path: Any) -> None:
    calls = {
        "fit": lambda m: m.fit(x, Y),
        "train_on_batch": lambda m: m.train_on_batch(x, Y),
        "fit with a log": lambda m: m.fit(x, Y, callbacks=[CSVLogger(tmp_path / "log.csv")]),
        "validation": lambda m: m.fit(X, Y, validation_data=(x, Y)),
    }
    name = "validation_data X" if use == "validation" else "X"
    words = named(words, name, "y")
    if (fitted or use == "validation") and x is ONE_AXIS:
        words = [name, "(12,)", "(n, 3)"]
    refused(made(regression, fitted), calls[use], error, words)


@rows("x, error, words", BAD_X)
@pytest.mark.parametrize("use", ["predict", "evaluate", "score", "gradients"])
def test_bad_x_of_a_fitted_model(use: str, x: Any, error: Any, words: list[str], refused: Any) -> None:
    def call(model: Model) -> None:
        model.predict(x) if use == "predict" else getattr(model, use)(x, Y)

    refused(made(regression, True), call, error, named(words, "X", "y"))


@fresh_and_fitted
@rows("kind, y, error, words", BAD_Y)
@pytest.mark.parametrize("use", ["fit", "train_on_batch", "validation", "batches"])
def test_bad_y(use: str, kind: Any, y: Any, error: Any, words: list[str], fitted: bool, refused: Any) -> None:
    good = GOOD_TARGETS.get(kind, ONE_HOT)
    calls = {
        "fit": lambda m: m.fit(X, y),
        "train_on_batch": lambda m: m.train_on_batch(X, y),
        "validation": lambda m: m.fit(X, good, validation_data=(X, y)),
        "batches": lambda m: m.fit([(X, good), (X, y)]),
    }
    names = {"validation": ("validation_data X", "validation_data y"), "batches": ("batch x", "batch y")}
    refused(made(kind, fitted), calls[use], error, named(words, *names.get(use, ("X", "y"))))


@rows("kind, y, error, words", BAD_Y)
@pytest.mark.parametrize("use", ["evaluate", "score", "gradients"])
def test_bad_y_of_a_fitted_model(use: str, kind: Any, y: Any, error: Any, words: list[str], refused: Any) -> None:
    refused(made(kind, True), lambda m: getattr(m, use)(X, y), error, named(words, "X", "y"))


@fresh_and_fitted
@rows("weight, error, words", BAD_WEIGHT)
@pytest.mark.parametrize("use", ["fit", "train_on_batch"])
def test_bad_weight(use: str, weight: Any, error: Any, words: list[str], fitted: bool, refused: Any) -> None:
    refused(made(regression, fitted), lambda m: getattr(m, use)(X, Y, sample_weight=weight), error, words)


@fresh_and_fitted
@rows("call, error, words", CALLS)
def test_bad_calls(call: Any, error: Any, words: list[str], fitted: bool, refused: Any) -> None:
    refused(made(regression, fitted), call, error, words)


@rows("call, error, words", BUILT_CALLS)
def test_bad_calls_of_a_fitted_model(call: Any, error: Any, words: list[str], refused: Any) -> None:
    refused(made(regression, True), call, error, words)


@rows("call, error, words", CONSTRUCTIONS)
def test_bad_constructions(call: Any, error: Any, words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


@fresh_and_fitted
@pytest.mark.parametrize("use", ["fit", "train_on_batch"])
def test_too_large_for_float32(use: str, fitted: bool, refused: Any) -> None:
    large = changed(X, (5, 1), 1e300)
    words = ["X", "1e+300", "[5, 1]", "float32"]
    refused(made(single, fitted), lambda m: getattr(m, use)(large, Y), ValueError, words)


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf")])
@fresh_and_fitted
def test_a_wrong_rate_set_on_the_optimizer_is_refused(rate: float, fitted: bool, snapshot: Any) -> None:
    model = made(regression, fitted)
    before = snapshot(model)
    model.optimizer.learning_rate = rate
    with pytest.raises(ValueError, match="learning_rate"):
        model.fit(X, Y)
    assert snapshot(model) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.predict(X),
        lambda m: m.evaluate(X, Y),
        lambda m: m.score(X, Y),
        lambda m: m.gradients(X, Y),
        lambda m: m.get_weights(),
        lambda m: m.set_weights([]),
        lambda m: m.summary(),
        lambda m: m.network,
        lambda m: m.learning_rate,
        lambda m: setattr(m, "learning_rate", 0.1),
    ],
)
def test_calls_before_fit_or_build_name_the_missing_call(call: Any) -> None:
    model = regression()
    with pytest.raises(RuntimeError, match=r"fit\(X, y\) or build\(input_shape\)"):
        call(model)
    assert not model.built


def test_a_refused_fit_does_not_replace_the_optimizer(snapshot: Any) -> None:
    model = made(regression, True)
    before = snapshot(model)
    model.optimizer = "sgd" if model.optimizer_.component_name != "sgd" else "adam"
    with pytest.raises(ValueError, match="batch 2"):
        model.fit(stream(None))
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda m: m.set_params(layers=[Dense(4), Dense(1)]), "layers"),
        (lambda m: m.layers.append(Dense(1)), "2.W"),
        (lambda m: m.set_params(loss="mae"), "loss"),
        (lambda m: m.set_params(dtype="float32"), "dtype"),
        (lambda m: m.layers[0].set_params(units=9), "0.W"),
        (lambda m: m.layers[0].set_params(use_bias=False), "0.b"),
    ],
    ids=["layers", "one more layer", "loss", "dtype", "units", "use_bias"],
)
def test_changes_that_need_a_new_build_are_refused(change: Any, word: str, tmp_path: Any, snapshot: Any) -> None:
    model = made(regression, fitted=True)
    before = snapshot(model)
    change(model)
    for call in (lambda: model.fit(X, Y), lambda: model.train_on_batch(X, Y), lambda: model.save(tmp_path / "m")):
        with pytest.raises(ValueError, match=rf"{word}.* changed after the model was built: call build\(\(3,\)\)"):
            call()
    assert snapshot(model) == before
    assert not list(tmp_path.iterdir())
    model.build(3).fit(X, Y)


def test_an_activation_set_on_a_fitted_layer_applies_to_every_batch_size() -> None:
    model = made(regression, fitted=True)
    model.predict(X)
    model.layers[0].set_params(activation="relu")
    model.fit(X, Y, epochs=0)
    np.testing.assert_allclose(model.predict(X)[:7], model.predict(X[:7]), rtol=1e-12)


def test_replacing_the_activation_of_a_canonical_pair_is_refused() -> None:
    model = made(binary, fitted=True)
    model.layers[-1].set_params(activation="tanh")
    with pytest.raises(ValueError, match="output activation changed"):
        model.fit(X, CLASSES > 0)


def test_layers_frozen_before_a_refused_fit_keep_their_weights() -> None:
    model = made(regression, True)
    weights = model.get_weights()
    model.layers[0].trainable = False
    with pytest.raises(ValueError, match="batch 2"):
        model.fit(stream(None))
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))


class OnlyArray:
    """Imitate a pandas frame: it converts to an array, and iterates over its columns."""

    columns = ("a", "b", "c")

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Any:
        return iter(self.columns)


class OnlyDLPack:
    """Imitate an array of another library, which NumPy reads through DLPack."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


def read_only(values: Any) -> Any:
    values = values.copy()
    values.flags.writeable = False
    return values


def unaligned(values: Any) -> Any:
    raw = np.empty(values.nbytes + 1, np.uint8)[1:].view(values.dtype).reshape(values.shape)
    raw[...] = values
    return raw


HALVES = np.round(X * 4) / 4  # exact in every type below
FORMS: dict[str, Any] = {
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "negative strides": lambda v: v[::-1].copy()[::-1],
    "every second": lambda v: np.repeat(v, 2, axis=0)[::2],
    "unaligned": unaligned,
    "big-endian": lambda v: v.astype(v.dtype.newbyteorder(">")),
    "float16": lambda v: v.astype(np.float16),
    "long double": lambda v: v.astype(np.longdouble),
    "list": lambda v: v.tolist(),
    "tuple": lambda v: tuple(map(tuple, v.tolist())),
    "list of arrays": list,
    "objects": lambda v: v.astype(object),
    "decimals": lambda v: [[decimal.Decimal(item) for item in row] for row in v.tolist()],
    "fractions": lambda v: [[fractions.Fraction(item) for item in row] for row in v.tolist()],
    "masked without a mask": np.ma.masked_array,
    "matrix": lambda v: v.view(np.matrix),
    "frame": OnlyArray,
    "dlpack": OnlyDLPack,
    "memory view": lambda v: memoryview(np.ascontiguousarray(v)),
}


def trained(x: Any, y: Any, **options: Any) -> list[float]:
    model = Model([Dense(4, "tanh"), Dense(1)], seed=3)
    with np.errstate(all="raise", under="ignore"):
        model.fit(x, y, epochs=3, batch_size=5, validation_split=0.25, **options)
        return [*model.network.params.tolist(), *model.predict(x)[:, 0], model.evaluate(x, y)["loss"]]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_numbers_gives_the_same_result(form: str) -> None:
    y = np.round(Y * 4) / 4
    assert trained(FORMS[form](HALVES), FORMS[form](y)) == trained(HALVES, y)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.uint64, np.float16])
def test_every_type_of_the_same_numbers_gives_the_same_result(dtype: Any) -> None:
    x, y = X > 0, Y > 0
    assert trained(x.astype(dtype), y.astype(dtype)) == trained(x.astype(float), y.astype(float))


def test_targets_without_an_axis_and_weights_in_a_column_give_the_same_result() -> None:
    w = RNG.random(N)
    assert trained(X, Y[:, 0]) == trained(X, Y)
    assert trained(X, Y, sample_weight=w[:, None]) == trained(X, Y, sample_weight=w)
    assert trained(X, Y, sample_weight=np.full(N, 7)) == pytest.approx(trained(X, Y), rel=1e-12)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, float, object])
def test_every_type_of_labels_gives_the_same_result(dtype: Any) -> None:
    wanted, given = binary(), binary()
    wanted.fit(X, CLASSES > 0, epochs=2)
    given.fit(X, (CLASSES > 0).astype(dtype), epochs=2)
    assert given.network.params.tolist() == wanted.network.params.tolist()


def test_a_batch_larger_than_the_data_is_the_whole_of_it(snapshot: Any) -> None:
    a, b = regression().fit(X, Y, batch_size=N), regression().fit(X, Y, batch_size=10**12)
    assert snapshot(a) == snapshot(b)


@pytest.mark.parametrize("x", [X[:0], X[:0].astype(np.float32), np.empty((0, 3), int)])
def test_prediction_for_no_samples(x: Any) -> None:
    for batch_size in (None, 4):
        predictions = made(regression, True).predict(x, batch_size=batch_size)
        assert predictions.shape == (0, 1)
        assert predictions.dtype == np.float64


def test_the_same_layer_in_several_places_has_separate_parameters(snapshot: Any) -> None:
    layer = Dense(3, "tanh")
    shared = Model([layer] * 3 + [Dense(1)], seed=4).fit(X, Y, epochs=2)
    single = Model([Dense(3, "tanh"), Dense(3, "tanh"), Dense(3, "tanh"), Dense(1)], seed=4).fit(X, Y, epochs=2)
    assert shared.network.params.size == 3 * 12 + 4
    assert snapshot(shared) == snapshot(single)


def test_arguments_are_not_written_to() -> None:
    x, y, w = X.copy(), Y.copy(), np.ones(N)
    model = regression().fit(x, y, sample_weight=w, epochs=2)
    model.predict(x)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)
    assert (w == 1).all()
