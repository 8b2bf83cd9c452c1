"""Checks of step counts, bias corrections and momentum, by gradients that stay the same or end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.testing.core.report import Subject
from framework.testing.core.variants import with_argument
from framework.testing.optimizers.trajectories import SHORT, moves, own_arguments

LEAST = 0.01  # of the share that an average keeps: smaller numbers are there to avoid a division by 0
MISSING = "a bias correction is missing"


def check_step_count(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Fail if a constant gradient shows a wrong step count or bias correction.

    With the right bias correction, the average of a constant gradient is that gradient at every step. So if the steps
    are of equal length only when the count is shifted, or only when a correction is undone, the rule is wrong.
    """
    grads = np.tile(gradient, (SHORT, 1))
    steps = moves(optimizer, start, grads)
    if not np.isfinite(steps).all() or _equal(steps):
        return
    shifted = {shift: moves(optimizer, start, grads, shift) for shift in (1, -1)}
    if np.array_equal(shifted[1], steps):
        return  # it does not count steps
    for shift, by in ((1, "too low"), (-1, "too high")):
        if _equal(shifted[shift][1:]):
            cause = f"step count off by one in a bias correction: it is {by} by 1 (self.step begins at 1)"
            subject.fail("constant gradient", f"{_shown(steps)}, expected equal ones", cause)
    several = len(optimizer.slots) > 2 and len(_betas(optimizer)) > 2
    for cause, ends in _explained(optimizer, steps).items():
        if several and cause.startswith(MISSING):
            continue  # of three averages, one is left as it is on purpose: AdaMod's bound
        halved = [with_argument(optimizer, name, beta / 2) for name, beta in _betas(optimizer).items() if name in cause]
        made = [_explained(other, moves(other, start, grads)) for other in halved if other is not None]
        # The limit of a corrected average does not depend on beta, and that of a sum, as in momentum, does.
        if all(np.allclose(each.get(cause, 0), ends, rtol=1e-3) for each in made):
            subject.fail("constant gradient", f"{_shown(steps)}, expected equal ones", cause)


def _betas(optimizer: Optimizer) -> dict[str, float]:
    return {
        name: value for name, value in own_arguments(optimizer).items() if type(value) is float and LEAST < value < 1
    }


def _explained(optimizer: Optimizer, steps: Array) -> dict[str, Array]:
    """Return the faults that would explain the steps, with what the steps are without them."""
    made = [(cause, steps[1:] / factor[1:, None]) for cause, factor in _faults(_betas(optimizer))]
    return {cause: right[-1] for cause, right in made if _equal(right)}


def _faults(betas: dict[str, float]) -> Iterator[tuple[str, Array]]:
    """Yield what wrong corrections make of the lengths of equal steps, each after its name."""
    t = np.arange(1, SHORT + 1)
    missing = MISSING + ": divide the average by 1 - {} ** step"
    for name, beta in betas.items():
        right = 1 - beta**t
        yield missing.format(name), right
        yield missing.format(name), right**-0.5
        twice = f"the bias correction 1 - {name} ** step is applied twice, or on the wrong side of the square root"
        yield twice, 1 / right
        yield twice, right**0.5
        yield twice, right**-0.25
        for shift, by in ((1, "too high"), (-1, "too low")):
            with np.errstate(all="ignore"):
                off = (1 - beta ** (t + shift)) / right
            cause = f"step count off by one in the bias correction of {name}: it is {by} by 1 (self.step begins at 1)"
            yield cause, 1 / off
            yield cause, off**0.5
    for (name, beta), (other, wrong) in permutations(betas.items(), 2):
        right, used = 1 - beta**t, 1 - wrong**t
        cause = f"the average with {name} is corrected with {other}: divide it by 1 - {name} ** step"
        yield cause, right / used
        yield cause, (used / right) ** 0.5
        yield f"the bias corrections of {name} and {other} are exchanged", (right / used) ** 1.5
        yield missing.format(name), right / used**0.5


def check_momentum(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Fail if the steps after a gradient has ended do not fall by `momentum`, in a rule that is linear."""
    momentum = own_arguments(optimizer).get("momentum")
    if not isinstance(momentum, float) or not momentum:
        return
    impulse = np.zeros((6, len(start)))
    impulse[0] = gradient
    moved = moves(optimizer, start, impulse)
    linear = np.allclose(moves(optimizer, start, 2 * impulse), 2 * moved, rtol=1e-6, atol=0)
    if not moved[3].any() or not linear or not np.array_equal(moves(optimizer, start, impulse, 1), moved):
        return
    ratio = float(moved[4] @ moved[3] / (moved[3] @ moved[3]))
    if abs(ratio - momentum) < 1e-6:  # also where it equals what a fault makes of it
        return
    problem = f"after the gradient has ended each step is {ratio:.6g} times the last, momentum is {momentum:.6g}"
    for fault, value in (
        ("momentum applied twice", momentum**2),
        ("the sign of the momentum is wrong", -momentum),
        ("1 - momentum in place of momentum", 1 - momentum if momentum > 0.5 else np.nan),
    ):
        subject.require(not abs(ratio - value) < 1e-6, "momentum", problem, fault)


def _equal(steps: Array) -> bool:
    return bool(np.isfinite(steps).all() and np.allclose(steps, steps[0], rtol=1e-5, atol=0) and steps[0].any())


def _shown(steps: Array) -> str:
    return f"entry [0]: steps {' '.join(f'{step[0]:.4g}' for step in steps[:3])} ..."
