"""The task of a model, classes, labels or numbers, and its metrics, which have to know it."""

from __future__ import annotations

from collections.abc import Iterable

from framework.core.types import Shape
from framework.engine.network import Network
from framework.engine.outputs import output_activation, require_probabilities
from framework.losses import CategoricalCrossentropy, Loss
from framework.losses.elementwise import Elementwise
from framework.metrics.base import Metric, MetricLike

SIGNED = ("tanh", "softsign")  # activations between -1 and +1


def task_of(loss: Loss, output_shape: Shape) -> str:
    """Return "binary", "multiclass" or "multilabel" for a loss of classes, else "regression".

    A loss of classes that judges each of several outputs by itself is one for several labels of a sample. It is
    "classification" for a user's own loss of several outputs, which may be for one class or for several labels: the
    targets decide.
    """
    if not loss.classifies:
        return "regression"
    if output_shape == (1,):
        return "binary"
    if isinstance(loss, Elementwise):
        return "multilabel"
    return "multiclass" if isinstance(loss, CategoricalCrossentropy) else "classification"


def metrics_of(specs: Iterable[MetricLike], loss: Loss, network: Network) -> dict[str, Metric]:
    """Return the metrics that `specs` stand for by their labels, told what the model predicts.

    ValueError if one needs probabilities and gets others.
    """
    task = task_of(loss, network.output_shape)
    metrics = [Metric.of(spec) for spec in specs]
    for metric in metrics:
        if metric.needs_probabilities:
            require_probabilities(metric.label(), loss, network.tree)
    told = {metric.label(): metric.cut_at(loss.threshold, task) for metric in metrics}
    if told and output_activation(network.layers) in SIGNED:
        for metric in told.values():
            metric.signed = True
    return told
