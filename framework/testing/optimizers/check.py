"""`check_optimizer`: steps, their direction, state, learning rate and weight decay, and a whole descent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.testing.core.arguments import check_arguments, check_common
from framework.testing.core.report import Subject, reporting
from framework.testing.core.state import unchanged
from framework.testing.core.variants import looks_up, variants
from framework.testing.optimizers import adjustments, responses, steps
from framework.testing.optimizers.counts import check_momentum, check_step_count
from framework.testing.optimizers.definition import Definition, check_definition
from framework.testing.optimizers.effects import check_effects
from framework.testing.optimizers.state import check_changed, check_repeats, check_state, check_thawed
from framework.testing.optimizers.trajectories import SHORT, SIZE, STEPS, UNEVEN, constant, fresh, gradients, plain, run

AFTER = 200  # steps that must stay near a minimum once it was reached


@reporting
def check_optimizer(
    optimizer: Optimizer,
    *,
    solves: bool = True,
    follows_rate: bool = True,
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
    follows_rate : bool
        Whether each step depends on its learning rate. False for rules that use it in the first step alone, as Rprop
        and the steps of Barzilai and Borwein, or not at all.
    definition : callable ``(x, grad, step, rate, memory, **arguments) -> x``, optional
        One step as in the paper. `step` counts from 1; `memory` is a dict, empty at first. It is also compared with
        other values of the arguments that it names.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the most likely cause.
    """
    subject = Subject(optimizer)
    with unchanged(subject), np.errstate(all="ignore"):
        check_arguments(subject)
        for seed in seeds:
            rng = np.random.default_rng(seed)
            start, grads = rng.standard_normal(SIZE), gradients(rng)
            _check_from(subject, optimizer, start, grads, follows_rate)
            if definition is not None:
                check_definition(subject, optimizer, start, grads, definition)
        _check_other_arguments(subject, optimizer)
        if solves:
            _check_quadratic(subject, plain(optimizer))
    check_common(subject)


def _check_from(subject: Subject, optimizer: Optimizer, start: Array, grads: Array, follows_rate: bool) -> None:
    bare, few = plain(optimizer), grads[:SHORT]
    steps.check_steps(subject, optimizer, start, grads)
    undecayed = responses.without_decay(constant(bare))
    check_repeats(subject, optimizer, start, few)
    check_state(subject, optimizer, start, grads)
    responses.check_still(subject, bare, start, grads)
    responses.check_direction(subject, undecayed, start, grads[0])
    responses.check_mirrored(subject, undecayed, start, few)
    if follows_rate:
        responses.check_rate(subject, bare, start, grads[0])
    adjustments.check_schedule_followed(subject, optimizer, start, few, follows_rate)
    check_changed(subject, optimizer, start, grads)
    adjustments.check_decay(subject, optimizer, start, grads[:3])
    adjustments.check_clipping(subject, optimizer, start, grads[:3])
    steps.check_sizes(subject, bare, start, grads)
    responses.check_small(subject, undecayed, start, grads)
    steps.check_digits(subject, bare, start, grads)
    _check_float32(subject, optimizer, start, grads)
    check_step_count(subject, constant(bare), start, grads[0])
    check_momentum(subject, constant(bare), start, grads[0])
    if optimizer.elementwise and bare.clip_norm is None:  # a constructor may clip by itself
        _check_concatenation(subject, bare, start, grads)
        check_thawed(subject, constant(bare), start, grads)


def _check_other_arguments(subject: Subject, optimizer: Optimizer) -> None:
    """Check that each number and flag among the arguments matters, and steps with other ones."""
    rng = np.random.default_rng(2)
    start, grads = rng.standard_normal(SIZE), gradients(rng)
    bare = constant(plain(optimizer))
    responses.check_steady(subject, bare, grads[0], 400)
    check_effects(subject, bare, start, grads)
    for other in variants(optimizer):
        if looks_up(partial(run, other, start, grads[:SHORT])):
            continue
        steps.check_steps(Subject(other), other, start, grads[:SHORT])
        responses.check_still(Subject(other), plain(other), start, grads)
        responses.check_steady(Subject(other), plain(other), grads[0], STEPS)


def _check_float32(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check the dtype of slots, and that params are those in float64, up to what rounding of the data explains."""
    params = start.astype(np.float32)
    new, grads = fresh(optimizer, params), grads[:SHORT]
    for gradient in grads.astype(np.float32):
        new.apply(params, gradient)
    for slot in optimizer.slots:
        subject.array(f"slot {slot!r} in float32", getattr(new, slot), (SIZE,), np.float32)
    expected, rng = run(optimizer, start, grads)[-1], np.random.default_rng(0)
    rounded = [_rounded(optimizer, start, grads, rng) for _ in range(4)]
    spread = 10 * np.max([np.abs(other - expected) for other in rounded])
    atol = 1e-3 * float(np.abs(expected).max()) + spread
    cause = "digits are lost in float32: a difference of nearly equal numbers, or a constant much larger than the data"
    subject.same("params in float32", params, expected, rtol=1e-3, atol=atol, cause=cause)


def _rounded(optimizer: Optimizer, start: Array, grads: Array, rng: np.random.Generator) -> Array:
    """Return the last params of a trajectory in float64, with errors of a few roundings to float32 in each step."""
    params, new = start.copy(), fresh(optimizer, start)
    for gradient in grads:
        new.apply(params, gradient)
        params *= 1 + 5e-7 * rng.standard_normal(len(params))
    return params


def _check_concatenation(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    cause = "elements depend on each other: a norm or mean over the vector (then say elementwise = False)"
    for part, followed in (("", grads[:SHORT]), (", gradients from 1e-8 to 1e4", grads[:SHORT] * UNEVEN)):
        whole = run(optimizer, start, followed)
        pieces = [run(optimizer, start[part], followed[:, part]) for part in (slice(0, 3), slice(3, None))]
        subject.same(
            f"step on a concatenated vector{part}", whole, np.concatenate(pieces, axis=1), rtol=1e-12, cause=cause
        )


def _check_quadratic(subject: Subject, optimizer: Optimizer) -> None:
    curvature, center = np.array([0.5, 1.0, 2.0]), np.array([1.0, -2.0, 0.5])
    own: Any = optimizer.learning_rate
    left, grown = [], False
    for rate in (0.1, own, 0.01, 1.0):
        solver, x = optimizer.clone().set_params(learning_rate=rate), np.zeros(3)
        solver.bind(x)
        for _ in range(3000):
            solver.apply(x, curvature * (x - center))
            if not np.isfinite(x).all() or np.abs(x - center).max() < 1e-2:
                break
        left.append(float(np.nan_to_num(np.abs(x - center).max(), nan=np.inf)))
        if left[-1] < 0.03:
            noise = 1e-3 if optimizer.elementwise else 0.0  # of alternating sign; curvatures cannot be estimated in it
            for step in range(AFTER):
                solver.apply(x, curvature * (x - center) + noise * (-1) ** step)
            if np.abs(x - center).max() < np.abs(center).max():
                return
            grown = True
    if grown:
        problem = f"the minimum is left again: {np.abs(x - center).max():.4g} away {AFTER} steps after it was reached"
        subject.fail("convex quadratic", problem, "steps that grow: a factor of self.step, or a slot that only grows")
    nearer = min(left) < 0.95 * np.abs(center).max()
    cause = "a vanishing step: it comes nearer and stops on the way" if nearer else "the sign, or a vanishing step"
    subject.fail("convex quadratic", f"not solved: still {min(left):.4g} away after 3000 steps", cause)
