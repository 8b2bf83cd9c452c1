"""The conformance check of initializers."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from framework.core.types import Array
from framework.initializers import Initializer, fans
from framework.testing.arguments import check_arguments
from framework.testing.arrays import shapes_of
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged

Statistic = float | Callable[[int, int], float]

SHAPES = ((40, 90), (90, 40), (7,), (3, 4, 5), (1, 1))
DEVIATIONS = 6.0


@reporting
def check_initializer(
    initializer: Initializer,
    *,
    shapes: object = SHAPES,
    mean: Statistic | None = None,
    std: Statistic | None = None,
    draws: int = 10,
) -> None:
    """Check an initializer: shape, dtype, that it draws from its generator alone, and its mean and deviation if given.

    Parameters
    ----------
    initializer : Initializer
    shapes : shape or sequence of shapes
        The shapes of the arrays to draw.
    mean, std : float or callable ``(fan_in, fan_out) -> float``, optional
        The right mean and standard deviation; checked on arrays of two axes, within 6 standard errors.
    draws : int
        The number of arrays of each shape that the statistics are computed from.

    Raises
    ------
    AssertionError
        With the values computed and expected, and the likeliest cause.
    """
    subject = Subject(initializer)
    check_arguments(subject)
    with unchanged(subject):
        for shape in shapes_of(shapes):
            _check_values(subject, initializer, shape)
            if len(shape) == 2 and min(shape) > 1:
                samples = np.stack([initializer(shape, np.random.default_rng([5, k])) for k in range(draws)])
                _check_statistics(subject, samples, mean, std)


def _check_values(subject: Subject, f: Initializer, shape: tuple[int, ...]) -> None:
    part = f"shape {shape}"
    rng = np.random.default_rng(1)
    start = rng.bit_generator.state
    values = subject.array(part, subject.call(part, lambda: f(shape, rng)), shape, np.float64)
    subject.finite(part, values)
    kept = values.copy()
    again = f(shape, np.random.default_rng(1))
    subject.same(part, again, kept, cause="the same seed gives other values: a generator of its own; draw from rng")
    drawn = rng.bit_generator.state != start
    other = f(shape, np.random.default_rng(2))
    if drawn and kept.size > 1:
        same = np.array_equal(other, kept)
        subject.require(not same, part, "different seeds give the same values", "what it draws is not used")
        if len(shape) > 1 and shape[0] > 1:
            rows = np.unique(kept.reshape(shape[0], -1), axis=0)
            cause = "one row is drawn and repeated: wrong axis"
            subject.require(len(rows) == shape[0], part, "some rows are equal", cause)
    values[...] = 7.0
    last = f(shape, np.random.default_rng(1))
    cause = "it returns the same array twice: a buffer or an argument is given away; copy it"
    subject.same(part, last, kept, cause=cause)


def _check_statistics(subject: Subject, samples: Array, mean: Statistic | None, std: Statistic | None) -> None:
    fan_in, fan_out = fans(samples.shape[1:])
    part = f"shape {samples.shape[1:]}"
    deviations = samples - samples.mean()
    variance = float((deviations**2).mean())
    if mean is not None:
        expected, computed = _value(mean, fan_in, fan_out), float(samples.mean())
        if abs(computed - expected) > DEVIATIONS * sqrt(variance / samples.size) + 1e-12:
            subject.fail(part, f"mean: computed {computed:.5g}, expected {expected:.5g}", "the values are shifted")
    if std is None:
        return
    expected = _value(std, fan_in, fan_out)
    error = sqrt(max(float((deviations**4).mean()) - variance**2, 0) / samples.size)
    rounding = (4 * np.finfo(samples.dtype).eps * float(np.abs(samples).max())) ** 2  # of the mean, for equal values
    if abs(variance - expected**2) > DEVIATIONS * error + 1e-9 * variance + rounding:
        problem = f"standard deviation: computed {sqrt(variance):.5g}, expected {expected:.5g}"
        subject.fail(part, problem, _cause(variance, expected, _value(std, fan_out, fan_in), error))


def _value(statistic: Statistic, fan_in: int, fan_out: int) -> float:
    return float(statistic(fan_in, fan_out) if callable(statistic) else statistic)


def _cause(variance: float, std: float, exchanged: float, error: float) -> str:
    near = DEVIATIONS * error
    if not variance:
        return "all values are equal: nothing is drawn, or zeros are returned"
    if not std:
        return "values are drawn where all should be equal"
    if abs(variance - exchanged**2) < near:
        return "fan_in and fan_out are exchanged: a row of W is a node"
    if abs(variance - std**4) < near:
        return "the variance is taken for the standard deviation"
    if abs(variance - std) < near:
        return "the standard deviation is taken for the variance"
    if abs(variance - std**2 / 3) < near:
        return "the standard deviation is taken for the limit of a uniform distribution: limit = sqrt(3) std"
    for factor, name in ((2, "factor 2"), (0.5, "factor 2"), (4, "factor 2"), (0.25, "factor 2"), (3, "sqrt(3)")):
        if abs(variance - factor * std**2) < near:
            return f"{name}: the variance is {factor:g} times what it should be"
    return f"the variance is {variance / std**2:.4g} times what it should be"
