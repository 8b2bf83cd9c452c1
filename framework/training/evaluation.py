"""Loss and metrics of a network on data, exact over all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from framework.core.messages import shown
from framework.core.types import Logs
from framework.data.batches import Batch
from framework.engine.blas_threads import threads_for
from framework.engine.network import Network
from framework.engine.objective import Objective
from framework.metrics import Metric
from framework.training.running_metrics import RunningMetrics


def loss_logs(network: Network, loss: float, penalty: float) -> Logs:
    """Return "loss", penalty included; where the network has regularizers, "penalty" too."""
    return {"loss": loss + penalty, "penalty": penalty} if network.regularized else {"loss": float(loss)}


def scalar_logs(values: dict[str, Any]) -> Logs:
    """Return those of `values` that are numbers: a history keeps no arrays, such as a confusion matrix."""
    numbers = {name: value for name, value in values.items() if type(value) is float or np.ndim(value) == 0}
    for name, value in numbers.items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            raise TypeError(f"the metric {name!r} must return a number or an array, got {shown(value)}") from None
    return numbers


def evaluate(
    network: Network,
    objective: Objective,
    metrics: Mapping[str, Metric],
    batches: Iterable[Batch],
) -> dict[str, Any]:
    """Return "loss" and the metrics of `network` over batches ``(x, y, weight)``, exact over all of them."""
    running = RunningMetrics(metrics)
    total = total_weight = 0.0
    for x, y, weight in batches:
        with threads_for(len(x) * network.largest_product):
            prediction, logits = network.infer(x)
        part, part_weight = objective.total(y, prediction, weight, logits)
        total += part
        total_weight += part_weight
        if metrics:
            running.add(y, prediction, weight)
    mean = total / total_weight if objective.loss.reduction == "mean" else total
    penalty = network.penalties() if network.regularized else 0.0
    return loss_logs(network, float(mean), penalty) | running.values()
