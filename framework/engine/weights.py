"""Parameters of a network as lists of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
