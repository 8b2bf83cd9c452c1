"""The identity of a run: the model, the data and the weights that it begins with."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from framework.callbacks.base import Callback
from framework.callbacks.progress import EpochLines, ProgressBar
from framework.callbacks.trained_model import TrainedModel
from framework.core import arguments
from framework.core.constructors import constructor_arguments
from framework.data.fingerprint import Entries, fingerprint
from framework.engine.weights import joined
from framework.saving.config import encode

PLACE = "{run}"
FILLED_IN_BY_KERAS = re.compile(r"\{(?:epoch|loss|val_\w+|[a-z_]\w*:[^{}]+)\}")  # as in "{epoch:02d}-{val_loss:.2f}"


@dataclass(frozen=True)
class RunIdentity:
    """All that decides how a run goes, as it stood before anything was resumed.

    Attributes
    ----------
    config : dict
        The model's config.
    data : dict
        Fingerprints and sizes of the data, by name.
    begun : int
        The epochs that the model had.
    start : str or None
        A fingerprint of the model's weights; None without a seed, as initial values are then others each time.
    settings : list
        The number of epochs, and the arguments of the callbacks that may steer the run.
    """

    config: Any
    data: Entries
    begun: int
    start: str | None
    settings: list[Any]

    @cached_property
    def name(self) -> str:
        """A short name, the same for each attempt at the same run."""
        import json
        from hashlib import blake2b

        text = json.dumps([self.config, self.data, self.begun, self.start, self.settings], sort_keys=True)
        return blake2b(text.encode(), digest_size=4).hexdigest()

    def in_path(self, path: str) -> str:
        """Return `path` with the name of the run in place of ``{run}``."""
        return path.replace(PLACE, self.name) if PLACE in path else path


def identity(model: TrainedModel, params: dict[str, Any]) -> RunIdentity:
    """Return the identity of a fit. All its callbacks get the same one: the first call, before a resume, counts."""
    if "run" not in params:
        params["run"] = RunIdentity(
            encode(model),
            params["data"](),
            len(model.history.epoch),
            None if model.seed is None else fingerprint(joined(model.network.views)),
            [params["epochs"], *_settings(params["callbacks"])],
        )
    found: RunIdentity = params["run"]
    return found


def checked_path(path: Any, who: str) -> str:
    """Return the path of a file that a callback writes; ValueError if more than ``{run}`` is to be filled in."""
    checked = os.fspath(arguments.path(path))
    if found := FILLED_IN_BY_KERAS.search(checked):
        raise ValueError(
            f"{who}: {found[0]!r} in the path {checked!r} would stay as it is: only '{PLACE}' is filled in, and all "
            "epochs go to one file"
        )
    return checked


def refuse_shared_file(callback: Any) -> None:
    """Raise ValueError if a callback that has begun before this one writes to the same `file`."""
    for other in callback.params["callbacks"]:
        if other is callback:
            return
        file = getattr(other, "file", None)
        if isinstance(file, str) and os.path.realpath(file) == os.path.realpath(callback.file):
            names = f"{type(other).__name__} and {type(callback).__name__}"
            raise ValueError(f"{names} would both write to {file!r}: give each a path of its own")


def path_per_run(path: str) -> str:
    """Return `path` with ``{run}`` before its suffix, unless it has one."""
    root, suffix = os.path.splitext(path)
    return path if PLACE in path else f"{root}-{PLACE}{suffix}"


def _settings(callbacks: Sequence[Callback]) -> list[Any]:
    steering = [each for each in callbacks if not each.comes_last and not isinstance(each, EpochLines | ProgressBar)]
    return [[type(each).__name__, _arguments(each)] for each in steering]


def _arguments(callback: Callback) -> dict[str, Any]:
    try:
        names = constructor_arguments(type(callback))
    except TypeError:  # a constructor with *arguments
        return {}
    return {name: _plain(getattr(callback, name, None)) for name in names if name != "path"}


def _plain(value: Any) -> Any:
    try:
        return encode(value)
    except TypeError:
        return getattr(value, "__qualname__", type(value).__qualname__)
