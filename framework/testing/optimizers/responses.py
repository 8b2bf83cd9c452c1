"""Checks of how parameters respond to gradients: none, small ones, steady ones, and to the learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.core.report import Subject
from framework.testing.core.variants import with_argument
from framework.testing.optimizers.trajectories import (
    SIZE,
    STEPS,
    UNEVEN,
    floating_fault,
    moves,
    of_fault,
    own_arguments,
    run,
)

STEADY = 8  # times as many parameters, so that one of them meets what rounding can do
DECAYS = ("decay", "l1", "l2", "lambda", "lamb", "penalty", "shrink", "prox", "wd", "reg")  # in names of own arguments


def without_decay(optimizer: Optimizer) -> Optimizer:
    """Return the optimizer, or a copy without decays of its own, which move what has no gradient."""
    start, zeros = np.linspace(-2, 2, SIZE), np.zeros((3, SIZE))
    for name, value in own_arguments(optimizer).items():
        if not value or not any(word in name.lower() for word in DECAYS):
            continue
        bare = with_argument(optimizer, name, 0.0)
        if bare is not None and np.abs(moves(bare, start, zeros)).sum() < np.abs(moves(optimizer, start, zeros)).sum():
            optimizer = bare
    return optimizer


def _is_noisy(optimizer: Optimizer, start: Array) -> bool:
    """Return whether it adds noise: moves without a gradient, of both signs and all different, whatever params are."""
    zeros = np.zeros((STEPS, len(start)))
    made, elsewhere = moves(optimizer, start, zeros), moves(optimizer, 2 * start, zeros)
    both = (made > 0).any(axis=0) & (made < 0).any(axis=0)
    alike = np.allclose(made, elsewhere, rtol=1e-6, atol=1e-12)
    return bool(2 * both.sum() > len(start) and alike and 2 * len(np.unique(made.round(12))) > made.size)


def check_still(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that no gradient moves nothing but noise, at the start for good, and later without an error."""
    part = "zero gradient"
    zeros = np.zeros((STEPS, SIZE))
    for followed in (zeros, np.concatenate([grads[:3], zeros])):
        finite = np.isfinite(run(optimizer, start, followed)).all(axis=1)
        if not finite.all():
            cause = of_fault(floating_fault(partial(run, optimizer, start, followed)))
            subject.fail(part, f"step {int(np.argmin(finite)) + 1}: params are not finite", cause)
    decaying, optimizer = optimizer, without_decay(optimizer)
    size, left = np.abs(start), np.abs(run(decaying, start, zeros)[-1])
    if decaying is not optimizer and (left > size * (1 + 1e-9)).all():
        i = int(np.argmax(left - size))
        problem = f"entry [{i}] has grown from {start[i]:.4g} in size to {left[i]:.4g}"
        subject.fail(part, problem, "the sign of a decay is wrong: it makes parameters larger")
    away = np.abs(run(optimizer, start, zeros) - start)
    if (away <= 1e-12 * (1 + np.abs(start))).all() or _is_noisy(optimizer, start):
        return
    step, i = (int(k) for k in np.argwhere(away > 1e-12 * (1 + np.abs(start)))[0])
    shift = run(optimizer, start, zeros)[step] - start
    doubled = run(optimizer, 2 * start, zeros)[step] - 2 * start
    if np.allclose(doubled, 2 * shift, rtol=1e-6):
        cause = (
            "the move is proportional to params: a decay that is not weight_decay, or a slot that should start at "
            "params and starts at zero (if self.step == 1: self.slot[...] = params)"
        )
    elif (np.abs(wide := run(optimizer, 4 * start, zeros[:1])[0]) > np.abs(wide).max() - 1e-12).sum() > 1:
        cause = f"params are cut off at {np.abs(wide).max():.4g}: that is for a constraint, weight_constraint="
    else:
        cause = "an added constant, a slot that does not start at zero, or a sign that is not 0 at 0 (np.sign is)"
    problem = f"step {step + 1}: entry [{i}] has moved by {away[step, i]:.4g} although the gradient is 0"
    subject.fail(part, f"{problem} and nothing decays", cause)


def check_small(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that small gradients move parameters, alone and beside large ones; an argument may be a threshold."""
    small = 1e-4 * np.tile(grads[0], (STEPS, 1))
    problem = f"{STEPS} steps with gradients of 1e-4 change nothing"
    cause = "small gradients are lost: rounded, or below a threshold"
    if not run(optimizer, 0 * start, small)[-1].any():
        if any(run(other, 0 * start, small)[-1].any() for other in _zeroed(optimizer)):
            return
        subject.fail("small gradients", problem, cause)
    if optimizer.elementwise:
        uneven = np.tile(UNEVEN * np.where(grads[0] < 0, -1, 1), (STEPS, 1))
        stuck = (run(optimizer, 0 * start, uneven)[-1] == 0) & (np.abs(UNEVEN) > 1e-5)
        if stuck.any():
            i = int(np.argmax(np.abs(stuck * UNEVEN)))
            problem = f"entry [{i}] does not move in {STEPS} steps with a gradient of {uneven[0, i]:.1e}"
            large = abs(UNEVEN[i]) >= 1
            cause = f"entry [{i}] is left out: a slice, a range or an index is wrong" if large else cause
            subject.fail("large gradients" if large else "small gradients", problem, cause)


def _zeroed(optimizer: Optimizer) -> Iterator[Optimizer]:
    """Yield copies with 0 in place of one of its own arguments."""
    for name, value in own_arguments(optimizer).items():
        other = with_argument(optimizer, name, 0.0) if isinstance(value, float) and value else None
        if other is not None:
            yield other


def check_steady(subject: Subject, optimizer: Optimizer, gradient: Array, steps: int) -> None:
    """Check that params stay finite in float32 with a gradient that stays the same: its variance, say, is then 0."""
    same = np.outer(np.linspace(0.5, 1.5, STEADY), gradient).ravel().astype(np.float32)
    follow = partial(run, optimizer, 0 * same, np.tile(same, (steps, 1)))
    finite = np.isfinite(follow()).all(axis=1)
    if not finite.all() and "overflow" not in (fault := floating_fault(follow)):  # steps may grow as they agree
        problem = f"step {int(np.argmin(finite)) + 1}: params are not finite"
        subject.fail("constant gradient in float32", problem, of_fault(fault))


def check_direction(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Check that a constant gradient moves parameters downhill, at once and in the end."""
    grads = np.tile(gradient, (STEPS, 1))
    away = run(optimizer, start, grads) - start
    moved = np.flatnonzero(away.any(axis=1))
    first = int(moved[0]) if len(moved) else 0
    for step in (first, STEPS - 1):
        uphill = float(away[step] @ gradient)
        if uphill >= 0 and _is_noisy(optimizer, start):
            return
        part = "first step" if step == first else f"{STEPS} steps with a constant gradient"
        problem = f"moves by {uphill:.4g} along the gradient, expected < 0"
        one_sign = (away[step] >= 0).all() or (away[step] <= 0).all()
        cause = "the sign is wrong" + (": all move the same way, as with an abs or a square" if one_sign else "")
        subject.require(uphill < 0, part, problem, cause)
    # A rule may wait for gradients, as accumulation does; then its steps depend on the step count.
    late = "a slot is used before this gradient has changed it: update the slots first, then params"
    if first and np.array_equal(run(optimizer, start, grads, 1) - start, away):
        problem = f"params are first changed in step {first + 1}, although the gradient is not 0"
        subject.fail("first step", problem, late)
    if optimizer.elementwise and not first:
        lengths = np.abs(np.diff(away[:2], axis=0, prepend=0 * away[:1]))
        if (i := int(np.argmax(lengths[0] - 1e3 * lengths[1]))) >= 0 and lengths[0, i] > 1e3 * lengths[1, i] > 0:
            problem = f"entry [{i}] moves by {lengths[0, i]:.4g}, in the next step by {lengths[1, i]:.4g}"
            subject.fail("first step", f"{problem}, with the same gradient", late)


def check_mirrored(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that steps from ``-start`` with ``-grads`` are the opposite ones."""
    moved, mirrored = moves(optimizer, start, grads), -moves(optimizer, -start, -grads)
    off = np.abs(moved - mirrored) > 1e-9 * np.abs(moved).max() + 1e-6 * np.abs(moved)
    if off.any() and not _is_noisy(optimizer, start):
        step, i = (int(k) for k in np.argwhere(off)[0])
        problem = f"step {step + 1}: entry [{i}] moves by {moved[step, i]:.6g}, and by {-mirrored[step, i]:.6g} if "
        cause = "negative numbers are taken for positive ones or for 0: an abs or a square is missing"
        subject.fail("opposite gradients", f"{problem}params and gradients change their signs", cause)


def check_rate(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Check that twice the learning rate changes the first step that moves, not by its square, and a small one, too."""
    if isinstance(optimizer.learning_rate, Schedule):
        return
    grads = np.tile(gradient, (STEPS, 1))
    faster = _with_rate(optimizer, 2 * optimizer.learning_rate)
    slow, fast = moves(optimizer, start, grads), moves(faster, start, grads)
    first = int(np.argmax(slow.any(axis=1)))
    ratio = float(fast[first] @ slow[first] / (slow[first] @ slow[first]))
    cause = (
        "the learning rate is ignored: use self.rate (or, if the rule needs none, check with follows_rate=False)"
        if abs(ratio - 1) < 1e-9
        else "the learning rate is applied twice"
    )
    problem = f"with twice the learning rate the step is {ratio:.6g} times as long"
    subject.require(abs(ratio - 1) > 1e-6 and abs(ratio - 4) > 1e-6, "learning rate", problem, cause)
    low, lower = (_with_rate(optimizer, optimizer.learning_rate * part) for part in (1e-4, 1e-5))
    one, other = (moves(each, start, grads[: first + 1])[first] for each in (low, lower))
    if one.any() and np.allclose(other, one, rtol=1e-6, atol=0):
        for name, value in own_arguments(low).items():
            half = with_argument(low, name, value / 2) if isinstance(value, float) else None
            if half is not None and not np.allclose(moves(half, start, grads[: first + 1])[first], one, rtol=0.4):
                return  # the floor is an argument
        problem = f"with {low.learning_rate:.3g} the step is as long as with {lower.learning_rate:.3g}"
        subject.fail("learning rate", problem, "small learning rates are held above a number: use self.rate as it is")


def _with_rate(optimizer: Optimizer, rate: float) -> Optimizer:
    return optimizer.clone().set_params(learning_rate=rate)
