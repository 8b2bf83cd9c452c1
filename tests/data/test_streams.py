"""Batches from anything, and arrays that stay in their files."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from framework import SGD, Checkpoint, Dense, Model
from framework.data.memmap import MemmapRows, read_ahead

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X[:, :1] ** 2
BATCHES = [(X[i : i + 7], Y[i : i + 7]) for i in range(0, 30, 7)]


def model(**options: Any) -> Model:
    return Model([Dense(4, "tanh"), Dense(1)], optimizer=SGD(0.05, momentum=0.9), seed=0, **options)


class Again:
    """Batches that start anew each time."""

    def __init__(self, batches: Any = BATCHES) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


def memory_mapped(path: Any, array: Any) -> Any:
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def figures(net: Model) -> Any:
    return net.network.params.tolist(), net.history.to_dict()


@pytest.mark.parametrize("source", [BATCHES, tuple(BATCHES), Again(), Again([list(batch) for batch in BATCHES])])
def test_batches_are_the_arrays_in_order(source: Any) -> None:
    wanted = model(metrics=["mae"]).fit(X, Y, epochs=3, batch_size=7, shuffle=False, validation_data=(X, Y))
    assert figures(model(metrics=["mae"]).fit(source, epochs=3, validation_data=(X, Y))) == figures(wanted)


def test_weights_in_batches() -> None:
    w = RNG.random(30)
    source = [(x, y, w[i * 7 : i * 7 + 7]) for i, (x, y) in enumerate(BATCHES)]
    wanted = model(metrics=["mae"]).fit(X, Y, sample_weight=w, batch_size=7, shuffle=False)
    assert figures(model(metrics=["mae"]).fit(source)) == figures(wanted)


def test_batches_with_and_without_weights_count_alike_in_metrics() -> None:
    ones = np.ones(len(BATCHES[1][0]))
    for mixed in ([BATCHES[0], (*BATCHES[1], ones)], [(*BATCHES[0], ones), BATCHES[1]]):
        wanted = model(metrics=["mae"]).fit(BATCHES[:2])
        assert model(metrics=["mae"]).fit(mixed).history["mae"] == pytest.approx(wanted.history["mae"])


@pytest.mark.parametrize("built", [False, True])
def test_an_iterator_serves_one_epoch(built: bool) -> None:
    net, wanted = model(), model().fit(BATCHES)
    if built:
        net.build(3)
    net.fit(iter(BATCHES))
    assert figures(net) == figures(wanted)


@pytest.mark.parametrize("make", [iter, lambda batches: (batch for batch in batches)])
@pytest.mark.parametrize("fitted", [False, True])
def test_an_iterator_that_is_used_up_is_named_and_nothing_has_changed(make: Any, fitted: bool) -> None:
    net = model()
    if fitted:
        net.fit(X, Y)
    before = figures(net) if fitted else None
    with pytest.raises(ValueError, match=f"X gave no batches in epoch {2 + fitted}.* an iterator that was used up"):
        net.fit(make(BATCHES), epochs=2)
    assert net.built is fitted
    assert before is None or figures(net) == before


def test_a_source_that_breaks_leaves_the_last_whole_step() -> None:
    def breaking() -> Iterator[Any]:
        yield from BATCHES[:2]
        raise OSError("the disk is gone")

    net = model().build(3)
    with pytest.raises(OSError, match="the disk is gone"):
        net.fit(breaking())
    assert net.network.params.tolist() == model().fit(BATCHES[:2]).network.params.tolist()


def test_a_source_is_told_which_epoch_comes() -> None:
    told = []

    class Ordered(Again):
        def set_epoch(self, epoch: int) -> None:
            told.append(epoch)

    net = model().fit(Ordered(), epochs=2)
    net.fit(Ordered(), epochs=1)
    net.fit(Ordered(), epochs=6, initial_epoch=5)
    assert told == [0, 1, 2, 5]


def test_initial_epoch_is_as_in_keras() -> None:
    net = model().fit(X, Y, epochs=5, initial_epoch=3)
    assert net.history.epoch == [4, 5]
    net.fit(X, Y, epochs=2)
    assert net.history.epoch == [4, 5, 6, 7]
    net.fit(X, Y, epochs=7, initial_epoch=7)
    net.fit(X, Y, epochs=2, initial_epoch=7)
    assert net.history.epoch == [4, 5, 6, 7]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint8, ">f8", np.float16])
@pytest.mark.parametrize("shuffle", [False, True])
def test_memory_mapped_arrays_train_as_those_in_memory(tmp_path: Any, dtype: Any, shuffle: bool) -> None:
    x, y = (X * 4).astype(dtype), (Y * 4).astype(dtype)
    options: Any = {"epochs": 2, "batch_size": 7, "shuffle": shuffle, "validation_split": 0.3}
    wanted = model(metrics=["mae"], dtype="float64").fit(x, y, **options)
    mapped = memory_mapped(tmp_path / "x.npy", x), memory_mapped(tmp_path / "y.npy", y)
    net = model(metrics=["mae"], dtype="float64").fit(*mapped, **options)
    assert figures(net) == figures(wanted)
    assert net.predict(mapped[0]).tolist() == wanted.predict(x).tolist()
    assert net.predict(mapped[0], batch_size=4).tolist() == wanted.predict(x, batch_size=4).tolist()
    assert net.evaluate(*mapped) == wanted.evaluate(x, y)
    assert net.train_on_batch(*mapped) == wanted.train_on_batch(x, y)
    assert net.gradients(*mapped)[0].tolist() == wanted.gradients(x, y)[0].tolist()


@pytest.mark.parametrize("form", ["labels", "one-hot"])
def test_memory_mapped_classes(tmp_path: Any, form: str) -> None:
    labels = np.arange(30) % 3
    y = labels if form == "labels" else np.eye(3)[labels]
    options: Any = {"epochs": 2, "class_weight": "balanced", "validation_split": 0.3}

    def net() -> Model:
        return Model([Dense(3, "softmax")], loss="categorical_crossentropy", metrics=["accuracy"], seed=0)

    mapped = memory_mapped(tmp_path / "y.npy", y)
    assert figures(net().fit(X, mapped, **options)) == figures(net().fit(X, y, **options))


@pytest.mark.parametrize("use", ["fit", "validation", "predict", "evaluate", "train_on_batch"])
def test_what_is_wrong_in_a_file_is_found_when_it_is_read(tmp_path: Any, use: str) -> None:
    bad = X.copy()
    bad[23, 1] = np.nan
    mapped = memory_mapped(tmp_path / "x.npy", bad)
    net = model().fit(X, Y, epochs=2)
    before = figures(net)
    calls: Any = {
        "fit": lambda: net.fit(mapped, Y, epochs=2, batch_size=4),
        "validation": lambda: net.fit(X, Y, validation_data=(mapped, Y)),
        "predict": lambda: net.predict(mapped, batch_size=4),
        "evaluate": lambda: net.evaluate(mapped, Y),
        "train_on_batch": lambda: net.train_on_batch(mapped, Y),
    }
    with pytest.raises(ValueError, match=r"row 23 of 30 in .*x\.npy: .*X holds nan at \[0, 1\]"):
        calls[use]()
    assert figures(net) == before


def test_a_number_too_large_in_a_file_is_found_when_it_is_read(tmp_path: Any) -> None:
    bad = X.copy()
    bad[23, 1] = 1e300
    net = model(dtype="float32")
    with pytest.raises(ValueError, match=r"row 23 of 30 .*1e\+300.*float32"):
        net.fit(memory_mapped(tmp_path / "x.npy", bad), Y)
    assert not net.built


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("shuffle", [False, True])
def test_memory_does_not_grow_with_a_memory_mapped_array(tmp_path: Any, dtype: Any, shuffle: bool) -> None:
    def peak(rows: int) -> int:
        x = np.lib.format.open_memmap(tmp_path / f"{rows}.npy", "w+", dtype, (rows, 500))
        net = Model([Dense(2, "relu"), Dense(500)], seed=0, dtype="float32").build(500)
        for _ in range(20):  # predictions are recorded, which takes memory that does not depend on the data
            net.predict(x[: net.network.inference_rows])
        tracemalloc.start()
        try:
            net.fit(x, x, batch_size=64, shuffle=shuffle, validation_split=0.4)
            net.evaluate(x, x)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(24_000) - peak(12_000) < 12_000 * 500 / 4


def test_memory_mapped_rows_in_any_choice_and_in_pieces(tmp_path: Any) -> None:
    rows = MemmapRows(memory_mapped(tmp_path / "x.npy", X), lambda part: part + 1)
    part = rows.at(np.array([20, 3, 7, 7])).at(np.array([1, 2]))
    assert np.array_equal(rows[2:5], X[2:5] + 1)
    assert np.array_equal(rows[np.array([4, 2])], X[[4, 2]] + 1)
    assert np.array_equal(part[:], X[[3, 7]] + 1)
    assert (part.shape, len(part)) == ((2, 3), 2)
    assert np.array_equal(np.concatenate(list(rows.pieces())), X + 1)


@pytest.mark.parametrize("part", [slice(None), slice(1000, None), slice(None, None, 3), slice(None, None, -1)])
def test_rows_that_are_read_ahead_lie_in_the_file(tmp_path: Any, part: Any) -> None:
    array = memory_mapped(tmp_path / "x.npy", np.zeros((5000, 7)))[part]
    read_ahead(array, [0, len(array) - 1, len(array) // 2], 64)
    read_ahead(array, np.array([len(array) - 1]), 10**6)
    read_ahead(array[:0], [], 1)
    read_ahead(np.zeros((3, 2)), [0], 1)


def test_a_fit_with_batches_draws_no_split_whatever_the_last_one_did(tmp_path: Any) -> None:
    net = model().set_params(seed=None)
    net.fit(X, Y, validation_split=0.25)
    net.fit(BATCHES, callbacks=[Checkpoint(tmp_path / "run.npz")])
    assert not net.state.split_drawn
