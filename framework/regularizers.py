"""Penalties on parameters, and constraints that they are projected onto."""

from __future__ import annotations

from framework.component import Array, Component


class Regularizer(Component):
    """Base of regularizers: a penalty that is added to the loss. A subclass writes the two methods."""

    def __call__(self, parameter: Array) -> float:
        """Return the penalty on `parameter`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, parameter)")

    def gradient(self, parameter: Array) -> Array:
        """Return the penalty's gradient, in the shape of `parameter`."""
        raise NotImplementedError(f"{type(self).__name__} must define gradient(self, parameter)")


class Constraint(Component):
    """Base of constraints: what a parameter is projected onto after each step."""

    def __call__(self, parameter: Array) -> Array:
        """Return the nearest allowed values to `parameter`, in its shape."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, parameter)")
