"""A warning where a model is built from layer objects that stand in another, trained model."""

from __future__ import annotations

import sys
import warnings
from typing import Protocol
from weakref import ref

from framework.engine.state import ModelState
from framework.layers.base import Layer


class BuiltModel(Protocol):
    """What is needed of a model."""

    @property
    def built(self) -> bool: ...

    @property
    def state(self) -> ModelState: ...


# By id, each living model that was built, loaded or copied, with the ids of its layers at that time.
_living: dict[int, tuple[ref[BuiltModel], frozenset[int]]] = {}


def note(model: BuiltModel) -> None:
    """Remember in which model layer objects stand, as long as the model lives."""
    key = id(model)
    _living[key] = ref(model, lambda _: _living.pop(key, None)), frozenset(map(id, _layers(model.state).values()))


def warn_if_shared(model: BuiltModel, state: ModelState) -> None:
    """Warn if some layers of the new `state` of `model` stand in another model, which is trained.

    Not if the two have all layers in common: then one description was given to several models, to be trained anew.
    """
    layers = _layers(state)
    ids = frozenset(map(id, layers.values()))
    for other, theirs in list(_living.values()):
        trained = other()
        if ids.isdisjoint(theirs) or ids == theirs or trained is None or trained is model or not trained.built:
            continue
        its = trained.state
        if ids.isdisjoint(map(id, _layers(its).values())):  # it has others now, and their ids were given again
            continue
        if its.history.epoch or its.optimizer.step or its.weights_given:
            shared = ", ".join(f"{path} {layer.label()}" for path, layer in layers.items() if id(layer) in theirs)
            warnings.warn(
                f"layers that stand in a trained model were given to another one ({shared}): it starts from new "
                "weights, and as the layer objects are shared, freezing one freezes both. For the trained weights in "
                "layers of its own: Model([*(layer.clone() for layer in trained.network.layers[:2]), ...])"
                ".transfer_weights(trained, 2); to train anew, give clones or new layers",
                UserWarning,
                stacklevel=_level_outside(),
            )
            return


def _layers(state: ModelState) -> dict[str, Layer]:
    """Return the layers that have parameters, by their places."""
    return {at.path: at.layer for at in state.network.tree if at.parameters}


def _level_outside() -> int:
    """Return the `stacklevel` at which the function that called this one was called from outside the framework."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("framework."):
        frame, level = frame.f_back, level + 1
    return level
