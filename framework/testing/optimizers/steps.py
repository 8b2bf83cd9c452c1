"""Checks of single steps: made in place, finite, downhill, for vectors of every size and gradients of every size."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.core.equality import same
from framework.testing.core.report import Subject
from framework.testing.optimizers.trajectories import (
    SHORT,
    STEPS,
    UNEVEN,
    advice,
    floating_fault,
    fresh,
    of_fault,
    run,
    tell,
)

UPDATE = "update(params, grads)"


def check_steps(subject: Subject, optimizer: Optimizer, start: Array, grads: Array, what: str = "") -> None:
    """Check that each step is made in place, is counted, and leaves what is not its own alone."""
    new = tell(subject, "bind(params)", lambda: fresh(optimizer, start), optimizer)
    cause = "bind is overridden: begin it with super().bind(params, decayed)"
    subject.require(new._size == len(start), "bind(params)", "the optimizer is not bound", cause)
    tell(subject, UPDATE, lambda: _make_steps(subject, optimizer, new, start, grads, what), new)


def _make_steps(subject: Subject, optimizer: Optimizer, new: Optimizer, start: Array, grads: Array, what: str) -> None:
    params, moved, rate = start.copy(), False, optimizer.learning_rate
    for step, gradient in enumerate(grads):
        before, arguments, given = params.copy(), new.get_params(deep=False), gradient.copy()
        new.work[...] = np.nan
        _apply(subject, new, params, given)
        _check_left_alone(subject, new, params, gradient, given)
        if not np.isfinite(params).all():
            _not_finite(subject, optimizer, start, grads[: step + 1], f"step {step + 1}{what}")
        cause = "self.step is counted by apply(): leave it alone in update"
        subject.require(new.step == step + 1, UPDATE, f"computed step {new.step}, expected {step + 1}", cause)
        cause = "self.rate is set by apply(): leave it alone in update, and multiply what is yours by it"
        expected = float(rate(step) if isinstance(rate, Schedule) else rate)
        fine = same(float(new.rate), expected)
        subject.require(fine, UPDATE, f"self.rate is {new.rate:.6g} after the step, expected {expected:.6g}", cause)
        for name, value in new.get_params(deep=False).items():
            cause = "an argument is changed by the step: keep what changes in a slot"
            subject.require(same(value, arguments[name]), UPDATE, f"argument {name!r} is now {value!r}", cause)
        moved = moved or not np.array_equal(params, before)
    if not moved:
        still = [name for name in new.slots if not getattr(new, name).any()]
        cause = (
            f"the slot {still[0]!r} stays 0, and each step with it: an epsilon is missing, or a first value"
            if still
            else "params are not changed in place: write params -= ..., or params[...] = ..."
        )
        if not start.any() and np.any(run(optimizer, start + 1, grads) != 1):
            cause = "params of 0 never move, as biases are at first: the step is proportional to params"
        subject.fail(UPDATE, f"{len(grads)} steps changed nothing", cause)


def _apply(subject: Subject, new: Optimizer, params: Array, gradient: Array) -> None:
    try:
        new.apply(params, gradient)
    except Exception as error:
        if new.step < 2 or advice(error, new):
            raise
        cause = f"it is right for {new.step - 1} steps: a table or list ends there, or a case of the step is missed"
        subject.fail(UPDATE, f"step {new.step} raised {type(error).__name__}: {error}", cause)


def _check_left_alone(subject: Subject, new: Optimizer, params: Array, gradient: Array, given: Array) -> None:
    if not np.array_equal(gradient, given):
        i = int(np.argmax(gradient != given))
        problem = f"writes to grads: entry [{i}] was {gradient[i]:.10g} and is now {given[i]:.10g}"
        subject.fail(UPDATE, problem, "an operation in place, or out=grads; make a new array")
    vectors = {"params": params, "grads": given}
    for name in new.slots:
        slot, part = getattr(new, name), f"slot {name!r}"
        cause = f"a slot is a vector with an element for each parameter: assign self.{name}[...] = value"
        what = f"shape {np.shape(slot)}" if isinstance(slot, np.ndarray) else f"a {type(slot).__name__}"
        fine = isinstance(slot, np.ndarray) and slot.shape == params.shape
        subject.require(fine, part, f"is {what} after a step, expected shape {params.shape}", cause)
        cause = f"bind makes slots in the dtype of params: write into them, self.{name}[...] = value"
        subject.require(slot.dtype == params.dtype, part, f"is {slot.dtype}, expected {params.dtype}", cause)
        for other, vector in vectors.items():
            if np.shares_memory(slot, vector):
                cause = f"a slot keeps the vector {other} itself, which is used again: copy it, self.{name}[...] = ..."
                subject.fail(part, f"is {other} itself after a step, not a copy", cause)
        vectors[f"self.{name}"] = slot


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


def check_digits(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Fail if numbers of float64 are rounded to float32 on the way."""
    params, new = 0 * start, fresh(optimizer, start)
    new.apply(params, grads[0])
    vectors = {"params": params.copy()}
    for gradient in grads[1:3]:
        new.apply(params, gradient)
    vectors |= {f"slot {slot!r}": getattr(new, slot) for slot in optimizer.slots}
    for part, vector in vectors.items():
        long = np.rint(short := np.frexp(vector)[0] * 2**12) != short
        if long.any() and (vector.astype(np.float32) == vector).all():
            cause = "a cast or an array of float32, as in astype(np.float32): use the dtype of params"
            subject.fail(
                part, "holds rounded numbers, of float32, in a network of float64", f"digits are lost: {cause}"
            )
