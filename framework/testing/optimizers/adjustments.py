"""Checks of what `apply` does around the rule: clipping, weight decay, schedules."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.core.report import Subject
from framework.testing.optimizers.trajectories import SIZE, by_hand, fresh, plain, run, tell

DECAY = 0.1
SOME = 3  # parameters that decay, where not all do


class _Falling(Schedule, registered=False):
    """rate / (1 + step)."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, step: int) -> float:
        return self.rate / (1 + step)


def check_schedule_followed(
    subject: Subject, optimizer: Optimizer, start: Array, grads: Array, follows_rate: bool
) -> None:
    """Check that a schedule gives each step its learning rate."""
    rate = optimizer.learning_rate
    rate = float(rate(0) if isinstance(rate, Schedule) else rate) or 0.1
    part = "schedule as learning rate"
    scheduled = optimizer.clone().set_params(learning_rate=_Falling(rate))
    params, hand = start.copy(), fresh(optimizer.clone().set_params(learning_rate=rate), start)
    expected = []
    for step, gradient in enumerate(grads):
        hand.learning_rate = rate / (1 + step)
        hand.apply(params, gradient)
        expected.append(params.copy())
    followed = tell(subject, part, lambda: run(scheduled, start, grads), scheduled)
    cause = "the schedule is not followed: use self.rate, which is set for each step"
    subject.same(part, followed, expected, rtol=1e-12, cause=cause)
    steady = run(optimizer.clone().set_params(learning_rate=rate), start, grads)
    if follows_rate and np.allclose(followed, steady, rtol=1e-9):
        cause = f"{cause} (if the rate is meant for the first step alone, as in Rprop, check with follows_rate=False)"
        subject.fail("schedule", "a falling learning rate changes nothing", cause)


def check_decay(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check weight decay, of all parameters and of the first ones alone."""
    bare = plain(optimizer)
    if "weight_decay" not in bare.get_params(deep=False):
        return
    decaying = bare.clone().set_params(weight_decay=DECAY)
    right, other = ("decoupled", "coupled") if optimizer.decoupled else ("coupled", "decoupled")
    expected = by_hand(bare, start, grads, {right: DECAY})
    twice = "weight_decay is applied twice: apply() has done so before it calls update"
    beside = f"{twice} (for a decay beside the gradient, as in AdamW, set decoupled = True)"
    faults = {
        twice: by_hand(bare, start, grads, {right: 2 * DECAY}),
        beside: by_hand(bare, start, grads, {right: DECAY, other: DECAY}),
        "weight_decay is ignored: apply() does it, so define update and leave apply alone": run(bare, start, grads),
        "the kind of weight decay is another: decoupled = True multiplies params before the step": by_hand(
            bare, start, grads, {other: DECAY}
        ),
    }
    decayed = run(decaying, start, grads)
    cause = _named(decayed - start, expected - start, {key: value - start for key, value in faults.items()}, twice)
    subject.same("step with weight_decay", decayed, expected, rtol=1e-9, cause=cause)

    def of_some() -> Array:
        params, new = start.copy(), decaying.clone()
        new.bind(params, SOME)
        for gradient in grads:
            new.apply(params, gradient)
        return params

    part = f"weight_decay of the first {SOME} of {SIZE} parameters"
    computed = tell(subject, part, of_some, decaying)
    cause = "biases decay, too: bind must pass decayed on, super().bind(params, decayed)"
    expected = by_hand(bare, start, grads, {right: DECAY}, decayed=SOME)[-1]
    subject.same(part, computed, expected, rtol=1e-9, cause=cause)


def check_clipping(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check clipping by norm and by value, each once and before the weight decay."""
    bare, arguments = plain(optimizer), optimizer.get_params(deep=False)
    if "weight_decay" not in arguments:
        return
    decay = {"decoupled" if optimizer.decoupled else "coupled": 0.5}
    for name, limit in (("clip_norm", 0.5), ("clip_value", 0.2)):
        if name not in arguments:
            continue
        clipping = bare.clone().set_params(weight_decay=0.5, **{name: limit})
        clipped = {**decay, name: limit}
        expected = by_hand(bare, start, grads, clipped)
        faults = {
            f"{name} is ignored: apply() clips, so define update and leave apply alone": by_hand(
                bare, start, grads, decay
            ),
            f"{name} is applied twice: apply() has clipped before it calls update": by_hand(
                bare, start, grads, clipped, again=True
            ),
        }
        computed = run(clipping, start, grads)
        cause = _named(computed, expected, faults, f"{name} is applied by apply(): leave it alone in update")
        subject.same(f"step with {name}={limit} and weight_decay", computed, expected, rtol=1e-9, cause=cause)


def _named(computed: Array, expected: Array, faults: dict[str, Array], otherwise: str) -> str:
    for fault, values in faults.items():
        if np.allclose(computed, values, rtol=1e-6) and not np.allclose(expected, values, rtol=1e-6):
            return fault
    return otherwise
