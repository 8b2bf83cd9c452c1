"""State that a component keeps between calls, on itself, on its class or around its methods: there should be none."""

from __future__ import annotations

import copy
import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.component import Component
from framework.layers.base import Layer
from framework.optimizers import Optimizer
from framework.schedules import Schedule
from framework.testing.core.equality import attributes_of, same
from framework.testing.core.report import Subject, plain

MISSING = "not there"
DRAWN = "is drawn from"
MOST = 1 << 16  # items of what is copied
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
CHANGING = (list, dict, set, deque, np.ndarray, *GENERATORS)
DATA = (bool, int, float, complex, str, tuple, np.generic, *CHANGING)


class Place(NamedTuple):
    """A variable that outlives a call.

    Attributes
    ----------
    name : str
        As in a program: ``self.mean``, ``Center.mean``, ...
    shared : bool
        Whether it belongs to the class or a method, and not to the instance.
    value : object
    """

    name: str
    shared: bool
    value: Any


@contextmanager
def unchanged(subject: Subject) -> Iterator[None]:
    """Fail if the block changes what the component keeps.

    If the block fails and there is such a change, that is what is reported: what else is wrong may follow from it.
    """
    before = kept(subject.component)
    try:
        yield
    except Exception as error:
        if "\n    state: " in str(error):  # a check within this one has found it
            raise
        for problem in changes(subject.component, before, failed=True).values():
            shows = str(error).partition("likeliest cause: ")[2] or str(error).strip().splitlines()[-1].strip()
            cause = f"{_advice(subject.component, problem)} (what shows of it: {shows})"
            raise AssertionError(subject.message("state", problem, cause)) from error
        raise
    for problem in changes(subject.component, before, failed=False).values():
        subject.fail("state", problem, _advice(subject.component, problem))


def lengths(component: Component) -> dict[str, int]:
    """Return the lengths of the lists, dictionaries and sets that a component can keep between calls, by name."""
    places = _places(component, "self", set())
    return {place.name: len(place.value) for place in places if isinstance(place.value, list | dict | set)}


def kept(component: Component) -> dict[str, Place]:
    """Return copies of all that the component can keep between calls, by name."""
    return {place.name: place._replace(value=_copied(place.value)) for place in _places(component, "self", set())}


def _places(component: Component, path: str, seen: set[int]) -> Iterator[Place]:
    """Yield what a component, and those in its arguments, can keep between calls."""
    if id(component) in seen:
        return
    seen.add(id(component))
    for name, value in attributes_of(component).items():
        yield from _of_value(f"{path}.{name}", False, value, type(component))
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Component):
                yield from _places(item, f"{path}.{name}", seen)
    for cls in type(component).__mro__:
        if cls is not object and not is_built_in(cls) and id(cls) not in seen:
            seen.add(id(cls))
            yield from _of_class(cls, seen)


def _of_value(name: str, shared: bool, value: Any, owner: Any) -> Iterator[Place]:
    """Yield a variable, or what it holds if it is an object of a class that was written beside its `owner`."""
    if not _is_beside(value, owner):
        yield Place(name, shared, value)
        return
    for key, part in attributes_of(value).items():
        yield Place(f"{name}.{key}", shared, part)


def _is_beside(value: Any, owner: Any) -> bool:
    """Return whether the class of an object is of the same module or package as a class or function."""
    if isinstance(value, Component | FunctionType | type):
        return False
    homes = [str(each.__module__).partition(".")[0] for each in (type(value), owner)]
    return homes[0] == homes[1]


def _of_class(cls: type, seen: set[int]) -> Iterator[Place]:
    for name, value in vars(cls).items():
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        function = function.fget if isinstance(function, property) else function
        while function is not None and (isinstance(function, FunctionType) or hasattr(function, "__wrapped__")):
            if isinstance(function, FunctionType):
                yield from _of_function(function, f"{cls.__name__}.{name}", seen)
            function = getattr(function, "__wrapped__", None)
        if not name.startswith("__") and (isinstance(value, DATA) or _is_beside(value, cls)):
            yield from _of_value(f"{cls.__name__}.{name}", True, value, cls)


def _of_function(function: FunctionType, name: str, seen: set[int]) -> Iterator[Place]:
    """Yield what outlives a call of a function: variables around it, and those of the functions beside it."""
    if id(function) in seen:
        return
    seen.add(id(function))
    for key in names_in(function.__code__):
        value = function.__globals__.get(key)
        if isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
            yield from _of_function(value, key, seen)
        elif isinstance(value, DATA) or _is_beside(value, function):
            yield from _of_value(f"the global variable {key}", True, value, function)
    for key, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        if isinstance(value, DATA):
            yield Place(f"the variable {key} around {name}", True, value)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        if isinstance(value, CHANGING):
            yield Place(f"a default value of {name}", True, value)
    for key, value in vars(function).items():
        if isinstance(value, DATA):
            yield Place(f"{name}.{key}", True, value)


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names of variables and attributes in a function, and in functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def changes(component: Component, before: dict[str, Place], failed: bool) -> dict[str, str]:
    """Return what has changed since `before`, in words, by the name of the variable.

    A class may count its instances or remember constants: if nothing has failed, only numbers and arrays that were
    there and have changed are reported of what is shared.
    """
    after = {place.name: place for place in _places(component, "self", set())}
    found = {}
    for name in [*before, *(name for name in after if name not in before)]:
        place = after.get(name) or before[name]
        old = before[name].value if name in before else MISSING
        new = after[name].value if name in after else MISSING
        if same(old, new):
            continue
        if name not in before and _is_cached_property(component, name.removeprefix("self.")):
            continue
        if place.shared and not failed and not (isinstance(old, float | np.ndarray | np.generic) and name in after):
            continue
        if isinstance(old, GENERATORS) and isinstance(new, GENERATORS):
            given = "use the generator that a call is given, rng or ctx.rng"
            if isinstance(component, Optimizer | Schedule):
                given = "its numbers are others in each run; make a generator in each call, default_rng((seed, step))"
            found[name] = f"{name} {DRAWN}: {given}"
            continue
        was, now = (value if value is MISSING else plain(value) for value in (old, new))
        found[name] = f"{name} was {was} and is now {now}"
    return found


def grown(component: Component, before: dict[str, Place]) -> dict[str, tuple[dict[Any, Any], dict[Any, Any]]]:
    """Return the dictionaries of a class or module that have got new keys since `before`, each with what it was."""
    places = [place for place in _places(component, "self", set()) if place.shared and isinstance(place.value, dict)]
    old = {place.name: before[place.name].value if place.name in before else {} for place in places}
    return {place.name: (place.value, old[place.name]) for place in places if len(place.value) > len(old[place.name])}


def _is_cached_property(component: Component, name: str) -> bool:
    """Return whether an attribute is made when it is first used; whether it goes stale is checked elsewhere."""
    return isinstance(getattr(type(component), name, None), cached_property)


def _advice(component: Component, problem: str) -> str:
    what = "a random generator, which is stale state," if DRAWN in problem else "stale state"
    always = f"it keeps {what} on self, its class or its module, which all uses of it and all threads share"
    if isinstance(component, Layer):
        return f"{always}: keep what backward needs on ctx, and what is learned in a Parameter(trainable=False)"
    if isinstance(component, Optimizer):
        return f"{always} (state shared between instances): keep vectors in slots, and count with self.step"
    return f"{always}: compute it in each call, from the arguments"


def _copied(value: Any) -> Any:
    size = value.size if isinstance(value, np.ndarray) else len(value) if isinstance(value, list | dict | set) else 0
    if size > MOST:  # a set of data, say
        return value
    try:
        return copy.deepcopy(value)
    except Exception:  # a lock, an open file: whether it is the same object is all that can be compared
        return value


def check_lengths(subject: Subject, before: dict[str, int]) -> None:
    """Fail if a call that was made before has made one of these longer."""
    for name, length in lengths(subject.component).items():
        if length > before.get(name, length):
            problem = f"{name} grows with each call: its length was {before[name]} and is now {length}"
            subject.fail("state", problem, _advice(subject.component, problem))
