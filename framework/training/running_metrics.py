"""The metrics of an epoch, taken in batch by batch: `RunningMetrics`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from framework.core.arrays import refused
from framework.core.types import Array
from framework.engine.step import Step
from framework.metrics import Accumulator, Metric

GATHERED_ROWS = 4096
GATHERED_BYTES = 1 << 20
NO_ROWS = np.empty(0)


class RunningMetrics:
    """The metrics over all batches shown so far.

    Batches are gathered in a buffer of bounded size, and go from there to the metrics' accumulators many rows at a
    time, since each metric costs a fixed time per call. Only for metrics that need all rows at once are they kept.

    Parameters
    ----------
    metrics : mapping of str to Metric
    tried : bool
        Whether the metrics are tried on the first batch: what they refuse is then refused before the first update, and
        not at the end of the epoch.
    """

    def __init__(self, metrics: Mapping[str, Metric], tried: bool = False) -> None:
        self.metrics = metrics
        self.accumulators = self._accumulators()
        self.kept: list[tuple[Array, Array, Array | None]] = []
        self.shown = False
        self._to_try = tried
        self._rows = self._filled = 0
        self._y = self._prediction = self._weights = NO_ROWS
        self._weighted = False

    def _accumulators(self) -> dict[str, Accumulator]:
        return {name: metric.accumulator() for name, metric in self.metrics.items() if metric.by_batches}

    @contextmanager
    def collected_from(self, step: Step) -> Iterator[Self]:
        """Take in every batch of a ``with`` block; nothing if there are no metrics."""
        step.observer = self if self.metrics else None
        try:
            yield self
        finally:
            step.observer = None

    def add(self, y: Array, prediction: Array, weight: Array | None) -> None:
        """Take in a batch, whose arrays may be overwritten afterwards."""
        start = self._filled
        stop = start + len(y)
        if stop > self._rows or y.ndim != self._y.ndim:
            if not self._has_room(y, prediction, weight):
                return
            start, stop = 0, len(y)
        self._y[start:stop] = y
        self._prediction[start:stop] = prediction
        if weight is not None:
            if not self._weighted:
                self._weights[:start] = 1
                self._weighted = True
            self._weights[start:stop] = weight
        elif self._weighted:
            self._weights[start:stop] = 1
        self._filled = stop

    def _has_room(self, y: Array, prediction: Array, weight: Array | None) -> bool:
        """Empty the buffer for a batch, or make one; return False if the batch went to the metrics without it."""
        self._flush()
        if not self._rows or y.ndim != self._y.ndim:
            row_bytes = max(1, (y.nbytes + prediction.nbytes) // max(1, len(y)))
            self._rows = min(GATHERED_ROWS, GATHERED_BYTES // row_bytes)
            self._y = np.empty((self._rows, *y.shape[1:]), y.dtype)
            self._prediction = np.empty((self._rows, *prediction.shape[1:]), prediction.dtype)
            self._weights = np.empty(self._rows, prediction.dtype)
        if self._to_try:
            self._to_try = False
            self._check_weights(weight)
            _add(self._accumulators(), y, prediction, weight)  # others: the sums of an epoch are added as in any other
        if len(y) > self._rows:
            self._take(y, prediction, weight)
            return False
        return True

    def _flush(self) -> None:
        """Hand the rows in the buffer to the metrics."""
        if self._filled:
            rows = slice(self._filled)
            self._take(self._y[rows], self._prediction[rows], self._weights[rows] if self._weighted else None)
            self._filled, self._weighted = 0, False

    def _take(self, y: Array, prediction: Array, weight: Array | None) -> None:
        self.shown = True
        _add(self.accumulators, y, prediction, weight)
        if len(self.accumulators) < len(self.metrics):
            self._check_weights(weight)
            self.kept.append((y.copy(), prediction.copy(), None if weight is None else weight.copy()))

    def _check_weights(self, weight: Array | None) -> None:
        """Raise TypeError if there are weights, and a metric cannot be given them."""
        for name, metric in self.metrics.items():
            if weight is not None and name not in self.accumulators and not takes_weights(metric):
                raise refused(
                    TypeError(),
                    f"{type(metric).__name__} must define __call__(self, y_true, y_pred, sample_weight=None) to be "
                    "reported for samples that have weights",
                )

    def values(self) -> dict[str, Any]:
        """Return the metrics over all batches by name; nothing if there were none."""
        self._flush()
        if not self.shown:
            return {}
        rows = _joined(self.kept) if self.kept else ()
        return {
            name: self.accumulators[name].value() if name in self.accumulators else metric(*rows)
            for name, metric in self.metrics.items()
        }


def _add(accumulators: Mapping[str, Accumulator], y: Array, prediction: Array, weight: Array | None) -> None:
    """Add some samples to all accumulators; what they refuse is refused as data."""
    try:
        for accumulator in accumulators.values():
            accumulator.add(y, prediction, weight)
    except (TypeError, ValueError) as error:
        raise refused(error, str(error)) from error


def _joined(parts: list[tuple[Array, Array, Array | None]]) -> tuple[Array, ...]:
    """Return targets, predictions and, if there are any, weights; a part without weights weighs 1."""
    y, prediction = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    if all(weight is None for _, _, weight in parts):
        return y, prediction
    weights = [np.ones(len(y), prediction.dtype) if weight is None else weight for y, _, weight in parts]
    return y, prediction, np.concatenate(weights)


def takes_weights(metric: Metric) -> bool:
    """Return whether a metric can be called with weights."""
    try:
        inspect.signature(metric).bind(NO_ROWS, NO_ROWS, NO_ROWS)
    except TypeError:
        return False
    return True
