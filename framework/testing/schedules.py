"""The conformance check of schedules."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from framework.schedules import Schedule
from framework.testing.arguments import check_arguments
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged

FAR = (10**4, 10**6, 10**9)


@reporting
def check_schedule(schedule: Schedule, *, steps: int = 300, definition: Callable[[int], float] | None = None) -> None:
    """Check a schedule: a pure function of the step, whose rates are finite, never negative and not all 0.

    Parameters
    ----------
    schedule : Schedule
    steps : int
        The number of first steps to try; a few distant ones are added.
    definition : callable ``step -> rate``, optional
        The formula that the schedule should compute.

    Raises
    ------
    AssertionError
        With the step, the rates computed and expected, and the likeliest cause.
    """
    subject = Subject(schedule)
    check_arguments(subject)
    with unchanged(subject):
        rates = {step: _rate(subject, schedule, step) for step in (*range(steps), *FAR)}
        subject.require(any(rates.values()), "rate", "is 0 at every step")
        for step in reversed(rates):
            again = schedule(step)
            problem = f"step {step}: computed {rates[step]!r}, then {again!r}"
            cause = "stale state: it must be a function of the step alone"
            subject.require(again == rates[step], "rate", problem, cause)
        for step in (0, 1, steps - 1):
            other = _rate(subject, schedule, np.int64(step))
            problem = f"step {step} as a NumPy integer: computed {other!r}, expected {rates[step]!r}"
            subject.require(other == rates[step], "rate", problem)
        if definition is not None:
            _check_definition(subject, rates, definition)


def _rate(subject: Subject, schedule: Schedule, step: Any) -> float:
    rate = subject.call(f"step {step}", lambda: schedule(step))
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating):
        subject.fail(f"step {step}", f"computed {type(rate).__name__}, expected a float")
    cause = "the sign is wrong, or the end is not held" if rate < 0 else "an overflow: hold the end value"
    subject.require(isfinite(rate) and rate >= 0, f"step {step}", f"computed {rate!r}, expected a rate >= 0", cause)
    return float(rate)


def _check_definition(subject: Subject, rates: dict[int, float], definition: Callable[[int], float]) -> None:
    def wrong_steps(shift: int) -> list[int]:
        steps = [step for step in rates if step + shift >= 0]
        return [step for step in steps if not np.isclose(rates[step], definition(step + shift), rtol=1e-9, atol=0)]

    if wrong := wrong_steps(0):
        step, shifted = wrong[0], not wrong_steps(1) or not wrong_steps(-1)
        cause = "step count off by one: the first step is step 0" if shifted else "a wrong formula"
        subject.fail(f"step {step}", f"computed {rates[step]!r}, expected {definition(step)!r}", cause)
