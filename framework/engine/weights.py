"""Parameters of a network as lists of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array


def get_weights(views: Mapping[str, Array]) -> list[Array]:
    """Return copies of all parameters, layer by layer."""
    return [view.copy() for view in views.values()]


def set_weights(views: Mapping[str, Array], weights: Sequence[Any]) -> None:
    """Set all parameters, in the order of `get_weights`; ValueError, and nothing set, if one does not fit."""
    if not isinstance(weights, Sequence):
        raise TypeError(f"weights must be a list of arrays, as returned by get_weights, got {shown(weights)}")
    if len(weights) != len(views):
        raise ValueError(f"expected {len(views)} arrays ({', '.join(views)}), got {len(weights)}")
    new = []
    for (name, view), weight in zip(views.items(), weights, strict=True):
        array = arrays.numbers(weight, name)
        if array.shape != view.shape:
            raise ValueError(f"{name} has shape {view.shape}, got an array of shape {array.shape}")
        arrays.finite(array, name)
        new.append(arrays.as_float(array, view.dtype, name))
    for view, array in zip(views.values(), new, strict=True):
        view[...] = array


def joined(views: Mapping[str, Array]) -> Array:
    """Return a copy of all parameters as one vector, layer by layer: in the same order whichever are frozen."""
    return np.concatenate([view.ravel() for view in views.values()] or [np.empty(0)])


def put(views: Mapping[str, Array], vector: Array) -> None:
    """Set all parameters from a vector in the order of `joined`."""
    start = 0
    for view in views.values():
        view[...] = vector[start : start + view.size].reshape(view.shape)
        start += view.size


def checked_vector(views: Mapping[str, Array], vector: Any, name: str) -> Array:
    """Return `vector`; ValueError unless it holds finite numbers for all parameters, in their dtype."""
    expected = joined(views)
    if not isinstance(vector, np.ndarray) or vector.shape != expected.shape or vector.dtype != expected.dtype:
        raise ValueError(f"{name} must be {expected.size} numbers of {expected.dtype}, got {shown(vector)}")
    arrays.finite(vector, name)
    return vector
