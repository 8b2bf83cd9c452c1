"""Weights as safetensors, the file format that other frameworks read."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from framework.core import arguments
from framework.core.types import Array
from framework.saving.archive import CheckpointError, refuse_other_than_file
from framework.saving.atomic_write import replacing


def save(weights: Mapping[str, Array], path: str | os.PathLike[str]) -> None:
    """Write arrays by name to `path`, atomically."""
    path = arguments.path(path)
    content = _safetensors().save({name: np.ascontiguousarray(array) for name, array in weights.items()})
    with replacing(path) as file:
        file.write(content)


def load(path: str | os.PathLike[str], names: Collection[str]) -> list[Array]:
    """Return the arrays in `path`, in the order of `names`; CheckpointError unless the file holds exactly these."""
    path = arguments.path(path)
    safetensors = _safetensors()
    refuse_other_than_file(path)
    with open(path, "rb") as file:
        content = file.read()
    try:
        found = safetensors.load(content)
        if found.keys() != set(names):
            raise ValueError(f"it has {', '.join(sorted(found))}; this model has {', '.join(names)}")
    except Exception as error:  # safetensors has an exception of its own
        raise CheckpointError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error
    return [found[name] for name in names]


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError('safetensors is not installed: pip install "playground-framework[safetensors]"') from None
    return safetensors.numpy
