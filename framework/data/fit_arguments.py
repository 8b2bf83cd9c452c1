"""The data arguments of `fit` as checked batches and validation data.

Data goes one way: the `Source` that X and y make up, then `samples` (checked), `memmap` (rows of a file, checked when
read) and `batches` (order and size).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from math import prod
from typing import Any, Protocol

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.batches import ArrayBatches, Batch, StreamBatches
from framework.data.block_shuffle import BlockShuffle
from framework.data.samples import Data, checked_data, split, with_class_weight
from framework.engine.network import Network
from framework.losses import Loss

NAMES = ("X", "y", "sample_weight")


class FitState(Protocol):
    """The part of a model's state against which data is checked, and which shuffles and splits it."""

    split_seed: np.random.SeedSequence
    split_drawn: bool

    @property
    def network(self) -> Network: ...

    @property
    def loss(self) -> Loss: ...

    @property
    def streams(self) -> Mapping[str, np.random.Generator]: ...


class Source:
    """The X and y of a fit: arrays of samples and targets, or a stream of batches.

    A network is built for `first_samples`; `fit_data` then checks everything against it.

    Parameters
    ----------
    X, y
        As `fit` gets them.

    Raises
    ------
    ValueError
        If a tuple of arrays stands where batches are expected.
    """

    def __init__(self, X: Any, y: Any) -> None:
        if y is None and isinstance(X, tuple) and len(X) in (2, 3) and all(hasattr(part, "__array__") for part in X):
            raise ValueError("X is a tuple of arrays: write fit(X, y), or fit([(x, y), ...]) for batches")
        self.is_stream = y is None and _is_stream(X)
        self.X = OneShot(X) if self.is_stream and isinstance(X, Iterator) else X
        self.y = y

    def first_samples(self) -> Array:
        """Return samples that show the network's input shape and dtype; ValueError if there are none."""
        if not self.is_stream:
            return first_samples(self.X)
        if isinstance(self.X, BlockShuffle):
            return first_samples(self.X.arrays[0][:1])
        for batch in self.X.first if isinstance(self.X, OneShot) else self.X:
            return first_samples(_batch_parts(batch)[0])
        raise ValueError("X is empty: no batches")

    def fit_data(
        self,
        state: FitState,
        *,
        batch_size: int,
        shuffle: bool,
        validation_data: Any,
        validation_split: float,
        sample_weight: Any,
        class_weight: Any,
    ) -> tuple[ArrayBatches | StreamBatches, Data | None]:
        """Return checked batches, and the data to evaluate after each epoch if there is any; arguments as in `fit`.

        Raises
        ------
        TypeError, ValueError
            If the data or an argument cannot be used.
        """
        state.split_drawn = bool(validation_split)
        if self.is_stream:
            if validation_split or sample_weight is not None or class_weight is not None:
                who = "validation_split, sample_weight and class_weight"
                raise ValueError(f"{who} go with arrays X and y, not batches")
            return StreamBatches(self.X, _batch_check(state)), _validation(state, validation_data)
        data = data_of(state, self.X, self.y, sample_weight)
        validation = _validation(state, validation_data)
        if validation_split:
            if validation is not None:
                raise ValueError("give validation_data or validation_split, not both")
            data, validation = split(data, validation_split, state.loss, np.random.default_rng(state.split_seed))
        if class_weight is not None:
            data = with_class_weight(data, class_weight, state.loss, prod(state.network.output_shape))
        rng = state.streams["shuffle"] if shuffle else None
        return ArrayBatches(data.x, data.y, data.weight, batch_size, rng), validation


class OneShot:
    """An iterator of batches whose first batch can be inspected before it is yielded.

    Attributes
    ----------
    first : list
        The first batch, until it is yielded; then empty.
    """

    def __init__(self, batches: Iterator[Any]) -> None:
        self.batches = batches
        self.first = list(islice(batches, 1))

    def __iter__(self) -> Iterator[Any]:
        """Go through the batches that are left."""
        first, self.first = self.first, []
        return chain(first, self.batches)


def first_samples(X: Any) -> Array:
    """Return `X` as an array of any number of features; TypeError or ValueError if it holds no samples."""
    x = arrays.samples(X, "X", None, "")
    if not len(x):
        raise ValueError(f"X has shape {x.shape}: no samples")
    return x


def data_of(state: FitState, X: Any, y: Any, weight: Any = None, names: tuple[str, str, str] = NAMES) -> Data:
    """Return arguments called `names` as data for the network and the loss of `state`."""
    return checked_data(X, y, weight, names=names, loss=state.loss, network=state.network)


def _is_stream(X: Any) -> bool:
    """Return whether `X` is a source of batches rather than an array-like of samples."""
    if isinstance(X, list | tuple):
        first = X[0] if X else None
        return isinstance(first, tuple | list) and any(hasattr(part, "__array__") for part in first)
    return hasattr(X, "__iter__") and not hasattr(X, "__array__") and not hasattr(X, "__dlpack__")


def _batch_parts(batch: Any) -> tuple[Any, Any, Any]:
    """Return a batch as (x, y, weight or None); ValueError if it is not one."""
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        raise ValueError(f"a batch must be (x, y) or (x, y, weight), got {shown(batch)}")
    return batch[0], batch[1], batch[2] if len(batch) == 3 else None


def _batch_check(state: FitState) -> Callable[[Any], Batch]:
    def check(batch: Any) -> Batch:
        data = data_of(state, *_batch_parts(batch), ("batch x", "batch y", "batch weight"))
        return data.x[:], data.y[:], data.weight

    return check


def _validation(state: FitState, data: Any) -> Data | None:
    if data is None:
        return None
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise ValueError(f"validation_data must be (X, y) or (X, y, sample_weight), got {shown(data)}")
    names = ("validation_data X", "validation_data y", "validation_data sample_weight")
    return data_of(state, data[0], data[1], data[2] if len(data) == 3 else None, names)
