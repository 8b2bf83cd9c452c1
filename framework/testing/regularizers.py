"""The conformance check of regularizers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from framework.core.types import Array
from framework.regularizers import Regularizer
from framework.testing.arguments import check_arguments
from framework.testing.arrays import check_layouts, shapes_of
from framework.testing.numeric import away_from, slopes
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged

SHAPES = ((4, 3), (2, 5), (6,))
ZERO_NORM = "a division by the norm, which is 0"


@reporting
def check_regularizer(
    regularizer: Regularizer,
    *,
    shapes: object = SHAPES,
    kinks: Sequence[float] = (),
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a regularizer: its gradient against central differences, layouts, dtypes, and W = 0.

    Parameters
    ----------
    regularizer : Regularizer
    shapes : shape or sequence of shapes
        The shapes of the parameters to try.
    kinks : sequence of float
        Values that the parameters keep away from. Kinks are also recognized by their one-sided slopes, and left out.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(regularizer)
    check_arguments(subject)
    with unchanged(subject):
        for seed in seeds:
            for shape in shapes_of(shapes):
                rng = np.random.default_rng(seed)
                W = away_from(rng.standard_normal(shape), tuple(kinks))
                value = _penalty(subject, regularizer, W)
                gradient = subject.compute("gradient(W)", partial(regularizer.gradient, W), shape, W=W)
                expected = slopes(partial(regularizer, W), W, rng)
                subject.gradient("gradient(W)", gradient, expected, factors={"the number of elements": W.size})
                check_layouts(subject, "penalty", regularizer, [W], value)
                check_layouts(subject, "gradient(W)", regularizer.gradient, [W], gradient)
                small = W.astype(np.float32)
                _penalty(subject, regularizer, small)
                subject.array("gradient(W) in float32", regularizer.gradient(small), shape, np.float32)
                _check_zero(subject, regularizer, np.zeros(shape))


def _penalty(subject: Subject, regularizer: Regularizer, W: Array) -> float:
    value = subject.call("penalty", lambda: regularizer(W), W=W)
    if not isinstance(value, float | np.floating):
        subject.fail("penalty", f"computed {type(value).__name__}, expected a float", "a sum over all axes is missing")
    again = regularizer(W)
    subject.require(value == again, "penalty", f"computed {value!r}, then {again!r}", "stale state from the last call")
    return float(value)


def _check_zero(subject: Subject, regularizer: Regularizer, W: Array) -> None:
    with np.errstate(all="ignore"):
        penalty, gradient = regularizer(W), regularizer.gradient(W)
    subject.finite("penalty at W = 0", penalty, ZERO_NORM)
    subject.finite("gradient at W = 0", gradient, ZERO_NORM)
