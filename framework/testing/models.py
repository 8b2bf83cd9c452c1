"""The conformance check of models."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.model import Model
from framework.testing.arguments import check_arguments
from framework.testing.causes import sizes
from framework.testing.numeric import slopes
from framework.testing.report import Subject, reporting


@reporting
def check_model(model: Model, X: Any, y: Any, *, epochs: int = 2, batch_size: int = 4) -> None:
    """Check a model on some data: gradients through all layers, prediction, fitting, weights, copies.

    The model itself does not change: copies of it are built and fitted, in float64.

    Parameters
    ----------
    model : Model
    X, y : array-like
        A few samples to train on.
    epochs, batch_size : int
        Arguments of `Model.fit` for the copies.

    Raises
    ------
    AssertionError
        With the parameter, the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(model)
    check_arguments(subject)
    X, y = np.asarray(X), np.asarray(y)
    new = model.clone().set_params(seed=0 if model.seed is None else model.seed, dtype=np.float64)
    subject.call("build", lambda: new.build(X.shape[1:]))
    _check_gradients(subject, new, X, y)
    _check_prediction(subject, new, X)
    _check_weights(subject, new, X)
    _check_fit(subject, new, X, y, epochs, batch_size)


def _check_gradients(subject: Subject, model: Model, X: Array, y: Array) -> None:
    rng = np.random.default_rng(0)
    model.set_weights([_moved(weight, rng) for weight in model.get_weights()])
    before = model.network.params.copy()
    gradients = subject.call("gradients", lambda: model.gradients(X, y), X=X, y=y)
    again = model.gradients(X, y)
    noise = model.network.noise.bit_generator
    start = noise.state
    state = {entry.name for entry in model.network.layout.entries if not entry.parameter.trainable}
    frozen = [entry.name for entry in model.network.layout.entries if not model.network.layout.learns(entry)]

    def loss() -> float:
        keep = {name: model.network.views[name].copy() for name in state}
        noise.state = start
        at = model.network.training_pass(len(X))
        prediction = at.forward(np.asarray(X, np.float64))
        targets = model.loss_.check_targets(y, model.network.output_shape, np.float64)
        value = model.loss_.value(targets, prediction, logits=at.logits) + model.network.penalties()
        for name, values in keep.items():
            model.network.views[name][...] = values
        return value

    factors = sizes((len(X), *model.network.output_shape))
    for (name, view), gradient, second in zip(model.network.views.items(), gradients, again, strict=True):
        if name in frozen:
            continue
        subject.same(f"gradients: {name}", second, gradient, cause="stale state: the same call gives other gradients")
        expected = slopes(loss, view, rng, most=12)
        subject.gradient(f"gradients: {name}", gradient, expected, factors=factors)
    noise.state = start
    model.network.params[...] = before


def _moved(weight: Array, rng: np.random.Generator) -> Array:
    factor = 1 + 0.1 * rng.uniform(-1, 1, weight.shape)
    return np.where(weight == 0, 0.1 * np.abs(rng.standard_normal(weight.shape)), weight * factor)


def _check_prediction(subject: Subject, model: Model, X: Array) -> None:
    prediction = subject.call("predict", lambda: model.predict(X), X=X)
    prediction = subject.array("predict", prediction, (len(X), *model.network.output_shape), np.float64)
    kept = prediction.copy()
    cause = "a sample depends on the others of its batch: wrong axis, or ctx.training is ignored"
    for size in (1, 3):
        subject.same(f"predict, batch_size={size}", model.predict(X, batch_size=size), kept, cause=cause)
    subject.same("predict, order reversed", model.predict(X[::-1].copy())[::-1], kept, cause=cause)
    subject.same("predict", prediction, kept, cause="the prediction is clobbered by the next call")


def _check_weights(subject: Subject, model: Model, X: Array) -> None:
    prediction, weights = model.predict(X), model.get_weights()
    model.set_weights([weight + 1 for weight in weights])
    subject.call("set_weights", lambda: model.set_weights(weights))
    for name, computed, expected in zip(model.network.views, model.get_weights(), weights, strict=True):
        subject.same(f"set_weights, get_weights: {name}", computed, expected, rtol=0)
    cause = "stale state from other weights"
    subject.same("predict after set_weights", model.predict(X), prediction, rtol=0, cause=cause)
    cause = "clone() keeps what the model has learned"
    subject.require(not model.clone().built, "clone", "the copy has weights already", cause)
    if not any("<locals>" in type(at.layer).__qualname__ for at in model.network.tree):
        other = subject.call("pickle", lambda: pickle.loads(pickle.dumps(model)))
        subject.same("predict after pickle", other.predict(X), prediction, rtol=0)


def _check_fit(subject: Subject, model: Model, X: Array, y: Array, epochs: int, batch_size: int) -> None:
    def fitted() -> Model:
        new = model.clone()
        subject.call("fit", lambda: new.fit(X, y, epochs=epochs, batch_size=batch_size), X=X, y=y)
        return new

    first, second = fitted(), fitted()
    cause = "fit is not reproducible by its seed: a generator of its own, or state shared between models"
    subject.same("losses of two fits", first.history["loss"], second.history["loss"], rtol=0, cause=cause)
    for name, one, other in zip(first.network.views, first.get_weights(), second.get_weights(), strict=True):
        subject.same(f"weights after two fits: {name}", one, other, rtol=0, cause=cause)
    subject.finite("weights after a fit", first.network.params)
