"""Arguments of an optimizer that change nothing."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.testing.core.effects import declared, without_effect
from framework.testing.core.report import Subject
from framework.testing.optimizers.trajectories import SHORT, fresh, own_arguments

SCALES = np.array([1, 1, 1, 1, 1e-2, 1e-2, 1e-4, 1e-4, 0, 10, 1, 1])  # of the gradients from step to step


def check_effects(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Fail if no value of an argument changes any step, with gradients that fall, end, and stay the same.

    A slot may also keep an average of the parameters, in which no step shows.
    """
    grads = np.concatenate([grads[:SHORT] * SCALES[:, None], np.tile(grads[0], (4, 1))])
    beside = {"weight_decay": 0.1, "clip_norm": 0.5}
    names = [name for name in declared(optimizer, "update") if name in own_arguments(optimizer)]

    def follow(each: Optimizer, begin: Array) -> tuple[Array, dict[str, Array]]:
        params, new, found = begin.copy(), fresh(each, begin), []
        for gradient in grads:
            new.apply(params, gradient)
            found.append(params.copy())
        return np.array(found), {slot: getattr(new, slot) for slot in each.slots}

    here, there = (follow(optimizer, begin)[1] for begin in (start, start + 1))
    averages = [slot for slot in here if not np.array_equal(here[slot], there[slot])]  # of params, to be looked at

    def compute(each: Optimizer) -> Array:
        found, slots = follow(each, start)
        return np.array([*found, *(slots[slot] for slot in averages)])

    for name in without_effect(optimizer, names, compute, beside):
        problem = f"no other value of it changes any of {len(grads)} steps"
        subject.fail(f"argument {name!r}", problem, _why(optimizer, name, start, grads))


def _why(optimizer: Optimizer, name: str, start: Array, grads: Array) -> str:
    """Return why an argument has no effect: a slot is not kept, or the argument is not used."""
    params, new, forgetful = start.copy(), fresh(optimizer, start), fresh(optimizer, start)
    for gradient in grads:
        new.apply(params, gradient)
    forgetful.step, same = len(grads), params.copy()
    new.apply(params, grads[0])
    forgetful.apply(same, grads[0])
    for slot in optimizer.slots:
        if not getattr(new, slot).any():
            return f"the slot {slot!r} stays 0: what is computed for it is not written back, self.{slot}[...] = ..."
    if optimizer.slots and np.array_equal(params, same):
        return f"nothing of earlier steps is used: the slot {optimizer.slots[0]!r} is made anew, or not read in update"
    return f"{name} is ignored: update does not use self.{name}"
