from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from framework import Dense, Model
from framework.data.block_shuffle import BlockShuffle

N = 1000
X = np.arange(N * 2, dtype=np.float64).reshape(N, 2)
Y = np.arange(N)


def rows(batches: Any) -> Any:
    return np.concatenate([y for _, y in batches])


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("BlockShuffle")]


@pytest.mark.parametrize(
    "sizes",
    [
        {"batch_size": 32, "block": 16, "blocks": 8},
        {"batch_size": 32, "block": 7, "blocks": 3},
        {"batch_size": 300, "block": 10, "blocks": 5},
        {"batch_size": 5000, "block": 64, "blocks": 4},
        {"batch_size": 1, "block": 1, "blocks": 100},
        {"batch_size": 32, "block": 5000, "blocks": 256},
    ],
)
def test_every_row_comes_once_with_its_target_and_batches_are_full(sizes: Any) -> None:
    batches = list(BlockShuffle(X, Y, seed=0, **sizes))
    assert sorted(rows(batches)) == list(range(N))
    for x, y in batches:
        assert np.array_equal(x[:, 0], y * 2)
    size = min(sizes["batch_size"], N)
    assert [len(y) for _, y in batches] == [size] * (N // size) + [N % size] * (N % size > 0)
    assert len(BlockShuffle(X, Y, **sizes)) == len(batches)


def test_weights_come_along() -> None:
    for x, y, w in BlockShuffle(X, Y, 30, 8, 4, sample_weight=Y + 0.5):
        assert np.array_equal(w, y + 0.5)
        assert np.array_equal(x[:, 1], 2 * y + 1)


def test_each_epoch_has_its_own_order_settled_by_the_seed() -> None:
    a, b, c = (BlockShuffle(X, Y, 50, 8, 4, seed=seed) for seed in (1, 1, 2))
    first, second = rows(a), rows(a)
    assert first.tolist() != second.tolist()
    assert [rows(b).tolist(), rows(b).tolist()] == [first.tolist(), second.tolist()]
    assert rows(c).tolist() != first.tolist()
    b.set_epoch(0)
    assert rows(b).tolist() == first.tolist()
    assert rows(BlockShuffle(X, Y, 50, 8, 4)).tolist() != rows(BlockShuffle(X, Y, 50, 8, 4)).tolist()


def test_blocks_are_drawn_from_the_whole_file_and_shuffled_within_a_group() -> None:
    order = rows(BlockShuffle(X, Y, 10, block=10, blocks=20, seed=0))
    groups = order.reshape(5, 200)
    for group in groups:
        assert len(set(group // 10)) == 20
        assert np.ptp(group) > N / 2
        assert len(set(group[:20] // 10)) > 8


def test_a_sorted_file_is_mixed_as_the_docstring_says() -> None:
    n, block, blocks = 100_000, 10, 100
    labels = (np.arange(n) < n // 2).astype(float)
    order = np.concatenate([y for _, y in BlockShuffle(np.zeros((n, 1)), labels, 100, block, blocks, seed=0)])
    shares = order.reshape(-1, block * blocks).mean(axis=1)
    assert shares.std() == pytest.approx(np.sqrt(0.25 / blocks), rel=0.25)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, ">f4", bool])
def test_files_of_any_type(tmp_path: Any, dtype: Any) -> None:
    np.save(tmp_path / "x.npy", (X % 2).astype(dtype))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    batches = list(BlockShuffle(x, Y, 64, 8, 4))
    assert {x.dtype.newbyteorder("=") for x, _ in batches} == {np.dtype(dtype).newbyteorder("=")}
    net = Model([Dense(1)], seed=0, optimizer="sgd").fit(BlockShuffle(x, Y / N, 64, 8, 4, seed=0), epochs=2)
    assert net.history.epoch == [1, 2]


def test_fit_learns_and_is_reproducible_when_it_goes_on() -> None:
    x, y = X / N, (X[:, :1] + X[:, 1:]) / N
    net = Model([Dense(1)], seed=0).fit(BlockShuffle(x, y, 16, 8, 4, seed=0), epochs=4)
    other = Model([Dense(1)], seed=0).fit(BlockShuffle(x, y, 16, 8, 4, seed=0), epochs=2)
    other.fit(BlockShuffle(x, y, 16, 8, 4, seed=0), epochs=2)
    assert net.history["loss"][-1] < net.history["loss"][0] / 10
    assert other.network.params.tolist() == net.network.params.tolist()


class Sliced:
    """Rows of another kind of file: a shape, a dtype, slices."""

    def __init__(self, array: Any, error_at: int | None = None) -> None:
        self.array, self.error_at = array, error_at
        self.shape, self.dtype = array.shape, array.dtype
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice) -> Any:
        if rows.start is not None and self.error_at is not None and rows.start <= self.error_at < rows.stop:
            raise OSError("the disk is gone")
        self.read.append(len(self.array[rows]))
        return self.array[rows]


def test_an_error_of_the_reading_thread_comes_out_and_leaves_no_thread() -> None:
    source = BlockShuffle(Sliced(X, error_at=500), Y, 10, 10, 10, seed=0)
    with pytest.raises(OSError, match="the disk is gone"):
        list(source)
    assert threads() == []
    net = Model([Dense(1)], seed=0, optimizer="sgd")
    with pytest.raises(OSError, match="the disk is gone"):
        net.fit(BlockShuffle(Sliced(X / N, error_at=500), Y / N, 10, 10, 10, seed=0))
    assert threads() == []


def test_no_thread_is_left_when_an_iteration_is_given_up() -> None:
    for _ in BlockShuffle(X, Y, 10, 10, 10):
        assert len(threads()) == 1
        break
    assert threads() == []
    iterator = iter(BlockShuffle(X, Y, 10, 10, 10))
    assert threads() == []
    next(iterator)
    del iterator
    assert threads() == []


def test_one_group_is_read_ahead_and_not_more() -> None:
    source = Sliced(X)
    batches = iter(BlockShuffle(source, Y, 10, block=10, blocks=10))
    next(batches)
    deadline = time.monotonic() + 5
    while sum(source.read) < 201 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert sum(source.read) == 1 + 200  # 1 was read by the constructor
    del batches


def test_only_whole_runs_of_rows_are_read() -> None:
    source = Sliced(X)
    list(BlockShuffle(source, Y, 10, block=64, blocks=4))
    assert sorted(source.read[1:]) == [N % 64] + [64] * (N // 64)


def test_two_iterations_at_once_do_not_meet() -> None:
    source = BlockShuffle(X, Y, 10, 10, 10, seed=0)
    first, second = iter(source), iter(source)
    together = [(a, b) for (_, a), (_, b) in zip(first, second, strict=True)]
    source.set_epoch(0)
    assert np.array_equal(np.concatenate([a for a, _ in together]), rows(source))
    assert np.array_equal(np.concatenate([b for _, b in together]), rows(source))


def test_batches_are_the_callers_own() -> None:
    batches = list(BlockShuffle(X, Y, 10, 10, 10, seed=0))
    kept = [y.copy() for _, y in batches]
    for x, _ in batches:
        x[...] = -1
    assert all(np.array_equal(y, k) for (_, y), k in zip(batches, kept, strict=True))
    assert X.min() == 0
