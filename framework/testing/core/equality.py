"""The comparison of whatever a component may be given or keep."""

from __future__ import annotations

import copyreg
import random
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType, MethodWrapperType
from typing import Any

import numpy as np

from framework.core.component import Component


def same(a: Any, b: Any) -> bool:
    """Return whether two values are the same: arrays element by element, components by their arguments.

    Objects whose class does not say what is equal are compared by their attributes, functions by their code and by
    what they hold. Objects of one class that show nothing of themselves count as the same.
    """
    return _same(a, b, set())


def attributes_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object by name, those in ``__slots__`` included."""
    slots = copyreg._slotnames(type(value))  # type: ignore[attr-defined]
    return {name: getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})


def _same(a: Any, b: Any, under_way: set[tuple[int, int]]) -> bool:
    if a is b or (id(a), id(b)) in under_way:  # an object that holds itself
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray) and a.dtype != object:
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, bool | int | float | str | type | np.generic):
        return bool(a == b) or (a != a and b != b)
    under_way = under_way | {(id(a), id(b))}
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key], under_way) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_same(x, y, under_way) for x, y in zip(a, b, strict=True))
    contents = _contents(a)
    if contents is not None:
        return _same(contents, _contents(b), under_way)
    try:
        return bool(a == b)
    except Exception:  # such as arrays within it, whose truth value is ambiguous
        return _same(attributes_of(a), attributes_of(b), under_way)


def _contents(value: Any) -> Any:
    """Return what two values must have in common to be the same; None if they can be asked themselves."""
    if isinstance(value, Component):
        return value.get_params(deep=False)
    if isinstance(value, np.ndarray):  # of objects
        return value.shape, value.tolist()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, np.random.RandomState):
        return value.get_state(legacy=False)
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, MethodType):
        return value.__func__, value.__self__
    if isinstance(value, BuiltinMethodType | MethodWrapperType):
        return value.__name__, value.__self__
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if cell != type(cell)()]
        return value.__code__, value.__defaults__, value.__kwdefaults__, cells
    own = any("__eq__" in vars(cls) for cls in type(value).__mro__[:-1])
    return None if own else attributes_of(value)
