"""Constraints: projections of parameters after each step.

W has shape (units, inputs): a row holds a node's incoming weights. A norm is that of a row; all axes after the first
count as one. An array with one axis, such as b, has one norm.
"""

from __future__ import annotations

import numpy as np

from framework.core.arguments import number
from framework.core.component import Component
from framework.core.types import Array


class Constraint(Component):
    """Base of constraints: a set of allowed values, onto which a parameter is projected after each step."""

    def __call__(self, parameter: Array) -> Array:
        """Return the allowed values that are nearest to `parameter`, in its shape."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, parameter)")


ConstraintLike = str | Constraint | type[Constraint]  # see `Component.of`


class NonNegative(Constraint):
    """``max(w, 0)``."""

    def __call__(self, parameter: Array) -> Array:
        return np.maximum(parameter, 0)


class MaxNorm(Constraint):
    """Each row no longer than `max_value`: ``w * min(1, max_value / ||w||)``.

    Keras limits the columns of its (inputs, units) arrays, which are the same weights.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", section 5.1.

    Parameters
    ----------
    max_value : float
        The largest length of a row.
    """

    def __init__(self, max_value: float = 2.0) -> None:
        self.max_value = max_value
        self.check()

    def check(self) -> None:
        number(self.max_value, "max_value", self, above=0)

    def __call__(self, parameter: Array) -> Array:
        limit = float(self.max_value)
        return np.multiply(parameter, limit / np.maximum(_norms(parameter), limit))


class UnitNorm(Constraint):
    """Each row of length 1: ``w / ||w||``. A row of zeros stays as it is.

    Source: Salimans & Kingma 2016, "Weight normalization", eq. 2 with g = 1.
    """

    def __call__(self, parameter: Array) -> Array:
        norms = _norms(parameter)
        return np.divide(parameter, np.where(norms > 0, norms, 1))


def _norms(parameter: Array) -> Array:
    """Return the length of each row, in a shape that broadcasts: (units, ...) -> (units, 1, ...); (n,) -> (1,)."""
    axes = tuple(range(1, parameter.ndim)) if parameter.ndim > 1 else None
    squares: Array = np.square(parameter).sum(axes, keepdims=True)
    return np.sqrt(squares)
