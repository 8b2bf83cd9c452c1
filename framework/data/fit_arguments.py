"""The data arguments of `fit` as checked batches and validation data.

Data goes one way: the `Source` that X and y make up, then `samples` (checked), `memmap` (rows of a file, checked when
read) and `batches` (order and size).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Protocol

import numpy as np

from framework.core import arguments
from framework.core.messages import shown
from framework.data.batches import ArrayBatches, StreamBatches
from framework.data.block_shuffle import BlockShuffle
from framework.data.samples import Data, split, with_class_weight
from framework.data.sources import DataState, Source, batch_parts, data_of, is_stream
from framework.data.validation import Validation, checked_frequency

BATCH_SIZE = 32
VALIDATION_NAMES = ("validation_data X", "validation_data y", "validation_data sample_weight")
NOT_WITH_BATCHES = {
    "batch_size": "they have their size",
    "shuffle": "they come in their own order",
    "validation_split": "give validation_data",
    "sample_weight": "give (x, y, weight)",
    "class_weight": "give (x, y, weight)",
}


class FitState(DataState, Protocol):
    """A state that also shuffles and splits data."""

    split_seed: np.random.SeedSequence
    split_drawn: bool

    @property
    def streams(self) -> Mapping[str, np.random.Generator]: ...


class DataArguments:
    """The arguments of `fit` that say what to do with X and y, checked as far as they can be without these.

    Parameters are those of `fit`.

    Raises
    ------
    TypeError, ValueError
        If one cannot be used.
    """

    def __init__(
        self,
        *,
        batch_size: int | None,
        shuffle: bool | None,
        validation_data: Any,
        validation_split: float,
        validation_freq: Any,
        sample_weight: Any,
        class_weight: Any,
    ) -> None:
        self.batch_size = None if batch_size is None else arguments.integer(batch_size, "batch_size", least=1)
        self.shuffle = None if shuffle is None else arguments.flag(shuffle, "shuffle")
        self.validation_data = validation_data
        self.validation_split = arguments.fraction(validation_split, "validation_split")
        self.validation_freq = checked_frequency(validation_freq)
        self.sample_weight = sample_weight
        self.class_weight = class_weight
        if validation_data is not None and self.validation_split:
            raise ValueError("give validation_data or validation_split, not both")
        if validation_data is None and not self.validation_split and self.validation_freq != 1:
            raise ValueError(
                f"validation_freq={shown(validation_freq)} needs something to validate: give validation_data or "
                "validation_split"
            )

    def batches(self, source: Source, state: FitState) -> tuple[ArrayBatches | StreamBatches, Validation | None]:
        """Return the checked batches of `source`, and what to evaluate after epochs if there is anything.

        Raises
        ------
        TypeError, ValueError
            If the data or an argument cannot be used.
        """
        state.split_drawn = bool(self.validation_split)
        if source.is_stream:
            self._refuse_what_goes_with_arrays()
            return source.stream(state), self._validation(state)
        data = data_of(state, source.X, source.y, self.sample_weight)
        validation = self._validation(state)
        if self.validation_split:
            rng = np.random.default_rng(state.split_seed)
            data, held_back = split(data, self.validation_split, state.loss, rng)
            validation = self._evaluated(held_back, state)
        if self.class_weight is not None:
            data = with_class_weight(data, self.class_weight, state.loss, prod(state.network.output_shape))
        order = None if self.shuffle is False else state.streams["shuffle"]
        return ArrayBatches(data.x, data.y, data.weight, self.batch_size or BATCH_SIZE, order), validation

    def _refuse_what_goes_with_arrays(self) -> None:
        values = {**vars(self), "validation_split": self.validation_split or None}
        given = [name for name in NOT_WITH_BATCHES if values[name] is not None]
        if given:
            reasons = dict.fromkeys(NOT_WITH_BATCHES[name] for name in given)
            verb = "goes" if len(given) == 1 else "go"
            raise ValueError(f"{' and '.join(given)} {verb} with arrays X and y, not batches: {'; '.join(reasons)}")

    def _validation(self, state: FitState) -> Validation | None:
        data = self.validation_data
        if data is None:
            return None
        if isinstance(data, tuple | list) and len(data) in (2, 3) and not all(map(_is_batch, data)):
            return self._evaluated(data_of(state, *batch_parts(data), VALIDATION_NAMES), state)
        if not is_stream(data):
            raise ValueError(
                "validation_data must be (X, y) or (X, y, sample_weight), or batches such as [(x, y), ...], got "
                f"{shown(data)}"
            )
        source = Source(data, None, "validation_data")
        stream = source.stream(state, "validation batch", evaluated=True)
        if isinstance(data, Sequence | BlockShuffle):  # of others, only their time is the right one to begin
            stream.checked(source.first_batch(), 1)
        return self._evaluated(stream, state)

    def _evaluated(self, data: Data | StreamBatches, state: FitState) -> Validation:
        return Validation(data, self.validation_freq, state.network.inference_rows)


def _is_batch(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) in (2, 3) and is_stream([value])
