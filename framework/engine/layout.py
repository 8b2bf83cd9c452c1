"""The place of each parameter in the one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framework.core.types import Array, Shape
from framework.engine.tree import PlacedLayer, place
from framework.layers.base import Parameter
from framework.layers.sequential import Sequential


@dataclass(frozen=True)
class Entry:
    """One parameter's place in the vector: its name (``"0.W"``), what the layer asked for, where it begins."""

    name: str
    parameter: Parameter
    start: int

    def view(self, vector: Array) -> Array:
        """Return this parameter's part of `vector`, in the parameter's shape; it shares the vector's memory."""
        shape = self.parameter.shape
        part = vector[self.start : self.start + self.parameter.size]
        return part.reshape(shape[::-1]).T if self.parameter.transposed else part.reshape(shape)


class Layout:
    """The order of all parameters in one vector, in three regions: decayed, not decayed, frozen.

    An optimizer gets the first two as one slice, and weight decay applies to the first, so neither needs a mask or
    a loop over parameters. The third also holds running means. Within a region, the order is that of the layers.

    Attributes
    ----------
    entries : list of Entry
        In the order of the layers.
    size, trainable, decayed : int
        The length of the vector, of its trainable part and of its decayed part; each part starts at 0.
    """

    def __init__(self, parameters: Sequence[tuple[str, Parameter, bool]]) -> None:
        regions: list[list[tuple[str, Parameter]]] = [[], [], []]
        for name, parameter, trainable in parameters:
            regions[(0 if parameter.decay else 1) if trainable else 2].append((name, parameter))
        starts: dict[str, int] = {}
        ends: list[int] = []
        end = 0
        for region in regions:
            for name, parameter in region:
                starts[name] = end
                end += parameter.size
            ends.append(end)
        self.decayed, self.trainable, self.size = ends
        self.entries = [Entry(name, parameter, starts[name]) for name, parameter, _ in parameters]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layout):
            return NotImplemented
        regions = (self.decayed, self.trainable, self.size)
        return self.entries == other.entries and regions == (other.decayed, other.trainable, other.size)

    __hash__ = None  # type: ignore[assignment]

    def learns(self, entry: Entry) -> bool:
        """Return whether a parameter is trained: neither frozen nor state of a layer."""
        return entry.start < self.trainable

    def views(self, vector: Array, frozen: Array | None = None) -> dict[str, Array]:
        """Return every parameter's part of `vector` by name, in the order of the layers.

        If given, the parts of parameters that are not trained are those of `frozen`.
        """
        return {
            entry.name: entry.view(vector if frozen is None or self.learns(entry) else frozen) for entry in self.entries
        }

    def changed_since(self, old: Layout) -> list[str]:
        """Return the names of the parameters that were added, removed or reshaped, sorted."""
        shapes, before = ({(entry.name, entry.parameter.shape) for entry in each.entries} for each in (self, old))
        return sorted({name for name, _ in shapes ^ before})

    def moved_from(self, old: Layout) -> Array:
        """Return the indices that bring a vector laid out as `old` into this layout: ``vector[indices]``."""
        indices = np.empty(self.size, np.intp)
        sources = old.views(np.arange(old.size))
        for name, view in self.views(indices).items():
            view[...] = sources[name]
        return indices


def laid_out(sequence: Sequential, input_shape: Shape) -> tuple[PlacedLayer, Layout]:
    """Return the layers of `sequence` in their places, and the layout of their parameters."""
    root = place(sequence, "", input_shape)
    parameters = [
        (f"{at.path}.{name}", parameter, at.trainable and parameter.trainable)
        for at in root
        for name, parameter in at.parameters.items()
    ]
    return root, Layout(parameters)
