"""Arguments that change nothing: flags and numbers that a component takes and does not use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from inspect import signature, unwrap
from math import isfinite
from types import FunctionType
from typing import Any

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.component import Component
from framework.core.types import Array
from framework.testing.core.report import Subject
from framework.testing.core.state import names_in
from framework.testing.core.variants import COMMON, with_argument

INDIRECT = {"getattr", "vars", "__dict__", "get_params", "attrgetter"}  # ways to read an argument without its name
CONSTRUCTORS = {"__init__", "__post_init__", "check"}
LEAST = 1e-3  # smaller numbers may be there to avoid a division by 0, and show nowhere


def check_effects(
    subject: Subject, component: Component, outcomes: Callable[[Any], Sequence[Any]], method: str = ""
) -> None:
    """Fail if a number among the arguments of a component has no effect on `outcomes`.

    Arguments that the base class has, too, are not for the component to use.

    Parameters
    ----------
    subject : Subject
    component : Component
    outcomes : callable
        Returns the numbers and arrays that a component computes, for inputs of all sizes.
    method : str, optional
        The method that uses the arguments, if a subclass may inherit a constructor and leave some of them.
    """

    def compute(component: Any) -> Array:
        with np.errstate(all="ignore"):
            return np.concatenate([np.asarray(each, np.float64).ravel() for each in outcomes(component)])

    base = next(cls for cls in type(component).__mro__ if is_built_in(cls))
    arguments = {name: value for name, value in component.get_params(deep=False).items() if not hasattr(base, name)}
    flags = {name: not value for name, value in arguments.items() if isinstance(value, bool)}
    numbers = {name: value for name, value in arguments.items() if type(value) is float and isfinite(value)}
    used = declared(component, method) if method else list(numbers)
    names = [name for name in used if name in numbers and not 0 < abs(numbers[name]) < LEAST]
    for name in without_effect(component, names, compute, flags):
        problem = "has no effect: other values give the same results"
        subject.fail(f"argument {name!r}", problem, f"self.{name} is not used: a number or a class attribute is")


def with_marks(component: Component, y: Array, p: Array) -> list[tuple[Array, Array]]:
    """Return targets and predictions, and the same with a number among the arguments as the first target.

    So an argument shows that marks targets: ``missing=-1.0``.
    """
    pairs = [(y, p)]
    if y.dtype.kind == "f":
        for value in component.get_params(deep=False).values():
            if type(value) is float:
                pairs.append((y.copy(), p))
                pairs[-1][0].flat[0] = value
    return pairs


def without_effect(
    component: Component,
    names: Collection[str],
    compute: Callable[[Any], Array],
    beside: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Yield the arguments of which no other value changes what is computed.

    An argument may matter only beside another: ``nesterov`` beside a momentum, a bound once it is reached. So each is
    tried with the component as it is and with each of the others set to another value. Beside a word, a function or
    None, as in ``mode="soft"``, which may choose what needs the number, only what no method mentions has no effect.

    Parameters
    ----------
    component : Component
    names : collection of str
        The arguments to try; those that are no numbers or flags are left out.
    compute : callable
        Returns all that may depend on the arguments. A copy for which it raises does not count.
    beside : dict, optional
        Values of further arguments that some argument may need.
    """
    arguments = component.get_params(deep=False)
    if any(_may_choose(value) for name, value in arguments.items() if name not in COMMON):
        mentioned = _mentioned(type(component))
        names = [name for name in names if name not in mentioned and not mentioned & INDIRECT]
    own = {name: arguments[name] for name in names if isinstance(arguments[name], bool | int | float)}
    on = [(name, other) for name, value in own.items() for other in _on(value)] + list((beside or {}).items())
    settings = [component, *filter(None, (with_argument(component, name, value) for name, value in on))]
    usual = cache(lambda i: _computed(settings[i], compute))  # most arguments show beside the first setting alone
    for name, value in own.items():
        had = False
        for i, setting in enumerate(settings):
            changes = _changes(setting, usual(i), name, value, compute)
            if changes:
                break
            had = had or changes is not None
        else:
            if had:
                yield name


def declared(component: Component, method: str) -> list[str]:
    """Return the arguments that `method` should use.

    These are the ones of constructors written with it or after it, and those that its class mentions: a subclass that
    inherits a constructor, or passes the rest on to one, may leave some of them.
    """
    classes = type(component).__mro__
    rule = next(i for i, cls in enumerate(classes) if method in vars(cls))
    written = [value for cls in classes[: rule + 1] for value in vars(cls).values() if isinstance(value, FunctionType)]
    named = {name for each in written if each.__name__ == "__init__" for name in signature(each).parameters}
    used = {name for each in written if each.__name__ not in ("__init__", "check") for name in each.__code__.co_names}
    return [name for name in component.get_params(deep=False) if name in named | used]


def _mentioned(cls: type[Component]) -> set[str]:
    """Return the names in all methods of a class but its constructor, and in the functions beside these."""
    found: set[str] = set()
    written = [value for each in cls.__mro__ for name, value in vars(each).items() if name not in CONSTRUCTORS]
    seen: set[int] = set()
    while written:
        value = written.pop()
        value = getattr(value, "fget", getattr(value, "func", getattr(value, "__func__", value)))
        value = unwrap(value) if callable(value) else value
        if isinstance(value, FunctionType) and id(value) not in seen and _reads_arguments(value):
            seen.add(id(value))
            names = set(names_in(value.__code__))
            found |= names
            written += [value.__globals__[name] for name in names & value.__globals__.keys()]
    return found


def _reads_arguments(function: FunctionType) -> bool:
    return not function.__module__.startswith(("numpy", Component.__module__))


def _may_choose(value: Any) -> bool:
    return value is None or isinstance(value, str) or (callable(value) and not isinstance(value, Component))


def _changes(
    component: Component, usual: Array | None, name: str, value: Any, compute: Callable[[Any], Array]
) -> bool | None:
    """Return whether some other value of an argument changes the `usual` results; None if no other one can be had."""
    if usual is None:
        return None
    had = False
    for other in _values(value):
        changed = with_argument(component, name, other)
        computed = None if changed is None else _computed(changed, compute)
        if computed is None:
            continue
        if not np.array_equal(computed, usual, equal_nan=True):
            return True
        had = True
    return False if had else None


def _on(value: Any) -> list[Any]:
    """Return values with which an argument is in use, so that others can matter beside it."""
    if isinstance(value, bool):
        return [not value]
    return [2, 10 * value + 7] if isinstance(value, int) else [0.5, 0.99]


def _values(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 1, 2, 2 * value, 10 * value + 7, 0]
    return [0.9 * value, 0.5, 10 * value, 0.0, 1.0, 100.0, 1e-3, 0.9, 0.99]


def _computed(component: Any, compute: Callable[[Any], Array]) -> Array | None:
    try:
        return compute(component)
    except Exception:  # a value that it cannot have
        return None
