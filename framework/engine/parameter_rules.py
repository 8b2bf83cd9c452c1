"""The regularizers and constraints of a network's parameters, bound to its vectors."""

from __future__ import annotations

from framework.constraints import Constraint
from framework.core.types import Array
from framework.engine.layout import Layout
from framework.regularizers import Regularizer


def bound_regularizers(layout: Layout, params: Array, grads: Array) -> list[tuple[Regularizer, Array, Array | None]]:
    """Return each regularizer with its parameter and the gradient that it adds to.

    The gradient of a frozen parameter is 0, here None, and its penalty a constant part of the loss.
    """
    return [
        (
            Regularizer.of(entry.parameter.regularizer),
            entry.view(params),
            entry.view(grads) if layout.learns(entry) else None,
        )
        for entry in layout.entries
        if entry.parameter.regularizer is not None
    ]


def bound_constraints(layout: Layout, params: Array) -> list[tuple[Constraint, Array]]:
    """Return each constraint with its parameter; those of frozen parameters are left out."""
    return [
        (Constraint.of(entry.parameter.constraint), entry.view(params))
        for entry in layout.entries
        if entry.parameter.constraint is not None and layout.learns(entry)
    ]
