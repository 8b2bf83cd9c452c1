"""Arguments of components inside others, by paths such as ``layers__1__rate``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from framework.core.copies import copied
from framework.core.messages import did_you_mean, shown


def nested_params(name: str, value: Any) -> dict[str, Any]:
    """Return what can be set inside the argument `name`: the arguments of a component, the items of a list.

    A list without a component or a name in it, such as numbers, has no items to set.
    """
    if isinstance(value, list | tuple):
        if not any(map(_holds_components, value)):
            return {}
        found: dict[str, Any] = {}
        for i, item in enumerate(value):
            found |= {f"{name}__{i}": item, **nested_params(f"{name}__{i}", item)}
        return found
    if _has_params(value):
        return {f"{name}__{key}": nested for key, nested in value.get_params().items()}
    return {}


def changed_params(
    owner: Any, names: list[str], params: dict[str, Any], made: Callable[[str, Any], Any]
) -> dict[str, Any]:
    """Return the new values of the arguments of `owner` if `params` are set; nothing has changed then.

    Parameters
    ----------
    owner : object
    names : list of str
        Its arguments.
    params : dict
        Values by argument or by path.
    made : callable
        Returns the component that a name or class stands for in an argument, or any other value as it is.
    """
    values: dict[str, Any] = {}
    for name in sorted(params, key=lambda name: name.count("__")):  # a list before its items
        own, _, rest = name.partition("__")
        if own not in names:
            raise ValueError(f"{type(owner).__name__} has no argument {name!r}{did_you_mean(own, names)}")
        value = params[name]
        if rest:
            present = values[own] if own in values else getattr(owner, own)
            value = with_param(f"{type(owner).__name__}.{own}", present, rest, value, partial(made, own))
        values[own] = value
    return values


def with_param(name: str, value: Any, path: str, new: Any, made: Callable[[Any], Any]) -> Any:
    """Return a copy of the argument `name` in which `new` stands at `path`; nothing in `value` changes.

    Parameters
    ----------
    name : str
        As errors call the argument.
    value : component, or list
    path : str
        ``"rate"`` in a component, ``"1"`` or ``"1__rate"`` in a list.
    made : callable
        Returns the component that a name or class stands for, or any other value as it is.

    Raises
    ------
    ValueError
        If there is no such item or argument.
    """
    if isinstance(value, list | tuple):
        head, _, rest = path.partition("__")
        if not head.isdecimal() or int(head) >= len(value):
            there = f"items 0 to {len(value) - 1}" if value else "no items"
            raise ValueError(f"{name} has no item {head!r}: it has {there}, {shown(value)}")
        items, i = list(value), int(head)
        items[i] = with_param(f"{name}[{i}]", items[i], rest, new, made) if rest else new
        return type(value)(items)
    value = made(value)
    if not _has_params(value):
        raise ValueError(f"{name} is {shown(value)}: it has no arguments to set")
    twin = value.clone() if hasattr(value, "clone") else copied(value)
    return twin.set_params(**{path: new})


def _has_params(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


def _holds_components(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_components, value))
    return isinstance(value, str) or _has_params(value)
