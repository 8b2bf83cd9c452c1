"""The tree of placed layers: which layer stands where, with which parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from framework.core.arguments import flag
from framework.core.component import Component
from framework.core.messages import shown
from framework.core.types import Shape
from framework.layers.base import Layer, Parameter
from framework.layers.sequential import Sequential


@dataclass
class PlacedLayer:
    """A layer in its place in the tree; the same layer object may stand in several places.

    Attributes
    ----------
    layer : Layer
    path : str
        ``"0"``, or ``"2.1"`` for layer 1 inside layer 2.
    input_shape : tuple of int
        The shape of one sample.
    parameters : dict of str to Parameter
    children : list of PlacedLayer
    trainable : bool
        False if this layer, or one around it, is frozen.
    """

    layer: Layer
    path: str
    input_shape: Shape
    parameters: dict[str, Parameter]
    children: list[PlacedLayer]
    trainable: bool

    def __iter__(self) -> Iterator[PlacedLayer]:
        """Go through this layer and all inside it, in the order of the layers."""
        yield self
        for child in self.children:
            yield from child

    def learns(self) -> bool:
        """Return whether any trainable parameter is here or inside."""
        return any(at.trainable and p.trainable for at in self for p in at.parameters.values())


def arguments_of(components: Iterable[Component]) -> list[Any]:
    """Return all attributes of components and, however deep, of the components among these.

    Attributes that are lists, tuples or dictionaries are followed by what is in them.
    """
    return [
        item
        for component in components_of(components)
        for value in vars(component).values()
        for item in contents(value)
    ]


def components_of(components: Iterable[Component]) -> list[Component]:
    """Return components and, however deep, the components among their attributes, each once."""
    found, seen = list(components), set[int]()
    distinct: list[Component] = []
    for component in found:
        if id(component) not in seen:
            seen.add(id(component))
            distinct.append(component)
            inner = (item for value in vars(component).values() for item in contents(value))
            found += [item for item in inner if isinstance(item, Component)]
    return distinct


def contents(value: Any) -> Iterator[Any]:
    """Go through a value and, if it is a list, a tuple or a dictionary, through what is in it."""
    yield value
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from contents(item)


def place(layer: Layer, path: str, input_shape: Shape, trainable: bool = True) -> PlacedLayer:
    """Return the tree of placed layers below `layer`."""
    trainable = trainable and flag(layer.trainable, "trainable", layer)
    children = [
        place(child, f"{path}.{i}" if path else str(i), shape, trainable)
        for i, (child, shape) in enumerate(layer.children(input_shape))
    ]
    parameters = dict(layer.parameters(input_shape))
    for name, parameter in parameters.items():
        if not isinstance(parameter, Parameter):
            raise TypeError(f"{layer.label()}: parameters must be Parameter(shape), got {name!r}: {shown(parameter)}")
    return PlacedLayer(layer, path, input_shape, parameters, children, trainable)


def series_of(layers: Sequence[Any]) -> Sequential:
    """Return a series of layers made once from names, classes and lists, so that one that is frozen stays the same.

    It holds copies of the lists: what is appended to the given ones is not built.
    """
    return Sequential([series_of(each) if isinstance(each, list | tuple) else Layer.of(each) for each in layers])
