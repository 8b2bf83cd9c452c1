"""The gradient of a loss along the paths of its predictions: between the slopes to both sides, and without jumps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from framework.core.types import Array
from framework.losses import Loss
from framework.testing.core.causes import likeliest, sizes
from framework.testing.core.jumps import BRANCHES, Points, narrowed, worst
from framework.testing.core.report import Subject
from framework.testing.losses.samples import Kind, drawn, wide

Definition = Callable[[Array, Array], Array]

STEP = 1e-4
POINTS = 160  # on the path of a prediction
NEAR = 6.0
JUMP = 1e-5


def check_slopes(subject: Subject, loss: Loss, kind: Kind, outputs: int, definition: Definition | None) -> None:
    """Check the gradient, and the definition if there is one, over all of the loss's domain."""
    for i, (y, p) in enumerate(wide(loss, kind, 48, outputs)):
        if definition is not None and (i == 0 or kind.residuals):
            with np.errstate(all="ignore"):
                losses, defined = loss.per_sample(y, p), np.asarray(definition(y, p))
            fine = np.isfinite(losses) & np.isfinite(defined)
            if y.shape == p.shape:  # a definition for angles, say, may hold in one period alone
                fine &= (np.abs(p - y) < NEAR).all(axis=1)
            check_definition(subject, definition, y[fine], p[fine], losses[fine])
        check_sides(subject, loss, y, p, clipped=i > 0 and not kind.residuals)


def check_definition(subject: Subject, definition: Definition, y: Array, p: Array, losses: Array) -> None:
    """Check the losses of some samples against the definition of the loss."""
    alternatives = {}
    if y.shape == p.shape:
        with np.errstate(all="ignore"):
            alternatives = {"y_true and y_pred are exchanged in it": np.asarray(definition(p, y))}
    part, expected = "per_sample, which differs from the definition", definition(y, p)
    subject.same(part, losses, expected, factors=sizes(p.shape), alternatives=alternatives)


def check_sides(subject: Subject, loss: Loss, y: Array, p: Array, clipped: bool = False) -> None:
    """Check that the gradient lies between the slopes to both sides, which differ at a kink.

    Where predictions may be `clipped`, to 0..1 for example, it does not matter if the loss is flat everywhere.
    """
    with np.errstate(all="ignore"):
        losses, gradient = loss.per_sample(y, p), loss.gradient(y, p)
        left, right = _sides(loss, y, p, losses)
    if clipped and not (left.any() or right.any()):
        return
    scale = np.maximum(np.abs(left), np.abs(right))
    rounding = 1e-13 * np.abs(losses.reshape(-1, *(1,) * (p.ndim - 1))) / STEP
    slack = 0.1 * np.abs(left - right) + 1e-4 * scale + rounding + 1e-6
    low, high = np.minimum(left, right) - slack, np.maximum(left, right) + slack
    wrong = np.isfinite(scale) & ~((gradient >= low) & (gradient <= high))
    if wrong.any():
        expected = np.where(np.isfinite(scale), (left + right) / 2, gradient)
        k = tuple(int(axis) for axis in np.argwhere(wrong)[0])
        problem = (
            f"entry {list(k)}: computed {gradient[k]:.10g}, expected {expected[k]:.10g} by central differences, "
            f"where y_pred is {p[k]:.6g}" + (f" and y_true {y[k]:.6g}" if y.shape == p.shape else "")
        )
        subject.fail("gradient", problem, likeliest(gradient, np.where(wrong, expected, gradient), sizes(p.shape)))


def check_jumps(subject: Subject, loss: Loss, kind: Kind, outputs: int) -> None:
    """Check that the loss is the integral of its gradient along the path of each prediction: it must not jump."""
    y, p = drawn(loss, kind, np.random.default_rng(4), 32 if kind.given else 4, outputs)
    low, high = (p.min(axis=0), p.max(axis=0)) if kind.given else (kind.low, kind.high)
    y, p = y[:4], p[:4]
    columns = np.arange(len(p)) % p.shape[1]
    rows = np.repeat(np.arange(len(p)), POINTS)
    start, stop = (np.broadcast_to(end, p.shape)[np.arange(len(p)), columns] for end in (low, high))
    if kind.residuals:
        start, stop = (end + y[np.arange(len(p)), columns] for end in (start, stop))
    places = np.linspace(start, stop, POINTS, axis=1).ravel()

    def path(rows: Array, places: Array) -> Points:
        targets, predictions = y[rows], p[rows]
        at = np.arange(len(rows)), columns[rows]
        predictions[at] = places
        with np.errstate(all="ignore"):
            losses = loss.per_sample(targets, predictions).copy()
            return Points(places, losses, loss.gradient(targets, predictions)[at])

    points = path(rows, places)
    first = np.flatnonzero(np.diff(rows) == 0)
    first = first[worst(points.take(first), points.take(first + 1))]
    row = rows[first]
    a, b = narrowed(partial(path, row), points.take(first), points.take(first + 1))
    la, lb = a.values, b.values
    size = np.maximum(1.0, np.minimum(np.abs(la), np.abs(lb)))
    jump = np.isfinite(la) & np.isfinite(lb) & (np.abs(lb - la) > JUMP * size) & (size < 1 / JUMP)
    if jump.any():
        k = int(jump.argmax())
        i, j = int(row[k]), int(columns[row[k]])
        target = f", with the target {y[i, j]:.6g}" if y.shape == p.shape else ""
        place = round(float(a.places[k]), 6) + 0.0
        problem = f"sample {i}: jumps from {la[k]:.6g} to {lb[k]:.6g} where y_pred[{i}, {j}] passes {place:.6g}{target}"
        subject.fail("per_sample", problem, BRANCHES)


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
