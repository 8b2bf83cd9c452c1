"""State that a component keeps between calls, on itself, on its class or around its methods: there should be none."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.component import Component
from framework.layers.base import Layer
from framework.optimizers import Optimizer
from framework.testing.report import Subject, plain

MISSING = "not there"
DATA = (bool, int, float, complex, str, tuple, list, dict, set, np.ndarray, np.generic, np.random.Generator)


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
            cause = f"{_advice(subject.component)} (what shows of it: {shows})"
            raise AssertionError(subject.message("state", problem, cause)) from error
        raise
    for problem in changes(subject.component, before, failed=False).values():
        subject.fail("state", problem, _advice(subject.component))


def lengths(component: Component) -> dict[str, int]:
    """Return the lengths of the lists, dictionaries and sets that a component can keep between calls, by name."""
    places = _places(component, "self", set())
    return {place.name: len(place.value) for place in places if isinstance(place.value, list | dict | set)}


def attributes(component: Component) -> dict[str, Any]:
    """Return a copy of a component's attributes."""
    return {name: _copied(value) for name, value in vars(component).items()}


def same(a: Any, b: Any) -> bool:
    """Return whether two arguments are the same: arrays element by element, components by their arguments."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Component):
        return same(a.get_params(deep=False), b.get_params(deep=False))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, np.random.Generator):
        return same(a.bit_generator.state, b.bit_generator.state)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or (a != a and b != b)


def kept(component: Component) -> dict[str, Place]:
    """Return copies of all that the component can keep between calls, by name."""
    return {place.name: place._replace(value=_copied(place.value)) for place in _places(component, "self", set())}


def _places(component: Component, path: str, seen: set[int]) -> Iterator[Place]:
    """Yield what a component, and those in its arguments, can keep between calls."""
    if id(component) in seen:
        return
    seen.add(id(component))
    for name, value in vars(component).items():
        yield Place(f"{path}.{name}", False, value)
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Component):
                yield from _places(item, f"{path}.{name}", seen)
    for cls in type(component).__mro__:
        if cls is not object and not is_built_in(cls) and id(cls) not in seen:
            seen.add(id(cls))
            yield from _of_class(cls)


def _of_class(cls: type) -> Iterator[Place]:
    for name, value in vars(cls).items():
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        function = function.fget if isinstance(function, property) else function
        function = getattr(function, "__wrapped__", function)
        if isinstance(function, FunctionType):
            yield from _of_function(function, f"{cls.__name__}.{name}")
        elif not name.startswith("__") and isinstance(value, DATA):
            yield Place(f"{cls.__name__}.{name}", True, value)


def _of_function(function: FunctionType, name: str) -> Iterator[Place]:
    for key in function.__code__.co_names:
        value = function.__globals__.get(key)
        if isinstance(value, DATA):
            yield Place(f"the global variable {key}", True, value)
    for key, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        if isinstance(value, DATA):
            yield Place(f"the variable {key} around {name}", True, value)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        if isinstance(value, list | dict | set | np.ndarray):
            yield Place(f"a default value of {name}", True, value)
    for key, value in vars(function).items():
        if isinstance(value, DATA):
            yield Place(f"{name}.{key}", True, value)


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
        if place.shared and not failed and not (isinstance(old, float | np.ndarray | np.generic) and name in after):
            continue
        was, now = (value if value is MISSING else plain(value) for value in (old, new))
        found[name] = f"{name} was {was} and is now {now}"
    return found


def _advice(component: Component) -> str:
    always = "it keeps stale state on self, its class or its module, which all uses of it and all threads share"
    if isinstance(component, Layer):
        return f"{always}: keep what backward needs on ctx, and what is learned in a Parameter(trainable=False)"
    if isinstance(component, Optimizer):
        return f"{always} (state shared between instances): keep vectors in slots, and count with self.step"
    return f"{always}: compute it in each call, from the arguments"


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # a lock, an open file: whether it is the same object is all that can be compared
        return value


def check_lengths(subject: Subject, before: dict[str, int]) -> None:
    """Fail if a call that was made before has made one of these longer."""
    for name, length in lengths(subject.component).items():
        if length > before.get(name, length):
            problem = f"{name} grows with each call: its length was {before[name]} and is now {length}"
            subject.fail("state", problem, _advice(subject.component))
