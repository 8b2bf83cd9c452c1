"""Sources of data: arrays of samples and targets, or anything that gives batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Protocol

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.batches import Batch, StreamBatches, cut
from framework.data.block_shuffle import BlockShuffle
from framework.data.memmap import MemmapRows
from framework.data.samples import Data, checked_data, checked_inputs
from framework.engine.network import Network
from framework.losses import Loss

NAMES = ("X", "y", "sample_weight")
BATCH_NAMES = ("batch x", "batch y", "batch weight")


class DataState(Protocol):
    """The part of a model's state against which data is checked."""

    @property
    def network(self) -> Network: ...

    @property
    def loss(self) -> Loss: ...


class Source:
    """X and y as `fit`, `evaluate` and their siblings get them: arrays of samples and targets, or batches of both.

    A network is built for `first_samples`. What `first_batch` reads is given again by the stream made afterwards, so
    that an iterator loses nothing.

    Parameters
    ----------
    X : array-like, shape (n, ...), or iterable
    y : array-like, shape (n, ...), or None
        None if X gives batches.
    name : str
        What messages call the source of batches.
    method : str
        The method of the model that messages name.

    Raises
    ------
    TypeError
        If there are targets beside batches.
    ValueError
        If a tuple of arrays stands where batches are expected.
    """

    def __init__(self, X: Any, y: Any = None, name: str = "X", method: str = "fit") -> None:
        if y is None and _is_tuple_of_arrays(X):
            ways = f"{method}(X, y), or {method}([(x, y), ...]) for batches"
            raise ValueError(f"{name} is a tuple of arrays: write {ways}")
        if y is not None and not hasattr(X, "__getitem__") and is_stream(X):
            raise TypeError(f"{name} is {shown(X)}; give an array, or batches (x, y) as X with no y")
        self.is_stream = y is None and is_stream(X)
        self.X, self.y, self.name = X, y, name
        self._begun: Iterator[Any] | None = None

    def first_samples(self) -> Array:
        """Return samples that show the network's input shape and dtype; ValueError if there are none."""
        return first_samples(batch_parts(self.first_batch())[0] if self.is_stream else self.X)

    def first_batch(self) -> Any:
        """Return a first batch of the stream, unchecked; ValueError if there is none."""
        if isinstance(self.X, BlockShuffle):
            return tuple(array[:1] for array in self.X.arrays)
        batches = iter(self.X)
        for batch in batches:
            if not hasattr(self.X, "set_epoch"):  # otherwise its order depends on an epoch that is not known yet
                self._begun = chain([batch], _rest(batches))
            return batch
        raise ValueError(f"{self.name} is empty: no batches")

    def stream(self, state: DataState, noun: str = "batch", *, evaluated: bool = False) -> StreamBatches:
        """Return the batches, each checked as it comes; a BlockShuffle that is `evaluated` is not shuffled."""
        X = self.X
        if evaluated and isinstance(X, BlockShuffle) and X.is_plain:
            X = X.in_order(state.network.inference_rows)
        return StreamBatches(X, _batch_check(state), name=self.name, noun=noun, begun=self._begun)

    def to_evaluate(self, state: DataState, weight: Any = None) -> Iterator[Batch]:
        """Return all of the data in batches that suit the processor's cache.

        Raises
        ------
        TypeError, ValueError
            If the data cannot be used; a later batch is refused when it comes.
        """
        rows = state.network.inference_rows
        if not self.is_stream:
            return data_of(state, self.X, self.y, weight).batches(rows)
        if weight is not None:
            raise ValueError("sample_weight goes with arrays X and y, not batches: give batches (x, y, weight)")
        return small_batches(self.stream(state, evaluated=True), rows)


def small_batches(batches: StreamBatches, rows: int) -> Iterator[Batch]:
    """Go through `batches`, those of more than `rows` samples in parts."""
    return (part for x, y, weight in batches for part in cut(x, y, weight, rows))


def first_samples(X: Any) -> Array:
    """Return `X` as an array of any number of features; TypeError or ValueError if it holds no samples."""
    x = arrays.samples(X, "X", None, "")
    if not len(x):
        raise ValueError(f"X has shape {x.shape}: no samples")
    return x


def data_of(state: DataState, X: Any, y: Any, weight: Any = None, names: tuple[str, str, str] = NAMES) -> Data:
    """Return arguments called `names` as data for the network and the loss of `state`."""
    return checked_data(X, y, weight, names=names, loss=state.loss, network=state.network)


def refuse_batches(X: Any, y: Any, method: str) -> None:
    """Raise ValueError if X and y are several batches where a `method` of the model works on one."""
    if y is None and (is_stream(X) or _is_tuple_of_arrays(X)):
        raise ValueError(f"{method} works on one batch: write {method}(x, y) for each (x, y) of X")


def inputs_of(X: Any, network: Network) -> Array | MemmapRows:
    """Return `X` as inputs of `network`, checked."""
    return checked_inputs(X, "X", network.input_shape, network.dtype, network.layers[0].label())


def input_batches(X: Any, network: Network) -> StreamBatches | None:
    """Return the inputs of the batches that `X` gives, checked as they come; None if it is an array-like of samples.

    A batch is ``x`` or a tuple ``(x,)``, ``(x, y)`` or ``(x, y, weight)``. A BlockShuffle gives its x in the order of
    the rows, so that predictions stand beside them.

    Raises
    ------
    ValueError
        If `X` is a tuple of arrays.
    """
    if isinstance(X, BlockShuffle):
        X = X.in_order(network.inference_rows, targets=False)
    axes = len(network.input_shape) + 1
    if isinstance(X, list | tuple):
        first: Any = X[0] if X else None
        if isinstance(first, list | tuple):
            first = first[0] if first else None
        if not (hasattr(first, "__array__") and np.ndim(first) == axes):
            return None
        if _is_tuple_of_arrays(X):
            raise ValueError("X is a tuple of arrays: write predict(x), or predict([x, ...]) for batches")
    elif not is_stream(X):
        return None
    who = network.layers[0].label()

    def check(batch: Any) -> Array | MemmapRows:
        if isinstance(batch, tuple) or (isinstance(batch, list) and any(map(_is_array, batch))):
            if not 1 <= len(batch) <= 3:
                raise ValueError(f"a batch must be x, (x,), (x, y) or (x, y, weight), got {shown(batch)}")
            batch = batch[0]
        return checked_inputs(batch, "batch x", network.input_shape, network.dtype, who)

    return StreamBatches(X, check)


def is_stream(X: Any) -> bool:
    """Return whether `X` gives batches, rather than being an array-like of samples."""
    if isinstance(X, list | tuple):
        first = X[0] if X else None
        return isinstance(first, tuple | list) and any(map(_is_array, first))
    if isinstance(X, Mapping | str) or any(hasattr(X, name) for name in ("__array__", "__dlpack__", "toarray")):
        return False
    return hasattr(X, "__iter__") and not _is_buffer(X)


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") and np.ndim(value) > 0


def _is_tuple_of_arrays(X: Any) -> bool:
    return isinstance(X, tuple) and len(X) in (2, 3) and all(map(_is_array, X))


def _is_buffer(X: Any) -> bool:
    try:
        memoryview(X)
    except TypeError:
        return False
    return True


def _rest(batches: Iterator[Any]) -> Iterator[Any]:
    """Go on with `batches`; ``iter(batches)`` may start them anew."""
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        yield batch


def batch_parts(batch: Any) -> tuple[Any, Any, Any]:
    """Return a batch as (x, y, weight or None); ValueError if it is not one."""
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        raise ValueError(f"a batch must be (x, y) or (x, y, weight), got {shown(batch)}")
    return batch[0], batch[1], batch[2] if len(batch) == 3 else None


def _batch_check(state: DataState) -> Callable[[Any], Batch]:
    def check(batch: Any) -> Batch:
        x, y, weight = batch_parts(batch)
        network, loss = state.network, state.loss
        data = checked_data(x, y, weight, names=BATCH_NAMES, loss=loss, network=network, is_part=True)
        return data.x[:], data.y[:], data.weight

    return check
