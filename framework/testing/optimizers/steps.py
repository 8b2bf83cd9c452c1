"""Checks of single steps: made in place, finite, downhill, for vectors of every size and gradients of every size."""

from __future__ import annotations

from functools import partial

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.optimizers.trajectories import (
    SHORT,
    SIZE,
    STEPS,
    UNEVEN,
    floating_fault,
    fresh,
    moves,
    of_fault,
    own_arguments,
    run,
    tell,
)
from framework.testing.report import Subject
from framework.testing.state import same

UPDATE = "update(params, grads)"
DECAYS = ("decay", "l1", "l2", "lambda", "lamb", "penalty", "shrink", "noise", "prox")  # in names of own arguments


def check_steps(subject: Subject, optimizer: Optimizer, start: Array, grads: Array, what: str = "") -> None:
    """Check that each step is made in place, is counted, and leaves what is not its own alone."""
    new = tell(subject, "bind(params)", lambda: fresh(optimizer, start), optimizer)
    cause = "bind is overridden: begin it with super().bind(params, decayed)"
    subject.require(new._size == len(start), "bind(params)", "the optimizer is not bound", cause)
    tell(subject, UPDATE, lambda: _make_steps(subject, optimizer, new, start, grads, what), new)


def _make_steps(subject: Subject, optimizer: Optimizer, new: Optimizer, start: Array, grads: Array, what: str) -> None:
    params, moved = start.copy(), False
    for step, gradient in enumerate(grads):
        before, arguments, given = params.copy(), new.get_params(deep=False), gradient.copy()
        new.work[...] = np.nan
        new.apply(params, given)
        _check_left_alone(subject, new, params, gradient, given)
        if not np.isfinite(params).all():
            _not_finite(subject, optimizer, start, grads[: step + 1], f"step {step + 1}{what}")
        cause = "self.step is counted by apply(): leave it alone in update"
        subject.require(new.step == step + 1, UPDATE, f"computed step {new.step}, expected {step + 1}", cause)
        for name, value in new.get_params(deep=False).items():
            cause = "an argument is changed by the step: keep what changes in a slot"
            subject.require(same(value, arguments[name]), UPDATE, f"argument {name!r} is now {value!r}", cause)
        moved = moved or not np.array_equal(params, before)
    if not moved:
        cause = "params are not changed in place: write params -= ..., or params[...] = ..."
        subject.fail(UPDATE, f"{len(grads)} steps changed nothing", cause)


def _check_left_alone(subject: Subject, new: Optimizer, params: Array, gradient: Array, given: Array) -> None:
    if not np.array_equal(gradient, given):
        i = int(np.argmax(gradient != given))
        problem = f"writes to grads: entry [{i}] was {gradient[i]:.10g} and is now {given[i]:.10g}"
        subject.fail(UPDATE, problem, "an operation in place, or out=grads; make a new array")
    for name in new.slots:
        slot = getattr(new, name)
        cause = f"a slot is a vector with an element for each parameter: assign self.{name}[...] = value"
        what = f"shape {np.shape(slot)}" if isinstance(slot, np.ndarray) else f"a {type(slot).__name__}"
        fine = isinstance(slot, np.ndarray) and slot.shape == params.shape
        subject.require(fine, f"slot {name!r}", f"is {what} after a step, expected shape {params.shape}", cause)
        for other, vector in (("params", params), ("grads", given)):
            if np.shares_memory(slot, vector):
                cause = f"a slot keeps the vector {other} itself, which is used again: copy it, self.{name}[...] = ..."
                subject.fail(f"slot {name!r}", f"is {other} itself after a step, not a copy", cause)


def _not_finite(subject: Subject, optimizer: Optimizer, start: Array, grads: Array, part: str) -> None:
    def finite(shift: int) -> bool:
        return bool(np.isfinite(run(optimizer, start, grads, shift)).all())

    if finite(0):
        cause = "work is read before it is written: its content does not survive a step (name a slot for what should)"
    else:
        late, later = fresh(optimizer, start), start.copy()
        late.step = 1
        late.apply(later, grads[0])
        fault = floating_fault(lambda: run(optimizer, start, grads))
        if np.isfinite(later).all() and len(grads) == 1 and "sqrt" not in fault:
            cause = f"a step count that is off by one: self.step is 1 in the first step ({fault})"
        else:
            cause = of_fault(fault)
    subject.fail(UPDATE, f"{part}: params are not finite", cause)


def check_sizes(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check steps on one parameter, and on gradients that are large, small and 0 in one vector."""
    part = "a vector of one parameter"
    one = tell(subject, part, lambda: run(optimizer, start[:1], grads[:3, :1]), optimizer, f"it fails for {part}")
    subject.require(np.isfinite(one).all(), part, "params are not finite", "a mean over n - 1, or a variance of one")
    check_steps(subject, optimizer, 0 * start, grads[:SHORT] * UNEVEN, " with gradients from 1e-8 to 1e4")
    uneven = np.tile(UNEVEN * np.where(grads[0] < 0, -1, 1), (STEPS, 1))
    narrow = uneven.astype(np.float32)
    part, begin = "gradients from 1e-8 to 1e4 in float32", np.zeros(len(start), np.float32)
    trajectory = tell(subject, part, lambda: run(optimizer, begin, narrow), optimizer)
    if not (finite := np.isfinite(trajectory)).all():
        step, i = (int(k) for k in np.argwhere(~finite)[0])
        fault = of_fault(floating_fault(lambda: run(optimizer, begin, narrow)))
        problem = f"step {step + 1}: entry [{i}] is {trajectory[step, i]:.4g} with a gradient of {narrow[0, i]:.1e}"
        subject.fail(part, problem, f"a number that float32 cannot hold, below 1e-38 or above 1e38; {fault}")
    stuck = (run(optimizer, 0 * start, uneven)[-1] == 0) & (np.abs(UNEVEN) > 1e-5)
    if optimizer.elementwise and stuck.any():
        i = int(np.argmax(stuck))
        problem = f"entry [{i}] does not move in {STEPS} steps with a gradient of {uneven[0, i]:.1e}"
        subject.fail("small gradients", problem, "small gradients are lost: rounded, or below a threshold")


def check_still(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that no gradient moves nothing, at the start for good, and later without an error."""
    part = "zero gradient"
    zeros = np.zeros((STEPS, SIZE))
    for followed in (zeros, np.concatenate([grads[:3], zeros])):
        finite = np.isfinite(run(optimizer, start, followed)).all(axis=1)
        if not finite.all():
            cause = of_fault(floating_fault(partial(run, optimizer, start, followed)))
            subject.fail(part, f"step {int(np.argmin(finite)) + 1}: params are not finite", cause)
    for name in own_arguments(optimizer):
        if any(word in name.lower() for word in DECAYS):  # a decay of its own may move what has no gradient
            try:
                optimizer = optimizer.clone().set_params(**{name: 0.0})
                optimizer.check()
            except (TypeError, ValueError):
                return
    away = np.abs(run(optimizer, start, zeros) - start)
    if (away <= 1e-12 * (1 + np.abs(start))).all():
        return
    step, i = (int(k) for k in np.argwhere(away > 1e-12 * (1 + np.abs(start)))[0])
    shift = run(optimizer, start, zeros)[step] - start
    doubled = run(optimizer, 2 * start, zeros)[step] - 2 * start
    if np.allclose(doubled, 2 * shift, rtol=1e-6):
        cause = (
            "the move is proportional to params: a decay that is not weight_decay, or a slot that should start at "
            "params and starts at zero (if self.step == 1: self.slot[...] = params)"
        )
    else:
        cause = "an added constant, a slot that does not start at zero, or a sign that is not 0 at 0 (np.sign is)"
    problem = f"step {step + 1}: entry [{i}] has moved by {away[step, i]:.4g} although the gradient is 0"
    subject.fail(part, f"{problem} and nothing decays", cause)


def check_direction(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Check that a constant gradient moves parameters downhill, at first and in the end."""
    away = run(optimizer, start, np.tile(gradient, (STEPS, 1))) - start
    moved = np.flatnonzero(away.any(axis=1))
    first = int(moved[0]) if len(moved) else 0
    for step in (first, STEPS - 1):
        uphill = float(away[step] @ gradient)
        part = "first step" if step == first else f"{STEPS} steps with a constant gradient"
        problem = f"moves by {uphill:.4g} along the gradient, expected < 0"
        flat = np.abs(gradient - gradient.mean()).max() < 1e-12
        subject.require(uphill < 0 or flat, part, problem, "the sign is wrong")


def check_rate(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Check that twice the learning rate changes the first step that moves, and not by its square."""
    if isinstance(optimizer.learning_rate, Schedule):
        return
    grads = np.tile(gradient, (STEPS, 1))
    faster = optimizer.clone().set_params(learning_rate=2 * optimizer.learning_rate)
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
