"""What a model has once it is built: access to its state, its weights and its summary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.engine.history import History
from framework.engine.network import Network
from framework.engine.state import State
from framework.engine.summary import summary
from framework.losses import Loss
from framework.optimizers import Optimizer
from framework.saving import safetensors
from framework.saving.archive import CheckpointError


class Built:
    """The part of a model that deals with what building and training have made.

    Attributes
    ----------
    stop_training : bool
        Set by a callback to end the fit after this epoch.
    """

    stop_training = False
    _state: State | None = None

    @property
    def state(self) -> State:
        """What building and training have made; RuntimeError before `build` or `fit`."""
        if self._state is None:
            raise RuntimeError("this model has no weights yet: call fit(X, y) or build(input_shape) first")
        return self._state

    @state.setter
    def state(self, state: State | None) -> None:
        self._state = state

    @property
    def built(self) -> bool:
        """Whether the model has weights."""
        return self._state is not None

    @property
    def network(self) -> Network:
        """The layers bound to their two vectors."""
        return self.state.network

    @property
    def history(self) -> History:
        """The loss and the metrics of all epochs so far."""
        return self.state.history if self.built else History()

    @property
    def loss_(self) -> Loss:
        """The loss in use."""
        return self.state.loss

    @property
    def optimizer_(self) -> Optimizer:
        """The optimizer in use: the model's own copy of the one given."""
        return self.state.optimizer

    @property
    def learning_rate(self) -> Any:
        """The learning rate or schedule of the optimizer in use; may be set at any time."""
        return self.optimizer_.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.optimizer_.set_params(learning_rate=value)

    def get_weights(self) -> list[Array]:
        """Return copies of all parameters, layer by layer: [W, b, W, b, ...]."""
        return [view.copy() for view in self.network.views.values()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all parameters, in the order of `get_weights`; ValueError, and nothing set, if one does not fit."""
        views = self.network.views
        if not isinstance(weights, Sequence):
            raise TypeError(f"weights must be a list of arrays, as get_weights returns it, got {shown(weights)}")
        if len(weights) != len(views):
            raise ValueError(f"expected {len(views)} arrays ({', '.join(views)}), got {len(weights)}")
        new = []
        for (name, view), weight in zip(views.items(), weights, strict=True):
            array = arrays.numbers(weight, name)
            if array.shape != view.shape:
                raise ValueError(f"{name} has shape {view.shape}, got an array of shape {array.shape}")
            arrays.finite(array, name)
            new.append(arrays.as_float(array, view.dtype, name))
        for view, array in zip(views.values(), new, strict=True):
            view[...] = array

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters as safetensors, which other frameworks read: "0.W" (units, inputs), "0.b", ..."""
        safetensors.save(self.network.views, path)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Set the parameters from a safetensors file with the names and shapes of `save_weights`.

        Raises
        ------
        CheckpointError
            If the file is damaged or does not fit; nothing has changed then.
        """
        weights = safetensors.load(path, list(self.network.views))
        try:
            self.set_weights(weights)
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error

    def summary(self) -> str:
        """Return a table of the layers, their output shapes and parameters."""
        return summary(self.network)
