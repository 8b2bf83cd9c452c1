"""Values at which losses go wrong: targets that are hit or 0, and extreme predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framework.core.types import Array
from framework.losses import Loss
from framework.testing.core.arrays import narrowed
from framework.testing.core.report import Subject
from framework.testing.losses.paths import check_sides
from framework.testing.losses.samples import Kind, inside

HUGE = 1e30  # what float32 could not hold anyway, nearly


def check_special(
    subject: Subject, loss: Loss, kind: Kind, y: Array, p: Array, extremes: Sequence[float], comparable: bool
) -> None:
    """Check that values and gradients are finite where targets are hit or 0, and where predictions are extreme."""
    rng = np.random.default_rng(3)
    signs = rng.choice([-1.0, 1.0], p.shape)
    for size in extremes:
        _check_extreme(subject, loss, y, inside(loss, kind, rng, size * signs), size)
    if y.dtype.kind != "f":
        return
    if comparable and not np.isin(y, (-1, 0, 1)).all():
        cause = "the prediction equals the target, and a norm, root or |r| of 0 is divided by: say what holds there"
        _check_finite(subject, loss, "prediction equal to the target", y, y.copy(), cause)
        check_sides(subject, loss, y, y.copy())
    if y.min() < 0 < y.max() or (y == 0).any():
        zero = y.copy()
        zero[: len(y) // 2] = 0
        cause = "a target, or the norm of a row of targets, is 0 and divided by: add a small number, or use np.where"
        try:
            zero = loss.check_targets(zero, p.shape[1:], p.dtype)
        except ValueError:
            return
        _check_finite(subject, loss, "targets of 0", zero, p, cause)


def _check_extreme(subject: Subject, loss: Loss, y: Array, p: Array, size: float) -> None:
    part = f"predictions of +-{size:g}"
    with np.errstate(all="ignore"):
        value, gradient = loss.value_and_gradient(y, p)
        small, narrow = loss.value_and_gradient(narrowed(y), p.astype(np.float32))
    finite = np.isfinite(value) and np.isfinite(gradient).all()
    if not finite and size > 1 and _is_huge(loss, y, p):
        return
    cause = "an exp or a power that overflows" if size > 1 else "a logarithm or division at 0"
    subject.finite(f"{part}, value", value, f"{cause} (else give extremes=)")
    subject.finite(f"{part}, gradient", gradient, f"{cause} (else give extremes=)")
    if max(abs(value), float(np.abs(gradient).max())) < HUGE:
        cause = (
            "finite in float64 only: a constant such as 1e-12 is lost beside 1 (use np.finfo(y_pred.dtype).eps), "
            "or a power overflows"
        )
        subject.finite(f"{part} in float32, value", small, cause)
        subject.finite(f"{part} in float32, gradient", narrow, cause)


def _is_huge(loss: Loss, y: Array, p: Array) -> bool:
    """Return whether what overflows is the loss itself: just below the overflow, it is as large as numbers can be."""
    fine, broken, largest = 0.0, 1.0, 0.0
    with np.errstate(all="ignore"):
        for _ in range(40):
            middle = (fine + broken) / 2
            value, gradient = loss.value_and_gradient(y, middle * p)
            found = max(abs(value), float(np.abs(gradient).max()))
            if np.isfinite(found):
                fine, largest = middle, found
            else:
                broken = middle
    return largest > HUGE**5


def _check_finite(subject: Subject, loss: Loss, part: str, y: Array, p: Array, cause: str) -> None:
    for dtype in (np.float64, np.float32):
        with np.errstate(all="ignore"):
            value, gradient = loss.value_and_gradient(narrowed(y, dtype), p.astype(dtype))
        at = part if dtype is np.float64 else f"{part}, in float32"
        subject.finite(f"{at}, value", value, cause)
        subject.finite(f"{at}, gradient", gradient, cause)
