"""The trajectory of an optimizer, compared with the formula that it should follow."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.core.report import Subject
from framework.testing.core.variants import variants
from framework.testing.optimizers.trajectories import SHORT, UNEVEN, run

Definition = Callable[..., Array]
FAR = 10**9  # a step count at which bias corrections are 1


def check_definition(
    subject: Subject, optimizer: Optimizer, start: Array, grads: Array, definition: Definition
) -> None:
    """Fail unless the trajectory is that of `definition`, also with small gradients and with other arguments."""
    _compare(subject, "trajectory", optimizer, start, grads, definition, rtol=1e-4)
    part = "trajectory with gradients from 1e-8 to 1e4"
    cause = (
        "an epsilon of another size, or in another place: inside or outside of the square root, before or after the "
        "bias correction"
    )
    begin = 0 * start if optimizer.elementwise else start
    _compare(subject, part, optimizer, begin, grads[:SHORT] * UNEVEN, definition, otherwise=cause)
    _compare(subject, "trajectory", optimizer, start, grads, definition)
    for other in variants(optimizer):
        changed = [name for name, value in other.get_params(deep=False).items() if value != getattr(optimizer, name)]
        if changed and changed[0] in inspect.signature(definition).parameters:
            part = f"trajectory with {changed[0]}={getattr(other, changed[0])!r}"
            cause = (
                f"a wrong formula with {part[16:]}"
                if isinstance(getattr(other, changed[0]), bool)
                else f"{changed[0]} is not used as in the formula: another value of it stands in update"
            )
            _compare(subject, part, other, start, grads[:SHORT], definition, otherwise=cause)


def _compare(
    subject: Subject,
    part: str,
    optimizer: Optimizer,
    start: Array,
    grads: Array,
    definition: Definition,
    *,
    rtol: float = 1e-6,
    otherwise: str = "",
) -> None:
    arguments = optimizer.get_params(deep=False)
    rate = arguments.pop("learning_rate")

    def by_definition(
        shift: int = 0,
        grads: Array = grads,
        other: Mapping[str, Any] = arguments,
        forgets: bool = False,
        begins: bool = False,
    ) -> Array:
        x, memory, trajectory = start.copy(), dict[str, Any](), []
        for step, gradient in enumerate(grads):
            now = float(rate(step)) if isinstance(rate, Schedule) else rate
            if forgets:
                memory.clear()
            if begins and not memory:  # without a gradient, for a formula that makes its memory in step 1
                definition(x.copy(), 0 * gradient, 1, now, memory, **{**arguments, **other})
            x = definition(x, gradient.copy(), step + 1 + shift, now, memory, **{**arguments, **other})
            trajectory.append(x)
        return np.array(trajectory)

    expected, computed = by_definition(), run(optimizer, start, grads)
    if expected.shape != computed.shape:
        subject.fail("definition", f"returns shape {expected.shape[1:]}, expected {start.shape}", "its return value")
    made, right = np.diff(computed, axis=0, prepend=start[None]), np.diff(expected, axis=0, prepend=start[None])
    away = np.abs(right).cumsum(axis=0)
    off = ~(np.abs(computed - expected) <= rtol * away + 1e-12 * np.abs(expected))  # so that NaN is off, too
    off &= np.isfinite(expected)  # a formula may leave 0 / 0 to the component
    if not off.any():
        return
    step, i = (int(k) for k in np.argwhere(off)[0])
    most = 1e-3 * float(np.abs(np.nan_to_num(computed - expected)).max())  # what a fault leaves unexplained

    def explains(changed: Mapping[str, Any]) -> bool:
        for begins in (False, True):
            try:
                return bool((np.abs(computed - by_definition(**changed, begins=begins)) <= most).all())
            except Exception:  # nothing is in memory yet, or the value is none that it can have
                continue
        return False

    cause = next((fault for fault, changed in _faults(arguments, grads) if explains(changed)), "")
    ratio = float((made * right).sum() / (right * right).sum()) if right.any() else 0.0
    if not cause and ratio and np.allclose(made, ratio * right, rtol=1e-5, atol=1e-9 * np.abs(right).max()):
        cause = f"every step is {ratio:.6g} times what it should be: a constant factor, or the learning rate, is wrong"
    if not cause and not otherwise:
        tenfold = run(optimizer, start, 10 * grads[:1]) - start, by_definition(grads=10 * grads[:1]) - start
        powers = [_power(ten[0], one) for ten, one in zip(tenfold, (made[0], right[0]), strict=True)]
        cause = ""
        if None not in powers and powers[0] != powers[1]:
            cause = (
                f"the first step grows as gradient ** {powers[0]:g}, by the formula as gradient ** {powers[1]:g}: "
                "a square or a square root is missing or too much"
            )
    if not cause and not otherwise:
        cause = "a wrong formula" + (f", from step {step + 1} on: the steps before it are right" if step else "")
    problem = f"step {step + 1}: entry [{i}]: computed {computed[step, i]:.10g}, expected {expected[step, i]:.10g}"
    subject.fail(part, f"{problem} with a gradient of {grads[step, i]:.2g}", cause or otherwise)


def _faults(arguments: Mapping[str, Any], grads: Array) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each known fault, and what is changed in the formula by it."""
    for shift in (1, -1):
        yield f"step count off by one: it is {shift:+d}", {"shift": shift}
    yield "the bias corrections are missing", {"shift": FAR}
    values = {name: value for name, value in arguments.items() if type(value) is float and value}
    for name, value in values.items():
        yield f"{name} applied twice", {"other": {name: value**2}}
        yield f"{name} is ignored", {"other": {name: 0.0}}
        yield f"1 - {name} in place of {name}", {"other": {name: 1 - value}}
        yield f"the sign of {name} is wrong", {"other": {name: -value}}
    for a, b in combinations(values, 2):
        yield f"{a} and {b} are exchanged", {"other": {a: values[b], b: values[a]}}
    for name, value in arguments.items():
        if isinstance(value, bool):
            yield f"{name}={value} works as {name}={not value}", {"other": {name: not value}}
        elif isinstance(value, tuple) and len(value) == 2:
            yield f"the two numbers of {name} are exchanged", {"other": {name: value[::-1]}}
    cause = "each step is made as if it were the first: nothing adds up from step to step (= where += belongs)"
    yield cause, {"forgets": True}
    yield "the sign of the gradient is wrong", {"grads": -grads}
    yield "a factor 2 on the gradient", {"grads": 2 * grads}


def _power(tenfold: Array, once: Array) -> float | None:
    """Return the power of the gradient to which a step is proportional, from that of ten times the gradient."""
    if not once.all() or not tenfold.all():
        return None
    powers = np.log10(np.abs(tenfold / once))
    return round(2 * float(powers[0])) / 2 if np.allclose(powers, powers[0], atol=1e-3) else None
