"""Checks of `fit`: what must hold after it, whatever step the model makes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from framework.callbacks import Callback
from framework.constraints import Constraint
from framework.core.types import Array, Logs
from framework.model import Model
from framework.optimizers import SGD, Optimizer
from framework.schedules import Schedule
from framework.testing.core.equality import same
from framework.testing.core.report import Subject

STEPS = 64  # after which a model that adds up gradients must have made an update
METHODS = ("train_step", "fit", "compute_gradients", "train_on_batch")


class Counter(Callback):
    """Count the calls of the hooks."""

    def __init__(self) -> None:
        self.epochs = self.batches = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epochs += 1

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.batches += 1


def own(model: Model, *methods: str) -> bool:
    """Return whether the model's class has a method of its own among these."""
    return any(getattr(type(model), name) is not getattr(Model, name) for name in methods)


class Fits:
    """Fits of copies of a model that were built alike.

    Parameters
    ----------
    subject : Subject
    make : callable
        Returns a new copy, built.
    X, y : ndarray
    epochs, batch_size : int
    """

    def __init__(
        self, subject: Subject, make: Callable[[], Model], X: Array, y: Array, epochs: int, batch_size: int
    ) -> None:
        self.subject, self.make, self.X, self.y = subject, make, X, y
        self.epochs, self.batch_size = epochs, batch_size

    def fitted(self, model: Model | None = None, part: str = "fit", **arguments: Any) -> Model:
        """Return a copy after `fit`."""
        model = self.make() if model is None else model
        options = {"epochs": self.epochs, "batch_size": self.batch_size, **arguments}
        result = self.subject.call(part, lambda: model.fit(self.X, self.y, **options), X=self.X, y=self.y)
        cause = "fit returns the model: return super().fit(...)"
        self.subject.require(result is model, part, f"returned {_kind(result)}, expected the model itself", cause)
        return model

    def step(self, model: Model) -> None:
        """Make one step of `fit`, on the first samples."""
        X, y = self.X[: self.batch_size], self.y[: self.batch_size]
        self.subject.call("fit", lambda: model.fit(X, y, batch_size=self.batch_size))


def check_training(fits: Fits) -> None:
    """Check that a fit repeats, takes its arguments, and changes what it should, in the way that was asked for."""
    subject, start = fits.subject, fits.make()
    first, second = fits.fitted(), fits.fitted()
    cause = "fit is not reproducible by its seed: a generator of its own, or state shared between models"
    losses = np.array(first.history["loss"])
    subject.same("losses of two fits", losses, second.history["loss"], rtol=0, cause=cause)
    for name, one, other in zip(first.network.views, first.get_weights(), second.get_weights(), strict=True):
        subject.same(f"weights after two fits: {name}", one, other, rtol=0, cause=cause)
    subject.finite("weights after a fit", first.network.params)
    subject.finite("losses of a fit", losses, "train_step must return the loss of the batch")
    _check_arguments_of_fit(fits)
    _check_frozen(subject, start, first)
    if not learns(start, fits):
        return
    moved = _moved(fits, start, first)
    _check_in_force(subject, moved, Optimizer.of(moved.optimizer))
    if own(start, *METHODS):
        _check_weight(fits)
        _check_freezing(fits)
        _check_descent(fits)
        _check_loss(fits)


def learns(model: Model, fits: Fits) -> bool:
    """Return whether there is anything to learn: a trainable parameter whose gradient is not zero."""
    return model.network.trainable_params.size > 0 and any(g.any() for g in model.gradients(fits.X, fits.y))


def _check_arguments_of_fit(fits: Fits) -> None:
    """Check that a `fit` of its own passes its arguments on; one that refuses them says so by an error."""
    if not own(fits.make(), "fit"):
        return
    cause = "it drops arguments: pass all of them on, super().fit(X, y, **arguments)"
    counts = []
    for size in (1, len(fits.X)):
        counter = Counter()
        with suppress(TypeError, ValueError):
            fits.make().fit(fits.X, fits.y, epochs=2, batch_size=size, callbacks=[counter])
            problem = f"callbacks saw {counter.epochs} epochs, expected 2"
            fits.subject.require(counter.epochs == 2, "fit", problem, cause)
            counts.append(counter.batches)
    problem = f"there are {counts[0] if counts else 0} batches with either batch_size"
    fits.subject.require(len(counts) < 2 or len(fits.X) == 1 or counts[0] > counts[1], "fit", problem, cause)
    model = fits.make()
    with suppress(TypeError, ValueError):
        model.fit(fits.X, fits.y, batch_size=fits.batch_size, validation_data=(fits.X, fits.y))
        problem = "there is no 'val_loss' in the history"
        fits.subject.require("val_loss" in model.history, "fit, validation_data", problem, cause)


def _check_frozen(subject: Subject, before: Model, after: Model) -> None:
    cause = "the step changes frozen parameters: use network.trainable_params and network.trainable_grads"
    bound, able = after.optimizer_._size, after.network.trainable_params.size
    problem = f"the optimizer was given {bound} parameters, of which {able} are trainable"
    subject.require(bound <= able or after.optimizer_.step == 0, "fit", problem, cause)
    for entry in before.network.layout.entries:
        name = entry.name
        if entry.parameter.trainable and not before.network.layout.learns(entry):
            subject.same(
                f"fit, frozen {name}", after.network.views[name], before.network.views[name], rtol=0, cause=cause
            )


def _moved(fits: Fits, start: Model, fitted: Model) -> Model:
    """Return a model that has made an update: `fitted`, or one after some more steps."""
    model, steps = fitted, 0
    while _same_params(start, model) and steps < STEPS:
        model = fits.make() if steps == 0 else model
        fits.step(model)
        steps += 1
    cause = "it makes no update: self.optimizer_.apply(self.network.trainable_params, self.network.trainable_grads)"
    fits.subject.require(steps < STEPS, "fit", f"no parameter changed in {STEPS} steps", cause)
    return model


def _same_params(one: Model, other: Model) -> bool:
    return np.array_equal(one.network.trainable_params, other.network.trainable_params)


def _check_in_force(subject: Subject, model: Model, given: Optimizer) -> None:
    used = model.optimizer_
    if used.step == 0 and repr(given) != repr(SGD()):
        cause = "the step updates parameters by itself: use self.optimizer_.apply(parameters, gradients)"
        subject.fail("fit", f"{given!r} made no step, so its rate, slots and schedule have no effect", cause)
    if isinstance(given.learning_rate, Schedule):
        if not same(used.learning_rate, given.learning_rate):
            problem = f"the learning rate was {given.learning_rate!r} and is now {used.learning_rate!r}"
            subject.fail("fit", problem, "something sets a learning rate: the schedule is no longer in force")
        if used.step:
            expected = given.learning_rate(used.step - 1)
            subject.same("fit, rate of the last step", used.rate, expected, cause="the schedule is not in force")
    for entry in model.network.layout.entries:
        if entry.parameter.constraint is not None and model.network.layout.learns(entry):
            values = model.network.views[entry.name]
            constraint = Constraint.of(entry.parameter.constraint)
            cause = (
                f"{constraint!r} is not in force: a train_step of your own calls self.network.constrain() "
                "after self.optimizer_.apply"
            )
            subject.same(f"fit, constraint of {entry.name}", values, constraint(values.copy()), rtol=1e-6, cause=cause)


def _check_weight(fits: Fits) -> None:
    """Check that sample weights make a difference; a step that cannot use them says so by an error."""
    x, y = fits.X[: fits.batch_size], fits.y[: fits.batch_size]
    weight = np.random.default_rng(0).uniform(0.2, 2, len(x))
    one, other = fits.make(), fits.make()
    try:
        losses = one.train_on_batch(x, y, weight), other.train_on_batch(x, y)
    except (TypeError, ValueError, NotImplementedError):
        return
    alike = losses[0] == losses[1] and _same_params(one, other)
    cause = "the sample weights are dropped: train_step passes `weight` on"
    fits.subject.require(not alike, "train_step, weight", "loss and update are those without weights", cause)


def _check_freezing(fits: Fits) -> None:
    """Check that a layer that is frozen stays as it is."""
    model, start = fits.make(), fits.make()
    able = [i for i, layer in enumerate(model.network.tree.children) if layer.learns()]
    if len(able) < 2:
        return
    for each in (model, start):
        each.network.layers[able[0]].trainable = False
        each.sync()
    fits.fitted(model, "fit, first layer frozen")
    _check_frozen(fits.subject, start, model)


def _check_descent(fits: Fits) -> None:
    """Check that small steps do not climb."""
    model, start = fits.make(), fits.make()
    model.learning_rate = 1e-3
    gradient = np.concatenate([g.ravel() for g in start.gradients(fits.X, fits.y)])
    before = float(Model.evaluate(start, fits.X, fits.y)["loss"])
    fits.fitted(model, epochs=4)
    after = float(Model.evaluate(model, fits.X, fits.y)["loss"])
    way = np.concatenate([a.ravel() - b.ravel() for a, b in zip(model.get_weights(), start.get_weights(), strict=True)])
    climb = float(way @ gradient) / (float(np.linalg.norm(way) * np.linalg.norm(gradient)) or 1.0)
    cause = "the update goes up the gradient: its sign is wrong (params -= rate * grads)"
    problem = f"the loss rises from {before:.6g} to {after:.6g} in small steps"
    fits.subject.require(climb < 0.3 or after <= before, "fit", problem, cause)


def _check_loss(fits: Fits) -> None:
    """Check that a step which is the usual one returns the usual loss."""
    model = fits.make()
    twin = model.clone()
    usual = Model(twin.layers, loss=twin.loss, optimizer=twin.optimizer, seed=model.seed, dtype=model.dtype)
    usual.build(fits.X.shape[1:])
    start = usual.network.params.copy()
    if not np.array_equal(start, model.network.params):
        return
    noise = usual.network.noise.bit_generator.state
    model.network.noise.bit_generator.state = noise
    x, y = fits.X[: fits.batch_size], fits.y[: fits.batch_size]
    computed, expected = (each.train_on_batch(x, y) for each in (model, usual))
    changed = not np.array_equal(start, usual.network.params)
    if changed and np.allclose(model.network.params, usual.network.params, rtol=1e-9, atol=0):
        cause = "" if np.isfinite(computed) else "train_step must return the loss of the batch"
        size = {"the batch size": len(x)}
        fits.subject.same("train_step, its loss", computed, expected, cause=cause, factors=size)


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
