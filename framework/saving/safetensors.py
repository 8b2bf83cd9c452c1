"""Weights as safetensors, the file format that other frameworks read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core import arguments
from framework.core.types import Array
from framework.saving.archive import CheckpointError
from framework.saving.atomic_write import replacing

if TYPE_CHECKING:
    from framework.built import Built


def save(weights: Mapping[str, Array], path: str | os.PathLike[str]) -> None:
    """Write arrays by name to `path`, at once or not at all."""
    path = arguments.path(path)
    content = _safetensors().save({name: np.ascontiguousarray(array) for name, array in weights.items()})
    with replacing(path) as file:
        file.write(content)


def load(model: Built, path: str | os.PathLike[str]) -> None:
    """Set the parameters of `model` from `path`; CheckpointError, and nothing set, if the file does not fit."""
    path = arguments.path(path)
    safetensors = _safetensors()
    with open(path, "rb") as file:
        content = file.read()
    try:
        found = safetensors.load(content)
        expected = model.network.views
        if found.keys() != expected.keys():
            raise ValueError(f"it has {', '.join(sorted(found))}; this model has {', '.join(expected)}")
        model.set_weights([found[name] for name in expected])
    except Exception as error:  # safetensors has an exception of its own
        raise CheckpointError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError('safetensors is not installed: pip install "playground-framework[safetensors]"') from None
    return safetensors.numpy
