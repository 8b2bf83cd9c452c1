"""The effect of a component's arguments: one that changes nothing is not used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from framework.testing.report import Subject, plain
from framework.testing.variants import AnyComponent, other_values, with_argument

LEAST = 1e-3  # smaller numbers may be there to avoid a division by 0, and show nowhere


def check_effects(subject: Subject, component: AnyComponent, outcomes: Callable[[AnyComponent], Sequence[Any]]) -> None:
    """Fail if a number among the arguments can be changed without any effect on `outcomes`.

    Parameters
    ----------
    subject : Subject
    component : Component
    outcomes : callable
        Returns the numbers or arrays that a component computes, for inputs of all sizes.
    """
    expected = _quietly(outcomes, component)
    for name, value in component.get_params(deep=False).items():
        if type(value) is not float or not isfinite(value) or 0 < abs(value) < LEAST:
            continue
        others = [each for each in (with_argument(component, name, v) for v in other_values(name, value)) if each]
        if expected is not None and others and all(_equal(_quietly(outcomes, each), expected) for each in others):
            shown = " and ".join(plain(getattr(each, name)) for each in others)
            problem = f"{plain(value)}, {shown} give the same results"
            subject.fail(f"argument {name!r}", problem, f"self.{name} is not used: a number or a class attribute is")


def _quietly(outcomes: Callable[[AnyComponent], Sequence[Any]], component: AnyComponent) -> list[Any] | None:
    try:
        with np.errstate(all="ignore"):
            return [np.array(each) for each in outcomes(component)]
    except (ValueError, TypeError, ArithmeticError):  # an argument that the component refuses when it is used
        return None


def _equal(computed: list[Any] | None, expected: list[Any]) -> bool:
    return computed is not None and all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(computed, expected, strict=True)
    )
