"""What of a model a file holds, and a model from it again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core import arguments
from framework.core.arguments import integer
from framework.core.component import Component
from framework.core.messages import shown
from framework.core.types import Array
from framework.engine.layout import Layout
from framework.engine.state import FIELDS, ModelState, Snapshot
from framework.saving import archive
from framework.saving.archive import CheckpointError
from framework.saving.config import decode, encode
from framework.saving.config_difference import difference
from framework.saving.environment import record

if TYPE_CHECKING:
    from framework.model import Model

FORMAT = "playground-framework"
# The form of the document. It gets a new number with each change to it or to the list of fields, and only files of
# the present number are read: nobody has files of the older ones.
VERSION = 2
Path = str | os.PathLike[str]
Classes = Iterable[type[Component]]


@dataclass
class Run:
    """How far a training run was when its model was saved.

    Attributes
    ----------
    config : dict
        The model's config when the run began.
    finished : bool
        Whether the run had come to its end.
    callbacks : list of (class name, state)
        What the callbacks have to remember.
    """

    config: Any
    finished: bool
    callbacks: list[tuple[str, dict[str, Any]]]


@dataclass
class Saved:
    """What a file holds: the model; the run, if it is one's; and the machine that wrote it."""

    model: Model
    run: Run | None
    written_with: dict[str, Any]


def save(model: Model, path: Path, run: Run | None = None) -> None:
    """Write `model`, and with `run` all that goes on with it, to `path`; see `Model.save`."""
    path = arguments.path(path)
    arrays: dict[str, Array] = {}
    document = {
        "format": FORMAT,
        "version": VERSION,
        "written_with": record(),
        "model": encode(model),
        "state": _describe(model, arrays) if model.built else None,
        "run": None if run is None else {**vars(run), "callbacks": encode(run.callbacks, "callbacks", arrays)},
    }
    archive.write(path, document, arrays)


def read(path: Path, classes: Classes = ()) -> Saved:
    """Return what `save` wrote; CheckpointError if it is not exactly that."""
    path, classes = arguments.path(path), tuple(classes)
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, Component)):
            raise TypeError(f"classes must be classes of components, got {shown(cls)}")
    document, arrays = archive.read(path)
    try:
        return _saved(document, arrays, classes)
    except Exception as error:  # whatever a constructor raises when it is given something else
        raise CheckpointError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error


def _describe(model: Model, arrays: dict[str, Array]) -> dict[str, Any]:
    model.sync()
    state = model.state
    return {
        "input_shape": list(state.network.input_shape),
        "layout": _describe_layout(state.network.layout),
        **{name: encode(value, name, arrays) for name, value in state.snapshot().fields.items()},
    }


def _describe_layout(layout: Layout) -> list[dict[str, Any]]:
    return [
        {
            "name": entry.name,
            "shape": list(entry.parameter.shape),
            "start": entry.start,
            "transposed": entry.parameter.transposed,
        }
        for entry in layout.entries
    ]


def _saved(document: dict[str, Any], arrays: dict[str, Array], classes: Classes) -> Saved:
    if document.get("format") != FORMAT:
        raise ValueError("it is not one of this framework's files")
    if document.get("version") != VERSION:
        version = document.get("version")
        raise ValueError(
            f"it has format version {version!r}, this framework reads {VERSION}: load it with the version that wrote it"
        )
    _check_keys(document, "format version written_with model state run", "the document")
    config, data, run = document["model"], document["state"], document["run"]
    if not isinstance(config, dict) or config.get("family") != "Model" or "arguments" not in config:
        raise ValueError("it describes no model")
    model = decode(config, classes)
    state = None if data is None else _state(model, data, arrays, classes)
    if run is not None:
        _check_keys(run, "config finished callbacks", "the run")
        run = Run(run["config"], run["finished"], decode(run["callbacks"], classes, arrays))
    if arrays:
        raise ValueError(f"nothing refers to its array {next(iter(arrays))!r}")
    model.state = state
    return Saved(model, run, document["written_with"])


def _state(model: Model, data: Any, arrays: dict[str, Array], classes: Classes) -> ModelState:
    _check_keys(data, " ".join(["input_shape", "layout", *FIELDS]), "the state")
    if "params" not in arrays:
        raise ValueError("it has no array 'params'")
    fields = {name: decode(data[name], classes, arrays) for name in FIELDS}
    params, optimizer = fields["params"], fields["optimizer"]
    if getattr(params, "dtype", None) not in (np.float32, np.float64):
        raise ValueError(f"its parameters are {getattr(params, 'dtype', shown(params))}")
    input_shape = tuple(integer(axis, "input_shape", least=1) for axis in data["input_shape"])
    state = ModelState(model, input_shape, params.dtype, model.seed, params)
    if differing := difference(_describe_layout(state.network.layout), data["layout"], "layout"):
        raise ValueError(differing)
    if type(optimizer) is not type(state.optimizer):
        raise ValueError(f"its optimizer is {shown(model.optimizer)}, but the state that of {shown(optimizer)}")
    state.restore(Snapshot(fields, state.network.layout))
    return state


def _check_keys(data: Any, keys: str, who: str) -> None:
    if not isinstance(data, dict) or data.keys() != set(keys.split()):
        raise ValueError(f"{who} must have {keys}, got {shown(data)}")
