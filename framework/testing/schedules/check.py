"""The conformance check of schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dis import get_instructions
from functools import partial
from inspect import unwrap
from itertools import combinations
from math import isfinite
from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.types import Array
from framework.schedules import Schedule
from framework.testing.core.arguments import check_arguments
from framework.testing.core.effects import declared, without_effect
from framework.testing.core.report import Subject, reporting
from framework.testing.core.state import unchanged
from framework.testing.core.variants import looks_up, variants, with_argument
from framework.testing.schedules.rates import check_rates

FAR = 10**6
FARTHER = 10**8  # tried if the rate is highest at FAR
CUBE = 10**7  # more than by this factor no power of the step up to 3 grows between the two
ABSURD = 10**9  # times the first rate: not even a search goes so far
SPACED = tuple(int(step) for step in np.geomspace(400, FAR, 16))
FEW = 40
SEARCHES = ("find", "search", "range", "increas", "ramp")  # in names of classes whose rate may grow for ever


@reporting
def check_schedule(schedule: Schedule, *, steps: int = 300, definition: Callable[[int], float] | None = None) -> None:
    """Check a schedule: a pure function of the step, whose rates are finite, never negative and not all 0.

    Tried are the first steps, steps up to a million, and those just before, at and after each integer among the
    arguments, also of copies with other integers and flags.

    Parameters
    ----------
    schedule : Schedule
    steps : int
        The number of first steps to try.
    definition : callable ``step -> rate``, optional
        The formula that the schedule should compute.

    Raises
    ------
    AssertionError
        With the step, the rates computed and expected, and the likeliest cause.
    """
    subject = Subject(schedule)
    with unchanged(subject), np.errstate(all="ignore"):
        with suppress(Exception):  # so that state is found before what follows from it
            _all_rates(schedule, [0, 1, FEW])
        check_arguments(subject)
        rates = _check_rates(subject, schedule, steps)
        for step in reversed(rates):
            again = schedule(step)
            if again != rates[step]:
                one, other = schedule.clone()(step), schedule.clone()(step)
                what = "stale state" if one == other else "a clock, or random numbers of its own"
                problem = f"step {step}: computed {rates[step]!r}, then {float(again)!r}"
                subject.fail("rate", problem, f"{what}: it must be a function of the step alone")
        _check_growth(subject, schedule, rates)
        _check_numpy_integers(subject, schedule, rates)
        if definition is not None:
            check_rates(subject, rates, definition, list(_lengths(schedule)))
        _check_other_arguments(subject, schedule)


def _check_rates(subject: Subject, schedule: Schedule, steps: int) -> dict[int, float]:
    """Return the rates of many steps; fail if one is no rate, or if together they make no schedule."""
    tried = sorted({*range(steps), *SPACED, *_edges(schedule)})
    rates = _rates(subject, schedule, tried)
    subject.require(any(rates.values()), "rate", "is 0 at every step", "an integer division, int(), or a factor of 0")
    first = next(step for step, rate in rates.items() if rate)
    if first > 1 and rates[first] == max(rates.values()) and _divides_whole(schedule):
        problem = f"is 0 in the first {first} steps and {rates[first]!r} at once: nothing is learned in them"
        subject.fail("rate", problem, "an integer division (//) or int() where / belongs")
    if rates[0] and not any(list(rates.values())[1:]) and not _ends_at_once(schedule):
        cause = "an integer division (//) or int() where / belongs, or a power of 0"
        subject.fail("rate", f"is {rates[0]!r} at step 0 and 0 for ever after", cause)
    return rates


def _ends_at_once(schedule: Schedule) -> bool:
    """Return whether a length of 1 among the arguments is why there is one step: with 3 there are more."""
    for name, length in _lengths(schedule):
        longer = with_argument(schedule, name, 3) if length == 1 else schedule
        try:
            if longer is None or longer(1):
                return True
        except Exception:  # it is no number
            return True
    return False


def _divides_whole(schedule: Schedule) -> bool:
    """Return whether the formula has a division without rest that is not an index of a list in the arguments."""
    if any(isinstance(value, list | tuple | dict) for value in schedule.get_params(deep=False).values()):
        return False
    code = getattr(unwrap(type(schedule).__call__), "__code__", None)
    if code is None:
        return False
    whole = any(each.opname == "BINARY_OP" and each.argrepr.startswith("//") for each in get_instructions(code))
    return whole or bool({"int", "floor", "trunc", "round"} & set(code.co_names))


def _check_growth(subject: Subject, schedule: Schedule, rates: dict[int, float]) -> None:
    """Fail if the rate grows for ever; a search for a good rate may, exponentially, by a factor among the arguments."""
    highest = max(rates.values())
    meant = any(word in type(schedule).__name__.lower() for word in SEARCHES)
    if meant or not rates[FAR] == highest > 2 * rates[0]:
        return
    try:
        farther = float(schedule(FARTHER))
    except Exception:  # an overflow
        farther = np.inf
    asked = any(isinstance(value, float) and value > 1 for value in schedule.get_params(deep=False).values())
    most = np.inf if highest > ABSURD * rates[0] and not asked else CUBE
    if 5 * highest < farther <= most * highest:
        problem = f"grows without end: {rates[0]:.4g} at step 0, {highest:.4g} at {FAR}, {farther:.4g} at {FARTHER}"
        subject.fail("rate", problem, "a factor where a divisor belongs; or hold the highest rate, min(step, steps)")


def _check_numpy_integers(subject: Subject, schedule: Schedule, rates: dict[int, float]) -> None:
    """Fail if it asks for the type of step; Python's integers can do more, as bit_length and 2 ** -step."""
    for step in (0, 1, 299):
        if step not in rates:
            continue
        part = f"step {step} as a NumPy integer"
        try:
            other = float(schedule(np.int64(step)))  # type: ignore[arg-type]
        except TypeError as error:
            cause = "steps can be NumPy integers, which are no int: use numbers.Integral, or int(step)"
            subject.fail(part, f"raised {type(error).__name__}: {error}", cause)
        except Exception:
            continue
        fine = np.isclose(other, rates[step], rtol=1e-12, atol=0)
        subject.require(fine, part, f"computed {other!r}, expected {rates[step]!r}", "it asks for the type of step")


def _check_other_arguments(subject: Subject, schedule: Schedule) -> None:
    """Check that each number and flag among the arguments matters, and that other ones are right, too."""
    tried = sorted({*range(FEW), *SPACED[:8], *_edges(schedule)})  # a rate may be computed by a loop over the steps

    for name in without_effect(schedule, declared(schedule, "__call__"), lambda each: _all_rates(each, tried)):
        cause = f"{name} is ignored: the formula does not use self.{name}"
        subject.fail(f"argument {name!r}", f"no other value of it changes any of {len(tried)} rates", cause)
    for other in variants(schedule):
        steps = sorted({*range(FEW), *_edges(other)})
        if _order(other) == _order(schedule) and not looks_up(partial(_all_rates, other, steps)):
            _rates(Subject(other), other, steps)


def _all_rates(schedule: Schedule, steps: list[int]) -> Array:
    return np.array([float(schedule(step)) for step in steps])


def _order(schedule: Schedule) -> list[bool]:
    """Return which of two whole numbers among the arguments is the larger one: a warm-up ends before the end."""
    whole = [value for value in schedule.get_params(deep=False).values() if type(value) is int]
    return [one < other for one in whole for other in whole]


def _lengths(component: Component) -> Iterator[tuple[str, int]]:
    """Yield the name and value of each whole number above 0 among the arguments, also within components and lists."""
    for name, value in component.get_params(deep=False).items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Component):
                yield from _lengths(item)
            elif (
                isinstance(item, int | float) and not isinstance(item, bool) and 1 <= item <= FAR and item == int(item)
            ):
                yield name, int(item)


def _edges(schedule: Schedule) -> set[int]:
    """Return the steps around lengths among the arguments, their sums and their multiples."""
    lengths = {length for _, length in _lengths(schedule)}
    lengths |= {sum(pair) for pair in combinations(sorted(lengths)[:6], 2)}
    near = {times * length + shift for length in lengths for times in (1, 2, 3, 10) for shift in (-1, 0, 1)}
    return {step for step in near if 0 <= step <= FAR}


def _rates(subject: Subject, schedule: Schedule, steps: list[int]) -> dict[int, float]:
    """Return the rates of `steps`, which rise; fail if one of them is no rate."""
    rates: dict[int, float] = {}

    def compute() -> None:
        for step in steps:
            rates[step] = _rate(subject, schedule, step, rates)

    subject.call("rate", compute)
    return rates


def _rate(subject: Subject, schedule: Schedule, step: int, before: dict[int, float]) -> float:
    """Return the rate of a step; `before` are the rates of the steps before it."""
    part = f"step {step}"
    try:
        rate: Any = schedule(step)
    except Exception as error:
        subject.fail(part, f"raised {type(error).__name__}: {error}", _why(schedule, error, step, before))
    if rate is None:
        subject.fail(part, "returned None, expected a float", "return is missing, or in one branch only")
    if isinstance(rate, complex):
        cause = "a negative number to a fractional power: the end is not held, use min(step, steps)"
        subject.fail(part, f"computed {rate!r}, expected a float", cause)
    if isinstance(rate, np.ndarray) and not rate.ndim and rate.dtype.kind == "f":
        rate = rate[()]
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating | np.integer):
        subject.fail(part, f"computed {type(rate).__name__}, expected a float", "return a number: float(...)")
    number = float(rate)
    if not isfinite(number):
        cause = "an overflow: hold the end value" if before else "a division by 0 at step 0"
        subject.fail(part, f"computed {number!r}, expected a finite rate >= 0", cause)
    if number < 0:
        problem = f"computed {number:.10g}, a negative rate, expected a finite rate >= 0"
        cause = "the end is not held: use min(step, steps), or max(rate, 0)"
        if not any(before.values()):
            cause = "the sign is wrong"
        elif (lengths := [length for _, length in _lengths(schedule) if length > 2]) and step < min(lengths):
            cause = (
                "a sign, or an offset of the step, is wrong in the formula: no length among the arguments is over yet"
            )
        subject.fail(part, problem, cause)
    return number


def _why(schedule: Schedule, error: BaseException, step: int, before: dict[int, float]) -> str:
    """Return the cause of an exception, from what and where it is."""
    if isinstance(error, OverflowError):
        return "an overflow: hold the end value"
    if isinstance(error, RecursionError):
        return "a recursion over the steps: compute the rate from step itself"
    if isinstance(error, NotImplementedError):
        return "a method that the base class requires is missing: def __call__(self, step)"
    if isinstance(error, AttributeError):
        if error.name == "step":
            return "a schedule knows no step of its own: it is the argument step"
        kept = ", ".join(f"self.{name}" for name in schedule.get_params(deep=False))
        return f"the constructor has not stored it: there are {kept or 'no arguments'}"
    if isinstance(error, TypeError):
        if "positional argument" in str(error):
            return "the signature differs from the base class: def __call__(self, step)"
        return "an index must be an integer: use //" if "indices must be" in str(error) else "see the error above"
    small = [name for name, value in schedule.get_params(deep=False).items() if type(value) is int and value in (0, 1)]
    if isinstance(error, ZeroDivisionError) and small and step < 2:
        value = getattr(schedule, small[0])
        return f"a division by zero with {small[0]}={value}: take this case apart, or refuse it in the constructor"
    if not step:
        return "a step count that is off by one: the first step is step 0, so use step + 1, or begin with its own case"
    for shift, where in ((0, "just at"), (1, "one step before")):
        names = [name for name, length in _lengths(schedule) if length == step + shift]
        if names and isinstance(error, ZeroDivisionError):
            return f"a division by zero {where} {names[0]}: take the end of the stretch apart from what follows it"
        if names and shift:
            return f"off by one: it fails {where} {names[0]}"
    return f"right until step {max(before)}: the end is not held, use min(step, steps - 1)"
