"""Activations at zero, at equal inputs and at large ones, in both dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from framework.activations import Activation
from framework.core.types import Array, Shape
from framework.testing.core.reasons import watched
from framework.testing.core.report import Subject

OVERFLOWS = "exp overflows: it is not computed in a stable form"
ULPS = 8 * float(np.finfo(np.float32).eps)


def check_degenerate(subject: Subject, f: Activation, shapes: Sequence[Shape]) -> None:
    """Check that samples of zeros, of equal numbers and with ties give numbers."""
    for units in sorted({shape[-1] for shape in shapes}):
        samples = {
            "a sample of zeros": np.zeros(units),
            "a sample of equal numbers": np.full(units, 1.5),
            "equal numbers in a sample": np.array([(2.0, -1.0)[k % 2] for k in range(units)]),
        }
        for what, sample in samples.items():
            for dtype in (np.float64, np.float32):
                z = np.stack([sample, sample]).astype(dtype)
                a, seen = watched(partial(_copied, f, z))
                gradient, seen_back = watched(partial(f.backward, np.ones_like(z), z, a))
                for part, value, cause in (("f(z)", a, seen), ("backward(grad, z, a)", gradient, seen_back)):
                    where = f"{part}, {what} {z.shape} in {np.dtype(dtype)}"
                    if dtype is np.float32:
                        cause += "; it is so in float32 alone, where a number below 1e-45 is 0"
                    subject.require(not np.isnan(value).any(), where, "computed nan, expected a number", cause)


def check_extremes(subject: Subject, f: Activation, shape: Shape) -> None:
    """Check that large inputs give numbers, and the same in float32 as in float64, as far as they are known."""
    signs = np.resize([1.0, -1.0, 0.0], shape)
    for size in (30, 100, 1e4):
        exact = np.array(_quietly(f, size * signs))
        for dtype in (np.float32, np.float64):
            z = (size * signs).astype(dtype)
            a, cause = watched(partial(_copied, f, z))
            gradient, back = watched(partial(f.backward, np.ones_like(z), z, a))
            part = f"z = +-{size:g} in {np.dtype(dtype)}"
            subject.require(not np.isnan(a).any(), f"f(z), {part}", "is NaN", cause or OVERFLOWS)
            if np.isfinite(a).all():
                subject.require(not np.isnan(gradient).any(), f"backward, {part}", "is NaN", back or OVERFLOWS)
            if dtype is np.float32:
                _compare(subject, f, part, z, a, exact, cause or "a small number is lost beside a large one")


def _compare(subject: Subject, f: Activation, part: str, z: Array, a: Array, exact: Array, cause: str) -> None:
    """Compare values in float32 with those in float64; how much these change with the last bits of z is forgiven."""
    known = np.abs(exact) < 1e30
    moved = [_quietly(f, z.astype(float) * (1 + k * ULPS)) - exact for k in (-1, -0.25, 0.25, 1)]
    unsure = np.abs(moved).max(axis=0)
    wrong = known & ~(np.abs(a - exact) <= 0.01 * (1 + np.abs(exact)) + 4 * unsure)
    if wrong.any():
        i = tuple(np.argwhere(wrong)[0])
        problem = f"computed {a[i]:.6g}, expected {exact[i]:.6g} as in float64"
        subject.fail(f"f(z), {part}", problem, cause)


def check_growth(subject: Subject, f: Activation) -> None:
    """Check that what has grown slowly as far as 600 is not infinite beyond: then exp has overflowed."""
    for sign in (-1, 1):
        before, after = (_quietly(f, sign * np.array([sizes])) for sizes in ((300.0, 600.0), (1e3, 1e4)))
        if (np.abs(before) < 1e12).all() and np.isinf(after).any():
            problem = f"is infinite; f({sign * 600}) = {before[0, 1]:.6g}"
            subject.fail(f"f(z), z = {sign * 1e4:g} in float64", problem, OVERFLOWS)


def _copied(f: Activation, z: Array) -> Array:
    return np.array(f(z.copy()))


def _quietly(f: Activation, z: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(f(z.copy()))
