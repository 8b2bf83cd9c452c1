"""Why the gradient of a loss is wrong: it is so on one side of the targets, or with one value of an argument."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from framework.core.constructors import constructor_arguments
from framework.core.types import Array
from framework.losses import Loss
from framework.testing.core.causes import factor_of, likeliest
from framework.testing.core.variants import BESIDE, with_argument

PLAIN = (1.0, 0.0, 0.5)  # with which an argument makes no difference: as a factor, a term, or the share of one side
STEP = 1e-6


def of_sides(y: Array, p: Array, gradient: Array, expected: Array, arguments: Mapping[str, float]) -> str:
    """Return what is wrong on one side of the targets, or with one class, alone, "" if that is not it."""
    names = ("y_pred is above y_true", "y_pred is below y_true")
    if np.isin(y, (0, 1)).all() or np.isin(y, (-1, 1)).all():
        names = (f"y_true is {y.min():g}", "y_true is 1")
    sides = (p > y, p < y) if names[0].startswith("y_pred") else (y < 1, y == 1)
    if min(side.sum() for side in sides) < 3:
        return ""
    first, second = (factor_of(gradient[side], expected[side]) for side in sides)
    if first is None or second is None or np.isclose(first, second, rtol=1e-4):
        return ""
    for name, side, other in zip(names, sides, (second, first), strict=True):
        if np.isclose(other, 1, rtol=1e-4):
            return f"where {name}, {likeliest(gradient[side], expected[side], None, None, arguments)}"
    if np.isclose(first * second, 1, rtol=1e-4):
        return f"the factors where {names[0]} and where {names[1]} are exchanged: a comparison is the wrong way round"
    return ""


def of_arguments(loss: Loss, y: Array, p: Array) -> str:
    """Return with which value of an argument the gradient is right, "" if there is none: then it may be left out."""
    defaults = constructor_arguments(type(loss))
    for name, value in loss.get_params(deep=False).items():
        if name in BESIDE or type(value) not in (int, float):
            continue
        for other in (defaults.get(name), *PLAIN):
            if type(other) not in (int, float) or other == value:
                continue
            variant = with_argument(loss, name, other)
            if variant is not None and _fits(variant, y, p):
                return f"; it is right with {name}={other!r}: the fault is where {name} enters, or is left out"
    return ""


def _fits(loss: Loss, y: Array, p: Array) -> bool:
    """Return whether the gradient is the derivative of the losses."""
    try:
        with np.errstate(all="ignore"):
            gradient = loss.gradient(y, p).copy()
            for k in range(p.shape[1]):
                step = STEP * (np.arange(p.shape[1]) == k)
                slopes = (loss.per_sample(y, p + step) - loss.per_sample(y, p - step)) / (2 * STEP)
                if not np.allclose(gradient[:, k], slopes, rtol=1e-4, atol=1e-7):
                    return False
    except Exception:  # a value that it cannot have
        return False
    return bool(gradient.any())
