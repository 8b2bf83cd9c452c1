"""`check_regularizer` and `check_constraint`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from framework.constraints import Constraint
from framework.core.types import Array
from framework.regularizers import Regularizer
from framework.testing.arguments import attributes, check_arguments, unchanged
from framework.testing.arrays import layouts, shapes_of
from framework.testing.numeric import away_from, slopes
from framework.testing.report import Subject, reporting

SHAPES = ((4, 3), (2, 5), (6,))


@reporting
def check_regularizer(
    regularizer: Regularizer,
    *,
    shapes: object = SHAPES,
    kinks: Sequence[float] = (),
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a regularizer: its gradient against central differences, and what every component must do.

    Parameters
    ----------
    regularizer : Regularizer
    shapes : shape or sequence of shapes
        Of the parameters it is tried on.
    kinks : sequence of float
        Values of a parameter to keep away from; others are recognised.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(regularizer)
    check_arguments(subject)
    before = attributes(regularizer)
    for seed in seeds:
        for shape in shapes_of(shapes):
            rng = np.random.default_rng(seed)
            W = away_from(rng.standard_normal(shape), tuple(kinks))
            value = _number(subject, regularizer, W)
            gradient = subject.call("gradient(W)", regularizer.gradient, W, W=W)
            gradient = subject.array("gradient(W)", gradient, shape, np.float64).copy()
            expected = slopes(partial(regularizer, W), W, rng)
            subject.gradient("gradient(W)", gradient, expected, factors={"the number of elements": W.size})
            for layout, other in layouts(W).items():
                part = f"W {layout}"
                subject.same(f"penalty, {part}", subject.call(part, regularizer, other), value)
                subject.same(f"gradient, {part}", subject.call(part, regularizer.gradient, other), gradient)
            small = W.astype(np.float32)
            _number(subject, regularizer, small)
            subject.array("gradient(W) in float32", regularizer.gradient(small), shape, np.float32)
            _check_zero(subject, regularizer, np.zeros(shape))
    unchanged(subject, before)


def _number(subject: Subject, regularizer: Regularizer, W: Array) -> float:
    value = subject.call("penalty", lambda: regularizer(W), W=W)
    if not isinstance(value, float | np.floating):
        subject.fail("penalty", f"computed {type(value).__name__}, expected a float", "a sum over all axes is missing")
    again = regularizer(W)
    subject.require(value == again, "penalty", f"computed {value!r}, then {again!r}", "stale state from the last call")
    return float(value)


def _check_zero(subject: Subject, regularizer: Regularizer, W: Array) -> None:
    with np.errstate(all="ignore"):
        finite = np.isfinite(regularizer(W)) and np.isfinite(regularizer.gradient(W)).all()
    subject.require(finite, "W = 0", "penalty or gradient is not finite", "a division by the norm, which is 0")


@reporting
def check_constraint(constraint: Constraint, *, shapes: object = SHAPES, seeds: Sequence[int] = (0, 1, 2)) -> None:
    """Check a constraint: it projects (allowed values stay, others go to the nearest allowed ones).

    Parameters
    ----------
    constraint : Constraint
    shapes : shape or sequence of shapes
        Of the parameters it is tried on.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(constraint)
    check_arguments(subject)
    before = attributes(constraint)
    for seed in seeds:
        for shape in shapes_of(shapes):
            rng = np.random.default_rng(seed)
            for scale in (0.1, 1.0, 5.0):
                _check_projection(subject, constraint, scale * rng.standard_normal(shape), rng)
            with np.errstate(all="ignore"):
                finite = np.isfinite(constraint(np.zeros(shape))).all()
            subject.require(
                finite, "W = 0", "computed values that are not finite", "a division by the norm, which is 0"
            )
    unchanged(subject, before)


def _check_projection(subject: Subject, constraint: Constraint, W: Array, rng: np.random.Generator) -> None:
    V = subject.call("constraint(W)", lambda: constraint(W), W=W)
    V = subject.array("constraint(W)", V, W.shape, np.float64).copy()
    subject.require(np.isfinite(V).all(), "constraint(W)", "computed values that are not finite")
    subject.same("constraint(constraint(W))", constraint(V.copy()), V, cause="not idempotent: allowed values must stay")
    subject.array("constraint(W) in float32", constraint(W.astype(np.float32)), W.shape, np.float32)
    for layout, other in layouts(W).items():
        subject.same(f"W {layout}", subject.call(f"W {layout}", constraint, other), V)
    distance = np.linalg.norm(V - W)
    for spread in (0.1, 1.0):
        other = constraint(V + spread * rng.standard_normal(W.shape))
        if np.linalg.norm(other - W) < distance * (1 - 1e-6) - 1e-12:
            problem = f"the result is {distance:.5g} away from W, allowed values only {np.linalg.norm(other - W):.5g}"
            subject.fail("constraint(W)", problem, "not the nearest allowed values: wrong axis, or too strong")
