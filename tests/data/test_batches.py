"""Arrays and streams as batches."""

from typing import Any

import numpy as np
import pytest

from framework.data.batches import ArrayBatches, StreamBatches


def data(n, weighted=False, features=2):
    x = np.arange(n * features, dtype=np.float64).reshape(n, features)
    return x, x[:, :1] * 10, (np.arange(n, dtype=np.float64) if weighted else None)


def copied(batches):
    """Return the batches of an epoch; copies, for a shuffled batch is valid until the next one is requested."""
    return [(x.copy(), y.copy(), None if w is None else w.copy()) for x, y, w in batches]


@pytest.mark.parametrize("rng", [None, 0], ids=["ordered", "shuffled"])
@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (8, 4), (3, 100), (5, 1), (1, 1)])
def test_an_epoch_has_every_sample_once_with_its_target_and_weight(n, batch_size, rng):
    x, y, weight = data(n, weighted=True)
    batches = ArrayBatches(x, y, weight, batch_size, None if rng is None else np.random.default_rng(rng))
    for _ in range(3):
        epoch = copied(batches)
        sizes = [len(part) for part, _, _ in epoch]
        assert batches.steps == len(epoch)
        assert sizes[:-1] == [min(batch_size, n)] * (len(epoch) - 1)
        assert 0 < sizes[-1] <= batch_size
        seen_x, seen_y, seen_weight = map(np.concatenate, zip(*epoch, strict=True))
        np.testing.assert_array_equal(seen_y, seen_x[:, :1] * 10)
        np.testing.assert_array_equal(seen_weight, seen_x[:, 0] / 2)
        np.testing.assert_array_equal(np.sort(seen_x[:, 0]), x[:, 0])


def test_without_a_generator_batches_are_slices_of_the_arrays_in_order():
    x, y, _ = data(7)
    batches = list(ArrayBatches(x, y, None, 3))
    assert all(np.shares_memory(part, x) for part, _, _ in batches)
    np.testing.assert_array_equal(np.concatenate([part for part, _, _ in batches]), x)


def test_the_order_is_new_in_each_epoch_and_comes_from_the_generator_alone():
    x, y, _ = data(50)

    def orders():
        batches = ArrayBatches(x, y, None, 8, np.random.default_rng(5))
        return [np.concatenate([part[:, 0] for part, _, _ in copied(batches)]) for _ in range(2)]

    first, second = orders()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(orders(), [first, second])


def test_data_larger_than_the_buffer_is_gathered_in_parts():
    x, y, weight = data(5000, weighted=True, features=100)
    batches = ArrayBatches(x, y, weight, 7, np.random.default_rng(0))
    assert batches.rows < len(x)
    epoch = copied(batches)
    assert [len(part) for part, _, _ in epoch[:-1]] == [7] * (batches.steps - 1)
    seen = np.concatenate([part for part, _, _ in epoch])
    np.testing.assert_array_equal(seen[np.argsort(seen[:, 0])], x)
    np.testing.assert_array_equal(x, data(5000, features=100)[0])


class Numbered(list):
    """A source that is told the epoch."""

    def set_epoch(self, epoch):
        self.epoch = epoch


def test_a_stream_is_checked_batch_by_batch_and_told_the_epoch():
    source = Numbered([1, 2, 3])
    batches: Any = StreamBatches(source, lambda batch: batch * 10)
    batches.begin_epoch(4)
    assert source.epoch == 4
    assert list(batches) == list(batches) == [10, 20, 30]


@pytest.mark.parametrize("error", [ValueError, TypeError])
def test_a_refused_batch_is_counted_from_one(error):
    def check(batch):
        if batch == 7:
            raise error("it is seven")
        return batch

    with pytest.raises(error, match="batch 3: it is seven"):
        list(StreamBatches([5, 6, 7], check))


def test_a_source_that_is_used_up_says_so():
    batches: Any = StreamBatches(iter([1]), lambda batch: batch)
    batches.begin_epoch(0)
    assert list(batches) == [1]
    batches.begin_epoch(1)
    with pytest.raises(ValueError, match=r"gave no batches in epoch 2.*used up before"):
        list(batches)


def test_a_stream_knows_its_steps_where_the_source_does():
    assert StreamBatches([1, 2], int).steps == 2
    assert StreamBatches(iter([1, 2]), int).steps is None
