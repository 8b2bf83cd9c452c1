"""The arguments that a model was given, and whether they are still the same."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class ModelArguments(Protocol):
    """The arguments of a model that its state is built from or keeps up with."""

    layers: Any
    loss: Any
    optimizer: Any
    dtype: Any
    seed: int | None


class Followed(NamedTuple):
    """The optimizer that the model was given, and those of its arguments that the one in use has taken over."""

    given: Any
    arguments: dict[str, Any]


def nested(layers: Any) -> Any:
    """Return a copy of the nested lists; the layers are not copied."""
    return type(layers)(map(nested, layers)) if isinstance(layers, list | tuple) else layers


def unchanged(value: Any, other: Any) -> bool:
    """Return whether two arguments are the same: one object, equal numbers or names, or lists of such."""
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(unchanged, value, other))
    return value is other or (isinstance(value, int | float | str) and value == other)
