"""`check_model`: the parts of a model, its gradients, predictions, weights, fits and files."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.model import Model
from framework.testing.core.arguments import can_be_pickled, check_arguments
from framework.testing.core.causes import sizes
from framework.testing.core.numeric import slopes
from framework.testing.core.report import Subject, reporting
from framework.testing.core.state import unchanged
from framework.testing.core.variants import with_argument
from framework.testing.models.parts import check_parts
from framework.testing.models.saving import check_going_on
from framework.testing.models.training import Fits, check_training, own


@reporting
def check_model(model: Model, X: Any, y: Any, *, epochs: int = 2, batch_size: int = 4) -> None:
    """Check a model on some data: its parts, gradients through all layers, prediction, fitting, weights, copies, files.

    Each layer, activation, loss, optimizer, ... in it that is not the framework's own goes through the check of its
    family, on what reaches it in the model. After a fit, constraints, the schedule and frozen layers must have had
    their effect, and a model that was saved and loaded must go on as the one that was saved.

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
    _check_kept(subject, model)
    X, y = np.asarray(X), np.asarray(y)

    def make(dtype: Any = np.float64) -> Model:
        new = model.clone().set_params(seed=0 if model.seed is None else model.seed, dtype=dtype)
        if "layers" in new.get_params(deep=False):
            new.layers = copy.deepcopy(model.layers)  # one object at two places stays one
        built = subject.call("build", lambda: new.build(X.shape[1:]))
        subject.require(built is new, "build", f"returned {built!r}, expected the model itself", "return self")
        return new

    check_parts(subject, make(), X, y)
    new = make()
    _check_gradients(subject, new, X, y)
    _check_prediction(subject, new, X, y)
    _check_float32(subject, new, make(np.float32), X)
    _check_weights(subject, new, X)
    fits = Fits(subject, make, X, y, epochs, batch_size)
    with unchanged(Subject(model.clone())):  # what is not on an instance: the class, lists on it, global variables
        check_training(fits)
        check_going_on(fits)


def _check_kept(subject: Subject, model: Model) -> None:
    """Check that the constructor passes on what every model has."""
    cause = "**common is dropped: pass it on, super().__init__(layers, ..., **common)"
    for name, other in {"seed": 7, "dtype": "float32", "optimizer": "adam", "metrics": ["mae"]}.items():
        made = with_argument(model, name, other)
        kept = other if made is None else made.get_params(deep=False)[name]
        problem = f"argument {name!r} was {other!r} and came back as {kept!r}"
        subject.require(kept == other, "the constructor", problem, cause)


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


def _check_prediction(subject: Subject, model: Model, X: Array, y: Array) -> None:
    before, learned = model.network.params.copy(), model.network.trainable_params.copy()
    prediction = subject.call("predict", lambda: model.predict(X), X=X)
    shape = (len(X), *model.network.output_shape)
    if own(model, "predict") and isinstance(prediction, np.ndarray) and prediction.shape[:1] == shape[:1]:
        shape = prediction.shape  # labels, say
    prediction = subject.array("predict", prediction, shape)
    kept = prediction.copy()
    again, cause = np.asarray(model.predict(X)), "predict must not train"
    if np.array_equal(learned, model.network.trainable_params):
        cause = "predict makes a training pass, which changes running state: call super().predict"
    subject.same("predict, weights after it", model.network.params, before, rtol=0, cause=cause)
    cause = "the same samples give other predictions: predict draws random numbers, or makes a training pass"
    subject.same("predict, once more", again, kept, cause=cause)
    cause = "a sample depends on the others of its batch: wrong axis, or ctx.training is ignored"
    turned = np.asarray(model.predict(X[::-1].copy()))
    cached = "it returns what it computed for other samples: compute it in each call"
    why = cached if np.array_equal(turned, kept) else cause
    subject.same("predict, order reversed", turned[::-1], kept, cause=why)
    subject.same("predict", prediction, kept, cause="the prediction is clobbered by the next call")
    for size in (1, 3):
        for part, samples, rows in (
            (f"predict, batch_size={size}", X, size),
            (f"predict, {size} of the samples", X[:size], None),
        ):
            computed = subject.call(part, model.predict, samples, rows)
            subject.same(part, computed, kept[: len(samples)], cause=cause)
    for method in (name for name in ("evaluate", "score") if own(model, name)):
        subject.call(method, getattr(model, method), X, y)
        subject.same(
            f"{method}, weights after it", model.network.params, before, rtol=0, cause=f"{method} must not train"
        )


def _check_float32(subject: Subject, model: Model, small: Model, X: Array) -> None:
    """Check that a network of float32 predicts nearly the same, in float32."""
    small.set_weights(model.get_weights())
    computed, expected = (Model.predict(each, X) for each in (small, model))
    subject.array("predict in float32", computed, expected.shape, np.float32)
    subject.same("predict in float32", computed, expected, rtol=1e-3)


def _check_weights(subject: Subject, model: Model, X: Array) -> None:
    prediction, weights = model.predict(X), model.get_weights()
    shared = any(np.shares_memory(weight, model.network.params) for weight in weights)
    subject.require(not shared, "get_weights", "the arrays are the model's own", "return copies: weight.copy()")
    model.set_weights([weight + 1 for weight in weights])
    for name, computed, weight in zip(model.network.views, model.get_weights(), weights, strict=True):
        subject.same(f"set_weights, get_weights: {name}", computed, weight + 1, rtol=0, cause="it is not set")
    subject.call("set_weights", lambda: model.set_weights(weights))
    for name, computed, expected in zip(model.network.views, model.get_weights(), weights, strict=True):
        subject.same(f"set_weights, get_weights: {name}", computed, expected, rtol=0)
    cause = "stale state from other weights"
    subject.same("predict after set_weights", model.predict(X), prediction, rtol=0, cause=cause)
    cause = "clone() keeps what the model has learned"
    subject.require(not model.clone().built, "clone", "the copy has weights already", cause)
    if all(can_be_pickled(value) for value in (type(model), *(at.layer for at in model.network.tree))):
        other = subject.call("pickle", lambda: pickle.loads(pickle.dumps(model)))
        subject.same("predict after pickle", other.predict(X), prediction, rtol=0)
