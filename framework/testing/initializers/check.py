"""The conformance check of initializers."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array, Shape
from framework.initializers import Initializer
from framework.testing.core.arguments import check_arguments
from framework.testing.core.arrays import shapes_of
from framework.testing.core.effects import check_effects
from framework.testing.core.reasons import on_purpose
from framework.testing.core.report import Subject, reporting
from framework.testing.core.state import unchanged
from framework.testing.core.variants import variants
from framework.testing.initializers.draws import check_draws
from framework.testing.initializers.names import check_named
from framework.testing.initializers.statistics import Statistic, check_statistics

SHAPES = ((40, 90), (90, 40), (7,), (3, 4, 5), (2, 3, 4, 5), (1, 6), (6, 1), (1, 1))

VECTOR = "this shape is that of biases: take fans(shape), or raise a ValueError that says what it is for"


@reporting
def check_initializer(
    initializer: Initializer,
    *,
    shapes: object = None,
    mean: Statistic | None = None,
    std: Statistic | None = None,
    draws: int = 10,
) -> None:
    """Check an initializer: shape, dtype, that it draws from its generator alone, and its mean and deviation if given.

    Parameters
    ----------
    initializer : Initializer
    shapes : shape or sequence of shapes, optional
        The shapes of the arrays to draw; by default shapes of one to four axes, without those that the initializer
        refuses by raising an error itself.
    mean, std : float or callable ``(fan_in, fan_out) -> float``, optional
        The right mean and standard deviation; checked within 6 standard errors on arrays of two axes, and of more if
        they are given in `shapes`: there fan_in is the product of all axes but the first. Without `std`, what the name
        of the class or its description says of fan_in and fan_out is compared with how the values grow.
    draws : int
        The number of arrays of each shape that the statistics are computed from.

    Raises
    ------
    AssertionError
        With the values computed and expected, and the likeliest cause.

    Examples
    --------
    >>> from math import sqrt
    >>> from framework.initializers import HeNormal
    >>> check_initializer(HeNormal(), mean=0, std=lambda fan_in, fan_out: sqrt(2 / fan_in))
    """
    subject = Subject(initializer)
    check_arguments(subject)
    with unchanged(subject):
        tried: list[Shape] = []
        for shape in SHAPES if shapes is None else shapes_of(shapes):
            try:
                check_draws(subject, initializer, shape)
            except AssertionError as failure:
                if shapes is None and _refused(failure):
                    continue
                if isinstance(failure.__cause__, IndexError | ValueError) and len(shape) == 1 and tried:
                    raise AssertionError(f"{failure} ({VECTOR})") from failure
                raise
            tried.append(shape)
            asked = len(shape) == 2 or shapes is not None
            if asked and len(shape) > 1 and min(shape) > 1 and (mean is not None or std is not None):
                check_statistics(subject, _drawn(initializer, shape, draws), mean, std)
        if not tried:
            subject.fail("shapes", f"none of {SHAPES} is accepted", "give the shapes that it is for, shapes=...")
        if std is None and {SHAPES[0], SHAPES[1]} <= set(tried):
            check_named(subject, lambda: [_drawn(initializer, shape, draws) for shape in SHAPES[:2]])
        for other in variants(initializer, lambda other: _drawn(other, tried[0], 1)):
            check_draws(Subject(other), other, tried[0])
        check_effects(subject, initializer, lambda other: [_drawn(other, shape, 1) for shape in tried[2:] or tried])


def _refused(failure: AssertionError) -> bool:
    """Return whether a check failed because the initializer has raised an error itself."""
    error = failure.__cause__
    return isinstance(error, ValueError | TypeError | NotImplementedError) and on_purpose(error)


def _drawn(f: Initializer, shape: Shape, draws: int) -> Array:
    return np.stack([f(shape, np.random.default_rng([5, k])) for k in range(draws)])
