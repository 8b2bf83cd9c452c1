"""The difference between two configs, and the arguments of one config given to a component."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import is_
from typing import Any

from framework.core.component import Component
from framework.core.messages import shown
from framework.saving.config import decode, encode, inside


def difference(here: Any, there: Any, where: str = "") -> str:
    """Return the first difference between two configs, in words; "" if there is none."""
    if here == there:
        return ""
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        return next(filter(None, (difference(a, b, f"{where}[{i}]") for i, (a, b) in pairs)))
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        if "arguments" not in here or here["name"] == there["name"]:
            names = {key: where if key in ("arguments", "tuple", "dict") else inside(where, key) for key in here}
            return next(filter(None, (difference(here[key], there[key], name) for key, name in names.items())))
        here, there = here["name"], there["name"]
    return f"{where} is {shown(here)} here and {shown(there)} there"


def assign(component: Any, config: Any, classes: Iterable[type[Component]] = ()) -> Any:
    """Give `component` the arguments of `config` and return it, changed in place where the structure is the same."""
    here = encode(component)
    if here == config:
        return component
    if isinstance(component, Component) and isinstance(config, dict) and _label(here) == _label(config):
        for name, item in config["arguments"].items():
            setattr(component, name, assign(getattr(component, name), item, classes))
        return component
    if isinstance(component, list) and isinstance(config, list) and len(component) == len(config):
        component[:] = [assign(item, other, classes) for item, other in zip(component, config, strict=True)]
        return component
    if isinstance(component, tuple) and isinstance(config, dict) and len(config.get("tuple", ())) == len(component):
        items = tuple(assign(item, other, classes) for item, other in zip(component, config["tuple"], strict=True))
        return component if all(map(is_, items, component)) else items
    return decode(config, classes)


def classes_in(value: Any) -> Iterator[type[Component]]:
    """Go through the classes of all components in `value`."""
    if isinstance(value, Component):
        yield type(value)
        for argument in value.get_params(deep=False).values():
            yield from classes_in(argument)
    elif isinstance(value, type) and issubclass(value, Component):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from classes_in(item)


def _label(config: dict[str, Any]) -> tuple[Any, Any, bool]:
    return config.get("family"), config.get("name"), "arguments" in config
