"""The arguments of a constructor, and a component made from those of another one."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from textwrap import dedent
from typing import Any

from framework.core.built_in import is_built_in
from framework.core.source import same_argument, source

GIVEN_TWICE = re.compile(r"multiple values for (?:keyword )?argument '(\w+)'")


def _find_accepted(cls: type[Any]) -> dict[str, Any]:
    """Return the arguments that a constructor takes, and their defaults, following ``**common`` into the base classes.

    What a subclass passes on by itself, as "relu" in ``super().__init__(units, "relu", **common)``, is not among them.
    """
    found: dict[str, Any] = {}
    passed: set[str] = set()
    owners = [owner for owner in cls.__mro__ if owner is not object and "__init__" in vars(owner)]
    for i, owner in enumerate(owners):
        parameters = _parameters(owner)
        for parameter in parameters:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                raise TypeError(f"{cls.__name__}.__init__ takes *{parameter.name}: give its arguments names")
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD and parameter.name not in passed:
                found.setdefault(parameter.name, parameter.default)
        rest = next((each.name for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD), None)
        if rest is None:
            break
        if i + 1 < len(owners):
            passed |= _passed_on(owner, rest, owners[i + 1]) - found.keys()
    return found


_find_accepted.__qualname__ = "accepted_arguments"  # by which a pickle of a user's class refers to it
accepted_arguments: Callable[[Any], dict[str, Any]] = cache(_find_accepted)


def _find_arguments(cls: type[Any]) -> dict[str, Any]:
    """Return the arguments by which a component is described, and their defaults.

    They are those that its constructor takes, and those that its family `keeps`.
    """
    kept: tuple[str, ...] = getattr(cls, "keeps", ())
    accepted = accepted_arguments(cls)
    return accepted | {name: getattr(cls, name) for name in kept if name not in accepted}


_find_arguments.__qualname__ = "constructor_arguments"
constructor_arguments: Callable[[Any], dict[str, Any]] = cache(_find_arguments)


def made_from(cls: type[Any], arguments: Mapping[str, Any]) -> Any:
    """Return an instance of `cls` with `arguments`, as `get_params` returns them.

    Those that the constructor does not take, because it passes them on by itself or does not know them, are set.
    """
    given, accepted = dict(arguments), accepted_arguments(cls)
    for name in constructor_arguments(cls).keys() - accepted.keys():
        given.pop(name, None)
    while True:
        try:
            component = cls(**given)
            break
        except TypeError as error:
            twice = GIVEN_TWICE.search(str(error))  # passed on, in a class whose source cannot be read
            if twice is None or twice[1] not in given:
                raise
            del given[twice[1]]
    for name in arguments.keys() - given.keys():
        value, present = arguments[name], getattr(component, name)
        if not same_argument(value, present) and source(value) != source(present):
            setattr(component, name, value)
    return component


def _parameters(owner: type[Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]


def _passed_on(owner: type[Any], rest: str, base: type[Any]) -> set[str]:
    """Return the arguments that a constructor always gives to that of `base` beside ``**rest``."""
    if is_built_in(owner):
        return set()  # the framework's own take every argument
    try:
        tree = ast.parse(dedent(inspect.getsource(vars(owner)["__init__"])))
    except (OSError, TypeError, SyntaxError):
        return set()
    names = [parameter.name for parameter in _parameters(base)]
    calls = [call for call in ast.walk(tree) if isinstance(call, ast.Call) and _calls_base(call, rest)]
    return set.intersection(*(_given_in(call, names) for call in calls)) if calls else set()


def _calls_base(call: ast.Call, rest: str) -> bool:
    """Return whether a call is that of another ``__init__``, with ``**rest``."""
    is_init = isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"
    return is_init and any(each.arg is None and getattr(each.value, "id", None) == rest for each in call.keywords)


def _given_in(call: ast.Call, names: Sequence[str]) -> set[str]:
    of_super = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call)
    args = call.args if of_super else call.args[1:]  # ``super()`` knows self
    by_position = set() if any(isinstance(each, ast.Starred) for each in args) else set(names[: len(args)])
    return by_position | {each.arg for each in call.keywords if each.arg is not None}
