"""The attributes of components that a recording depends on, looked at between two steps: `Watch`."""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_
from typing import Any

from framework.core.component import Component
from framework.core.constructors import constructor_arguments
from framework.core.traceable import traceable
from framework.engine.tree import components_of


class Watch:
    """The attributes of components that a recording depends on, as they were when this was made.

    What is not traceable is called anew in each step. So of such a component only the constructor's arguments matter,
    by which a network is built, and not what it keeps of a pass (``self.x = x``).

    Parameters
    ----------
    components : iterable of Component
        With those among their attributes, however deep.
    """

    def __init__(self, components: Iterable[Component]) -> None:
        self._parts: list[tuple[dict[str, Any], list[str] | None, list[Any]]] = []  # None: all attributes
        for component in components_of(components):
            attributes = vars(component)
            if traceable(component):
                self._parts.append((attributes, None, list(attributes.values())))
            else:
                names = [*constructor_arguments(type(component)), "trainable"]
                self._parts.append((attributes, names, list(map(attributes.get, names))))

    def touched(self) -> bool:
        """Return whether any of it has been assigned since."""
        for attributes, names, values in self._parts:
            if names is None:
                if len(values) != len(attributes) or not all(map(is_, values, attributes.values())):
                    return True
            elif not all(map(is_, values, map(attributes.get, names))):
                return True
        return False
