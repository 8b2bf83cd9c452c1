"""What building and training make of a model's arguments: all that `fit` changes, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.activations import Activation
from framework.core.types import Array, Shape
from framework.engine.history import History
from framework.engine.network import Network
from framework.engine.step import Step
from framework.layers.activate import Activate
from framework.layers.base import Layer
from framework.layers.dense import Dense
from framework.layers.sequential import Sequential
from framework.losses import Loss
from framework.optimizers import Optimizer

# A user's class may take over a name, and be another function.
BUILT_IN = {activation.component_name: activation for activation in Activation.components()}


class State:
    """The network of a model, its own optimizer, its random streams and its history.

    Parameters
    ----------
    layers, loss, optimizer
        A model's arguments.
    input_shape : tuple of int
    dtype : numpy dtype
    seed : int or None
    params : ndarray, optional
        The parameters, instead of first values.

    Attributes
    ----------
    network : Network
    loss : Loss
    optimizer : Optimizer
        A copy of the one given, so that several models can be given the same.
    streams : dict of str to numpy.random.Generator
        "shuffle" and "noise": independent of each other and of the stream that drew the first values.
    split_seed : numpy.random.SeedSequence
        For the validation split, which is to be the same each time.
    split_drawn : bool
        Whether the last fit drew a validation split.
    step : Step
        Computes the gradients of a batch.
    history : History
    """

    def __init__(
        self,
        layers: Sequence[Any],
        loss: Any,
        optimizer: Any,
        input_shape: Shape,
        dtype: Any,
        seed: int | None,
        params: Array | None = None,
    ) -> None:
        first_values, shuffle, noise, self.split_seed = np.random.SeedSequence(seed).spawn(4)
        self.streams = {"shuffle": np.random.default_rng(shuffle), "noise": np.random.default_rng(noise)}
        self.loss = Loss.of(loss)
        self.network = Network(
            layers,
            input_shape,
            dtype=dtype,
            rng=np.random.default_rng(first_values),
            noise=self.streams["noise"],
            fused=_canonical(self.loss, layers),
            params=params,
        )
        self.step = Step(self.network, self.loss)
        self.history = History()
        self.split_drawn = False
        self._loss_given = loss
        self._take(Optimizer.of(optimizer))

    def _take(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer.clone()
        self._taken = optimizer.get_params(deep=False)
        self.optimizer.bind(self.network.trainable_params, self.network.layout.decayed)

    def check_same(self, layers: Sequence[Any], loss: Any, dtype: Any) -> None:
        """Raise ValueError if a model's arguments were set to others than those that the network was built from."""
        network = self.network
        built_from = network.sequence.layers
        same = {
            "layers": len(layers) == len(built_from) and all(map(_same, layers, built_from)),
            "loss": _same(loss, self._loss_given),
            "dtype": dtype is None or np.dtype(dtype) == network.dtype,
        }
        if all(same.values()) and _canonical(self.loss, layers) != network.fused:
            same["output activation"] = False
        if changed := [name for name, is_same in same.items() if not is_same]:
            raise ValueError(
                f"{', '.join(changed)} changed after the model was built: call build({network.input_shape}) to begin "
                "anew from first values, or make another model"
            )

    def follow(self, spec: Any) -> None:
        """Let the optimizer follow what was set on `spec` since; it keeps its slots unless the class is another."""
        wanted = Optimizer.of(spec)
        if type(wanted) is not type(self.optimizer):
            return self._take(wanted)
        params = wanted.get_params(deep=False)
        changed = {name: value for name, value in params.items() if not _same(value, self._taken[name])}
        if changed:
            self.optimizer.set_params(**changed)
            self._taken = params
        return None

    def refresh(self) -> None:
        """Take up layers that were frozen or thawed since: lay out the vectors, and the optimizer's slots, anew."""
        old_size = self.network.layout.size
        slots = self.optimizer.state()
        indices = self.network.refresh()
        if indices is None:
            return
        self.optimizer.bind(self.network.trainable_params, self.network.layout.decayed)
        for name in self.optimizer.slots:
            whole = np.zeros(old_size, self.network.dtype)
            whole[: len(slots[name])] = slots[name]
            slots[name] = whole[indices][: self.network.layout.trainable]
        self.optimizer.restore(slots)

    def snapshot(self) -> dict[str, Any]:
        """Return copies of all that a step changes."""
        return {
            "params": self.network.params.copy(),
            "optimizer": self.optimizer.state(),
            "optimizer_in_use": (self.optimizer, self.optimizer.get_params(deep=False), self._taken),
            "random": {name: rng.bit_generator.state for name, rng in self.streams.items()},
            "history": self.history.copy(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a `snapshot`."""
        self.network.params[...] = snapshot["params"]
        self.optimizer, arguments, self._taken = snapshot["optimizer_in_use"]
        self.optimizer.set_params(**arguments)
        self.optimizer.restore(snapshot["optimizer"])
        for name, state in snapshot["random"].items():
            self.streams[name].bit_generator.state = state
        self.history = snapshot["history"]

    def adopt(self, other: State) -> None:
        """Become as far as `other`, a state of the same layers and optimizer, which is not to be used any more."""
        self.network.params[...] = other.network.params
        self.optimizer.set_params(**other.optimizer.get_params(deep=False))
        self.optimizer.restore(other.optimizer.state())
        for name, rng in other.streams.items():
            self.streams[name].bit_generator.state = rng.bit_generator.state
        self.split_seed = other.split_seed
        self.history = other.history


def _canonical(loss: Loss, layers: Sequence[Any]) -> bool:
    return loss.link is not None and output_activation(layers) == loss.link


def output_activation(layers: Sequence[Any]) -> str | None:
    """Return the name of the activation that ends `layers`; None if they do not end in one.

    A subclass that passes on in its own way may do anything with what the activation returns.
    """
    last = Layer.of(layers[-1])
    if isinstance(last, Sequential):
        return output_activation(last.layers) if type(last).forward is Sequential.forward else None
    if type(last).forward not in (Dense.forward, Activate.forward):
        return None
    activation = type(Activation.of(last.activation))
    name = activation.component_name
    return name if BUILT_IN.get(name, activation) is activation else None


def _same(value: Any, other: Any) -> bool:
    return value is other or (isinstance(value, int | float | str) and value == other)
