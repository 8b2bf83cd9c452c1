"""Evaluation and prediction from anything that `fit` takes."""

from __future__ import annotations

import re
import tracemalloc
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from framework import Activation, Dense, Metric, Model
from framework.data.block_shuffle import BlockShuffle

RNG = np.random.default_rng(0)
N = 30
X = RNG.normal(size=(N, 3))
Y = (X[:, :1] > 0).astype(float)
W = RNG.integers(0, 3, N).astype(float)
CUTS = [slice(0, 7), slice(7, 8), slice(8, 20), slice(20, 30)]  # one batch of a single row
PLAIN = [(X[rows], Y[rows]) for rows in CUTS]
WEIGHTED = [(X[rows], Y[rows], W[rows]) for rows in CUTS]
METRICS = ["accuracy", "auc", "confusion_matrix", "mae"]


class Again:
    """Batches that start anew each time."""

    def __init__(self, batches: Any) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


class Restarting:
    """An iterator that starts anew when it is asked for an iterator, as some loaders are."""

    def __init__(self, batches: Any) -> None:
        self.batches, self.at = batches, 0

    def __iter__(self) -> Any:
        self.at = 0
        return self

    def __next__(self) -> Any:
        if self.at == len(self.batches):
            raise StopIteration
        self.at += 1
        return self.batches[self.at - 1]


class OneBuffer:
    """Batches that are all written into the same arrays."""

    def __init__(self, batches: Any) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        buffers = [np.empty_like(np.concatenate([batch[i] for batch in self.batches])) for i in range(2)]
        for x, y in self.batches:
            for buffer, part in zip(buffers, (x, y), strict=True):
                buffer[: len(part)] = part
            yield buffers[0][: len(x)], buffers[1][: len(x)]
        for buffer in buffers:
            buffer[...] = 7


class OneFile:
    """Batches that are read from one place, which each iteration begins at."""

    def __init__(self, batches: Any) -> None:
        self.batches, self.at = batches, 0

    def __iter__(self) -> Iterator[Any]:
        self.at = 0
        while self.at < len(self.batches):
            self.at += 1
            yield self.batches[self.at - 1]


class Wrapped:
    """An object around an iterator, as progress bars are: it can be gone through once, and has no length to give."""

    def __init__(self, batches: Any) -> None:
        self.batches = iter(batches)

    def __len__(self) -> int:
        raise TypeError("of unknown length")

    def __iter__(self) -> Iterator[Any]:
        yield from self.batches


FORMS: dict[str, Any] = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda batches: (batch for batch in batches),
    "map": lambda batches: map(tuple, batches),
    "lists in an object": lambda batches: Again([list(batch) for batch in batches]),
    "object": Again,
    "restarting iterator": Restarting,
    "one file": OneFile,
    "one buffer": OneBuffer,
    "wrapped iterator": Wrapped,
    "queue": deque,
}


def model(dtype: Any = None, **options: Any) -> Model:
    layers = [Dense(4, "tanh"), Dense(1, "sigmoid")]
    return Model(layers, loss="binary_crossentropy", metrics=METRICS, seed=0, dtype=dtype, **options)


def same(values: Any, wanted: Any, rtol: float = 1e-12) -> None:
    assert values.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(values[name], value, rtol=rtol, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", FORMS)
def test_evaluation_of_batches_is_that_of_the_arrays(form: str, dtype: str) -> None:
    net = model(dtype).fit(X, Y)
    rtol = 1e-5 if dtype == "float32" else 1e-12
    same(net.evaluate(FORMS[form](PLAIN)), net.evaluate(X, Y), rtol)
    assert net.score(FORMS[form](PLAIN)) == net.score(X, Y)
    if form != "one buffer":
        same(net.evaluate(FORMS[form](WEIGHTED)), net.evaluate(X, Y, W), rtol)
        assert net.score(FORMS[form](WEIGHTED)) == pytest.approx(net.score(X, Y, W))


@pytest.mark.parametrize("form", FORMS)
def test_validation_with_batches_is_that_with_the_arrays(form: str) -> None:
    wanted = model().fit(X, Y, epochs=1, validation_data=(X, Y)).history
    net = model().fit(X, Y, epochs=1, validation_data=FORMS[form](PLAIN))
    same(net.history, wanted)


@pytest.mark.parametrize("form", ["list", "tuple", "object", "restarting iterator", "one buffer", "queue"])
def test_validation_batches_serve_all_epochs(form: str) -> None:
    wanted = model().fit(X, Y, epochs=3, validation_data=(X, Y)).history
    same(model().fit(X, Y, epochs=3, validation_data=FORMS[form](PLAIN)).history, wanted)


@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_training_sees_each_batch_once_whatever_gives_it(form: str, built: bool) -> None:
    net, wanted = model(), model().fit(PLAIN)
    if built:
        net.build(3)
    net.fit(FORMS[form](PLAIN))
    assert net.network.params.tolist() == wanted.network.params.tolist()


@pytest.mark.parametrize("kind", [Restarting, OneFile])
@pytest.mark.parametrize("built", [False, True])
def test_a_source_that_starts_anew_serves_training_and_validation(built: bool, kind: Any) -> None:
    net, wanted = model(), model().fit(PLAIN, epochs=3, validation_data=PLAIN)
    if built:
        net.build(3)
    source = kind(PLAIN)
    net.fit(source, epochs=3, validation_data=source)
    assert net.network.params.tolist() == wanted.network.params.tolist()
    assert net.history == wanted.history


def test_block_shuffle_validates_and_is_evaluated() -> None:
    blocks = BlockShuffle(X, Y, 7, 4, 2, seed=0, sample_weight=W)
    net = model().fit(blocks, epochs=2, validation_data=blocks)
    again = model().fit(BlockShuffle(X, Y, 7, 4, 2, seed=0, sample_weight=W), epochs=2, validation_data=(X, Y, W))
    assert net.network.params.tolist() == again.network.params.tolist()
    same(net.history, again.history)
    same(net.evaluate(blocks), net.evaluate(X, Y, W))
    assert net.score(blocks) == pytest.approx(net.score(X, Y, W))


def test_evaluation_of_block_shuffle_is_the_same_to_the_last_bit() -> None:
    net, x = model().fit(X, Y), RNG.normal(size=(3000, 3))
    y = (x[:, :1] > 0).astype(float)
    losses = [net.evaluate(BlockShuffle(x, y, 7, 4, 2, seed=seed))["loss"] for seed in (None, None, 1)]
    assert losses == [net.evaluate(x, y)["loss"]] * 3


class Halved(BlockShuffle):
    def __iter__(self) -> Iterator[Any]:
        return ((x / 2, y) for x, y in super().__iter__())


def test_what_a_subclass_of_block_shuffle_makes_of_its_rows_is_evaluated() -> None:
    net = model().fit(X, Y)
    wanted = net.evaluate(X / 2, Y)["loss"]
    assert net.evaluate(Halved(X, Y, 7))["loss"] == pytest.approx(wanted, rel=1e-12)
    assert net.fit(X, Y, validation_data=Halved(X, Y, 7)).history["val_loss"][-1] != net.evaluate(X, Y)["loss"]
    with pytest.raises(ValueError, match="Halved has its own __iter__, and not in the order of the rows"):
        net.predict(Halved(X, Y, 7))


def test_validation_with_an_order_of_its_own_is_the_same_when_training_goes_on() -> None:
    def validation() -> BlockShuffle:
        return BlockShuffle(X, Y, 7, 4, 2, seed=0)

    whole = model().fit(X, Y, epochs=4, validation_data=validation())
    parts = model().fit(X, Y, epochs=1, validation_data=validation()).fit(X, Y, epochs=3, validation_data=validation())
    assert whole.history == parts.history


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predictions_of_batches_are_those_of_the_array(dtype: str) -> None:
    net = model(dtype).fit(X, Y)
    wanted = net.predict(X)
    inputs = [x for x, _ in PLAIN]
    for form in ("list", "iterator", "generator", "object", "restarting iterator", "queue"):
        for batches in (inputs, [(x,) for x in inputs], PLAIN, WEIGHTED, [list(batch) for batch in PLAIN]):
            predictions = net.predict(FORMS[form](batches))
            assert predictions.dtype == dtype
            np.testing.assert_allclose(predictions, wanted, rtol=1e-5 if dtype == "float32" else 1e-12)
    np.testing.assert_allclose(net.predict(x.tolist() for x in inputs), wanted, rtol=1e-5)
    assert net.predict([X[:0], X[:2]]).shape == (2, 1)


def test_predictions_of_block_shuffle_are_in_the_order_of_its_rows(tmp_path: Any) -> None:
    x = RNG.normal(size=(700, 3))
    np.save(tmp_path / "x.npy", x)
    net = Model([Dense(3000, "relu"), Dense(1)], seed=0).build(3)
    assert net.network.inference_rows < len(x)
    blocks = BlockShuffle(np.load(tmp_path / "x.npy", mmap_mode="r"), np.zeros(700), 7, 4, 2, seed=0)
    assert net.predict(blocks).tolist() == net.predict(x).tolist()
    assert blocks.epoch == 0


def test_memory_mapped_batches(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    net = model().fit(X, Y)
    np.testing.assert_allclose(net.predict([mapped[:20], mapped[20:]]), net.predict(X))
    same(net.evaluate([(mapped[:20], Y[:20]), (mapped[20:], Y[20:])]), net.evaluate(X, Y))


def test_rows_in_a_list_are_samples_and_not_batches() -> None:
    net = model().fit(X, Y)
    wanted = net.predict(X[:2])
    for rows in (list(X[:2]), tuple(X[:2]), X[:2].tolist(), [tuple(map(np.float64, row)) for row in X[:2]]):
        np.testing.assert_allclose(net.predict(rows), wanted)
    steps = Model(["flatten", Dense(2)], seed=0).build((2, 3))
    np.testing.assert_allclose(steps.predict([list(X[:2]), list(X[2:4])]), steps.predict(X[:4].reshape(2, 2, 3)))
    np.testing.assert_allclose(steps.predict([X[:4].reshape(2, 2, 3)]), steps.predict(X[:4].reshape(2, 2, 3)))


def test_rows_of_numpy_numbers_are_samples() -> None:
    rows = [tuple(map(np.float64, row)) for row in X]
    assert model().fit(rows, Y).network.params.tolist() == model().fit(X, Y).network.params.tolist()


class _Widest(Activation, registered=False):
    """The identity, which notes how many samples it has seen at once."""

    most = 0

    def __call__(self, z: Any, out: Any = None) -> Any:
        _Widest.most = max(_Widest.most, len(z))
        return z

    def derivative(self, z: Any, a: Any, out: Any = None) -> Any:
        return np.ones_like(z)


@pytest.mark.parametrize("use", ["predict", "evaluate", "fit"])
def test_large_batches_are_computed_in_parts(use: str) -> None:
    net = Model([Dense(300), _Widest(), Dense(1)], seed=0).build(3)
    rows = net.network.inference_rows
    x, y = np.zeros((3 * rows + 1, 3)), np.zeros((3 * rows + 1, 1))
    _Widest.most = 0
    if use == "predict":
        assert net.predict([x, x]).shape == (6 * rows + 2, 1)
    elif use == "evaluate":
        assert net.evaluate([(x, y)])["loss"] == 0
    else:
        net.fit(x[:5], y[:5], validation_data=[(x, y)])
    assert _Widest.most == rows


def test_memory_does_not_grow_with_the_number_of_batches() -> None:
    net = Model([Dense(2, "relu"), Dense(1)], seed=0).build(500)
    x, y = np.zeros((1000, 500)), np.zeros((1000, 1))

    def peak(batches: int) -> int:
        tracemalloc.start()
        try:
            net.evaluate((x + i, y) for i in range(batches))
            net.fit(x[:9], y[:9], validation_data=((x + i, y) for i in range(batches)))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    assert peak(20) - peak(5) < x.nbytes / 4


BAD = [
    ("evaluate a one-axis batch", lambda m: m.evaluate([(X, Y), (X[:, 0], Y)]), ValueError, ["batch 2", "batch x"]),
    ("evaluate no batches", lambda m: m.evaluate(iter([])), ValueError, ["X gave no batches: it is empty"]),
    ("score no batches", lambda m: m.score(batch for batch in []), ValueError, ["X gave no batches", "used up"]),
    ("predict no batches", lambda m: m.predict(iter([])), ValueError, ["X gave no batches"]),
    ("evaluate and weights", lambda m: m.evaluate(PLAIN, sample_weight=W), ValueError, ["sample_weight", "batches"]),
    ("score and weights", lambda m: m.score(PLAIN, sample_weight=W), ValueError, ["sample_weight", "batches"]),
    ("evaluate no y", lambda m: m.evaluate(X), TypeError, ["y", "None"]),
    ("evaluate a tuple", lambda m: m.evaluate((X, Y)), ValueError, ["tuple of arrays", "evaluate(X, y)"]),
    ("score a tuple", lambda m: m.score((X, Y)), ValueError, ["tuple of arrays", "score(X, y)"]),
    ("evaluate x alone", lambda m: m.evaluate(iter([X])), ValueError, ["batch 1", "(x, y)"]),
    ("evaluate a dict", lambda m: m.evaluate({"a": 1}), TypeError, ["X", "dict"]),
    ("evaluate blocks and y", lambda m: m.evaluate(BlockShuffle(X, Y), Y), TypeError, ["X", "BlockShuffle", "no y"]),
    ("fit blocks and y", lambda m: m.fit(BlockShuffle(X, Y), Y), TypeError, ["X", "BlockShuffle", "no y"]),
    ("predict bad blocks", lambda m: m.predict(BlockShuffle(X * np.nan, Y)), ValueError, ["batch x holds nan"]),
    ("predict narrow blocks", lambda m: m.predict(BlockShuffle(X[:, :2], Y)), ValueError, ["(n, 3)", "(30, 2)"]),
    ("predict a tuple", lambda m: m.predict((X, Y)), ValueError, ["tuple of arrays", "predict(x)"]),
    ("predict nan", lambda m: m.predict(iter([X, X * np.nan])), ValueError, ["batch 2", "batch x", "nan"]),
    ("predict four", lambda m: m.predict(iter([(X, Y, W, W)])), ValueError, ["batch 1", "(x, y, weight)"]),
    ("predict rows", lambda m: m.predict(iter(X)), ValueError, ["batch 1", "(3,)"]),
    ("predict and size", lambda m: m.predict(PLAIN, batch_size=3), ValueError, ["batch_size", "batches"]),
    ("predict a str", lambda m: m.predict("abc"), TypeError, ["X", "strings"]),
    ("predict verbose", lambda m: m.predict(X, verbose=-1), ValueError, ["verbose", "-1"]),
    ("gradients of batches", lambda m: m.gradients(PLAIN), ValueError, ["gradients", "one batch"]),
    ("gradients of an iterator", lambda m: m.gradients(iter(PLAIN)), ValueError, ["gradients(x, y)"]),
    ("gradients of blocks", lambda m: m.gradients(BlockShuffle(X, Y)), ValueError, ["gradients(x, y)"]),
    ("gradients of a tuple", lambda m: m.gradients((X, Y)), ValueError, ["gradients(x, y)"]),
    ("gradients no y", lambda m: m.gradients(X), TypeError, ["y", "None"]),
    ("train_on_batch of batches", lambda m: m.train_on_batch(PLAIN), ValueError, ["train_on_batch", "one batch"]),
    ("train_on_batch of a tuple", lambda m: m.train_on_batch((X, Y)), ValueError, ["train_on_batch(x, y)"]),
]


@pytest.mark.parametrize(("call", "error", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_batches(call: Any, error: Any, words: list[str], snapshot: Any) -> None:
    net = model().fit(X, Y)
    before = snapshot(net)
    with pytest.raises(error, match=".*".join(map(re.escape, words))):
        call(net)
    assert snapshot(net) == before


VALIDATION = [
    ("bad first", [(X[:, :2], Y)], ValueError, ["validation batch 1", "(n, 3)"]),
    ("bad third", [*PLAIN[:2], (X, Y * np.nan)], ValueError, ["validation batch 3", "nan"]),
    ("bad type", Again([(X.astype(str), Y)]), TypeError, ["validation batch 1", "strings"]),
    ("bad generator", ((X, Y * np.nan) for _ in range(1)), ValueError, ["validation batch 1", "nan"]),
    ("no tuple", Again([X]), ValueError, ["validation batch 1", "(x, y)"]),
    ("empty list", [], ValueError, ["validation_data", "(X, y)", "batches"]),
    ("empty object", Again([]), ValueError, ["validation_data gave no batches in epoch 1"]),
    ("empty iterator", iter([]), ValueError, ["validation_data gave no batches in epoch 1"]),
    ("a dict", {"x": X}, ValueError, ["validation_data", "(X, y)"]),
    ("zero weights", [(X, Y, W * 0)], ValueError, ["validation_data", "all zero"]),
    ("empty queue", deque(), ValueError, ["validation_data is empty"]),
    ("blocks of another width", BlockShuffle(X[:, :2], Y), ValueError, ["validation batch 1", "(n, 3)"]),
]


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("data", "error", "words"), [row[1:] for row in VALIDATION], ids=[row[0] for row in VALIDATION]
)
def test_bad_validation_batches(data: Any, error: Any, words: Any, stream: bool, fitted: bool, snapshot: Any) -> None:
    if isinstance(data, Iterator):
        data = iter(list(data) or [(X, Y * np.nan)] * (words[0] == "validation batch 1"))
    net = model()
    if fitted:
        net.fit(X, Y)
        words = [word.replace("epoch 1", "epoch 2") for word in words]
    before = snapshot(net)
    with pytest.raises(error, match=".*".join(map(re.escape, words))):
        net.fit(PLAIN, validation_data=data) if stream else net.fit(X, Y, validation_data=data)
    assert snapshot(net) == before


def test_the_first_validation_batch_is_checked_before_training() -> None:
    steps = []

    class Counting(Model):
        def train_step(self, x: Any, y: Any, weight: Any = None) -> float:
            steps.append(len(x))
            return super().train_step(x, y, weight)

    net = Counting([Dense(1)], seed=0)
    with pytest.raises(ValueError, match="validation batch 1"):
        net.fit(X, Y, validation_data=[(X[:, :1], Y)])
    assert not steps
    assert not net.built


@pytest.mark.parametrize("what", ["X", "validation_data"])
def test_an_iterator_for_several_epochs_is_refused_before_training(what: str, snapshot: Any) -> None:
    net = model().fit(X, Y)
    before = snapshot(net)
    data = iter(PLAIN)
    given: Any = {"X": data} if what == "X" else {"X": X, "y": Y, "validation_data": data}
    with pytest.raises(ValueError, match=rf"{what} gave no batches in epoch 3.*used up.*again"):
        net.fit(**given, epochs=2)
    assert snapshot(net) == before
    assert len(list(data)) == 4
    net.fit(X, Y, epochs=2, validation_data=iter(PLAIN), validation_freq=3)
    assert np.isfinite(net.history["val_loss"]).tolist() == [False, False, True]


@pytest.mark.parametrize("call", [lambda m: m.evaluate(PLAIN), lambda m: m.predict(PLAIN), lambda m: m.score(PLAIN)])
def test_a_model_without_weights_says_so(call: Any) -> None:
    with pytest.raises(RuntimeError, match=r"call fit\(X, y\) or build"):
        call(model())


def test_a_function_as_metric_sees_all_batches_at_once() -> None:
    seen = []

    def metric(y_true: Any, y_pred: Any) -> float:
        seen.append((y_true.copy(), y_pred.copy()))
        return 0.0

    net = Model([Dense(1)], metrics=[metric], seed=0).build(3)
    net.evaluate(iter(PLAIN))
    assert np.array_equal(seen[0][0], Y)
    np.testing.assert_allclose(seen[0][1], net.predict(X))
    assert isinstance(net.metrics_["metric"], Metric)


@pytest.mark.parametrize("data", [X, PLAIN])
def test_prediction_shows_its_progress(data: Any, capfd: Any) -> None:
    net = model().fit(X, Y)
    quiet = net.predict(data)
    assert capfd.readouterr() == ("", "")
    for verbose in (1, True):
        assert net.predict(data, verbose=verbose).tolist() == quiet.tolist()
        assert "100%" in capfd.readouterr().err
    net.predict(iter(PLAIN), verbose=1)
    assert "4batch" in capfd.readouterr().err
