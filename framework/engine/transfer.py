"""Transfer the weights of trained layers to another model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from framework.core.arguments import integer
from framework.core.messages import shown
from framework.core.types import Array
from framework.engine.network import Network
from framework.engine.state import ModelState
from framework.engine.weights import set_weights

LayerChoice = int | list[int] | tuple[int, ...] | range | Mapping[int, int] | None


class BuildableModel(Protocol):
    """What is needed of the model that gets weights."""

    dtype: Any
    _state: ModelState | None

    @property
    def built(self) -> bool: ...

    @property
    def state(self) -> ModelState: ...

    def _build(self, input_shape: tuple[int, ...], dtype: Any) -> None: ...


Target = TypeVar("Target", bound=BuildableModel)


class TransferWeights:
    """The part of a model that takes over weights of another one."""

    def transfer_weights(self: Target, source: TransferWeights, layers: LayerChoice = None) -> Target:
        """Copy the parameters of layers of another model, running means included, to layers of this one; return self.

        The layers themselves stay apart, and so does all else: as after `set_weights`, the optimizer goes on with its
        slots. A model that is not built is built for inputs like those of `source`, with its own initial values in the
        other layers.

        Parameters
        ----------
        source : Model
            Built or trained.
        layers : int, list of int or dict of int to int, optional
            None: all layers from the first on whose parameters agree in names and shapes. An int n: the first n. A
            list: the layers of these indices. A dict: for the index of a layer of this model that of one of `source`.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            If layers do not agree, or one of the models is not built and cannot be; nothing has changed then.

        Examples
        --------
        >>> from framework import Dense, Model
        >>> base = Model([Dense(8, "tanh"), Dense(8, "tanh"), Dense(3, "softmax")], seed=0).build(4)  # and trained
        >>> kept = [layer.clone().set_params(trainable=False) for layer in base.network.layers[:2]]
        >>> model = Model([*kept, Dense(1)], seed=1).transfer_weights(base, 2)
        """
        network = _network_of(source)
        before = self._state
        try:
            if not self.built and _takes_first_layer(layers):
                self._build(network.input_shape, self.dtype or network.dtype)
            _transfer(self.state.network, network, layers)
            self.state.weights_given = True
        except Exception:
            self._state = before
            raise
        return self


def _network_of(source: Any) -> Network:
    if not isinstance(source, TransferWeights):
        hint = "; give its model_" if hasattr(source, "model_") else ""
        raise TypeError(f"source must be a Model, got {shown(source)}{hint}")
    if not source.built:  # type: ignore[attr-defined]
        raise RuntimeError("the source of transfer_weights has no weights yet: train it, or load its weights")
    network: Network = source.network  # type: ignore[attr-defined]
    return network


def _takes_first_layer(layers: LayerChoice) -> bool:
    """Return whether the transfer would copy the parameters of the first layer to the first layer."""
    if isinstance(layers, Mapping):
        return layers.get(0) == 0
    return not isinstance(layers, list | tuple | range) or 0 in layers


def _transfer(target: Network, source: Network, layers: LayerChoice) -> None:
    views: dict[str, Array] = {}
    weights: dict[str, Array] = {}
    for here, there in _pairs(target, source, layers):
        ours, theirs = _parameters(target, here), _parameters(source, there)
        if _shapes(ours) != _shapes(theirs):
            raise ValueError(
                f"the parameters of {_called(source, there)} do not fit {_called(target, here)} of this model: "
                f"{_listed(theirs)} there, {_listed(ours)} here"
            )
        views |= {f"{here}.{name}": view for name, view in ours.items()}
        weights |= {f"{here}.{name}": theirs[name].copy() for name in ours}  # `source` may be `target`
    if not views:
        raise ValueError(f"the layers chosen with layers={layers!r} have no parameters to transfer")
    set_weights(views, list(weights.values()))


def _pairs(target: Network, source: Network, layers: LayerChoice) -> list[tuple[int, int]]:
    """Return (layer of the target, layer of the source) for each layer to transfer."""
    sizes = len(target.layers), len(source.layers)
    if layers is None:
        agree = [_shapes(_parameters(target, i)) == _shapes(_parameters(source, i)) for i in range(min(sizes))]
        count = agree.index(False) if False in agree else len(agree)
        if not any(_parameters(target, i) for i in range(count)):
            raise ValueError(
                f"no leading layers agree: {_called(source, count)} has {_listed(_parameters(source, count))}, and "
                f"{_called(target, count)} of this model {_listed(_parameters(target, count))}"
                if count < min(sizes)
                else "no leading layer has parameters to transfer"
            )
        layers = count
    if isinstance(layers, Mapping):
        chosen = list(layers.items())
    elif isinstance(layers, list | tuple | range):
        chosen = [(i, i) for i in layers]
    else:
        chosen = [(i, i) for i in range(integer(layers, "layers", least=1))]
    return [(_index(here, sizes[0], "this model"), _index(there, sizes[1], "the source")) for here, there in chosen]


def _index(i: Any, size: int, who: str) -> int:
    index = integer(i, "a layer's index in layers", least=-size)
    if index >= size:
        raise ValueError(f"{who} has {size} layers, so there is no layer {index}")
    return index % size


def _parameters(network: Network, i: int) -> dict[str, Array]:
    return {name.partition(".")[2]: view for name, view in network.views.items() if name.partition(".")[0] == str(i)}


def _shapes(views: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    return {name: view.shape for name, view in views.items()}


def _called(network: Network, i: int) -> str:
    return f"layer {i} ({network.layers[i].label()})"


def _listed(views: Mapping[str, Array]) -> str:
    return ", ".join(f"{name} {view.shape}" for name, view in views.items()) or "no parameters"
