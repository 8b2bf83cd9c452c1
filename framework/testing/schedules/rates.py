"""The rates of a schedule, compared with its formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from framework.testing.core.report import Subject

Lengths: TypeAlias = Sequence[tuple[str, int]]  # names and values of the whole numbers among the arguments


def check_rates(
    subject: Subject, rates: dict[int, float], definition: Callable[[int], float], lengths: Lengths
) -> None:
    """Fail unless `rates`, by step, are those of `definition`, and say where and how they differ."""
    expected = {step: float(definition(step)) for step in rates}
    wrong = [step for step in rates if not _close(rates[step], expected[step])]
    if wrong:
        cause = _cause(rates, expected, wrong, definition, lengths)
        subject.fail(f"step {wrong[0]}", f"computed {rates[wrong[0]]!r}, expected {expected[wrong[0]]!r}", cause)


def _cause(
    rates: dict[int, float],
    expected: dict[int, float],
    wrong: list[int],
    definition: Callable[[int], float],
    lengths: Lengths,
) -> str:
    for shift in (1, -1):
        if all(step + shift >= 0 and _close(rates[step], definition(step + shift)) for step in wrong):
            where = f" (at the edge, step {wrong[0]})" if len(wrong) < 4 else ""
            return f"step count off by one{where}: the first step is step 0"
    ratio = next((rates[step] / value for step, value in expected.items() if value), 0.0)
    if all(_close(rates[step], ratio * expected[step]) for step in rates):
        return f"every rate is {ratio:.6g} times what it should be: a constant factor is wrong"
    if wrong == [0]:
        return "step 0 alone is wrong: the first step is step 0, not 1"
    gap = rates[wrong[0]] - expected[wrong[0]]
    if len(wrong) == len(rates) and all(np.isclose(rates[step] - expected[step], gap, rtol=1e-9) for step in rates):
        return f"every rate is {abs(gap):.6g} too {'low' if gap < 0 else 'high'}: a constant is missing or too much"
    for name, length in lengths:
        late = [step for step in wrong if step >= length]
        if len(late) == len(wrong) > 3 and all(_close(rates[step], definition(step + length)) for step in wrong):
            return f"from step {wrong[0]} on, steps are not counted from {name}: step - {name} belongs in place of step"
    ends = [length for _, length in lengths if length <= wrong[0] <= length + 1]
    if wrong[0] and ends and len({expected[step] for step in wrong}) == 1:
        return f"right until step {wrong[0] - 1}: the end is not held, use min(step, {ends[0]})"
    changes, right = _changes(rates), _changes(expected)
    if changes < 0.5 * right:
        return "an integer division: the rate stays the same for many steps (// where / belongs)"
    if right < 0.5 * changes and len(wrong) > 3:
        return "a division where an integer division belongs (/ for //): the rate should stay the same for some steps"
    where = f" from step {wrong[0]} on: the steps before it are right" if wrong[0] else ""
    if names := [f"{name}={length}" for name, length in lengths if wrong[0] and length == wrong[0]]:
        where = f"{where}, look at what begins at {names[0]}"
    return f"a wrong formula{where}"


def _changes(rates: dict[int, float]) -> int:
    """Return how often the rate changes from one step to the next."""
    return sum(step + 1 in rates and rates[step + 1] != rate for step, rate in rates.items())


def _close(rate: float, expected: float) -> bool:
    return bool(np.isclose(rate, expected, rtol=1e-9, atol=0))
