"""Checks of constructor arguments that several families share."""

from __future__ import annotations

from math import inf, isfinite
from typing import Any

import numpy as np

from framework.core.component import shown


def number(
    owner: Any, name: str, *, above: float = -inf, least: float = -inf, below: float = inf, most: float = inf
) -> None:
    """Raise unless ``owner.name`` is a finite number in the range: TypeError for a type, ValueError else."""
    value = getattr(owner, name)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{type(owner).__name__}: {name} must be a number, got {shown(value)}")
    if not (isfinite(value) and above < value < below and least <= value <= most):
        bounds = {"above": (above, -inf), "at least": (least, -inf), "below": (below, inf), "at most": (most, inf)}
        words = " and ".join(f"{word} {bound:g}" for word, (bound, unbounded) in bounds.items() if bound != unbounded)
        raise ValueError(f"{type(owner).__name__}: {name} must be a finite number{words and ' ' + words}, got {value}")


def flag(owner: Any, name: str) -> None:
    """Raise TypeError unless ``owner.name`` is True or False: a string such as "no" would count as true."""
    value = getattr(owner, name)
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{type(owner).__name__}: {name} must be True or False, got {shown(value)}")


def count(owner: Any, name: str) -> None:
    """Raise unless ``owner.name`` is an integer of at least 1: TypeError for a type, ValueError else."""
    value = getattr(owner, name)
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{type(owner).__name__}: {name} must be a positive integer, got {shown(value)}")
    if value < 1:
        raise ValueError(f"{type(owner).__name__}: {name} must be a positive integer, got {value}")
