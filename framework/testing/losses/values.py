"""Values at which losses go wrong: targets that are hit or 0, extreme predictions, far residuals, jumps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from framework.core.types import Array
from framework.losses import Loss
from framework.testing.arrays import narrowed
from framework.testing.causes import likeliest, sizes
from framework.testing.losses.samples import Kind, drawn, inside, wide
from framework.testing.report import Subject

Definition = Callable[[Array, Array], Array]

STEP = 1e-4
POINTS = 160  # on the path of a prediction
WORST = 16  # intervals of it that are looked at more closely
HALVINGS = 26
JUMP = 1e-5
HUGE = 1e30  # what float32 could not hold anyway, nearly


def check_special(
    subject: Subject, loss: Loss, kind: Kind, y: Array, p: Array, extremes: Sequence[float], minimum: bool
) -> None:
    """Check that values and gradients are finite where targets are hit or 0, and where predictions are extreme."""
    rng = np.random.default_rng(3)
    signs = rng.choice([-1.0, 1.0], p.shape)
    for size in extremes:
        _check_extreme(subject, loss, y, inside(kind, rng, size * signs), size)
    if y.dtype.kind != "f":
        return
    if minimum and y.shape == p.shape and not np.isin(y, (-1, 0, 1)).all():
        cause = "the prediction equals the target, and a norm, root or |r| of 0 is divided by: say what holds there"
        _check_finite(subject, loss, "prediction equal to the target", y, y.copy(), cause)
    if y.min() < 0 < y.max() or (y == 0).any():
        zero = y.copy()
        zero[: len(y) // 2] = 0
        cause = "a target, or the norm of a row of targets, is 0 and divided by: add a small number, or use np.where"
        try:
            zero = loss.check_targets(zero, p.shape[1:], p.dtype)
        except ValueError:
            return
        _check_finite(subject, loss, "targets of 0", zero, p, cause)


def check_slopes(subject: Subject, loss: Loss, kind: Kind, outputs: int, definition: Definition | None) -> None:
    """Check the gradient over all of the domain: it must lie between the slopes to both sides, kinks included."""
    for i, (y, p) in enumerate(wide(loss, kind, 48, outputs)):
        with np.errstate(all="ignore"):
            losses, gradient = loss.per_sample(y, p), loss.gradient(y, p)
            sides = _sides(loss, y, p, losses)
        if definition is not None and (i == 0 or kind.residuals):
            with np.errstate(all="ignore"):
                defined = np.asarray(definition(y, p))
            fine = np.isfinite(losses) & np.isfinite(defined)
            subject.same("per_sample", losses[fine], defined[fine], factors=sizes(p.shape))
        if i and not kind.residuals and not sides.any():
            continue  # predictions are clipped to 0..1
        left, right = sides
        spread = np.abs(left - right)
        scale = np.maximum(np.abs(left), np.abs(right))
        rounding = 1e-13 * np.abs(losses.reshape(-1, *(1,) * (p.ndim - 1))) / STEP
        slack = spread + 1e-4 * scale + rounding + 1e-6
        low, high = np.minimum(left, right) - slack, np.maximum(left, right) + slack
        wrong = np.isfinite(scale) & ~((gradient >= low) & (gradient <= high))
        if wrong.any():
            expected = np.where(np.isfinite(scale), (left + right) / 2, gradient)
            k = tuple(int(axis) for axis in np.argwhere(wrong)[0])
            problem = (
                f"entry {list(k)}: computed {gradient[k]:.10g}, expected {expected[k]:.10g} by central differences, "
                f"where y_pred is {p[k]:.6g}" + (f" and y_true {y[k]:.6g}" if y.shape == p.shape else "")
            )
            cause = likeliest(gradient, np.where(wrong, expected, gradient), sizes(p.shape))
            subject.fail("gradient", problem, cause)


def check_jumps(subject: Subject, loss: Loss, kind: Kind, outputs: int) -> None:
    """Check that the loss is the integral of its gradient along the path of each prediction: it must not jump."""
    y, p = drawn(loss, kind, np.random.default_rng(4), 32 if kind.given else 4, outputs)
    low, high = (p.min(axis=0), p.max(axis=0)) if kind.given else (kind.low, kind.high)
    y, p = y[:4], p[:4]
    columns = np.arange(len(p)) % p.shape[1]
    rows = np.repeat(np.arange(len(p)), POINTS)
    ends = [np.broadcast_to(end, p.shape)[np.arange(len(p)), columns] for end in (low, high)]
    if kind.residuals:
        ends = [end + y[np.arange(len(p)), columns] for end in ends]
    places = np.linspace(*ends, POINTS, axis=1).ravel()
    path = _Path(loss, y, p, rows, columns)
    losses, slopes = path(rows, places)
    first = np.flatnonzero(np.diff(rows) == 0)
    gap = _gap(losses[first], losses[first + 1], slopes[first], slopes[first + 1], places[first + 1] - places[first])
    first = first[np.argsort(-np.nan_to_num(gap), kind="stable")[:WORST]]
    row = rows[first]
    a, b = places[first], places[first + 1]
    (la, ga), (lb, gb) = ((losses[i], slopes[i]) for i in (first, first + 1))
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        lm, gm = path(row, middle)
        left = _gap(la, lm, ga, gm, middle - a) >= _gap(lm, lb, gm, gb, b - middle)
        a, la, ga = np.where(left, a, middle), np.where(left, la, lm), np.where(left, ga, gm)
        b, lb, gb = np.where(left, middle, b), np.where(left, lm, lb), np.where(left, gm, gb)
    size = np.maximum(1.0, np.minimum(np.abs(la), np.abs(lb)))
    jump = np.isfinite(la) & np.isfinite(lb) & (np.abs(lb - la) > JUMP * size) & (size < 1 / JUMP)
    if jump.any():
        k = int(jump.argmax())
        i, j = int(row[k]), int(columns[row[k]])
        target = f", with the target {y[i, j]:.6g}" if y.shape == p.shape else ""
        problem = f"sample {i}: jumps from {la[k]:.6g} to {lb[k]:.6g} where y_pred[{i}, {j}] passes {a[k]:.6g}{target}"
        cause = "the branches of a distinction of cases do not meet: the slopes fit, but a constant is missing in one"
        subject.fail("per_sample", problem, cause)


class _Path:
    """The losses and slopes of samples of which one output is at other places."""

    def __init__(self, loss: Loss, y: Array, p: Array, rows: Array, columns: Array) -> None:
        self.loss, self.y, self.p, self.columns = loss, y, p, columns

    def __call__(self, rows: Array, places: Array) -> tuple[Array, Array]:
        y, p = self.y[rows], self.p[rows]
        at = np.arange(len(rows)), self.columns[rows]
        p[at] = places
        with np.errstate(all="ignore"):
            return self.loss.per_sample(y, p).copy(), self.loss.gradient(y, p)[at]


def _gap(la: Array, lb: Array, ga: Array, gb: Array, width: Array) -> Array:
    """Return by how much losses differ that the slopes at both ends do not explain, beside what they explain."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.abs(lb - la - width * (ga + gb) / 2) / (width * (np.abs(ga) + np.abs(gb)) + JUMP))


def _sides(loss: Loss, y: Array, p: Array, losses: Array) -> Array:
    """Return the slopes of each sample's loss to the left and to the right of each of its predictions."""
    sides = np.empty((2, *p.shape))
    for index in np.ndindex(p.shape[1:]):
        at = (slice(None), *index)
        for side, step in enumerate((-STEP, STEP)):
            moved = p.copy()
            moved[at] += step
            sides[(side, *at)] = (loss.per_sample(y, moved) - losses) / step
    return sides


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
