"""Write a model to a file, and read it back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np

from framework.core import arguments
from framework.core.arguments import flag, integer
from framework.core.component import Component, UnknownComponent
from framework.core.messages import shown
from framework.core.types import Array
from framework.engine.layout import Layout
from framework.engine.saved_fields import FIELDS
from framework.engine.state import ModelState, Snapshot
from framework.engine.weights import checked_vector
from framework.saving import archive
from framework.saving.archive import CheckpointError
from framework.saving.config import decode, encode, enter, told_how_to_find
from framework.saving.config_difference import difference
from framework.saving.environment import environment

FORMAT = "playground-framework"
# The form of the document. It gets a new number with each change to it or to the list of fields, and only files of
# the present number are read: nobody has files of the older ones.
VERSION = 3
Path = str | os.PathLike[str]
Classes = Iterable[type[Component]]


class SavedModel(Protocol):
    """The part of a model that a file holds: its constructor's arguments, and once it is built its state."""

    layers: Sequence[Any]
    loss: Any
    optimizer: Any
    seed: int | None
    dtype: Any

    @property
    def built(self) -> bool: ...

    @property
    def state(self) -> ModelState: ...

    @state.setter
    def state(self, state: ModelState | None) -> None: ...

    def sync(self) -> None: ...


@dataclass
class Run:
    """The progress of a training run at the time its model was saved.

    Attributes
    ----------
    config : dict
        The model's config when the run began.
    finished : bool
        Whether the run was complete.
    callbacks : list of (class name, state)
        The states of the callbacks.
    data : dict
        What made up its data: fingerprints and sizes by name.
    begun : int
        The epochs that the model had when the run began.
    start : str or None
        A fingerprint of the weights that it began with; None if initial values were drawn without a seed.
    training_weights : ndarray, shape (parameters,), or None
        The weights from which training goes on, layer by layer, if the model has others: averages, or those of the
        best epoch.
    """

    config: Any
    finished: bool
    callbacks: list[tuple[str, dict[str, Any]]]
    data: dict[str, Any]
    begun: int
    start: str | None
    training_weights: Array | None = None


@dataclass
class Saved:
    """The content of a file: the model, its run if a run saved it, and the environment that wrote it."""

    model: SavedModel
    run: Run | None
    written_with: dict[str, Any]


def save(model: SavedModel, path: Path, run: Run | None = None) -> None:
    """Write `model`, and `run` if it is to be resumed, to `path`; see `Model.save`."""
    path = arguments.path(path)
    arrays: dict[str, Array] = {}
    document = {
        "format": FORMAT,
        "version": VERSION,
        "written_with": environment(),
        "model": encode(model),
        "state": _describe(model, arrays) if model.built else None,
        "run": None if run is None else _describe_run(run, arrays),
    }
    archive.write(path, document, arrays)


def read(path: Path, classes: Classes = ()) -> Saved:
    """Return what `save` wrote to `path`; CheckpointError if the file is anything else."""
    path, classes = arguments.path(path), tuple(classes)
    for cls in classes:
        if not (isinstance(cls, type) and issubclass(cls, Component)):
            raise TypeError(f"classes must be classes of components, got {shown(cls)}")
    document, arrays = archive.read(path)
    try:
        try:
            return _saved(document, dict(arrays), classes)
        except UnknownComponent:  # a name in an argument, as in Dense(8, "sine"), which is looked up at any time
            enter(classes)
            with told_how_to_find():
                return _saved(document, arrays, classes)
    except Exception as error:  # a constructor may raise anything on wrong arguments
        raise CheckpointError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error


def _describe(model: SavedModel, arrays: dict[str, Array]) -> dict[str, Any]:
    model.sync()
    state = model.state
    return {
        "input_shape": list(state.network.input_shape),
        "layout": _describe_layout(state.network.layout),
        **{name: encode(value, name, arrays) for name, value in state.snapshot().fields.items()},
    }


def _describe_run(run: Run, arrays: dict[str, Array]) -> dict[str, Any]:
    kept = ("callbacks", "training_weights")
    return {**vars(run), **{name: encode(getattr(run, name), name, arrays) for name in kept}}


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
        run = _run(run, arrays, classes, state)
    if arrays:
        raise ValueError(f"nothing refers to its array {next(iter(arrays))!r}")
    model.state = state
    return Saved(model, run, document["written_with"])


def _state(model: SavedModel, data: Any, arrays: dict[str, Array], classes: Classes) -> ModelState:
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


def _run(data: Any, arrays: dict[str, Array], classes: Classes, state: ModelState | None) -> Run:
    _check_keys(data, " ".join(field.name for field in fields(Run)), "the run")
    callbacks = decode(data["callbacks"], classes, arrays)
    weights = decode(data["training_weights"], classes, arrays)
    if not isinstance(callbacks, list) or not all(map(_is_named_state, callbacks)):
        raise ValueError(f"its callbacks are {shown(callbacks)}")
    if not isinstance(data["data"], dict) or any(isinstance(value, list | dict) for value in data["data"].values()):
        raise ValueError(f"its data is {shown(data['data'])}")
    if not isinstance(data["start"], str | None):
        raise ValueError(f"its start is {shown(data['start'])}")
    if weights is not None:
        if state is None:
            raise ValueError("it has weights in training, but no state")
        checked_vector(state.network.views, weights, "training_weights")
    finished, begun = flag(data["finished"], "finished"), integer(data["begun"], "begun", least=0)
    return Run(data["config"], finished, callbacks, data["data"], begun, data["start"], weights)


def _is_named_state(item: Any) -> bool:
    match item:
        case (str(), dict(state)):
            return all(isinstance(name, str) for name in state)
    return False


def _check_keys(data: Any, keys: str, who: str) -> None:
    if not isinstance(data, dict) or data.keys() != set(keys.split()):
        raise ValueError(f"{who} must have {keys}, got {shown(data)}")
