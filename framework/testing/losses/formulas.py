"""The formulas of a loss: its values, their derivative, and where they are least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framework.core.types import Array
from framework.losses import Loss
from framework.testing.core.causes import VAGUE, sizes
from framework.testing.core.numeric import slopes
from framework.testing.core.report import Subject
from framework.testing.core.state import check_lengths, lengths
from framework.testing.losses.paths import Definition, check_definition
from framework.testing.losses.reasons import of_arguments, of_sides

MINIMUM = "(else give minimum=False)"


def check_per_sample(subject: Subject, loss: Loss, y: Array, p: Array, definition: Definition | None) -> None:
    """Check the losses of the samples: shape, purity, definition, and the value of a batch in lists."""
    part = "per_sample"
    with np.errstate(all="ignore"):
        losses = subject.compute(part, lambda: loss.per_sample(y, p), (len(p),), y_true=y, y_pred=p)
    _check_finite(subject, loss, y, p, losses)
    cause = "the same call gives another value: it draws random numbers, or keeps stale state"
    before = lengths(loss)
    subject.same(part, loss.per_sample(y, p), losses, cause=cause)
    check_lengths(subject, before)
    if definition is not None:
        check_definition(subject, definition, y, p, losses)
    subject.same("loss(y_true, y_pred)", loss(y, p), loss.value(y, p))


def _check_finite(subject: Subject, loss: Loss, y: Array, p: Array, losses: Array) -> None:
    if np.isfinite(losses).all():
        return
    part = "per_sample"
    if y.dtype.kind == "f" and (y == 0).any():
        with np.errstate(all="ignore"):
            if np.isfinite(loss.per_sample(np.where(y == 0, 1e-3, y), p)).all():
                part = "per_sample where a target is 0"
    subject.finite_at(part, lambda: loss.per_sample(y, p))


def check_gradient(
    subject: Subject, loss: Loss, y: Array, p: Array, rng: np.random.Generator, others: int | None
) -> None:
    """Check the gradient; `others` is a number of outputs for which it is right, 0 if there is none yet.

    None: the loss is right with other arguments, and may be steeper than can be compared.
    """
    part, c = "gradient", rng.uniform(0.5, 1.5, len(p))
    gradient = subject.compute(part, lambda: loss.gradient(y, p), p.shape, y_true=y, y_pred=p)
    moving = p.copy()
    expected = slopes(lambda: float(c @ loss.per_sample(y, moving)), moving, rng)
    expected = replace(expected, values=expected.values / c[[i[0] for i in expected.where]])
    alternatives = {"the value is returned instead": np.broadcast_to(loss.per_sample(y, p)[:, None], p.shape)}
    if others and len(expected.where) == p.size:
        right, outputs = expected.values.reshape(p.shape), p.shape[1]
        fault = f"right for {others} outputs only: a number stands where the number of outputs belongs, y_pred.shape[1]"
        alternatives |= {fault: right * outputs / others, f"{fault} ": right * others / outputs}
    if len(expected.where) == p.size and p.shape[1] > 2:
        fault = "a division by the number of outputs - 1, where the number of outputs belongs"
        alternatives |= {fault: expected.values.reshape(p.shape) * p.shape[1] / (p.shape[1] - 1)}
    where, cause = tuple(np.transpose(expected.where)), ""
    if not np.allclose(gradient[where], expected.values, rtol=1e-4):
        by_target = _by_target(loss, y, p)
        if not np.allclose(by_target[where], -expected.values, rtol=1e-3):  # else it is the sign that is wrong
            alternatives |= {"the derivative with respect to y_true": by_target}
        flat = np.mean(expected.values == 0) > 0.5
        if flat and (loss.per_sample(y, p + 0.03) != loss.per_sample(y, p)).mean() > 0.5:
            cause = "per_sample goes in steps, by rounding, float16 or a comparison: its slope is 0 between them"
        elif y.shape == p.shape:
            cause = of_sides(y[where], p[where], gradient[where], expected.values, subject.numbers())
    factors = sizes(p.shape)
    try:
        compared = subject.gradient(part, gradient, expected, factors=factors, alternatives=alternatives, cause=cause)
    except AssertionError as error:
        raise AssertionError(f"{error}{of_arguments(loss, y, p) if str(error).endswith(VAGUE) else ''}") from error
    if others is not None:
        subject.require_smooth("per_sample", compared, len(expected.where))


def _by_target(loss: Loss, y: Array, p: Array) -> Array:
    """Return the derivative of each sample's loss with respect to its targets, NaN if there is none."""
    derivative, step = np.full_like(p, np.nan), 1e-5
    if y.shape != p.shape or y.dtype.kind != "f":
        return derivative
    for k in range(p.shape[1]):
        moved = [y + sign * step * (np.arange(p.shape[1]) == k) for sign in (1, -1)]
        try:
            above, below = (loss.per_sample(target, p) for target in moved)
        except Exception:  # targets that it refuses
            return derivative
        derivative[:, k] = (above - below) / (2 * step)
    return derivative


def check_minimum(subject: Subject, loss: Loss, y: Array, predictions: Sequence[Array], ranked: bool) -> None:
    """Check that no prediction is better than the target, or one nearer to the mean: with smoothed labels, that is.

    For targets of -1 and +1, their multiples are as good: they are the signs of scores. So are multiples of scores
    that are ranked, where they make no difference any more.
    """
    near = [y + share * (y.mean(axis=1, keepdims=True) - y) for share in (0.0, 0.02, 0.1, 0.2)]
    if np.isin(y, (-1, 1)).all():
        near = [y, 3 * y, 10 * y]
    with np.errstate(all="ignore"):
        if ranked and np.allclose(loss.per_sample(y, 10 * y), loss.per_sample(y, 100 * y), rtol=1e-6):
            near.append(10 * y)
        best = np.fmin.reduce([loss.per_sample(y, p) for p in near])
    for p in predictions:
        better = loss.per_sample(y, p) < best - 1e-9
        if better.any():
            i = int(better.argmax())
            value = loss.per_sample(y, p)[i]
            problem = f"entry [{i}]: {value:.6g} for a prediction, {best[i]:.6g} for the target itself"
            cause = f"the sign is wrong, or a term is missing {MINIMUM}"
            if _truncates(loss, y, p):
                cause = "the targets are cut to integers, as by astype(int): compute with them as they are"
            subject.fail("minimum", problem, cause)


def _truncates(loss: Loss, y: Array, p: Array) -> bool:
    """Return whether a loss of numbers computes the same if targets are cut to integers."""
    if loss.classifies or (y == np.trunc(y)).all():
        return False
    return bool(np.array_equal(loss.per_sample(y, p), loss.per_sample(np.trunc(y), p)))


def reads_all(loss: Loss, y: Array, p: Array) -> bool:
    """Return whether the loss depends on each column of the targets; if not, they are not the best predictions."""
    losses = loss.per_sample(y, p)
    for k in range(y.shape[1]):
        other = y.copy()
        other[:, k] = np.roll(y[:, k], 1)
        with np.errstate(all="ignore"):
            if (y[:, k] != y[0, k]).any() and np.array_equal(loss.per_sample(other, p), losses):
                return False
    return True
