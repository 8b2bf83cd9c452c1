"""The inputs of a picture: which features are its axes, how far they reach, and what the others are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.core import arguments, arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.plots.axes import DOMAIN, Range, number_range, range_of, warn_of


@dataclass(frozen=True)
class Plane:
    """One or two features over which predictions are drawn.

    Parameters
    ----------
    features : tuple of int
        The columns of X on the horizontal axis and, if there are two, on the vertical one.
    names : list of str
        The labels of these axes.
    limits : list of (low, high)
        The range of each.
    row : ndarray, shape (inputs,)
        One sample, from which the columns that are not drawn are taken: the means of the data.
    table : object or None
        The DataFrame that X was; a model that was fitted on one is asked with one.
    """

    features: tuple[int, ...]
    names: list[str]
    limits: list[Range]
    row: Array
    table: Any = None

    @property
    def flat(self) -> bool:
        """Whether there is one feature, so that predictions are a curve."""
        return len(self.features) == 1

    def grid(self, resolution: int) -> list[Array]:
        """Return the centers of `resolution` pixels along each axis."""
        steps = (np.arange(resolution) + 0.5) / resolution
        return [low + (high - low) * steps for low, high in self.limits]

    def samples(self, resolution: int) -> Any:
        """Return an input for each pixel, row by row from below, (resolution ** axes, inputs)."""
        coordinates = np.stack([axis.ravel() for axis in np.meshgrid(*self.grid(resolution))], axis=1)
        rows = np.repeat(self.row[np.newaxis], len(coordinates), axis=0)
        rows[:, self.features] = coordinates
        return rows if self.table is None else type(self.table)(rows, columns=list(self.table.columns))

    def warn_of_points_outside(self, X: Array, who: str) -> None:
        """Warn of rows of `X` that do not lie within the limits."""
        low, high = np.transpose(self.limits)
        drawn = X[:, self.features]
        outside = ((drawn < low) | (drawn > high)).any(axis=1)
        warn_of(outside, f"of {len(X)} points of {who}, outside the limits")


def plane(
    data: dict[str, Any], inputs: int | None, features: Any = None, limits: Any = None
) -> tuple[Plane, dict[str, Array]]:
    """Return the plane to draw, and the data as arrays (n, inputs).

    Parameters
    ----------
    data
        X by its name in messages; may be empty.
    inputs
        How many features a model takes, if that is known.
    features
        One or two numbers of columns; needed if there are more than two.
    limits
        A range for each axis, by default that of the data, or the playground's where there is no data.
    """
    table = next((X for X in data.values() if hasattr(X, "columns") and hasattr(X, "iloc")), None)
    checked = {name: arrays.numbers(X, name) for name, X in data.items()}
    expected = f"(n, {inputs or 2})"
    for name, X in checked.items():
        if X.ndim != 2 or X.shape[1] == 0:
            raise ValueError(f"only data with two inputs can be drawn: {name} must be {expected}, got {X.shape}")
        arrays.finite(X, name)
        inputs = inputs or X.shape[1]
        if X.shape[1] != inputs:
            raise ValueError(f"{name} must be (n, {inputs}), got {X.shape}")
    inputs = inputs or 2
    everything = np.concatenate([X.reshape(-1, inputs) for X in checked.values()] or [np.zeros((0, inputs))])
    if features is None and inputs > 2:
        got = next(
            (f"{name} must be (n, 2), got {X.shape}" for name, X in checked.items()), f"the model takes {inputs}"
        )
        raise ValueError(
            f"only data with two inputs can be drawn: {got}; choose two with features=(i, j), and the others are held "
            "at their means in the data"
        )
    chosen = tuple(range(inputs)) if features is None else _features(features, inputs)
    if not len(everything) and len(chosen) < inputs:
        raise ValueError(f"features of {inputs} inputs need data (X_train), for the means of the others")
    columns = [str(column) for column in table.columns] if table is not None else []
    names = [columns[i] if columns else f"$x_{{{i + 1}}}$" if inputs > 1 else "$x$" for i in chosen]
    means = everything.mean(axis=0) if len(everything) else np.zeros(inputs)
    row = means.astype(arrays.float_dtype(everything))
    return Plane(chosen, names, _limits(limits, everything[:, chosen]), row, table), checked


def _features(features: Any, inputs: int) -> tuple[int, ...]:
    given = features if isinstance(features, tuple | list) else (features,)
    chosen = tuple(arguments.integer(i, "features", least=0) for i in given)
    if len(chosen) not in (1, 2) or len(set(chosen)) < len(chosen) or max(chosen) >= inputs:
        raise ValueError(f"features must be one or two different columns, 0 to {inputs - 1}, got {shown(features)}")
    return chosen


def _limits(limits: Any, drawn: Array) -> list[Range]:
    axes = drawn.shape[1]
    if limits is None:
        return [range_of(column) for column in drawn.T] if len(drawn) else [DOMAIN] * axes
    if axes == 1 and np.shape(limits) == (2,):
        limits = [limits]
    if np.shape(limits) != (axes, 2):
        expected = "(low, high)" if axes == 1 else "((low, high), (low, high)), one range for each axis"
        raise ValueError(f"limits must be {expected}, got {shown(limits)}")
    return [number_range(limit, "limits") for limit in limits]
