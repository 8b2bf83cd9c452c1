"""The likeliest cause of a wrong array, from how it differs from the right one."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from framework.core.types import Array, Shape

CLOSE = 1e-5


def sizes(shape: Shape) -> dict[str, float]:
    """Return the numbers that confusing a sum and a mean over outputs of this shape makes a factor of."""
    return {"the batch size": shape[0], "the number of outputs": prod(shape[1:])}


def likeliest(
    computed: Array,
    expected: Array,
    factors: Mapping[str, float] | None = None,
    alternatives: Mapping[str, Array] | None = None,
) -> str:
    """Return a sentence that explains how `computed` differs from `expected`.

    Parameters
    ----------
    computed, expected : ndarray
        Arrays of the same shape.
    factors : dict, optional
        Factors that a wrong array may be off by, each under its name, such as "the batch size".
    alternatives : dict, optional
        Arrays that known faults would compute, each under the name of its fault.
    """
    if np.isnan(computed).any():
        return "NaN: an offered buffer is not filled, or += accumulates in it (buffers hold NaN before each call)"
    if not np.isfinite(computed).all():
        return "a division by zero or an overflow"
    for fault, alternative in (alternatives or {}).items():
        if alternative.shape == computed.shape and _near(computed, alternative):
            return fault
    if not computed.any():
        return "all zero: not written, or a term is missing"
    ratio = _ratio(computed, expected)
    if ratio is not None:
        return _of_ratio(ratio, factors or {})
    if _near(computed, expected**2):
        return "squared: the square is returned where the value belongs"
    if _near(np.abs(computed), np.abs(expected)):
        return "the sign of some entries is wrong"
    if computed.ndim > 1 and computed.shape[0] == computed.shape[1] and _near(computed, expected.swapaxes(0, 1)):
        return "transposed: axes are exchanged"
    if computed.ndim and _near(np.sort(computed, axis=None), np.sort(expected, axis=None)):
        return "the right entries in another order: wrong axis or transposed"
    for axis in range(computed.ndim):
        if _constant(computed, axis) and not _constant(expected, axis):
            return f"constant along axis {axis}: a sum or mean over the wrong axis"
    wrong = ~np.isclose(computed, expected, rtol=CLOSE, atol=CLOSE * np.abs(expected).max(initial=0.0))
    if wrong.mean() < 0.5:
        return f"{int(wrong.sum())} of {wrong.size} entries are wrong: a case (a sign, a boundary, an index) is missed"
    return "a wrong formula, or a sum over the wrong axis"


def _near(computed: Array, other: Array) -> bool:
    scale = float(np.abs(other).max(initial=0.0))
    return scale > 0 and bool(np.allclose(computed, other, rtol=CLOSE, atol=CLOSE * scale))


def _constant(array: Array, axis: int) -> bool:
    return array.shape[axis] > 1 and _near(array, array.take([0], axis) + 0 * array)


def _ratio(computed: Array, expected: Array) -> float | None:
    size = float(expected.ravel() @ expected.ravel())
    if not size:
        return None
    ratio = float(computed.ravel() @ expected.ravel()) / size
    return ratio if ratio and _near(computed, ratio * expected) else None


def _of_ratio(ratio: float, factors: Mapping[str, float]) -> str:
    times = f"every entry is {ratio:.6g} times what it should be"
    for what, factor in factors.items():
        if factor > 2 and np.isclose(abs(ratio), factor, rtol=1e-4):
            return f"{times}, {what}: a sum where a mean belongs"
        if factor > 2 and np.isclose(abs(ratio), 1 / factor, rtol=1e-4):
            return f"{times}, 1 / {what}: a mean where a sum belongs"
    if np.isclose(ratio, -1, rtol=1e-4):
        return f"{times}: the sign is wrong"
    sign = "the sign is wrong, and " if ratio < 0 else ""
    if np.isclose(abs(ratio), 2, rtol=1e-4):
        return f"{times}: {sign}a factor 2 too much"
    if np.isclose(abs(ratio), 0.5, rtol=1e-4):
        return f"{times}: {sign}a factor 2 is missing"
    return f"{times}: {sign}a constant factor is wrong"
