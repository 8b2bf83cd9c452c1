"""`check_optimizer`: one step, its direction, learning rate and weight decay, and a whole descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.arguments import check_arguments
from framework.testing.optimizers.state import check_changed, check_repeats, check_state, check_thawed
from framework.testing.optimizers.trajectories import Definition, check_definition, check_step_count, fresh, run
from framework.testing.report import Subject, reporting
from framework.testing.state import same

SIZE = 7
STEPS = 6


class _Falling(Schedule, registered=False):
    """rate / (1 + step)."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, step: int) -> float:
        return self.rate / (1 + step)


@reporting
def check_optimizer(
    optimizer: Optimizer,
    *,
    solves: bool = True,
    definition: Definition | None = None,
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check an optimizer: its slots, rates, step count, direction, and that it solves a convex quadratic.

    Every step is made with `apply`, which calls the rule that the optimizer defines as `update`.

    A rule is expected to work element by element: a step on two concatenated vectors is then the two steps,
    concatenated, and parameters of layers that are thawed later can step by themselves. An optimizer whose rule does
    not sets the class attribute ``elementwise = False``.

    Parameters
    ----------
    optimizer : Optimizer
    solves : bool
        Whether it finds the minimum of a convex quadratic in 3000 steps, at the best of a few learning rates.
    definition : callable ``(x, grad, step, rate, memory, **arguments) -> x``, optional
        One step as in the paper. `step` counts from 1; `memory` is a dict, empty at first.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the most likely cause.
    """
    subject = Subject(optimizer)
    check_arguments(subject)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        start = rng.standard_normal(SIZE)
        grads = rng.standard_normal((STEPS, SIZE))
        _check_step(subject, optimizer, start, grads)
        _check_direction(subject, optimizer, start, grads[0])
        check_repeats(subject, optimizer, start, grads)
        check_state(subject, optimizer, start, grads)
        check_changed(subject, optimizer, start, grads)
        _check_schedule(subject, optimizer, start, grads)
        _check_decay(subject, optimizer, start, grads[:1])
        _check_float32(subject, optimizer, start, grads)
        check_step_count(subject, _plain(optimizer), start, grads[0])
        if optimizer.elementwise and optimizer.clip_norm is None:
            _check_concatenation(subject, optimizer, start, grads)
            check_thawed(subject, _constant(optimizer), start, grads)
        if definition is not None:
            check_definition(subject, optimizer, start, grads, definition)
    if solves:
        _check_quadratic(subject, _plain(optimizer))


def _plain(optimizer: Optimizer) -> Optimizer:
    """Return a copy that neither clips nor decays."""
    return optimizer.clone().set_params(clip_norm=None, clip_value=None, weight_decay=0.0)


def _constant(optimizer: Optimizer) -> Optimizer:
    """Return a copy whose learning rate does not change."""
    rate = optimizer.learning_rate
    return optimizer.clone().set_params(learning_rate=rate(0) or 0.1) if isinstance(rate, Schedule) else optimizer


def _check_step(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    part, params = "update(params, grads)", start.copy()
    new = fresh(optimizer, params)
    for step, gradient in enumerate(grads):
        new.work[...] = np.nan
        before, arguments = params.copy(), new.get_params(deep=False)
        subject.call(part, new.apply, params, gradient, grads=gradient)
        cause = "a step count that is off by one (it counts from 1), or work is read before it is written"
        subject.require(np.isfinite(params).all(), part, f"step {step + 1}: params are not finite", cause)
        cause = "params are not changed in place: write params -= ..., or params[...] = ..."
        subject.require(not np.array_equal(params, before), part, f"step {step + 1} changed nothing", cause)
        cause = "self.step is counted by apply(): leave it alone in update"
        subject.require(new.step == step + 1, part, f"computed step {new.step}, expected {step + 1}", cause)
        for name, value in new.get_params(deep=False).items():
            cause = "an argument is changed by the step: keep what changes in a slot"
            subject.require(same(value, arguments[name]), part, f"argument {name!r} is now {value!r}", cause)


def _check_direction(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    plain = _plain(optimizer)
    moved = run(plain, start, gradient[None])[0] - start
    uphill = float(moved @ gradient)
    subject.require(
        uphill < 0, "first step", f"moves by {uphill:.4g} along the gradient, expected < 0", "the sign is wrong"
    )
    still = run(plain, start, np.zeros((2, SIZE)))[-1] - start
    problem = f"moves by {np.abs(still).max():.4g} although the gradient is 0 and nothing decays"
    subject.require(
        not still.any(),
        "zero gradient",
        problem,
        "a slot that does not start at zero, state shared between instances, or an added constant",
    )
    if isinstance(plain.learning_rate, Schedule):
        return
    faster = plain.clone().set_params(learning_rate=2 * plain.learning_rate)
    ratio = float((run(faster, start, gradient[None])[0] - start) @ moved / (moved @ moved))
    cause = (
        "the learning rate is ignored: use self.rate" if abs(ratio - 1) < 1e-9 else "the learning rate is applied twice"
    )
    problem = f"with twice the learning rate the step is {ratio:.6g} times as long"
    subject.require(abs(ratio - 1) > 1e-6 and abs(ratio - 4) > 1e-6, "learning rate", problem, cause)


def _check_schedule(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    rate = optimizer.learning_rate
    rate = float(rate(0) if isinstance(rate, Schedule) else rate) or 0.1
    scheduled = optimizer.clone().set_params(learning_rate=_Falling(rate))
    params, by_hand = start.copy(), fresh(optimizer.clone().set_params(learning_rate=rate), start)
    expected = []
    for step, gradient in enumerate(grads):
        by_hand.learning_rate = rate / (1 + step)
        by_hand.apply(params, gradient)
        expected.append(params.copy())
    followed = subject.call("schedule", lambda: run(scheduled, start, grads))
    cause = "the schedule is not followed: use self.rate, which is set for each step"
    subject.same("schedule as learning rate", followed, expected, rtol=1e-12, cause=cause)
    constant = run(optimizer.clone().set_params(learning_rate=rate), start, grads)
    ignored = np.allclose(followed, constant, rtol=1e-9)
    subject.require(not ignored, "schedule", "a falling learning rate changes nothing", cause)


def _check_decay(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    if "weight_decay" not in optimizer.get_params(deep=False):
        return
    plain, decay = _plain(optimizer), 0.1
    decayed = run(plain.clone().set_params(weight_decay=decay), start, grads)
    if optimizer.decoupled:
        rate = plain.learning_rate
        rate = float(rate(0) if isinstance(rate, Schedule) else rate)
        expected = run(plain, start * (1 - rate * decay), grads)
    else:
        expected = run(plain, start, grads + decay * start)
    cause = "weight_decay is applied twice: apply() has done so before it calls update"
    subject.same("step with weight_decay", decayed, expected, rtol=1e-9, cause=cause)


def _check_float32(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    params = start.astype(np.float32)
    new = fresh(optimizer, params)
    for gradient in grads.astype(np.float32):
        new.apply(params, gradient)
    for slot in optimizer.slots:
        subject.array(f"slot {slot!r} in float32", getattr(new, slot), (SIZE,), np.float32)
    subject.same("params in float32", params, run(optimizer, start, grads)[-1], rtol=1e-3)


def _check_concatenation(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    whole = run(optimizer, start, grads)
    parts = [run(optimizer, start[part], grads[:, part]) for part in (slice(0, 3), slice(3, None))]
    cause = "elements depend on each other: a norm or mean over the vector (then say elementwise = False)"
    subject.same("step on a concatenated vector", whole, np.concatenate(parts, axis=1), rtol=1e-12, cause=cause)


def _check_quadratic(subject: Subject, optimizer: Optimizer) -> None:
    curvature, center = np.array([0.5, 1.0, 2.0]), np.array([1.0, -2.0, 0.5])
    own: Any = optimizer.learning_rate
    left = []
    for rate in (own, 0.1, 0.01, 1.0):
        solver, x = optimizer.clone().set_params(learning_rate=rate), np.zeros(3)
        solver.bind(x)
        for _ in range(3000):
            solver.apply(x, curvature * (x - center))
            if not np.isfinite(x).all() or np.abs(x - center).max() < 1e-2:
                break
        left.append(float(np.nan_to_num(np.abs(x - center).max(), nan=np.inf)))
        if left[-1] < 0.03:
            return
    subject.fail(
        "convex quadratic", f"not solved: still {min(left):.4g} away after 3000 steps", "the sign, or a vanishing step"
    )
