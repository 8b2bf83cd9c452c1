"""Checks of a user's components when a model is built, before their faults show themselves far from where they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from framework.core.component import Component, named_component
from framework.core.constructors import constructor_arguments
from framework.core.messages import shape_text, shown
from framework.engine.contents import contexts_in
from framework.engine.network import Network
from framework.engine.passes import Pass
from framework.engine.rule_checks import check_rules, written_by_a_user
from framework.layers.base import Context, Layer
from framework.optimizers.base import Optimizer

ROWS = 2  # with one, a wrong shape may still fit


def check_build(model: Component, network: Network, optimizer: Optimizer) -> None:
    """Raise an error that names the component and the fault, if there is one."""
    check_arguments_are_kept([model, *(at.layer for at in network.tree)])
    check_output_shapes(network)
    check_rules(network, optimizer)


def check_arguments_are_kept(components: Iterable[Component]) -> None:
    """Refuse a component, or one in the arguments of another, whose constructor does not keep its arguments.

    Raises
    ------
    AttributeError
        If an argument is not kept under its name.
    ValueError
        If a constructor changes a number, text or flag: a copy, and a model that is loaded, would have another one.
    """
    for component in components:
        _check_arguments(component)
        for name in constructor_arguments(type(component)):
            inner = named_component(name, getattr(component, name))
            if isinstance(inner, Component):
                _check_arguments(inner)


def _check_arguments(component: Component) -> None:
    component.get_params()
    if not written_by_a_user(type(component).__init__):
        return
    given = component.get_params(deep=False)
    if not any(isinstance(value, int | float | str) for value in given.values()):
        return
    try:
        copied = type(component)(**given).get_params(deep=False)
    except Exception:  # it may take something else than it keeps
        return
    for name, value in given.items():
        other = copied[name]
        plain = isinstance(value, int | float | str) and isinstance(other, int | float | str)
        if plain and other != value and value == value:  # nan differs from itself
            who = type(component).__name__
            raise ValueError(
                f"{who} changes its argument {name!r}: {who}({name}={value!r}) has {name}={other!r}. Keep it as it is "
                f"given, self.{name} = {name}, and compute with it where it is used"
            )


def check_output_shapes(network: Network) -> None:
    """Raise ValueError if a layer that a user has written returns another shape than its `output_shape` says.

    Each one is given an inference pass of zeros, whose values do not matter. If that fails, nothing is said: zeros may
    be no input for it.
    """
    if not any(_is_written_by_a_user(at.layer) for at in network.tree):
        return
    before = network.params.copy()
    try:
        for ctx, at in zip(_contexts(network), list(network.tree)[1:], strict=True):
            if _is_written_by_a_user(at.layer):
                x = np.zeros((ROWS, *at.input_shape), network.dtype)
                declared = at.layer.output_shape(at.input_shape)
                _check_output_shape(at.layer, ctx, x, declared)
    finally:
        network.params[...] = before


def _check_output_shape(layer: Layer, ctx: Context, x: Any, declared: tuple[int, ...]) -> None:
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = layer.forward(ctx, x)
    except Exception:  # it may refuse zeros
        return
    if y is None:
        raise ValueError(f"{layer.label()}: forward returns None; it must return the outputs")
    if np.shape(y) != (ROWS, *declared):
        got, inputs = np.shape(y), shape_text(x.shape[1:])
        returned = shape_text(got[1:]) if got[:1] == (ROWS,) else f"{got} for n = {ROWS}, {shown(y)}"
        raise ValueError(
            f"{layer.label()}: forward returns outputs of shape {returned} for inputs of shape {inputs}, but "
            f"output_shape says {shape_text(declared)}: define output_shape(self, input_shape), which returns the "
            "shape of one output, without the batch axis"
        )


def _contexts(network: Network) -> Iterator[Context]:
    for _, ctx in Pass(network, ROWS, training=False).forwards:
        yield from contexts_in(ctx)


def _is_written_by_a_user(layer: Layer) -> bool:
    return written_by_a_user(type(layer).forward) or written_by_a_user(type(layer).output_shape)
