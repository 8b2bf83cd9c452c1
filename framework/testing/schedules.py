"""`check_schedule`."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from framework.schedules import Schedule
from framework.testing.arguments import attributes, check_arguments, unchanged
from framework.testing.report import Subject, reporting

FAR = (10**4, 10**6, 10**9)


@reporting
def check_schedule(schedule: Schedule, *, steps: int = 300, definition: Callable[[int], float] | None = None) -> None:
    """Check a schedule: finite rates, not below 0 and not all 0, from a pure function of the step.

    Parameters
    ----------
    schedule : Schedule
    steps : int
        How many steps to go through, beside some that are far away.
    definition : callable ``step -> rate``, optional
        What the rate should be.

    Raises
    ------
    AssertionError
        With the step, the rates computed and expected, and the likeliest cause.
    """
    subject = Subject(schedule)
    check_arguments(subject)
    before = attributes(schedule)
    rates = {step: _rate(subject, schedule, step) for step in (*range(steps), *FAR)}
    subject.require(any(rates.values()), "rate", "is 0 at every step")
    for step in reversed(rates):
        again = schedule(step)
        problem = f"step {step}: computed {rates[step]!r}, then {again!r}"
        subject.require(again == rates[step], "rate", problem, "stale state: it must be a function of the step alone")
    for step in (0, 1, steps - 1):
        other = _rate(subject, schedule, np.int64(step))
        subject.require(other == rates[step], "rate", f"step {step} as a NumPy integer: computed {other!r}")
    if definition is not None:
        _check_definition(subject, rates, definition)
    unchanged(subject, before)


def _rate(subject: Subject, schedule: Schedule, step: Any) -> float:
    rate = subject.call(f"step {step}", lambda: schedule(step))
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating):
        subject.fail(f"step {step}", f"computed {type(rate).__name__}, expected a float")
    cause = "the sign is wrong, or the end is not held" if rate < 0 else "an overflow: hold the end value"
    subject.require(isfinite(rate) and rate >= 0, f"step {step}", f"computed {rate!r}, expected a rate >= 0", cause)
    return float(rate)


def _check_definition(subject: Subject, rates: dict[int, float], definition: Callable[[int], float]) -> None:
    def fits(shift: int) -> list[int]:
        steps = [step for step in rates if step + shift >= 0]
        return [step for step in steps if not np.isclose(rates[step], definition(step + shift), rtol=1e-9, atol=0)]

    wrong = fits(0)
    if wrong:
        step = wrong[0]
        cause = "step count off by one: the first step is step 0" if not fits(1) or not fits(-1) else "a wrong formula"
        subject.fail(f"step {step}", f"computed {rates[step]!r}, expected {definition(step)!r}", cause)
