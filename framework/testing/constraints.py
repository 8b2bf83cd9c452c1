"""The conformance check of constraints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framework.constraints import Constraint
from framework.core.types import Array
from framework.testing.arguments import check_arguments
from framework.testing.arrays import check_layouts, shapes_of
from framework.testing.regularizers import SHAPES, ZERO_NORM
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged


@reporting
def check_constraint(constraint: Constraint, *, shapes: object = SHAPES, seeds: Sequence[int] = (0, 1, 2)) -> None:
    """Check that a constraint is a projection: allowed values stay, others move to the nearest allowed ones.

    Parameters
    ----------
    constraint : Constraint
    shapes : shape or sequence of shapes
        The shapes of the parameters to try.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(constraint)
    check_arguments(subject)
    with unchanged(subject):
        for seed in seeds:
            for shape in shapes_of(shapes):
                rng = np.random.default_rng(seed)
                for scale in (0.1, 1.0, 5.0):
                    _check_projection(subject, constraint, scale * rng.standard_normal(shape), rng)
                with np.errstate(all="ignore"):
                    zero = constraint(np.zeros(shape))
                subject.finite("W = 0", zero, ZERO_NORM)


def _check_projection(subject: Subject, constraint: Constraint, W: Array, rng: np.random.Generator) -> None:
    V = subject.compute("constraint(W)", lambda: constraint(W), W.shape, W=W)
    subject.finite("constraint(W)", V)
    subject.same("constraint(constraint(W))", constraint(V.copy()), V, cause="not idempotent: allowed values must stay")
    subject.array("constraint(W) in float32", constraint(W.astype(np.float32)), W.shape, np.float32)
    check_layouts(subject, "constraint(W)", constraint, [W], V)
    distance = np.linalg.norm(V - W)
    for spread in (0.1, 1.0):
        other = constraint(V + spread * rng.standard_normal(W.shape))
        if np.linalg.norm(other - W) < distance * (1 - 1e-6) - 1e-12:
            problem = f"the result is {distance:.5g} away from W, an allowed value only {np.linalg.norm(other - W):.5g}"
            subject.fail("constraint(W)", problem, "not the nearest allowed values: wrong axis, or too strong")
