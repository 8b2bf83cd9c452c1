"""Errors for words that are called otherwise here: unknown arguments of a call, attributes of another library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from framework.core.built_in import is_built_in
from framework.core.messages import did_you_mean, with_article

Called = TypeVar("Called", bound=Callable[..., Any])


def names_arguments(function: Called, arguments: Callable[[Any], Iterable[str]] | None = None) -> Called:
    """Return `function`, whose TypeError for an unknown keyword argument names the right one.

    Parameters
    ----------
    function : callable
        A function, or the ``__init__`` of a class.
    arguments : callable, optional
        For an ``__init__``: returns the names of all arguments of the class that is given.
    """
    if hasattr(function, "names_arguments"):
        return function

    @wraps(function)
    def named(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            message = None
            if kwargs and ("unexpected keyword argument" in str(error) or " required " in str(error)):
                message = _better(function, arguments, args, kwargs)
            elif " positional argument" in str(error) and " given" in str(error):
                message = _too_many(function, arguments, args)
            if message is None:
                raise
            raise TypeError(message) from None

    named.names_arguments = True  # type: ignore[attr-defined]
    return named  # type: ignore[return-value]


def _better(function: Any, arguments: Any, args: Any, kwargs: Any) -> str | None:
    if arguments is None:
        who, known = _called(function, args), [*inspect.signature(function).parameters]
        known = [name for name in known if name not in ("self", "cls")]
    else:
        who, known = type(args[0]).__name__, list(arguments(type(args[0])))
    unknown = next((name for name in kwargs if name not in known), None)
    if unknown is None:
        return None
    return f"{who} got an unexpected keyword argument {unknown!r}{did_you_mean(unknown, known)}"


def _called(function: Any, args: Any) -> str:
    """Return the function's name; that of a method with the class of its object, which a user knows."""
    name: str = function.__name__
    if name == function.__qualname__:
        return name
    owner = args[0] if isinstance(args[0], type) else type(args[0])
    return f"{owner.__name__}.{name}"


def _too_many(function: Any, arguments: Any, args: Any) -> str | None:
    kinds = inspect.signature(function).parameters.values()
    places = [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(args) <= len(places) or any(p.kind == p.VAR_POSITIONAL for p in kinds):
        return None  # the error is that of a call inside
    given = args[1:] if places[:1] in (["self"], ["cls"]) else args
    places = [name for name in places if name not in ("self", "cls")]
    who = _called(function, args) if arguments is None else type(args[0]).__name__
    if places == ["layers"] and not isinstance(given[0], list | tuple):
        items = ", ".join(map(repr, given))
        return f"{who} takes its layers as one list, got {len(given)} arguments: write {who}([{items}])"
    other = [p.name for p in kinds if p.kind == p.KEYWORD_ONLY]
    by_name = f"; give the others by name: {', '.join(other)}" if other else ""
    taken = f"only {', '.join(places)} as positional arguments" if places else "no positional arguments"
    return f"{who} takes {taken}, got {len(given)}{by_name}"


def in_its_place(spec: Any, family: Any, families: Iterable[Any]) -> str:
    """Return what to write in place of `spec`, which is no component of the family, such as a function."""
    kind = family.__name__
    if spec is None:
        return ': write "linear" for none' if family.known("linear") else ""
    of_class = spec if isinstance(spec, type) else type(spec)
    other = next((each.__name__ for each in families if issubclass(of_class, each)), None)
    if other is not None:
        return f": {of_class.__name__} is {with_article(other)}"
    if not callable(spec):
        return ""
    name = getattr(spec, "__name__", "")
    return f": write {name!r}" if name and family.known(name) else f": write a class with {kind} as its base"


class Elsewhere:
    """An attribute that an object does not have, but may be asked for by habit: AttributeError says what to do.

    The same if it is set, which would do nothing, as in ``model.trainable = False``; but a user's class may have such
    an attribute. It costs nothing, unlike ``__getattr__``, with which Python looks up all attributes more slowly.
    """

    def __init__(self, name: str, advice: str) -> None:
        self.name = name
        self.advice = advice

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        """Return what a user's class has set, or raise AttributeError."""
        if instance is not None and self.name in vars(instance):
            return vars(instance)[self.name]
        raise self._error(owner)

    def __set__(self, instance: Any, value: Any) -> None:
        """Set the attribute of a user's class; raise AttributeError for one of the framework."""
        if is_built_in(type(instance)):
            raise self._error(type(instance))
        vars(instance)[self.name] = value

    def _error(self, owner: type[Any]) -> AttributeError:
        return AttributeError(f"{owner.__name__} has no attribute {self.name!r}: {self.advice}")


def add_advice(cls: type[Any], advice: dict[str, str]) -> None:
    """Let `cls` answer for attributes that it does not have; ``dir`` does not show them."""
    for name, text in advice.items():
        setattr(cls, name, Elsewhere(name, text))

    def shown(self: Any) -> list[str]:
        names = set(object.__dir__(self))
        missing = {name for name in names if isinstance(inspect.getattr_static(type(self), name, None), Elsewhere)}
        return sorted(names - (missing - vars(self).keys()))

    cls.__dir__ = shown  # type: ignore[assignment]
