"""The training loop."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from framework.callbacks import Callback, CallbackList, StopTraining
from framework.core.types import Logs
from framework.data.batches import ArrayBatches, StreamBatches
from framework.data.samples import Data
from framework.engine.state import State
from framework.training.divergence import LastFinite, no_overflow_warnings
from framework.training.evaluation import Seen, evaluate, losses, numbers
from framework.training.interrupts import HeldInterrupts

if TYPE_CHECKING:
    from framework.model import Model

logger = logging.getLogger("framework")


def train(
    model: Model,
    batches: ArrayBatches | StreamBatches,
    *,
    epochs: int,
    initial_epoch: int | None,
    validation: Data | None,
    callbacks: Sequence[Callback],
    verbose: int,
) -> None:
    """Run `epochs` more epochs over `batches`; with `initial_epoch`, those from it to `epochs`.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite; the model keeps the last finite weights.
    KeyboardInterrupt
        After Ctrl-C, between two steps.
    """
    first = model.history.epoch[-1] if initial_epoch is None and model.history.epoch else initial_epoch or 0
    last = first + epochs if initial_epoch is None else max(epochs, first)
    params = {
        "epochs": last - first,
        "first_epoch": first,
        "last_epoch": last,
        "steps": batches.steps,
        "validated": validation is not None,
    }
    hooks = CallbackList(callbacks, model, {**params, "verbose": verbose})
    model.stop_training = False
    with HeldInterrupts(hooks.batch_hooks) as interrupts, no_overflow_warnings():
        last_finite = LastFinite(model.network, model.optimizer_)
        try:
            before = model.history.epoch[-1:]
            hooks.train_begin()
            if model.history.epoch[-1:] != before:  # resumed from a checkpoint
                first = model.history.epoch[-1]
            last_finite.keep(model.optimizer_)
            for epoch in range(first, last):
                if model.stop_training:
                    break
                hooks.epoch_begin(epoch)
                batches.begin_epoch(epoch)
                logs = train_epoch(model, batches, hooks, epoch, last_finite)
                last_finite.end_of_epoch(model.optimizer_, epoch)
                if validation is not None:
                    with interrupts.at_once():
                        values = evaluate(model.network, model.loss_, model.metrics_, validation)
                    logs |= {f"val_{name}": value for name, value in numbers(values).items()}
                hooks.epoch_end(epoch, logs, model.history)
                logger.debug("epoch %d: %s", epoch + 1, logs)
                if hooks.callbacks:  # which may have set the optimizer or weights, or frozen layers
                    model.state.follow(model.optimizer)
                    model.state.refresh()
                    last_finite.keep(model.optimizer_)
                interrupts.check()
        except StopTraining as reason:
            model.stop_training = True
            logger.info("training stopped: %s", reason)
        except FloatingPointError as error:  # Diverged; or NumPy's own, if it was asked to raise
            last_finite.go_back(model.optimizer_)
            if not any(callback.tolerates_divergence for callback in callbacks):
                raise
            model.stop_training = True
            logger.warning("training stopped: %s", error)
        finally:
            hooks.train_end()


def train_epoch(
    model: Model, batches: ArrayBatches | StreamBatches, hooks: CallbackList, epoch: int, last_finite: LastFinite
) -> Logs:
    """Make one step for each batch and return the epoch's loss and metrics, measured before each step."""
    network, loss, optimizer, step = model.network, model.loss_, model.optimizer_, model.state.step
    params, grads = network.trainable_params, network.trainable_grads
    seen = Seen(model.metrics_)
    averaging = loss.reduction == "mean"
    large = last_finite.large
    batch_hooks = hooks.batch_hooks
    extras = bool(network.constrained or network.regularized or seen.metrics)
    total = total_weight = total_penalty = 0.0
    step.refresh()
    first = optimizer.step
    for x, y, weight in batches:
        value = step(x, y, weight)  # forward_prop, loss, back_prop
        if not -large < value < large:
            last_finite.step(value, optimizer, epoch, optimizer.step - first)
        optimizer.update(params, grads)  # update_params

        size = len(x) if weight is None else float(weight.sum())
        total += value * size if averaging else value
        total_weight += size
        if extras:
            network.constrain()
            total_penalty += network.penalty * size
            seen.add(y, step.prediction, weight)
        if batch_hooks:
            hooks.batch_end(optimizer.step - first - 1, {"loss": value + network.penalty})
            step.refresh()
    mean = total / total_weight if averaging else total
    logs = losses(network, mean, total_penalty / total_weight)
    return logs | seen.values()


def gradients(state: State, data: Data) -> float:
    """Fill the network's gradients for `data` as one batch and return the loss, penalty included."""
    state.step.refresh()
    return state.step(data.x[:], data.y[:], data.weight) + state.network.penalty
