"""Checks of the rules that a user has written for parameters, on copies, when a model is built.

A rule that changes what it should return, or returns what it should change, would spoil a training in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.constraints import Constraint
from framework.core.built_in import PACKAGE
from framework.core.messages import shown
from framework.engine.network import Network
from framework.optimizers.base import Optimizer
from framework.regularizers import Regularizer


def check_rules(network: Network, optimizer: Optimizer) -> None:
    """Raise TypeError if a constraint, a regularizer or an optimizer does not return what it should."""
    for entry in network.layout.entries:
        values = entry.view(network.params)
        if entry.parameter.constraint is not None:
            constraint = Constraint.of(entry.parameter.constraint)
            _check_array(constraint, "__call__", constraint.__call__, values, "the allowed values")
        if entry.parameter.regularizer is not None:
            regularizer = Regularizer.of(entry.parameter.regularizer)
            _check_array(regularizer, "gradient", regularizer.gradient, values, "the gradient of the penalty")
    if written_by_a_user(type(optimizer).update):
        _check_update(optimizer)


def _check_array(rule: Any, name: str, method: Callable[[Any], Any], values: Any, what: str) -> None:
    if not written_by_a_user(getattr(type(rule), name)):
        return
    try:
        returned = method(values.copy())
    except Exception:  # the fit will meet it, or not
        return
    if np.shape(returned) not in ((), values.shape) or returned is None:
        raise TypeError(
            f"{type(rule).__name__}.{name} must return {what}, an array of shape {values.shape}, got {shown(returned)}"
        )


def _check_update(optimizer: Optimizer) -> None:
    params, before = np.ones(4), np.ones(4)
    try:
        twin = optimizer.clone()
        twin.bind(params)
        twin.step, twin.rate = 1, 0.01
        returned = twin.update(params, np.ones(4))  # type: ignore[func-returns-value]
    except Exception:  # it may need the whole vector
        return
    if returned is not None and np.array_equal(params, before):
        raise TypeError(
            f"{type(optimizer).__name__}.update must change params in place, as in params -= self.rate * grads; it "
            f"returned {shown(returned)}, and params stayed as they were"
        )


def written_by_a_user(method: Any) -> bool:
    """Return whether a method is neither one of the framework nor of Python."""
    return getattr(method, "__module__", __name__).partition(".")[0] not in (PACKAGE, "builtins")
