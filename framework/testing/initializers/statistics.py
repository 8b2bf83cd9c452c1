"""The mean and the standard deviation of what an initializer draws."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from framework.core.types import Array
from framework.initializers import fans
from framework.testing.core.report import Subject

Statistic = float | Callable[[int, int], float]

DEVIATIONS = 6.0


def check_statistics(subject: Subject, samples: Array, mean: Statistic | None, std: Statistic | None) -> None:
    """Check the mean and the standard deviation of arrays of one shape, (draws, *shape)."""
    fan_in, fan_out = fans(samples.shape[1:])
    part = f"shape {samples.shape[1:]}"
    deviations = samples - samples.mean()
    variance = float((deviations**2).mean())
    if mean is not None:
        expected, computed = value_of(mean, fan_in, fan_out), float(samples.mean())
        error = max(sqrt(variance / samples.size), _error(samples))
        if abs(computed - expected) > DEVIATIONS * error + 1e-12:
            subject.fail(part, f"mean: computed {computed:.5g}, expected {expected:.5g}", "the values are shifted")
    if std is None:
        return
    expected = value_of(std, fan_in, fan_out)
    error = sqrt(max(float((deviations**4).mean()) - variance**2, 0) / samples.size)
    error = max(error, _error(deviations**2))
    rounding = (4 * np.finfo(samples.dtype).eps * float(np.abs(samples).max())) ** 2  # of the mean, for equal values
    if abs(variance - expected**2) > DEVIATIONS * error + 1e-9 * variance + rounding:
        problem = f"standard deviation: computed {sqrt(variance):.5g}, expected {expected:.5g}"
        exchanged, second = value_of(std, fan_out, fan_in), value_of(std, samples.shape[2], fan_out)
        cause = of_variance(variance, expected, exchanged, DEVIATIONS * error)
        if second != expected and abs(variance - second**2) < DEVIATIONS * error:
            cause = "fan_in is the second axis alone: it is the product of all axes after the first"
        subject.fail(part, problem, cause)


def _error(values: Array) -> float:
    """Return the standard error of the mean from that of each array, whose entries may depend on each other."""
    means = values.reshape(len(values), -1).mean(axis=1)
    return float(means.std(ddof=1)) / sqrt(len(means)) if len(means) > 1 else 0.0


def value_of(statistic: Statistic, fan_in: int, fan_out: int) -> float:
    """Return a statistic for these fans."""
    return float(statistic(fan_in, fan_out) if callable(statistic) else statistic)


def of_variance(variance: float, std: float, exchanged: float, near: float) -> str:
    """Return why a variance is not ``std**2``; `exchanged` is the deviation with fan_in and fan_out exchanged."""
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
    if abs(variance - std**4 / 3) < near:
        return "the variance is taken for the limit of a uniform distribution: limit = sqrt(3) std"
    for factor, name in ((2, "factor 2"), (0.5, "factor 2"), (4, "factor 2"), (0.25, "factor 2"), (3, "sqrt(3)")):
        if abs(variance - factor * std**2) < near:
            return f"{name}: the variance is {factor:g} times what it should be"
    if abs(variance - 0.7737 * std**2) < near:
        return "cut off at two deviations, which leaves 0.8796 of the deviation: divide by 0.8796"
    return f"the variance is {variance / std**2:.4g} times what it should be"
