"""The training loop."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.batches import ArrayBatches, StreamBatches
from framework.callbacks import Callback, CallbackList, Logs
from framework.component import Array
from framework.data import Data
from framework.losses import Loss
from framework.metrics import Metric
from framework.network import Network

if TYPE_CHECKING:
    from framework.model import Model

logger = logging.getLogger("framework")


def train(
    model: Model,
    batches: ArrayBatches | StreamBatches,
    *,
    epochs: int,
    validation: Data | None,
    callbacks: Sequence[Callback],
    verbose: int,
) -> None:
    """Run `epochs` epochs over `batches`, from the model's present state.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite; the model keeps the last finite weights.
    """
    steps = len(batches) if isinstance(batches, ArrayBatches) else None
    history = model.history
    first_epoch = history.epoch[-1] if history.epoch else 0
    last_epoch = first_epoch + epochs
    params = {"epochs": epochs, "steps": steps, "verbose": verbose, "last_epoch": last_epoch}
    hooks = CallbackList(callbacks, model, params)
    model.stop_training = False
    try:
        hooks.call("on_train_begin", {})
        for epoch in range(first_epoch, last_epoch):
            hooks.call("on_epoch_begin", epoch, {})
            logs = train_epoch(model, batches, hooks, epoch)
            if validation is not None:
                values = evaluate(model.network, model.loss_, model.metrics_, validation)
                logs |= {f"val_{name}": value for name, value in values.items()}
            history.append(epoch + 1, logs)
            logger.debug("epoch %d: %s", epoch + 1, logs)
            hooks.call("on_epoch_end", epoch, logs)
            model.state.follow(model.optimizer)
            if model.stop_training:
                break
    finally:
        hooks.call("on_train_end", {})


def train_epoch(model: Model, batches: ArrayBatches | StreamBatches, hooks: CallbackList, epoch: int) -> Logs:
    """Make one step for each batch and return the epoch's loss and metrics, measured before each step."""
    network, loss, optimizer = model.network, model.loss_, model.optimizer_
    params, grads = network.trainable_params, network.trainable_grads
    seen = _Seen(model.metrics_)
    total = total_weight = total_penalty = 0.0
    start_of_epoch = params.copy()
    for step, (x, y, weight) in enumerate(batches):
        prediction = network.forward(x, training=True)
        value, grad = loss.value_and_gradient(y, prediction, weight, sums=network.sums, out=network.grad_buffer())
        network.backward(grad)
        if not isfinite(value + network.penalty):
            if not np.isfinite(params).all():
                params[...] = start_of_epoch
            raise FloatingPointError(_diverged(value, epoch, step))
        optimizer.update(params, grads)
        if network.constrained:
            network.constrain()

        batch_weight = len(x) if weight is None else float(weight.sum())
        total += value * batch_weight if loss.reduction == "mean" else value
        total_weight += batch_weight
        total_penalty += network.penalty * batch_weight
        if seen.metrics:
            seen.add(y, prediction, weight)
        if hooks.batch_hooks:
            hooks.batch_end(step, {"loss": float(value) + network.penalty})
    mean = total / total_weight if loss.reduction == "mean" else total
    logs = losses(network, mean, total_penalty / total_weight)
    return logs | seen.values()


def gradients(network: Network, loss: Loss, data: Data) -> float:
    """Fill the network's gradients for `data` as one batch and return the loss, penalty included."""
    prediction = network.forward(np.asarray(data.x, network.dtype), training=True)
    value, grad = loss.value_and_gradient(
        data.y, prediction, data.weight, sums=network.sums, out=network.grad_buffer()
    )
    network.backward(grad)
    return float(value) + network.penalty


def losses(network: Network, loss: float, penalty: float) -> Logs:
    """Return "loss", penalty included; where the network has regularizers, "penalty" too."""
    return {"loss": loss + penalty, "penalty": penalty} if network.regularized else {"loss": float(loss)}


def _diverged(value: float, epoch: int, step: int) -> str:
    return (
        f"the loss became {value} in epoch {epoch + 1}, step {step + 1}; the model keeps its last finite weights. "
        "Try a smaller learning rate, clip_norm in the optimizer, or inputs scaled to about -1..1"
    )


class _Seen:
    """Targets and predictions of an epoch, kept for the metrics."""

    def __init__(self, metrics: dict[str, Metric]) -> None:
        self.metrics = metrics
        self.batches: list[tuple[Array, Array, Array | None]] = []

    def add(self, y: Array, prediction: Array, weight: Array | None) -> None:
        self.batches.append((y.copy(), prediction.copy(), None if weight is None else weight.copy()))

    def values(self) -> Logs:
        if not self.batches:
            return {}
        y, prediction, weight = (
            None if parts[0] is None else np.concatenate(parts) for parts in zip(*self.batches, strict=True)
        )
        return {name: float(metric(y, prediction, weight)) for name, metric in self.metrics.items()}


def evaluate(network: Network, loss: Loss, metrics: dict[str, Metric], data: Data) -> dict[str, Any]:
    """Return "loss" and the metrics of `network` on `data`, exact over all of it."""
    predictions = np.empty((len(data), *network.output_shape), network.dtype)
    total = total_weight = 0.0
    for start in range(0, len(data), network.inference_rows):
        rows = slice(start, start + network.inference_rows)
        x = np.asarray(data.x[rows], network.dtype)
        weight = None if data.weight is None else data.weight[rows]
        _, sums = network.infer(x, predictions[rows])
        part, part_weight = loss.total(data.y[rows], predictions[rows], weight, sums)
        total += part
        total_weight += part_weight
    mean = total / total_weight if loss.reduction == "mean" else total
    values = {name: metric(data.y, predictions, data.weight) for name, metric in metrics.items()}
    return losses(network, float(mean), network.penalties() if network.regularized else 0.0) | values
