"""The upper tail of the normal distribution, which NumPy lacks: Q(x) = mills_ratio(x) * normal_density(x), x >= 0.

The two factors are kept apart because the ratio is smooth and never underflows.
"""

from __future__ import annotations

from functools import cache
from math import erfc, exp, pi, sqrt
from typing import Any

import numpy as np

from framework.core.scalars import HALF, per_dtype, scalar
from framework.core.types import Array

K = per_dtype(4.0)
SIXTEEN = per_dtype(16.0)
DENSITY_AT_ZERO = per_dtype(1 / sqrt(2 * pi))
DEGREE = {4: 12, 8: 22}  # by item size: enough for the precision of float32 and float64


def mills_ratio(x: Array) -> Array:
    """Return R(x) = Q(x) / density(x) of the standard normal distribution, x >= 0, to a few units in the last place.

    (x + k) R(x) is computed as a polynomial in t = (x - k) / (x + k), interpolated at Chebyshev's points.
    Source: Shepherd & Laframboise 1981, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf".
    """
    k = K[x.dtype]
    shifted: Array = x + k
    t = (x - k) / shifted
    highest, second, *others = _coefficients(x.dtype)
    r = np.multiply(t, highest, np.empty_like(t))
    np.add(r, second, r)
    for coefficient in others:
        np.multiply(r, t, r)
        np.add(r, coefficient, r)
    return np.divide(r, shifted, r)


def normal_density(x: Array) -> Array:
    """Return exp(-x^2 / 2) / sqrt(2 pi), exact to rounding also for large |x|.

    Rounding x^2 would cost x^2 / 2 units in the last place, so it is split: with h = x rounded to sixteenths,
    h^2 is exact and x^2 = h^2 + (x - h)(x + h). Source: Cody 1969, "Rational Chebyshev approximations for the
    error function", section 4.
    """
    half = HALF[x.dtype]
    h = np.rint(x * SIXTEEN[x.dtype]) / SIXTEEN[x.dtype]
    rest = np.exp((h - x) * (h + x) * half)
    density: Array = np.exp(-h * h * half) * rest * DENSITY_AT_ZERO[x.dtype]
    return density


@cache
def _coefficients(dtype: Any) -> list[Array]:
    """Return the polynomial's coefficients, highest power first."""
    from numpy.polynomial.chebyshev import cheb2poly

    n = DEGREE[dtype.itemsize] + 1
    angles = (np.arange(n) + 0.5) * pi / n
    values = [(x + 4) * _mills_ratio(x) for x in 4 / np.tan(angles / 2) ** 2]
    chebyshev = 2 / n * np.cos(np.outer(np.arange(n), angles)) @ values
    chebyshev[0] /= 2
    return [scalar(float(c), dtype) for c in cheb2poly(chebyshev)[::-1]]


def _mills_ratio(x: float) -> float:
    """Return R(x) by its definition or by Laplace's continued fraction 1 / (x + 1 / (x + 2 / (x + ...)))."""
    if x < 2:
        return sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(2))
    r = x
    for n in range(100, 0, -1):
        r = x + n / r
    return 1 / r
