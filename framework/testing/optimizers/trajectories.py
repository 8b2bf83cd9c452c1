"""Trajectories of an optimizer, and the faults that show in several steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.report import Subject

Definition = Callable[..., Array]


def fresh(optimizer: Optimizer, params: Array) -> Optimizer:
    """Return a copy, bound to vectors like `params` and ready for its first step."""
    new = optimizer.clone()
    new.bind(params)
    return new


def run(optimizer: Optimizer, start: Array, grads: Array, shift: int = 0) -> Array:
    """Return the parameters after each step from a fresh state, (steps, size); `shift` is added to the step count."""
    params, new = start.copy(), fresh(optimizer, start)
    trajectory = []
    for step, gradient in enumerate(grads):
        new.step = step + shift
        new.apply(params, gradient.copy())
        trajectory.append(params.copy())
    return np.array(trajectory)


def check_step_count(subject: Subject, optimizer: Optimizer, start: Array, gradient: Array) -> None:
    """Fail if a constant gradient, or one that ends, shows a wrong step count or a momentum applied twice.

    With the right bias correction, the average of a constant gradient is that gradient at every step. So if the steps
    are of equal length only when the count is shifted, the rule counts wrongly.
    """
    if isinstance(optimizer.learning_rate, Schedule):
        return
    constant = np.tile(gradient, (6, 1))
    lengths = {shift: _steps(optimizer, start, constant, shift) for shift in (0, 1, -1)}
    if not _equal(lengths[0]):
        for shift, by in ((1, "too low"), (-1, "too high")):
            if _equal(lengths[shift]) and not np.array_equal(lengths[shift], lengths[0]):
                shown = " ".join(f"{step[0]:.4g}" for step in lengths[0][:3])
                cause = f"step count off by one in a bias correction: it is {by} by 1 (self.step begins at 1)"
                subject.fail("constant gradient", f"entry [0]: steps {shown} ..., expected equal ones", cause)
        if not np.array_equal(lengths[1], lengths[0]):
            _check_corrections(subject, optimizer, lengths[0])
    momentum = optimizer.get_params(deep=False).get("momentum")
    if not isinstance(momentum, float) or not momentum:
        return
    impulse = np.zeros((6, len(start)))
    impulse[0] = gradient
    moved = _steps(optimizer, start, impulse, 0)
    if moved[3].any():
        ratio = float(moved[4] @ moved[3] / (moved[3] @ moved[3]))
        if abs(ratio - momentum) > 1e-6:
            cause = "momentum applied twice" if abs(ratio - momentum**2) < 1e-6 else "momentum applied wrongly"
            problem = (
                f"after the gradient has ended each step is {ratio:.6g} times the last, momentum is {momentum:.6g}"
            )
            subject.fail("momentum", problem, cause)


def _check_corrections(subject: Subject, optimizer: Optimizer, steps: Array) -> None:
    """Fail if only a missing ``1 - beta ** step`` keeps the steps from being equal."""
    count = np.arange(1, len(steps) + 1)[:, None]
    for name, beta in optimizer.get_params(deep=False).items():
        if isinstance(beta, float) and 0 < beta < 1:
            correction = 1 - beta**count
            if _equal(steps / correction) or _equal(steps * np.sqrt(correction)):
                cause = f"a bias correction is missing: divide the average by 1 - {name} ** step"
                subject.fail("constant gradient", "the steps differ in length", cause)


def _steps(optimizer: Optimizer, start: Array, grads: Array, shift: int) -> Array:
    try:
        with np.errstate(all="ignore"):
            return np.diff(run(optimizer, start, grads, shift), axis=0, prepend=start[None])
    except ArithmeticError:  # at a step count of 0 a correct rule divides by 1 - beta ** 0
        return np.full(grads.shape, np.nan)


def _equal(steps: Array) -> bool:
    return bool(np.isfinite(steps).all() and np.allclose(steps, steps[0], rtol=1e-5, atol=0))


def check_definition(
    subject: Subject, optimizer: Optimizer, start: Array, grads: Array, definition: Definition
) -> None:
    """Fail unless the trajectory is that of `definition`, and say which known fault would explain it."""
    arguments = optimizer.get_params(deep=False)
    rate = arguments.pop("learning_rate")

    def by_definition(shift: int = 0, grads: Array = grads, other: Mapping[str, float] = arguments) -> Array:
        x, memory, trajectory = start.copy(), dict[str, Any](), []
        for step, gradient in enumerate(grads):
            now = float(rate(step)) if isinstance(rate, Schedule) else rate
            x = definition(x, gradient, step + 1 + shift, now, memory, **{**arguments, **other})
            trajectory.append(x)
        return np.array(trajectory)

    with np.errstate(all="ignore"):
        faults = {f"step count off by one: it is {shift:+d}": by_definition(shift) for shift in (1, -1)}
        for name, value in arguments.items():
            if isinstance(value, float) and value:
                faults[f"{name} applied twice"] = by_definition(other={name: value**2})
                faults[f"{name} is ignored"] = by_definition(other={name: 0.0})
                faults[f"1 - {name} in place of {name}"] = by_definition(other={name: 1 - value})
        faults["the sign of the gradient is wrong"] = by_definition(grads=-grads)
        faults["a factor 2 on the gradient"] = by_definition(grads=2 * grads)
    expected = by_definition()
    subject.same("trajectory", run(optimizer, start, grads), expected, rtol=1e-7, alternatives=faults)
