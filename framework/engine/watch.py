"""The attributes of components that passes and recordings depend on, looked at between two steps: `Watch`."""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_
from typing import Any, Self

from framework.core.component import Component
from framework.core.constructors import constructor_arguments
from framework.core.traceable import traceable
from framework.engine.tree import components_of, contents
from framework.layers.base import Layer

Attributes = dict[str, Any]


class Watch:
    """The attributes of components that passes and recordings depend on, as they were when this was made.

    What is not traceable is called anew in each step. So of such a component only the constructor's arguments matter,
    by which a network is built, and not what it keeps of a pass (``self.x = x``).

    Parameters
    ----------
    components : iterable of Component
        With those among their attributes, however deep.
    """

    def __init__(self, components: Iterable[Component]) -> None:
        self._parts: list[tuple[Attributes, list[str] | None, list[Any]]] = []  # None: all attributes
        self._containers: list[tuple[Any, list[Any]]] = []
        self._bound: list[tuple[Attributes, bool, list[Any]]] = []
        self._traceable: dict[int, tuple[Component, bool]] = {}  # by id: a user's component may have no hash
        self.add(components)

    @classmethod
    def now(cls, components: Iterable[Component]) -> tuple[int, Self]:
        """Return a watch, and the number of assignments to all components that it knows of."""
        while True:
            number, watch = Component.assignments.number, cls(components)
            if Component.assignments.number == number:  # else another thread has assigned something in the meantime
                return number, watch

    def add(self, components: Iterable[Component]) -> None:
        """Look at some more components."""
        for component in components_of(components):
            attributes = vars(component)
            is_traceable = traceable(component)
            self._traceable[id(component)] = component, is_traceable
            if is_traceable:
                names, values = None, list(attributes.values())
            else:
                names = [*constructor_arguments(type(component)), "trainable"]
                values = list(map(attributes.get, names))
                binds = getattr(type(component), "bind", Layer.bind) is not Layer.bind
                self._bound.append((attributes, binds, _bound(attributes, binds)))
            self._parts.append((attributes, names, values))
            containers = (value for value in values if isinstance(value, list | tuple | dict))
            self._containers += [(value, list(contents(value))) for value in containers]

    def is_traceable(self, component: Component) -> bool:
        """Return whether a component is `traceable`, without another look at its code if it is one of these."""
        known = self._traceable.get(id(component))
        return traceable(component) if known is None else known[1]

    def touched(self) -> bool:
        """Return whether any of it has been assigned since."""
        for attributes, names, values in self._parts:
            if names is None:
                if not _same(values, attributes.values()):
                    return True
            elif not all(map(is_, values, map(attributes.get, names))):
                return True
        return False

    def changed(self) -> bool:
        """Return whether any of it has changed since, inside of lists and in what contexts were prepared with, too."""
        return (
            self.touched()
            or not all(_same(items, list(contents(container))) for container, items in self._containers)
            or not all(_same(values, _bound(attributes, binds)) for attributes, binds, values in self._bound)
        )


def _same(values: list[Any], others: Any) -> bool:
    return len(values) == len(others) and all(map(is_, values, others))


def _bound(attributes: Attributes, binds: bool) -> list[Any]:
    """Return what a context may have been prepared with: all attributes if the component `binds`, else functions."""
    return [value for value in attributes.values() if binds or callable(value)]
