"""Jumps of a function, which its slopes do not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from framework.core.types import Array

WORST = 16  # intervals
HALVINGS = 26
LEAST = 1e-5  # of a change, to which another is compared
BRANCHES = "the branches of a distinction of cases do not meet: the slopes fit, but a constant is missing in one"


class Points(NamedTuple):
    """Places, and the values and slopes of a function there, each an array (points,)."""

    places: Array
    values: Array
    slopes: Array

    def take(self, which: Array | slice) -> Points:
        """Return some of the points."""
        return Points(self.places[which], self.values[which], self.slopes[which])


def worst(a: Points, b: Points) -> Array:
    """Return the indices of the intervals, from each `a` to its `b`, whose slopes explain the values least."""
    return np.argsort(-_gap(a, b), kind="stable")[:WORST]


def narrowed(at: Callable[[Array], Points], a: Points, b: Points) -> tuple[Points, Points]:
    """Halve intervals again and again, and keep the half that is explained least; return both ends of each.

    At a kink the difference of the values vanishes, at a jump it stays.
    """
    for _ in range(HALVINGS):
        middle = at((a.places + b.places) / 2)
        left = _gap(a, middle) >= _gap(middle, b)
        a, b = _chosen(left, a, middle), _chosen(left, middle, b)
    return a, b


def _chosen(left: Array, here: Points, there: Points) -> Points:
    return Points(*(np.where(left, first, second) for first, second in zip(here, there, strict=True)))


def _gap(a: Points, b: Points) -> Array:
    """Return by how much values differ that the slopes at both ends do not explain, beside what they explain."""
    with np.errstate(all="ignore"):
        width = b.places - a.places
        explained = width * (np.abs(a.slopes) + np.abs(b.slopes)) + LEAST
        gap = np.abs(b.values - a.values - width * (a.slopes + b.slopes) / 2) / explained
    return np.asarray(np.nan_to_num(gap, posinf=0.0))
