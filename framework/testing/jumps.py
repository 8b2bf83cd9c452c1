"""Jumps of a penalty, which its slopes do not show."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from framework.core.types import Array
from framework.regularizers import Regularizer
from framework.testing.report import Subject

REACH = 8.0  # times W
POINTS = 65
WORST = 4  # intervals
HALVINGS = 30
JUMP = 1e-6  # of the penalty there
ROUNDING = 1e-10  # of the largest penalty
Point = tuple[float, float, float]  # t, the penalty on t W, and its slope there


def check_jump(subject: Subject, f: Regularizer, W: Array) -> None:
    """Check that the penalty on ``t W`` is the integral of its slope over `t`.

    An interval in which it is not is halved again and again: at a kink the difference vanishes, at a jump it stays.
    """

    def at(t: float) -> Point:
        with np.errstate(all="ignore"):
            return t, float(f(t * W)), float(np.vdot(f.gradient(t * W), W))

    points = [at(t) for t in np.linspace(0.02, REACH, POINTS).tolist()]
    least = ROUNDING * max(abs(value) for _, value, _ in points)
    intervals = sorted(pairwise(points), key=lambda ends: _gap(*ends))[-WORST:]
    for a, b in intervals:
        for _ in range(HALVINGS):
            middle = at((a[0] + b[0]) / 2)
            a, b = (a, middle) if _gap(a, middle) >= _gap(middle, b) else (middle, b)
        if _gap(a, b) > max(JUMP * abs(a[1]), JUMP * abs(b[1]), least):
            i = np.unravel_index(int(np.argmax(np.abs(W))), W.shape)
            problem = f"jumps from {a[1]:.6g} to {b[1]:.6g} where the largest entry of W passes {abs(a[0] * W[i]):.6g}"
            cause = (
                "the branches of a distinction of cases do not meet: the slopes fit, but a constant is missing in one"
            )
            subject.fail("penalty", problem, cause)


def _gap(a: Point, b: Point) -> float:
    """Return by how much the penalty changes beside what its slopes explain."""
    return float(np.nan_to_num(abs(b[1] - a[1] - (b[0] - a[0]) * (a[2] + b[2]) / 2)))
