"""Loss and metrics of a network on data, exact over all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from framework.core.types import Array, Logs
from framework.data.batches import Batch
from framework.engine.blas_threads import BlasThreads
from framework.engine.network import Network
from framework.engine.objective import Objective
from framework.engine.step import Step
from framework.metrics import Metric


def loss_logs(network: Network, loss: float, penalty: float) -> Logs:
    """Return "loss", penalty included; where the network has regularizers, "penalty" too."""
    return {"loss": loss + penalty, "penalty": penalty} if network.regularized else {"loss": float(loss)}


def metric_values(metrics: Mapping[str, Metric], y: Array, prediction: Array, weight: Array | None) -> dict[str, Any]:
    """Return the values of `metrics` by name; weights are passed only where there are some."""
    weights = () if weight is None else (weight,)
    return {name: metric(y, prediction, *weights) for name, metric in metrics.items()}


def scalar_logs(values: dict[str, Any]) -> Logs:
    """Return those of `values` that are numbers: a history keeps no arrays, such as a confusion matrix."""
    return {name: float(value) for name, value in values.items() if np.ndim(value) == 0}


class EpochPredictions:
    """Targets and predictions of an epoch, kept for the metrics."""

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.metrics = metrics
        self.batches: list[tuple[Array, Array, Array | None]] = []

    @contextmanager
    def collected_from(self, step: Step) -> Iterator[Self]:
        """Collect the targets and predictions of every batch in a ``with`` block; nothing if there are no metrics."""
        step.observer = self if self.metrics else None
        try:
            yield self
        finally:
            step.observer = None

    def add(self, y: Array, prediction: Array, weight: Array | None) -> None:
        """Keep copies of a batch's arrays, which are overwritten by the next batch."""
        self.batches.append((y.copy(), prediction.copy(), None if weight is None else weight.copy()))

    def values(self) -> dict[str, Any]:
        """Return the metrics over all that was collected."""
        if not self.batches:
            return {}
        y, prediction = (np.concatenate([batch[i] for batch in self.batches]) for i in (0, 1))
        weights = [batch[2] for batch in self.batches]
        weight = None
        if any(part is not None for part in weights):
            ones = (np.ones(len(batch[0]), prediction.dtype) for batch in self.batches)
            weight = np.concatenate([one if part is None else part for part, one in zip(weights, ones, strict=True)])
        return metric_values(self.metrics, y, prediction, weight)


def evaluate(
    network: Network, objective: Objective, metrics: Mapping[str, Metric], batches: Iterable[Batch]
) -> dict[str, Any]:
    """Return "loss" and the metrics of `network` on `batches`, exact over all of them."""
    predictions = EpochPredictions(metrics)
    total = total_weight = 0.0
    for x, y, weight in batches:
        with BlasThreads(len(x) * network.largest_product):
            prediction, logits = network.infer(x)
        part, part_weight = objective.total(y, prediction, weight, logits)
        total += part
        total_weight += part_weight
        if metrics:
            predictions.add(y, prediction, weight)
    mean = total / total_weight if objective.loss.reduction == "mean" else total
    penalty = network.penalties() if network.regularized else 0.0
    return loss_logs(network, float(mean), penalty) | predictions.values()
