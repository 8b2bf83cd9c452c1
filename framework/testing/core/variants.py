"""The same component with other arguments: what is right for the defaults alone is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from framework.core.component import Component
from framework.core.constructors import accepted_arguments, made_from

AnyComponent = TypeVar("AnyComponent", bound=Component)

# Arguments of the base classes that are None unless they are used, or have few values.
COMMON = {
    "name": ("other",),
    "clip_norm": (0.5,),
    "clip_value": (0.25,),
    "weight_decay": (0.1,),
    "reduction": ("sum", "mean"),
}
BESIDE = frozenset({"name", "trainable", "reduction", "seed"})  # they do not change the numbers of a call


def variants(
    component: AnyComponent,
    accepts: Callable[[AnyComponent], Any] | None = None,
    skip: Collection[str] = BESIDE,
) -> Iterator[AnyComponent]:
    """Yield copies of a component, in each of which one number or flag among its arguments has another value.

    Parameters
    ----------
    component : Component
    accepts : callable, optional
        Called with each copy; a copy for which it raises an error that a wrong value can have, as ValueError, is left
        out, as is one that the constructor refuses.
    skip : collection of str
        Arguments that stay as they are.
    """
    for name, value in component.get_params(deep=False).items():
        if name in skip or name in COMMON:
            continue
        for other in other_values(name, value):
            copy = with_argument(component, name, other)
            if copy is None:
                continue
            try:
                if accepts is not None:
                    accepts(copy)
            except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError):
                continue
            yield copy


def looks_up(function: Callable[[], Any]) -> bool:
    """Return whether a call finds nothing in a table, which may need the value that an argument had."""
    try:
        function()
    except Exception as error:
        return isinstance(error, LookupError)
    return False


def with_argument(component: AnyComponent, name: str, value: Any) -> AnyComponent | None:
    """Return a copy that is constructed with another value of one argument; None if its constructor refuses it."""
    if name not in accepted_arguments(type(component)):
        return None
    arguments = {**component.clone().get_params(deep=False), name: value}
    try:
        return made_from(type(component), arguments)  # type: ignore[no-any-return]
    except Exception:  # a value that it cannot have
        return None


def other_values(name: str, value: Any) -> list[Any]:
    """Return other values that an argument may have: near the present one, of its sign, and in 0..1 if it is there."""
    if "tol" in name:  # a looser tolerance is less exact, and not wrong
        return []
    if isinstance(value, bool | np.bool_):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1] if value > 1 else [value + 1]
    if isinstance(value, float):
        if not np.isfinite(value):
            return []
        if 0 < value < 1:
            return [value / 2, (1 + value) / 2]
        return [value / 2, 1.5 * value] if value else [0.3]
    return [other for other in COMMON.get(name, ()) if other != value]


@contextmanager
def with_other_value(component: Component, variant: Component, hints: Mapping[str, str]) -> Iterator[None]:
    """Let a failure of the block say for which value of an argument it is right, and for which it is wrong.

    `hints` says more of failures of some parts, by the part, where "argument" stands for the argument's name.
    """
    try:
        yield
    except AssertionError as error:
        before, now = component.get_params(deep=False), variant.get_params(deep=False)
        name = next(name for name in now if now[name] is not before[name] and now[name] != before[name])
        what, _, cause = str(error).partition("likeliest cause: ")
        right = f"right for {name}={before[name]!r}, wrong for {name}={now[name]!r}"
        right += "".join(hint.replace("argument", name) for part, hint in hints.items() if f"\n    {part}: " in what)
        raise AssertionError(f"{what}likeliest cause: {right} ({cause})") from error
