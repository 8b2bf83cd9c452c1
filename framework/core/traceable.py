"""Tell whether all that a component computes with is seen when it changes: `traceable`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dis import get_instructions
from functools import cache
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from framework.core.component import Component

CONSTANTS = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype)
# Of these packages, what a component calls does not change.
TRUSTED = {"framework", "numpy", "scipy", "math", "operator", "functools", "itertools", "builtins", "typing", "abc"}
OPEN = {"globals", "eval", "exec", "open", "input", "__import__"}  # what these find is not known
# These are used when a network is built, not in its passes.
RULES = re.compile(r"\w*(initializer|regularizer|constraint)")
BUILDING = {"__init__", "check", "parameters", "output_shape", "memory", "children"}  # methods of the base classes


def traceable(component: Component) -> bool:
    """Return whether a recording of `component` stays true until something is assigned to a component.

    It has to be `replayable`. Its attributes have to be constants, tuples of these, and components of which the same
    holds: a change inside of a list, a dictionary or an array is seen by nobody. The code of your own classes may use
    functions and modules, but no class attributes, global variables (components among them), attributes of functions
    or variables of a function around it.
    """
    return component.replayable and not _changes(component, set())


def _changes(value: Any, seen: set[int]) -> bool:
    """Return whether `value`, or what it computes with, may change although no component is assigned to."""
    if isinstance(value, str):  # perhaps a component's name
        return any(_changes(family.named(value), seen) for family in Component.__subclasses__() if family.known(value))
    if isinstance(value, CONSTANTS) or id(value) in seen:
        return False
    seen.add(id(value))
    if isinstance(value, Component):
        return _in_class(type(value), seen) or any(
            _changes(_layers(item) if _trusted(type(value).__module__) else item, seen)
            for name, item in vars(value).items()
            if not _is_rule(name)
        )
    if isinstance(value, tuple):
        return any(_changes(item, seen) for item in value)
    if isinstance(value, frozenset):
        return any(_changes_unseen(item, seen) for item in value)
    if isinstance(value, ModuleType):
        return not _trusted(value.__name__)
    if isinstance(value, type):
        return _in_class(value, seen)
    return not callable(value) or _in_function(value, seen)


def _changes_unseen(value: Any, seen: set[int]) -> bool:
    """Return the same for what is not among the attributes of a component, so that a component there is not watched."""
    if isinstance(value, tuple):
        return any(_changes_unseen(item, seen) for item in value)
    return isinstance(value, Component) or _changes(value, seen)


@cache
def _is_rule(name: str) -> bool:
    return RULES.fullmatch(name) is not None


@cache
def _trusted(module: str | None) -> bool:
    return (module or "").partition(".")[0] in TRUSTED


def _layers(value: Any) -> Any:
    """Return a list of layers, as that of `Sequential`, as a tuple: a network places those in it once and for all."""
    if isinstance(value, list) and all(isinstance(item, str | type | Component | list | tuple) for item in value):
        return tuple(map(_layers, value))
    return value


def _in_class(cls: type[Any], seen: set[int]) -> bool:
    own = [base for base in cls.__mro__ if not _trusted(base.__module__)]
    if not own:
        return False
    declared = {name for base in cls.__mro__ if base not in own for name in vars(base)}
    for base in own:
        for name, value in vars(base).items():
            if isinstance(value, property):
                value = tuple(part for part in (value.fget, value.fset, value.fdel) if part is not None)
            elif isinstance(value, classmethod | staticmethod):
                value = value.__func__
            is_code = isinstance(value, tuple | FunctionType | type)
            if not is_code and (name in declared or name.startswith("__")):
                continue
            if _is_rule(name) or (name in BUILDING and name in declared):
                continue
            if not is_code or _changes(value, seen):
                return True
    return False


def _in_function(function: Any, seen: set[int]) -> bool:
    if isinstance(function, MethodType):
        return _changes_unseen(function.__self__, seen) or _changes(function.__func__, seen)
    if isinstance(function, FunctionType) and not all(name.startswith("__") for name in vars(function)):
        return True
    if isinstance(function, FunctionType) and not _trusted(function.__globals__.get("__name__")):
        return _in_code(function, seen)
    if isinstance(function, BuiltinFunctionType):  # also a bound method, such as that of a random generator
        return not isinstance(function.__self__, ModuleType | None)
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        return _changes(wrapped, seen)
    return not isinstance(function, FunctionType | np.ufunc | MethodDescriptorType | WrapperDescriptorType)


def _in_code(function: FunctionType, seen: set[int]) -> bool:
    for instruction in (found for code in _codes(function.__code__) for found in get_instructions(code)):
        name = instruction.argval
        if instruction.opname == "IMPORT_NAME" and not _trusted(name):
            return True
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            if name in OPEN or isinstance(value := function.__globals__.get(name, len), CONSTANTS):
                return True
            if _changes_unseen(value, seen):
                return True
    names = [constant for code in _codes(function.__code__) for constant in code.co_consts if type(constant) is str]
    around = [name for name in function.__code__.co_freevars if name != "__class__"]
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return bool(around) or _changes_unseen((*defaults, *names), seen)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
