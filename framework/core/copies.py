"""Copies of values that a user may have put anything into: what cannot be copied, such as a lock, is shared."""

from __future__ import annotations

import copy
import copyreg
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any

import numpy as np

from framework.core.built_in import is_built_in

# What needs no look into it; picklers have ways of their own for functions, classes and modules.
PICKLED = (
    int,
    float,
    str,
    bytes,
    NoneType,
    np.ndarray,
    np.generic,
    type,
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    ModuleType,
)


def copied(value: Any, memo: dict[int, Any] | None = None) -> Any:
    """Return a deep copy of `value`; whatever in it cannot be copied is shared with the original."""
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    attempt = dict(memo)  # a copy that fails has entered parts that belong to nothing
    try:
        twin = copy.deepcopy(value, attempt)
    except Exception:  # a lock, an open file, a socket: types of any library, with any error
        return _copied_in_part(value, memo)
    _keep(attempt.pop(id(attempt), []), memo)
    memo.update(attempt)
    return twin


def _keep(values: list[Any], memo: dict[int, Any]) -> None:
    """Keep `values` alive as long as the memo, as deepcopy does: another object may get the id of one that is lost."""
    memo.setdefault(id(memo), []).extend(values)


def _copied_in_part(value: Any, memo: dict[int, Any]) -> Any:
    _keep([value], memo)
    twin: Any = value
    if type(value) is list:
        twin = memo[id(value)] = []
        twin.extend(copied(item, memo) for item in value)
    elif type(value) is dict:
        twin = memo[id(value)] = {}
        twin.update((key, copied(item, memo)) for key, item in value.items())
    elif type(value) in (tuple, set):
        twin = type(value)(copied(item, memo) for item in value)
    memo[id(value)] = twin
    return twin


def copied_attributes(original: Any, memo: dict[int, Any]) -> Any:
    """Return a copy of an object with copies of its attributes, as far as they can be copied."""
    twin = copy.copy(original)
    memo[id(original)] = twin
    for name, value in vars(twin).items():
        twin.__dict__[name] = copied(value, memo)
    return twin


def not_picklable(value: Any, where: str, seen: set[int] | None = None) -> Iterator[tuple[str, Any, str]]:
    """Go through what no pickle can hold: each part's name, as ``Callback.sink.lock``, the part and the reason.

    Objects of the framework's own classes are left out: components and callbacks in them are asked themselves.
    """
    seen = set() if seen is None else seen
    if (
        is_built_in(type(value))
        or id(value) in seen
        or isinstance(value, PICKLED)
        or type(value) in copyreg.dispatch_table  # NumPy's ufuncs, for example
        or hasattr(value, "checked_when_pickled")
    ):
        return
    seen.add(id(value))
    if type(value) in (list, tuple, set, frozenset, dict):
        items = value.items() if type(value) is dict else enumerate(value)
        for key, item in items:
            yield from not_picklable(item, f"{where}[{key!r}]", seen)
        return
    try:
        reduced = value.__reduce_ex__(5)
    except TypeError as error:
        yield where, value, str(error)
        return
    state = reduced[2] if isinstance(reduced, tuple) and len(reduced) > 2 else None
    if isinstance(state, dict):
        for name, item in state.items():
            yield from not_picklable(item, f"{where}.{name}", seen)
