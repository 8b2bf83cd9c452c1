"""Errors for words that are called otherwise here: unknown arguments of a call, attributes of another library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from framework.core.messages import did_you_mean

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
            if message is None:
                raise
            raise TypeError(message) from None

    named.names_arguments = True  # type: ignore[attr-defined]
    return named  # type: ignore[return-value]


def _better(function: Any, arguments: Any, args: Any, kwargs: Any) -> str | None:
    if arguments is None:
        who, known = function.__qualname__, [*inspect.signature(function).parameters]
        known = [name for name in known if name != "self"]
    else:
        who, known = type(args[0]).__name__, list(arguments(type(args[0])))
    unknown = next((name for name in kwargs if name not in known), None)
    if unknown is None:
        return None
    return f"{who} got an unexpected keyword argument {unknown!r}{did_you_mean(unknown, known)}"


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
        if type(instance).__module__.partition(".")[0] == __name__.partition(".")[0]:
            raise self._error(type(instance))
        vars(instance)[self.name] = value

    def _error(self, owner: type[Any]) -> AttributeError:
        return AttributeError(f"{owner.__name__} has no attribute {self.name!r}: {self.advice}")


def add_advice(cls: type[Any], advice: dict[str, str]) -> None:
    """Let `cls` answer for attributes that it does not have; ``dir`` does not show them."""
    for name, text in advice.items():
        setattr(cls, name, Elsewhere(name, text))

    def shown(self: Any) -> list[str]:
        missing = {name for name in advice if isinstance(inspect.getattr_static(type(self), name, None), Elsewhere)}
        return sorted(set(object.__dir__(self)) - (missing - vars(self).keys()))

    cls.__dir__ = shown  # type: ignore[assignment]
