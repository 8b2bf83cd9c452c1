"""The likeliest cause of a wrong array, from how it differs from the right one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod, sqrt

import numpy as np

from framework.core.types import Array, Shape

CLOSE = 1e-5
FORMULA = "a wrong formula"
VAGUE = "a wrong formula, or a sum over the wrong axis"


def sizes(shape: Shape) -> dict[str, float]:
    """Return the numbers that confusing a sum and a mean over outputs of this shape makes a factor of."""
    return {"the batch size": shape[0], "the number of outputs": prod(shape[1:])}


def likeliest(
    computed: Array,
    expected: Array,
    factors: Mapping[str, float] | None = None,
    alternatives: Mapping[str, Array] | None = None,
    arguments: Mapping[str, float] | None = None,
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
    arguments : dict, optional
        The component's numbers by name: one may be missing in the result, or in it twice.
    """
    if np.isnan(computed).any():
        return _of_nan(computed)
    if not np.isfinite(computed).all():
        return "a division by zero or an overflow"
    for fault, alternative in (alternatives or {}).items():
        if alternative.shape == computed.shape and _near(computed, alternative):
            return fault
    if not computed.any():
        return "all zero: not written, or a term is missing"
    ratio = factor_of(computed, expected)
    if ratio is not None:
        return _of_ratio(ratio, factors or {}, arguments or {}, "every entry is" if computed.size > 1 else "it is")
    if computed.size == 1:
        return FORMULA
    return _of_entries(computed, expected, arguments or {})


def _of_nan(computed: Array) -> str:
    if np.isnan(computed).all() and computed.size > 1:
        return "NaN: an offered buffer is not filled, or += accumulates in it (buffers hold NaN before each call)"
    return "NaN: 0 / 0 or infinity minus infinity, or an offered buffer is not filled whole (buffers hold NaN before)"


def _of_entries(computed: Array, expected: Array, arguments: Mapping[str, float]) -> str:
    if _exchanged(computed, expected):
        return "the two values are exchanged, each stands where the other belongs: turn the condition round (< or >)"
    if _near(computed, expected**2):
        return "squared: the square is returned where the value belongs"
    if _near(computed**2, expected) and (expected >= 0).all():
        return "the square root is returned where the value belongs"
    if _near(np.abs(computed), np.abs(expected)):
        return "the sign of some entries is wrong"
    if computed.ndim > 1 and computed.shape[0] == computed.shape[1] and _near(computed, expected.swapaxes(0, 1)):
        return "transposed: axes are exchanged"
    if computed.ndim and _near(np.sort(computed, axis=None), np.sort(expected, axis=None)):
        return "the right entries in another order: wrong axis or transposed"
    shift = computed - expected
    if computed.size > 2 and _constant(shift.ravel(), 0):
        return f"every entry is {shift.ravel()[0]:.6g} more than it should be: a constant is added, or one is left out"
    for axis in range(computed.ndim):
        if _constant(computed, axis) and not _constant(expected, axis):
            return f"constant along axis {axis}: a sum or mean over the wrong axis"
    wrong = ~np.isclose(computed, expected, rtol=CLOSE, atol=CLOSE * np.abs(expected).max(initial=0.0))
    where = _where(wrong)
    if not wrong.all() and not np.abs(expected[wrong]).max() > CLOSE * np.abs(computed[wrong]).min():
        these = f"{int(wrong.sum())} of {wrong.size} entries should be 0{where}"
        return f"{these}: a case is missed, as beyond the bound of a minimum, maximum or clip"
    if where or wrong.mean() < 0.5:
        these = f"{int(wrong.sum())} of {wrong.size} entries are wrong{where}"
        more = _of_some(computed[wrong], expected[wrong], arguments)
        case = "a case (a sign, a boundary, an index) is missed"
        if where:
            case = "a case, or their formula is wrong (a sign, an index, a transposed factor)"
        return f"{these}: {case}" + (f"; there, {more}" if more else "")
    return VAGUE


def _of_some(computed: Array, expected: Array, arguments: Mapping[str, float]) -> str:
    """Return how the entries that are wrong differ from what is expected, "" if each does in its own way."""
    if computed.size < 3:
        return ""
    if not computed.any():
        return "each is 0: not written, or a term is missing"
    ratio, shift = factor_of(computed, expected), computed - expected
    if ratio is not None and not _constant(expected, 0):
        return _of_ratio(ratio, {}, arguments, "each is")
    if ratio is None and _constant(shift, 0):
        return f"each is {shift[0]:.6g} more than it should be: a constant is added, or one is left out"
    return ""


def _exchanged(computed: Array, expected: Array) -> bool:
    low, high = expected.min(), expected.max()
    two = np.where(expected > (low + high) / 2, high, low)
    return computed.size > 2 and high > low and _near(expected, two) and _near(computed, low + high - two)


def _where(wrong: Array) -> str:
    """Return in words which indices along one axis all the wrong entries have, and no others."""
    for axis, size in enumerate(wrong.shape):
        others = tuple(k for k in range(wrong.ndim) if k != axis)
        indices = np.flatnonzero(wrong.any(axis=others))
        if others and size > 1 and 0 < len(indices) < size and wrong.take(indices, axis).all():
            return f", those of index {', '.join(map(str, indices))} along axis {axis}"
    return ""


def _near(computed: Array, other: Array) -> bool:
    scale = float(np.abs(other).max(initial=0.0))
    return scale > 0 and bool(np.allclose(computed, other, rtol=CLOSE, atol=CLOSE * scale))


def _constant(array: Array, axis: int) -> bool:
    return array.shape[axis] > 1 and _near(array, array.take([0], axis) + 0 * array)


def factor_of(computed: Array, expected: Array) -> float | None:
    """Return by which one factor `computed` differs from `expected`, None if there is none."""
    size = float(expected.ravel() @ expected.ravel())
    if not size:
        return None
    ratio = float(computed.ravel() @ expected.ravel()) / size
    return ratio if ratio and _near(computed, ratio * expected) else None


def _of_ratio(ratio: float, factors: Mapping[str, float], arguments: Mapping[str, float], entries: str) -> str:
    times = f"{entries} {ratio:.6g} times what it should be"
    if np.isclose(ratio, -1, rtol=1e-4):
        return f"{times}: the sign is wrong"
    sign = "the sign is wrong, and " if ratio < 0 else ""
    known = (*_of_sums(factors), *_of_arguments(arguments))
    found = [what for value, what in known if _is(ratio, value)]
    if not found and _is(ratio, 2):
        return f"{times}: {sign}a factor 2 too much"
    if not found and _is(ratio, 0.5):
        return f"{times}: {sign}a factor 2 is missing"
    found = found or [what for value, what in _of_sizes(factors) if _is(ratio, value)]
    if found:
        return f"{times}, {sign}{'; or '.join(found[:2])}"
    if entries == "it is":  # two numbers always have a ratio
        return FORMULA
    return f"{times}: {sign}a constant factor is wrong"


def _is(ratio: float, value: float) -> bool:
    return bool(np.isclose(abs(ratio), value, rtol=1e-4))


def _of_arguments(arguments: Mapping[str, float]) -> Iterator[tuple[float, str]]:
    """Yield the factors that a wrong use of an argument leaves, and what is then to be said."""
    for name, value in arguments.items():
        if not value > 0 or value in (0.5, 1, 2) or not np.isfinite(value):
            continue
        yield value, f"{name}: {name} is in it once too often"
        yield 1 / value, f"1 / {name}: {name} is missing"
        yield value**2, f"{name}^2: it is multiplied by {name}, not divided"
        yield 1 / value**2, f"1 / {name}^2: it is divided by {name}, not multiplied"
        if value < 1:
            yield 1 - value, f"1 - {name}: a factor 1 - {name} too much"
            yield 1 / (1 - value), f"1 / (1 - {name}): a factor 1 - {name} is missing"


def _of_sums(factors: Mapping[str, float]) -> Iterator[tuple[float, str]]:
    for what, factor in factors.items():
        if factor > 2:
            yield factor, f"{what}: a sum where a mean belongs"
            yield 1 / factor, f"1 / {what}: a mean where a sum belongs"


def _of_sizes(factors: Mapping[str, float]) -> Iterator[tuple[float, str]]:
    for what, factor in factors.items():
        if factor > 2:
            yield factor / (factor - 1), f"n / (n - 1) with n {what}: n - 1 where n belongs"
            yield (factor - 1) / factor, f"(n - 1) / n with n {what}: n where n - 1 belongs"
            yield sqrt(factor), f"the square root of {what}"
            yield 1 / sqrt(factor), f"1 / the square root of {what}"
