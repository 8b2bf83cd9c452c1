"""The training loop."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from framework.callbacks import Callback, CallbackList, StopTraining
from framework.core.messages import shown
from framework.data.batches import ArrayBatches, StreamBatches
from framework.data.fingerprint import run_data
from framework.data.validation import Validation
from framework.engine.blas_threads import BlasThreads
from framework.training.divergence import DivergenceGuard, no_overflow_warnings
from framework.training.evaluation import evaluate, loss_logs, scalar_logs
from framework.training.interrupts import HeldInterrupts
from framework.training.refusal import KeptProgress
from framework.training.running_metrics import RunningMetrics
from framework.training.trainable import Trainable

logger = logging.getLogger("framework")


def train(
    model: Trainable,
    batches: ArrayBatches | StreamBatches,
    *,
    epochs: int,
    initial_epoch: int | None,
    validation: Validation | None,
    callbacks: Sequence[Callback],
    verbose: int,
) -> None:
    """Run `epochs` more epochs over `batches`; with `initial_epoch`, start after it and end with number `epochs`.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite; the model keeps the last finite weights.
    KeyboardInterrupt
        After Ctrl-C, between two steps.
    """
    history, before = model.history, _epochs_done(model)
    first = before if initial_epoch is None else initial_epoch
    last = first + epochs if initial_epoch is None else max(epochs, first)
    params = {
        "epochs": last - first,
        "first_epoch": first,
        "last_epoch": last,
        "steps": batches.steps,
        "validated": validation is not None,
        "verbose": verbose,
        "data": partial(run_data, batches, validation),
    }
    hooks = CallbackList(callbacks, model, params)
    tolerated = any(callback.tolerates_divergence for callback in callbacks)
    model.stop_training = False
    with (
        KeptProgress(model) as progress,
        HeldInterrupts(hooks.batch_hooks) as interrupts,
        BlasThreads() as threads,
        no_overflow_warnings(),
        hooks.ended(),
        DivergenceGuard(model, tolerated) as guard,
        _ended_by_a_callback(model),
    ):
        hooks.train_begin()
        model.sync()
        guard.keep()
        if model.history is not history:  # a checkpoint has restored a saved run
            first = _epochs_done(model)
            progress.end_epoch(first - before)
        batches.begin_fit(range(first, last))
        if validation is not None:
            validation.begin_fit(first, last)
        for epoch in range(first, last):
            if model.stop_training:
                break
            hooks.epoch_begin(epoch)
            batches.begin_epoch(epoch)
            guard.begin_epoch(epoch)
            values = train_epoch(model, batches, hooks, threads, first=epoch == first)
            guard.end_epoch()
            if validation is not None and validation.is_due(epoch):
                with interrupts.at_once():
                    data = validation.batches(epoch)
                    measured = evaluate(model.network, model.state.objective, model.metrics_, data)
                values |= {f"val_{name}": value for name, value in measured.items()}
            logs = scalar_logs(values)
            model.history.arrays = values.keys() - logs.keys() if len(logs) < len(values) else ()
            hooks.epoch_end(epoch, logs, model.history)
            logger.debug("epoch %d: %s", epoch + 1, logs)
            if hooks.callbacks:  # a hook may have changed the optimizer or the weights, or frozen layers
                model.sync()
                guard.keep()
            progress.end_epoch()
            interrupts.check()


def train_epoch(
    model: Trainable,
    batches: ArrayBatches | StreamBatches,
    hooks: CallbackList,
    threads: BlasThreads,
    *,
    first: bool,
) -> dict[str, Any]:
    """Make one step for each batch and return the epoch's loss and metrics, measured before each step.

    In the `first` epoch of a fit, metrics that do not suit the targets are an error before the first update.
    """
    model.sync()
    network, train_step = model.network, model.train_step
    averaging = model.loss_.reduction == "mean"
    batch_hooks = hooks.batch_hooks
    total = total_weight = total_penalty = 0.0
    n = 0
    with RunningMetrics(model.metrics_, tried=first).collected_from(model.state.step) as metrics:
        model.state.step.check_next()
        for batch, (x, y, weight) in enumerate(batches):
            if len(x) != n:
                n = len(x)
                threads.resize(n * network.largest_product)
            value = train_step(x, y, weight)
            size = n if weight is None else float(weight.sum())
            try:
                total += value * size if averaging else value
            except TypeError:
                who = type(model).__name__
                raise TypeError(f"{who}.train_step must return the loss of the batch, got {shown(value)}") from None
            total_weight += size
            if network.regularized:
                total_penalty += network.penalty * size
            if batch_hooks:
                hooks.batch_end(batch, {"loss": value + network.penalty})
                model.sync()
    mean = total / total_weight if averaging else total
    return loss_logs(network, mean, total_penalty / total_weight) | metrics.values()


@contextmanager
def _ended_by_a_callback(model: Trainable) -> Iterator[None]:
    """End the fit without an error where a callback raises `StopTraining`."""
    try:
        yield
    except StopTraining as reason:
        model.stop_training = True
        logger.info("training stopped: %s", reason)


def _epochs_done(model: Trainable) -> int:
    return model.history.epoch[-1] if model.history.epoch else 0
