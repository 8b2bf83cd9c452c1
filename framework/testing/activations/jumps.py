"""Jumps of an activation that come of a slip, and not of a purpose."""

from __future__ import annotations

import numpy as np

from framework.activations import Activation
from framework.core.types import Array
from framework.testing.core.jumps import BRANCHES, Points, narrowed, worst
from framework.testing.core.report import Subject

PLACES = np.linspace(-40.3, 40.1, 1200)
STEP = 0.01  # less may come of a series that is cut off
ALIKE = 1e-3
FEW = 2  # jumps of a function with a slip, one on each side of 0: a sawtooth has more


def check_jumps(subject: Subject, f: Activation, units: int, kinks: tuple[float, ...]) -> None:
    """Check that an activation does not jump where its slope goes on unbroken: a constant is missing in one case.

    Steps, thresholds and shrinkage jump where they are flat on one side, or change their slope; periodic functions
    jump often, and odd ones, as z + sign(z), at 0: all these may be meant.
    """

    def at(places: Array) -> Points:
        z = np.repeat(places[:, None], units, axis=1)
        with np.errstate(all="ignore"):
            a = np.array(f(z))
            return Points(places, a[:, 0], np.array(f.derivative(z, a))[:, 0])

    points = at(PLACES)
    starts, stops = points.take(np.s_[:-1]), points.take(np.s_[1:])
    which = worst(starts, stops)
    a, b = narrowed(at, starts.take(which), stops.take(which))
    size = np.abs(b.values - a.values)
    jump = np.isfinite(size) & (size > STEP * (1 + np.minimum(np.abs(a.values), np.abs(b.values))))
    if np.count_nonzero(jump) > FEW:
        return
    unbroken = (np.abs(a.slopes - b.slopes) <= ALIKE * np.abs(a.slopes)) & (np.abs(a.slopes) > ALIKE)
    odd = np.abs(a.values + b.values) <= ALIKE * size
    declared = np.isclose(a.places[:, None], [*kinks], atol=1e-6).any(axis=1)
    wrong = jump & unbroken & ~odd & ~declared
    if wrong.any():
        at_all = ", ".join(f"{place:g}" for place in _plain(np.sort(a.places[wrong])))
        place, before, after, slope = (_plain(each[wrong][0]) for each in (a.places, a.values, b.values, a.slopes))
        problem = f"jumps from {before:g} to {after:g}, and its slope is {slope:g} on both sides"
        subject.fail(f"f(z), z = {place:g}", problem, f"{BRANCHES} (or give kinks=[{at_all}] if it is meant)")


def _plain(number: Array) -> Array:
    return np.asarray(np.round(number, 6) + 0.0)
