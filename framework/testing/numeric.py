"""Numerical derivatives in float64, away from kinks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framework.core.types import Array

STEP = 1e-4
ROUGH = 1e-5
SMOOTHEST = 1e-6
RTOL = 1e-6
ATOL = 1e-7
NOISE = 1e-9


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
    where d(h) and d(2h) disagree, or where the one-sided slopes do not differ twice as much at 2h as at h.
    """
    where = [tuple(int(i) for i in np.unravel_index(k, x.shape)) for k in range(x.size)]
    if len(where) > most:
        where = [where[k] for k in sorted(rng.choice(len(where), most, replace=False))]
    base = f()
    near, far = np.empty((2, 2, len(where)))
    for k, i in enumerate(where):
        old = x[i]
        for side, sign in enumerate((1, -1)):
            x[i] = old + sign * STEP
            near[side, k] = f()
            x[i] = old + sign * 2 * STEP
            far[side, k] = f()
        x[i] = old
    d, d_far = (near[0] - near[1]) / (2 * STEP), (far[0] - far[1]) / (4 * STEP)
    bend, bend_far = (near.sum(axis=0) - 2 * base) / STEP, (far.sum(axis=0) - 2 * base) / (2 * STEP)
    roughness = np.maximum(np.abs(2 * bend - bend_far), np.abs(d - d_far))
    size = max(1.0, abs(base))
    smooth = roughness <= ROUGH * (np.abs(d) + np.abs(d_far)) + SMOOTHEST * size
    values = (4 * d - d_far) / 3
    largest = np.abs(values[smooth]).max(initial=0.0)
    return Slopes(where, values, smooth, float(ATOL * largest + NOISE * size))


def away_from(x: Array, kinks: tuple[float, ...], gap: float = 0.01) -> Array:
    """Return `x` with each element that is nearer than `gap` to a kink moved that far away from it."""
    for kink in kinks:
        x = np.where(np.abs(x - kink) < gap, kink + np.where(x < kink, -gap, gap), x)
    return x
