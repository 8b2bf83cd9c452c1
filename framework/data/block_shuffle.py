"""Shuffled batches of files larger than memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from framework.core import arguments, arrays
from framework.core.types import Array
from framework.data.fingerprint import fingerprint
from framework.data.memmap import ROWS_AT_ONCE, read_ahead


class BlockShuffle:
    """Batches of memory-mapped arrays, shuffled by blocks: ``model.fit(BlockShuffle(x, y, 128))``.

    An epoch reads a group of `blocks` blocks of `block` neighboring rows each, drawn at random from the whole file,
    into memory, shuffles their rows, yields them in batches and goes on with other blocks until every row has come
    once. While the model trains on one group, a thread reads the next. So the disk reads long runs of rows, where a
    plain shuffle would request each row by itself, and memory holds two groups: ``2 * blocks * block`` rows.

    The price: rows of a block stay within one group, so at most ``blocks * block`` rows apart. If neighboring rows in
    the file are alike, as in a file sorted by class or by time, a group holds only `blocks` independent draws: the
    share of a class that makes up p of the file varies from group to group with a standard deviation of
    ``sqrt(p * (1 - p) / blocks)``, at most 0.03 with 256 blocks, where a full shuffle would reach
    ``sqrt(p * (1 - p) / (blocks * block))``; single batches hardly vary more than fully shuffled ones. Smaller blocks
    shuffle better and read more slowly; ``block=1`` is a plain shuffle. A class with fewer rows than a block may come
    in a single group. If in doubt, shuffle such a file once when you write it.

    Each epoch has another order, which depends only on `seed` and the number of the epoch. Validation, `evaluate` and
    `predict` take a BlockShuffle too, and read its rows in the order of the file.

    Parameters
    ----------
    x, y : array-like, shape (n, ...)
        Memory-mapped arrays, or anything else with a shape and a dtype that can be sliced by rows.
    batch_size : int
        The last batch of an epoch may be smaller.
    block, blocks : int
        Rows in a block; blocks in memory at a time.
    seed : int, optional
        None draws one; a fit that is to be resumed by `Checkpoint` needs one.
    sample_weight : array-like, shape (n,), optional

    Attributes
    ----------
    epoch : int
        The number, from 0, of the epoch that comes next.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        block: int = 64,
        blocks: int = 256,
        seed: int | None = None,
        *,
        sample_weight: Any = None,
    ) -> None:
        given = {"x": x, "y": y} if sample_weight is None else {"x": x, "y": y, "sample_weight": sample_weight}
        self.arrays = [_sliceable(array, name) for name, array in given.items()]
        for name, array in zip(given, self.arrays, strict=True):
            arrays.same_length(self.arrays[0], array, ("x", name))
        self.samples = len(self.arrays[0])
        if not self.samples:
            raise ValueError(f"x has shape {self.arrays[0].shape}: no samples")
        if not all(any(part.any() for part in _pieces(array, ROWS_AT_ONCE)) for array in self.arrays[2:]):
            raise ValueError("sample_weight is all zero; at least one sample must count")
        self.batch_size = arguments.integer(batch_size, "batch_size", least=1)
        self.block = arguments.integer(block, "block", least=1)
        self.blocks = arguments.integer(blocks, "blocks", least=1)
        self._names = list(given)
        self._given_seed = seed
        drawn = int(np.random.default_rng().integers(1 << 32))
        self.seed = drawn if seed is None else arguments.integer(seed, "seed", least=0)
        self.epoch = 0
        self._memory: list[list[Array]] | None = None  # kept between epochs, for new memory costs time

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-self.samples // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, and so the order, that comes next."""
        self.epoch = arguments.integer(epoch, "epoch", least=0)

    def fingerprint(self) -> dict[str, Any]:
        """Return what a resumed run compares: fingerprints of the arrays, and all that their order depends on.

        The seed is None if it was drawn: then no other process can go on in the same order.
        """
        sizes = {"batch_size": self.batch_size, "block": self.block, "blocks": self.blocks}
        seed = None if self._given_seed is None else self.seed
        return {**_fingerprints(self._names, self.arrays), **sizes, "seed": seed}

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        """Go through the batches ``(x, y)`` or ``(x, y, weight)`` of one epoch; the caller may keep and change them."""
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        return self._batches(rng)

    @property
    def is_plain(self) -> bool:
        """Whether its batches hold the rows of its arrays; a subclass may make others of them."""
        return type(self).__iter__ is BlockShuffle.__iter__

    def in_order(self, rows: int, targets: bool = True) -> RowsInOrder:
        """Return x, and unless they are not wanted targets and weights, in the order of the rows, so many at a time.

        Raises
        ------
        ValueError
            If a subclass makes other batches of the rows.
        """
        if not self.is_plain:
            name = type(self).__name__
            raise ValueError(
                f"{name} has its own __iter__, and not in the order of the rows: give the batches (or x) in the order "
                f"wanted, such as [x for x, y in {name}(...)]"
            )
        wanted = len(self.arrays) if targets else 1
        return RowsInOrder(self._names[:wanted], self.arrays[:wanted], rows)

    def _batches(self, rng: np.random.Generator) -> Iterator[tuple[Array, ...]]:
        starts = rng.permutation(-(-self.samples // self.block)) * self.block
        groups = [starts[rows].tolist() for rows in arrays.row_slices(len(starts), self.blocks)]
        memory, self._memory = self._memory or self._new_memory(), None
        left = [array[:0] for array in memory[0]]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1, "BlockShuffle") as reader:
            reading = reader.submit(self._read, groups[0], memory[0])
            for i in range(len(groups)):
                group, m = memory[i % 2], reading.result()
                if i + 1 < len(groups):
                    reading = reader.submit(self._read, groups[i + 1], memory[1 - i % 2])
                shuffled = rng.permutation(m)
                while len(left[0]) + len(shuffled) >= self.batch_size:
                    wanted = self.batch_size - len(left[0])
                    yield tuple(_joined(left, group, shuffled[:wanted]))
                    left, shuffled = [array[:0] for array in left], shuffled[wanted:]
                left = _joined(left, group, shuffled)
        self._memory = memory
        if len(left[0]):
            yield tuple(left)

    def _new_memory(self) -> list[list[Array]]:
        rows = min(self.block * self.blocks, self.samples)
        return [[np.empty((rows, *array.shape[1:]), array.dtype) for array in self.arrays] for _ in range(2)]

    def _read(self, starts: list[int], memory: list[Array]) -> int:
        """Read the blocks that begin at `starts` into `memory`; return the number of rows."""
        for array in self.arrays:
            read_ahead(array, starts, self.block)
        filled = 0
        for start in starts:
            end = min(start + self.block, self.samples)
            for array, rows in zip(self.arrays, memory, strict=True):
                rows[filled : filled + end - start] = array[start:end]
            filled += end - start
        return filled


class RowsInOrder:
    """Arrays as batches in the order of their rows, which evaluate to the same bits each time.

    Parameters
    ----------
    names : list of str
    arrays : list
        Anything with a shape and a dtype that can be sliced by rows.
    rows : int
        Rows in a batch.
    """

    def __init__(self, names: list[str], arrays: list[Any], rows: int) -> None:
        self.names, self.arrays, self.rows = names, arrays, rows

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-len(self.arrays[0]) // self.rows)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        """Go through the batches: one array of each."""
        return zip(*(_pieces(array, self.rows) for array in self.arrays), strict=True)

    def fingerprint(self) -> dict[str, str]:
        """Return the fingerprint of each array."""
        return _fingerprints(self.names, self.arrays)


def _fingerprints(names: list[str], arrays: list[Any]) -> dict[str, str]:
    return {name: fingerprint(array) for name, array in zip(names, arrays, strict=True)}


def _joined(left: list[Array], group: list[Array], indices: Array) -> list[Array]:
    """Return the rows `left` over, followed by those at `indices` of a group, as new arrays."""
    rows = [np.take(array, indices, 0, None, "clip") for array in group]
    return [np.concatenate(pair) for pair in zip(left, rows, strict=True)] if len(left[0]) else rows


def _pieces(array: Any, rows: int) -> Iterator[Array]:
    return (np.asarray(array[part]) for part in arrays.row_slices(len(array), rows))


def _sliceable(array: Any, name: str) -> Any:
    """Return `array` if it has a shape, a dtype of numbers and rows, else as a NumPy array."""
    if not (hasattr(array, "shape") and hasattr(array, "dtype") and hasattr(array, "__getitem__")):
        array = arrays.numbers(array, name)
    if not array.shape:
        raise ValueError(f"{name} is a single number; expected an array of shape (n, ...)")
    arrays.numbers(array[:1], name)
    return array
