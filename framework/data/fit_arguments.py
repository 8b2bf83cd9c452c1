"""The arguments of `fit` made into batches and validation data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.data.batches import ArrayBatches, Batch, StreamBatches
from framework.data.block_shuffle import BlockShuffle
from framework.data.samples import Data, checked_data, split, with_class_weight
from framework.engine.state import ModelState

NAMES = ("X", "y", "sample_weight")


def data_of(state: ModelState, X: Any, y: Any, weight: Any = None, names: tuple[str, str, str] = NAMES) -> Data:
    """Return arguments called `names` as data for the network and the loss of `state`."""
    network = state.network
    who = network.layers[0].label()
    return checked_data(X, y, weight, names=names, loss=state.loss, network=network, who=who)


def array_source(
    state: ModelState,
    data: Data,
    *,
    batch_size: int,
    shuffle: bool,
    validation_data: Any,
    validation_split: float,
    class_weight: Any,
) -> tuple[ArrayBatches, Data | None]:
    """Return batches of `data` and what is to be evaluated after each epoch."""
    validation = _validation(state, validation_data)
    state.split_drawn = bool(validation_split)
    if validation_split:
        if validation is not None:
            raise ValueError("give validation_data or validation_split, not both")
        data, validation = split(data, validation_split, state.loss, np.random.default_rng(state.split_seed))
    if class_weight is not None:
        data = with_class_weight(data, class_weight, state.loss)
    rng = state.streams["shuffle"] if shuffle else None
    return ArrayBatches(data.x, data.y, data.weight, batch_size, rng), validation


def stream_source(state: ModelState, batches: Any, validation_data: Any) -> tuple[StreamBatches, Data | None]:
    """Return a re-iterable of batches with each of them checked, and what is to be evaluated after each epoch."""

    def check(batch: Any) -> Batch:
        data = data_of(state, *batch_parts(batch), ("batch x", "batch y", "batch weight"))
        return data.x[:], data.y[:], data.weight

    return StreamBatches(batches, check), _validation(state, validation_data)


def _validation(state: ModelState, data: Any) -> Data | None:
    if data is None:
        return None
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise ValueError(f"validation_data must be (X, y) or (X, y, sample_weight), got {shown(data)}")
    names = ("validation_data X", "validation_data y", "validation_data sample_weight")
    return data_of(state, data[0], data[1], data[2] if len(data) == 3 else None, names)


def batch_parts(batch: Any) -> tuple[Any, Any, Any]:
    """Return a batch as (x, y, weight or None); ValueError if it is none."""
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        raise ValueError(f"a batch must be (x, y) or (x, y, weight), got {shown(batch)}")
    return batch[0], batch[1], batch[2] if len(batch) == 3 else None


def stream_of(X: Any, y: Any) -> Any:
    """Return the batches that `X`, given with `y`, stands for; None if they are samples and targets."""
    if y is None and isinstance(X, tuple) and len(X) in (2, 3) and all(hasattr(part, "__array__") for part in X):
        raise ValueError("X is a tuple of arrays: write fit(X, y), or fit([(x, y), ...]) for batches")
    if y is not None or not is_stream(X):
        return None
    return OneShot(X) if isinstance(X, Iterator) else X


def is_stream(X: Any) -> bool:
    """Return whether `X` is a source of batches rather than an array-like of samples."""
    if isinstance(X, list | tuple):
        first = X[0] if X else None
        return isinstance(first, tuple | list) and any(hasattr(part, "__array__") for part in first)
    return hasattr(X, "__iter__") and not hasattr(X, "__array__") and not hasattr(X, "__dlpack__")


class OneShot:
    """An iterator of batches, the first of which may be looked at: gives them all once, and then none.

    Attributes
    ----------
    first : list
        The first batch, as long as it has not been given.
    """

    def __init__(self, batches: Iterator[Any]) -> None:
        self.batches = batches
        self.first = list(islice(batches, 1))

    def __iter__(self) -> Iterator[Any]:
        """Go through the batches that are left."""
        first, self.first = self.first, []
        return chain(first, self.batches)


def first_samples(X: Any, y: Any) -> Any:
    """Return samples from which the network's input shape and dtype can be read, checked to be some.

    Raises
    ------
    ValueError
        If there are none.
    """
    if y is None and is_stream(X):
        if isinstance(X, BlockShuffle):
            return first_samples(X.arrays[0][:1], 0)
        for first in X.first if isinstance(X, OneShot) else X:
            return first_samples(batch_parts(first)[0], 0)
        raise ValueError("X is empty: no batches")
    x = arrays.samples(X, "X", None, "")
    if not len(x):
        raise ValueError(f"X has shape {x.shape}: no samples")
    return x
