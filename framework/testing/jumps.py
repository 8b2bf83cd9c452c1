"""Jumps of a function, which its slopes do not show."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from framework.activations import Activation
from framework.core.types import Array
from framework.regularizers import Regularizer
from framework.testing.report import Subject

WORST = 8  # intervals
HALVINGS = 30
PENALTIES = np.linspace(0.02, 8.0, 65)  # times W
JUMP = 1e-6  # of the penalty there
ROUNDING = 1e-10  # of the largest penalty
INPUTS = np.linspace(-40.3, 40.1, 1200)
STEP = 0.01  # of an activation: less may come of a series that is cut off
ALIKE = 1e-3
FEW = 2  # jumps of a function with a slip, one on each side of 0: a sawtooth has more
CAUSE = "the branches of a distinction of cases do not meet: the slopes fit, but a constant is missing in one"


class Points(NamedTuple):
    """Places, and a function's values and slopes there."""

    places: Array
    values: Array
    slopes: Array


def check_jump(subject: Subject, f: Regularizer, W: Array) -> None:
    """Check that the penalty on ``t W`` is the integral of its slope over `t`."""

    def at(places: Array) -> Points:
        with np.errstate(all="ignore"):
            values = [float(f(t * W)) for t in places]
            return Points(places, np.array(values), np.array([np.vdot(f.gradient(t * W), W) for t in places]))

    least, (a, b) = _narrowed(at, PENALTIES)
    gap = _gap(a, b)
    wrong = gap > np.maximum(JUMP * np.maximum(np.abs(a.values), np.abs(b.values)), ROUNDING * least)
    if wrong.any():
        k = int(wrong.argmax())
        where = _entry(f, a.places[k] * W, b.places[k] * W)
        subject.fail("penalty", f"jumps from {a.values[k]:.6g} to {b.values[k]:.6g} where {where}", CAUSE)


def _entry(f: Regularizer, before: Array, after: Array) -> str:
    """Return in words which entry makes the penalty jump on the way from one W to another, if it is one alone."""
    jump = f(after) - f(before)
    for i in np.ndindex(before.shape):
        W = before.copy()
        W[i] = after[i]
        if abs(f(W) - f(before) - jump) < 0.01 * abs(jump):
            return f"an entry of W passes {after[i]:.6g}"
    return f"the length of W passes {np.linalg.norm(after):.6g}"


def check_step(subject: Subject, f: Activation, kinks: tuple[float, ...]) -> None:
    """Check that an activation does not jump where its slope goes on unbroken: a constant is missing in one case.

    Steps, thresholds and shrinkage jump where it is constant on one side, or changes its slope; periodic functions jump
    often, and odd ones, as z + sign(z), at 0: all these may be meant.
    """

    def at(places: Array) -> Points:
        with np.errstate(all="ignore"):
            a = np.array(f(places[None].copy()))
            return Points(places, a[0], np.array(f.derivative(places[None].copy(), a))[0])

    _, (a, b) = _narrowed(at, INPUTS)
    size = np.abs(b.values - a.values)
    jump = (_gap(a, b) > STEP) & (size > STEP * (1 + np.minimum(np.abs(a.values), np.abs(b.values))))
    if not 0 < len(places := np.unique(a.places[jump].round(6))) <= FEW:
        return
    unbroken = np.abs(a.slopes - b.slopes) <= ALIKE * np.abs(a.slopes)
    odd = np.abs(a.values + b.values) <= ALIKE * size
    wrong = jump & unbroken & (np.abs(a.slopes) > ALIKE) & ~odd
    wrong &= ~np.isclose(a.places[:, None], kinks, atol=1e-6).any(axis=1) if kinks else True
    if wrong.any():
        k = int(wrong.argmax())
        place = round(float(a.places[k]), 6) + 0.0
        problem = f"jumps from {a.values[k]:.6g} to {b.values[k]:.6g}, and its slope is {a.slopes[k]:.6g} on both sides"
        subject.fail(f"f(z), z = {place:g}", problem, f"{CAUSE} (or give kinks=({place:g},) if it is meant)")


def _narrowed(at: Callable[[Array], Points], places: Array) -> tuple[float, tuple[Points, Points]]:
    """Return the largest value, and both ends of the intervals in which slopes explain least of the change of values.

    An interval is halved again and again: at a kink the difference vanishes, at a jump it stays.
    """
    points = at(places)
    a, b = (Points(*(each[ends] for each in points)) for ends in (np.s_[:-1], np.s_[1:]))
    worst = np.argsort(-_gap(a, b), kind="stable")[:WORST]
    a, b = (Points(*(each[worst] for each in ends)) for ends in (a, b))
    for _ in range(HALVINGS):
        middle = at((a.places + b.places) / 2)
        left = _gap(a, middle) >= _gap(middle, b)
        a, b = (
            Points(*(np.where(left, *pair) for pair in zip(a, middle, strict=True))),
            Points(*(np.where(left, *pair) for pair in zip(middle, b, strict=True))),
        )
    return float(np.abs(points.values).max()), (a, b)


def _gap(a: Points, b: Points) -> Array:
    """Return by how much the values change beside what the slopes explain."""
    with np.errstate(all="ignore"):
        gap = np.abs(b.values - a.values - (b.places - a.places) * (a.slopes + b.slopes) / 2)
    return np.asarray(np.nan_to_num(gap, posinf=0.0))
