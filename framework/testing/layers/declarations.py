"""The declarations of a layer: they follow from the arguments and the input shape, whatever was called before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from framework.core.types import Shape
from framework.layers.base import Layer, Parameter
from framework.testing.core.report import Subject
from framework.testing.core.state import changes, kept
from framework.testing.layers.bench import Bench

FIELDS = ("shape", "trainable", "decay", "transposed")
DECLARATIONS = ("output_shape", "parameters", "memory", "children")


def check_parameters(subject: Subject, layer: Layer, shape: Shape) -> None:
    """Check that each declaration, called first on a new copy, keeps nothing on it, and says the same again.

    A layer may stand at several places, with inputs of several shapes, and its methods may be called in any order.
    """
    for name in DECLARATIONS:
        copy = layer.clone()
        before = kept(copy)
        with suppress(Exception):  # what another one keeps may be missing
            getattr(copy, name)(shape)
        _check_kept(subject, name, changes(copy, before, failed=False))
    copy = layer.clone()
    before = kept(copy)
    first = subject.call("parameters", copy.parameters, shape)
    if not isinstance(first, Mapping):
        return
    try:
        for other in (subject.call("parameters", copy.parameters, shape), _after_output_shape(layer, shape)):
            _check_same(subject, first, other)
    except AssertionError:  # what it keeps is the cause
        _check_kept(subject, "parameters", changes(copy, before, failed=True))
        raise


def check_initial_values(subject: Subject, first: Bench, layer: Layer, shape: Shape) -> None:
    """Check that another network built from the same seed starts with the same parameters."""
    second = Bench(layer, shape, seed=first.seed)
    cause = "they do not come from the seed alone: draw them in an Initializer, from the rng that it is given"
    others = {**second.params, **second.state}
    for name, values in {**first.params, **first.state}.items():
        subject.same(f"initial values of {name}, built twice from one seed", others[name], values, cause=cause)


def _check_kept(subject: Subject, name: str, changed: dict[str, str]) -> None:
    for variable, problem in changed.items():
        cause = (
            f"{name} keeps {variable}, but a layer may stand at several places, with inputs of other shapes: work it "
            "out from input_shape, and in forward from x.shape"
        )
        subject.fail(name, problem, cause)


def _after_output_shape(layer: Layer, shape: Shape) -> Mapping[str, Parameter]:
    copy = layer.clone()
    copy.output_shape(shape)
    return copy.parameters(shape)


def _check_same(subject: Subject, first: Mapping[str, Parameter], second: Mapping[str, Parameter]) -> None:
    cause = "it depends on what was called before: it must follow from the arguments and input_shape alone"
    problem = f"computed {list(second)} in another call, and {list(first)} in the first"
    subject.require(list(first) == list(second), "parameters", problem, cause)
    for name, parameter in first.items():
        other = second[name]
        if not (isinstance(parameter, Parameter) and isinstance(other, Parameter)):
            continue  # the check of the declarations reports it
        if any(getattr(parameter, field) != getattr(other, field) for field in FIELDS):
            subject.fail("parameters", f"{name} is {other!r} in another call, and {parameter!r} in the first", cause)
        start, again = parameter.initializer, other.initializer
        drawn = isinstance(start, np.ndarray) and isinstance(again, np.ndarray) and not np.array_equal(start, again)
        if drawn:
            cause = "the initial values are drawn in parameters: give an Initializer, which draws from the model's seed"
            subject.fail("parameters", f"the initial values of {name} differ from one call to the next", cause)
