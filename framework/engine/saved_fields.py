"""The one list of what training changes, and of what is saved: `FIELDS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from framework.core.arguments import integer
from framework.core.types import Array
from framework.engine.history import History
from framework.engine.network import Network
from framework.optimizers import Optimizer


class SavedState(Protocol):
    """The members of a `ModelState` that the fields are read from and written to."""

    network: Network
    optimizer: Optimizer
    streams: dict[str, np.random.Generator]
    split_seed: np.random.SeedSequence
    history: History

    def bind_optimizer(self) -> None:
        """Bind the optimizer in use to the network's vectors."""


class Field(NamedTuple):
    """One thing that training changes: `read` returns a copy of it, and `write` puts a copy back."""

    read: Callable[[SavedState], Any]
    write: Callable[[SavedState, Any], None]


def _write_params(state: SavedState, params: Array) -> None:
    state.network.params[...] = params


def _write_optimizer(state: SavedState, saved: Optimizer) -> None:
    if type(saved) is type(state.optimizer):
        state.optimizer.set_params(**saved.get_params(deep=False))
    else:
        state.optimizer = saved.clone()
        state.bind_optimizer()


def _write_slots(state: SavedState, saved: dict[str, Any]) -> None:
    integer(saved.get("step"), "the optimizer's step", least=0)
    state.optimizer.restore(saved)


def _read_random(state: SavedState) -> dict[str, Any]:
    return {name: rng.bit_generator.state for name, rng in state.streams.items()}


def _write_random(state: SavedState, saved: dict[str, Any]) -> None:
    if saved.keys() != state.streams.keys():
        raise ValueError(f"it has random streams {list(saved)}, expected {list(state.streams)}")
    for name, rng in state.streams.items():
        rng.bit_generator.state = saved[name]


def _read_split(state: SavedState) -> dict[str, Any]:
    return {"entropy": state.split_seed.entropy, "spawn_key": list(state.split_seed.spawn_key)}


def _write_split(state: SavedState, saved: dict[str, Any]) -> None:
    state.split_seed = np.random.SeedSequence(saved["entropy"], spawn_key=saved["spawn_key"])


def _write_history(state: SavedState, saved: dict[str, Any]) -> None:
    state.history = History.from_dict(saved)


# The one list of what is saved: a snapshot, a checkpoint, a resumed run and a model file are made of these fields.
# To add one, add an entry here and give `VERSION` in saving/model_file.py a new number.
FIELDS: dict[str, Field] = {
    "params": Field(lambda state: state.network.params.copy(), _write_params),
    "optimizer": Field(lambda state: state.optimizer.clone(), _write_optimizer),
    "slots": Field(lambda state: state.optimizer.state(), _write_slots),
    "random": Field(_read_random, _write_random),
    "split": Field(_read_split, _write_split),
    "history": Field(lambda state: state.history.to_dict(), _write_history),
}
