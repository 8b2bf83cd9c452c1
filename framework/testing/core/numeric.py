"""Numerical derivatives in float64, away from kinks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framework.core.types import Array

STEPS = (1e-4, 1.25e-5, 1.5625e-6)  # the smaller ones for elements where the first meets a kink, or f is steep
ROUGH = 1e-5
SMOOTHEST = 1e-6
RTOL = 1e-6
ATOL = 1e-7
NOISE = 1e-9
LITTLE = 1e-5  # a step for one-sided slopes
AGREE = 1e-4  # how much one-sided slopes may change with the step, relative to 1 or to the slope


@dataclass(frozen=True)
class Slopes:
    """The derivatives of a number with respect to some elements of an array.

    Attributes
    ----------
    where : list of tuple of int
        The indices of these elements.
    values : ndarray, shape (elements,)
    smooth : ndarray of bool, shape (elements,)
        False for elements near a kink or a jump: there `values` means nothing.
    atol : float
        How much the right derivative may differ.
    """

    where: list[tuple[int, ...]]
    values: Array
    smooth: Array
    atol: float


def slopes(f: Callable[[], float], x: Array, rng: np.random.Generator, most: int = 40) -> Slopes:
    """Return df/dx by central differences, for at most `most` elements of `x` drawn from `rng`.

    `f` reads `x`, whose elements are changed and put back. With d(h) the central difference over a distance h,
    Richardson's extrapolation ``(4 d(h) - d(2h)) / 3`` has an error of order h^4. An element is near a kink
    where d(h) and d(2h) disagree, or where the one-sided slopes do not differ twice as much at 2h as at h. So it
    seems, too, where f is steep and bends often, as sin(100 x): there a smaller h decides.
    """
    where = [tuple(int(i) for i in np.unravel_index(k, x.shape)) for k in range(x.size)]
    if len(where) > most:
        where = [where[k] for k in sorted(rng.choice(len(where), most, replace=False))]
    base = f()
    size = max(1.0, abs(base))
    values, smooth, finest = np.empty(len(where)), np.zeros(len(where), bool), STEPS[0]
    for step in STEPS:
        rough = np.flatnonzero(~smooth)
        if not rough.size:
            break
        values[rough], smooth[rough] = _central(f, x, [where[k] for k in rough], base, step)
        if smooth[rough].any():
            finest = step
    largest = np.abs(values[smooth]).max(initial=0.0)
    return Slopes(where, values, smooth, float(ATOL * largest + NOISE * size * STEPS[0] / finest))


def _central(
    f: Callable[[], float], x: Array, where: list[tuple[int, ...]], base: float, step: float
) -> tuple[Array, Array]:
    """Return the derivatives with respect to these elements, and which of them are not near a kink."""
    near, far = np.empty((2, 2, len(where)))
    for k, i in enumerate(where):
        old = x[i]
        for side, sign in enumerate((1, -1)):
            x[i] = old + sign * step
            near[side, k] = f()
            x[i] = old + sign * 2 * step
            far[side, k] = f()
        x[i] = old
    d, d_far = (near[0] - near[1]) / (2 * step), (far[0] - far[1]) / (4 * step)
    bend, bend_far = (near.sum(axis=0) - 2 * base) / step, (far.sum(axis=0) - 2 * base) / (2 * step)
    roughness = np.maximum(np.abs(2 * bend - bend_far), np.abs(d - d_far))
    allowed = SMOOTHEST * max(1.0, abs(base)) * step / STEPS[0]
    return (4 * d - d_far) / 3, roughness <= ROUGH * (np.abs(d) + np.abs(d_far)) + allowed


def one_sided(f: Callable[[Array], Array], x: Array) -> tuple[Array, Array, Array]:
    """Return the slopes of a function of each element by itself, left and right of it, and which of these are known.

    Where f jumps at an element or next to it, is not finite there, or bends more often than the steps can follow,
    nothing is known.
    """
    base = f(x)
    step = LITTLE * np.maximum(1, np.abs(x) / 100)
    sides = []
    known = np.isfinite(base)
    for sign in (-1, 1):
        tries = []
        for h in (sign * step, sign * step / 4):
            near, far = f(x + h), f(x + 2 * h)
            tries.append((4 * near - far - 3 * base) / (2 * h))
        known &= np.isfinite(tries[0]) & np.isfinite(tries[1])
        known &= np.abs(tries[0] - tries[1]) <= AGREE * (1 + np.abs(tries[1]))
        sides.append(tries[0])
    return sides[0], sides[1], known


def away_from(x: Array, kinks: tuple[float, ...], gap: float = 0.01) -> Array:
    """Return `x` with each element that is nearer than `gap` to a kink moved that far away from it."""
    for kink in kinks:
        x = np.where(np.abs(x - kink) < gap, kink + np.where(x < kink, -gap, gap), x)
    return x


def close(computed: Array, expected: Array, rtol: float, atol: float) -> bool:
    """Return what ``np.allclose`` returns, in a fifth of its time where all is finite and close."""
    if computed.dtype.kind == "f" and expected.dtype.kind == "f":
        with np.errstate(all="ignore"):
            off = np.abs(computed - expected)
            if (off <= atol + rtol * np.abs(expected)).all() and off.max(initial=0.0) < np.inf:
                return True
    return bool(np.allclose(computed, expected, rtol=rtol, atol=atol, equal_nan=True))


def worst(computed: Array, expected: Array) -> tuple[int, ...]:
    """Return the index of the entry that is off most, NaN before all others."""
    off = np.nan_to_num(np.abs(np.asarray(computed, float) - np.asarray(expected, float)), nan=np.inf)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
