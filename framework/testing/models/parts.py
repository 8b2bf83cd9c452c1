"""The checks of a model's parts: of those that are not the framework's own, on what reaches them in the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from framework.activations import Activation
from framework.constraints import Constraint
from framework.core.built_in import is_built_in
from framework.core.component import Component, named_component
from framework.core.types import Array
from framework.engine.network import Network
from framework.engine.passes import Pass
from framework.engine.tree import components_of
from framework.initializers import Initializer
from framework.layers.base import Context, Layer
from framework.metrics.base import FunctionMetric
from framework.model import Model
from framework.optimizers import Optimizer
from framework.regularizers import Regularizer
from framework.schedules import Schedule
from framework.testing.activations.check import check_activation
from framework.testing.constraints import check_constraint
from framework.testing.core.report import Subject
from framework.testing.initializers.check import check_initializer
from framework.testing.layers.check import check_layer
from framework.testing.losses.check import check_loss
from framework.testing.metrics.check import check_metric
from framework.testing.optimizers.check import check_optimizer
from framework.testing.regularizers import check_regularizer
from framework.testing.schedules.check import check_schedule

ROWS = 16  # of the data, for a layer's check
RULES: dict[str, tuple[type[Component], Callable[..., None]]] = {
    "initializer": (Initializer, check_initializer),
    "regularizer": (Regularizer, check_regularizer),
    "constraint": (Constraint, check_constraint),
}


class Part(NamedTuple):
    """A component in a model: what it is there, itself, and its check."""

    role: str
    component: Any
    check: Callable[[], None]


def check_parts(subject: Subject, model: Model, X: Array, y: Array) -> None:
    """Check each part of a built model that is not the framework's own, one of each kind and shape once."""
    for part in _parts(model, X, y):
        try:
            part.check()
        except AssertionError as error:
            name, _, rest = str(error).partition("\n")
            raise AssertionError(f"{subject.name}\n    {part.role}, {name}: {rest.strip()}") from error


def _parts(model: Model, X: Array, y: Array) -> Iterator[Part]:
    yield from _rules(model.network)
    layers = [at.layer for at in model.network.tree]
    given = [named_component(*item) for layer in layers for item in layer.get_params(deep=False).items()]
    for f in components_of(each for each in given if isinstance(each, Component)):
        if isinstance(f, Activation) and not is_built_in(type(f)):
            yield Part("an activation", f, lambda f=f: check_activation(f, seeds=(0,)))  # type: ignore[misc]
    yield from _layers(model.network, X)
    yield from _of_training(model, X, y)


def _rules(network: Network) -> Iterator[Part]:
    seen = set()
    for at in network.tree:
        for name, parameter in at.parameters.items():
            for rule, (family, check) in RULES.items():
                given = getattr(parameter, rule)
                part = None if given is None else family.of(given)
                key = repr(part), parameter.shape
                if part is None or is_built_in(type(part)) or key in seen:
                    continue
                seen.add(key)
                role = f"the {rule} of {at.path}.{name}"
                yield Part(role, part, lambda c=check, p=part, s=parameter.shape: c(p, shapes=s))  # type: ignore[misc]


def _layers(network: Network, X: Array) -> Iterator[Part]:
    own = [at for at in network.tree if not is_built_in(type(at.layer))]
    arrives = _arriving(network, X, {id(at.layer) for at in own})
    seen = set()
    for at in own:
        x, key = arrives.get(id(at.layer)), (repr(at.layer), at.input_shape)
        if x is None or key in seen:
            continue
        seen.add(key)
        kinks = (0.0,) if x.dtype.kind == "f" and (x == 0).any() else ()  # behind relu, half of the inputs are 0
        options = {"inputs": x, "kinks": kinks, "batch_sizes": (3, 1), "seeds": (0,)}
        yield Part(f"layer {at.path}", at.layer, lambda at=at, o=options: check_layer(at.layer, at.input_shape, **o))  # type: ignore[misc]


def _arriving(network: Network, X: Array, layers: set[int]) -> dict[int, Array]:
    """Return what arrives at layers, by their ids, in a training pass on some rows of `X`."""
    found: dict[int, Array] = {}

    def listening(layer: Layer) -> Callable[[Context, Array], Array]:
        forward = layer.forward

        def listen(ctx: Context, x: Array) -> Array:
            found.setdefault(id(layer), x.copy())
            return forward(ctx, x)

        return listen

    spied = [at.layer for at in network.tree if id(at.layer) in layers]
    for layer in spied:
        vars(layer)["forward"] = listening(layer)
    try:
        Pass(network, len(X[:ROWS]), training=True).forward(np.asarray(X[:ROWS], network.dtype))
    finally:
        for layer in spied:
            vars(layer).pop("forward", None)
    whole = X.dtype.kind in "iu"
    return {key: x.astype(int) if whole and np.array_equal(x, np.rint(x)) else x for key, x in found.items()}


def _of_training(model: Model, X: Array, y: Array) -> Iterator[Part]:
    targets = model.loss_.check_targets(y, model.network.output_shape, np.float64)
    predictions = model.predict(X)

    def drawn(rng: np.random.Generator, n: int, *_: int) -> tuple[Array, Array]:
        rows = rng.integers(0, len(targets), n)
        return targets[rows], predictions[rows]

    if not is_built_in(type(model.loss_)):
        outputs = predictions.shape[-1:]
        fits: dict[str, Any] = {"inputs": drawn, "outputs": outputs, "minimum": False, "extremes": (), "seeds": (0,)}
        yield Part("the loss", model.loss_, lambda: check_loss(model.loss_, **fits))
    optimizer = Optimizer.of(model.optimizer)
    rate = optimizer.learning_rate
    if isinstance(rate, Schedule) and not is_built_in(type(rate)):
        yield Part("the schedule", rate, lambda: check_schedule(rate))
    if not is_built_in(type(optimizer)):
        follows = isinstance(rate, Schedule)  # with one rate, an optimizer may use it in its first step alone
        options: dict[str, Any] = {"solves": False, "follows_rate": follows, "seeds": (0,)}
        yield Part("the optimizer", optimizer, lambda: check_optimizer(optimizer, **options))
    for label, metric in model.metrics_.items():
        if isinstance(metric, FunctionMetric) or not is_built_in(type(metric)):
            number = np.ndim(metric(targets, predictions)) == 0
            given = {"inputs": drawn, "number": number, "perfect": False, "seeds": (0,)}
            yield Part(f"the metric {label!r}", metric, lambda m=metric, o=given: check_metric(m, **o))  # type: ignore[misc]
