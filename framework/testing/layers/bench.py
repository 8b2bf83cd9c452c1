"""A test bench: one layer alone in a network, its buffers full of NaN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.engine.network import Network
from framework.engine.passes import Pass
from framework.engine.tree import PlacedLayer
from framework.layers.base import Context, Layer, Parameter


class Source(Layer, registered=False):
    """Precede the layer under test: it has a parameter, so the layer must return the gradient of its input."""

    replayable = True

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        return {"nothing": Parameter((1,))}

    def forward(self, ctx: Context, x: Array) -> Array:
        return x

    def backward(self, ctx: Context, grad: Array) -> Array:
        return grad


class _Stage(Layer, registered=False):
    """Contain the layer under test, and keep the newest context that is made for it."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.output_shape(input_shape)

    def children(self, input_shape: Shape) -> list[tuple[Layer, Shape]]:
        return [(self.layer, input_shape)]

    def bind(self, ctx: Context) -> None:
        (self.newest,) = ctx.children

    def forward(self, ctx: Context, x: Array) -> Array:
        return self.layer.forward(ctx.children[0], x)

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        return self.layer.backward(ctx.children[0], grad)


class Bench:
    """A layer alone in a network, with parameters moved away from their initial values.

    Parameters
    ----------
    layer : Layer
    input_shape : tuple of int
    dtype : numpy dtype
    seed : int
    needs_input_grad : bool
        Whether the layer must return the gradient of its input.

    Attributes
    ----------
    params, grads : dict of str to ndarray
        The trainable parameters and their gradients by name: views.
    state : dict of str to ndarray
        The parameters that the layer updates itself: views.
    moved : dict of str to ndarray
        What the trainable parameters were set to at first.
    offered : dict of Context to list of ndarray
        The arrays of `Layer.memory` that hold NaN before each pass: all but those that `Layer.bind` has filled.
    """

    def __init__(
        self, layer: Layer, input_shape: Shape, dtype: Any = np.float64, seed: int = 0, needs_input_grad: bool = True
    ) -> None:
        self.seed = seed
        self.stage = stage = _Stage(layer)
        layers = [Source(), stage] if needs_input_grad else [stage]
        self.noise = np.random.default_rng(seed)
        self._first_noise = self.noise.bit_generator.state
        self.network = network = Network(
            layers, input_shape, dtype=dtype, rng=np.random.default_rng(seed), noise=self.noise
        )
        (self.place,) = network.tree.children[-1].children
        self.dtype, self.output_shape = network.dtype, network.output_shape
        self.look()
        self._move(np.random.default_rng([seed, 1]))
        self.moved = {name: values.copy() for name, values in self.params.items()}
        self._first_state = {name: values.copy() for name, values in self.state.items()}
        self.offered: dict[Context, list[Array]] = {}
        self._left: dict[Context, list[Array]] = {}

    def look(self) -> None:
        """Take the views of the network's arrays, which are other ones where it has laid them out anew.

        It does so in its own calls, if `Layer.parameters` answers with new constraints or regularizers.
        """
        network = self.network
        prefix = f"{self.place.path}."
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self.state: dict[str, Array] = {}
        for entry in network.layout.entries:
            name = entry.name.removeprefix(prefix)
            if not entry.name.startswith(prefix):
                continue
            if not entry.parameter.trainable:
                self.state[name] = network.views[entry.name]
            elif network.layout.learns(entry):
                self.params[name], self.grads[name] = network.views[entry.name], network.grad_views[entry.name]

    def _move(self, rng: np.random.Generator) -> None:
        """Move the parameters: gradients that vanish at initial values (zeros, ones) would hide a fault."""
        for values in self.params.values():
            factor = 1 + 0.2 * rng.uniform(-1, 1, values.shape)
            values[...] = np.where(values == 0, 0.3 * rng.standard_normal(values.shape), values * factor)

    def context(self, n: int, training: bool = True) -> Context:
        """Return a new context for batches of `n`, its memory full of NaN."""
        Pass(self.network, n, training)
        ctx = self.stage.newest
        self._offer(ctx, self.place)
        self.offered[ctx] = [array for array in memory(ctx, self.place) if np.isnan(array).all()]
        return ctx

    def _offer(self, ctx: Context, at: PlacedLayer) -> None:
        for child, place in zip(ctx.children, at.children, strict=True):
            self._offer(child, place)
        for name, parameter in at.parameters.items():
            if not parameter.trainable:  # a frozen layer has a copy of its state, which a whole pass would fill
                getattr(ctx, name)[...] = self.network.views[f"{at.path}.{name}"]
        for name, shape in at.layer.memory(at.input_shape).items():
            setattr(ctx, name, np.full((ctx.n, *shape), np.nan, self.dtype))
        at.layer.bind(ctx)

    def reset_state(self) -> None:
        """Reset the layer's own state, and let the noise go on."""
        for name, values in self._first_state.items():
            self.state[name][...] = values

    def restart(self) -> None:
        """Reset the layer's own state and the noise generator."""
        self.reset_state()
        self.noise.bit_generator.state = self._first_noise

    def settle(self, x: Array) -> bool:
        """Make the state after a training pass on `x` the starting state, and return whether it differs."""
        self.forward(self.context(len(x)), x)
        first = self._first_state
        self.start_from(self.state)
        return any(not np.array_equal(values, first[name]) for name, values in self.state.items())

    def start_from(self, state: Mapping[str, Array]) -> None:
        """Make these values of the layer's own state the starting state."""
        self._first_state = {name: state[name].astype(self.dtype) for name in self.state}
        self.restart()

    def forward(self, ctx: Context, x: Array) -> Any:
        """Run the layer forward from the starting state, with buffers full of NaN."""
        self.restart()
        for array in self.offered[ctx]:
            array.fill(np.nan)
        y = ctx.layer.forward(ctx, x)
        self._left[ctx] = [array for array in self.offered[ctx] if np.isnan(array).all()]
        return y

    def output(self, ctx: Context, x: Array) -> Array:
        """Run the layer forward from the starting state, whatever the buffers hold."""
        self.restart()
        return ctx.layer.forward(ctx, x)

    def backward(self, ctx: Context, grad: Array, gradients: float = np.nan, left: float = np.nan) -> Any:
        """Run the layer backward; the gradients start as `gradients`, buffers that `forward` left alone as `left`."""
        self.network.grads.fill(gradients)
        for array in self._left[ctx]:
            array.fill(left)
        return ctx.layer.backward(ctx, grad)


def memory(ctx: Context, at: PlacedLayer) -> Iterator[Array]:
    """Yield the arrays of `Layer.memory`, of this layer and of the layers in it."""
    for child, place in zip(ctx.children, at.children, strict=True):
        yield from memory(child, place)
    for name in at.layer.memory(at.input_shape):
        array = getattr(ctx, name, None)
        if isinstance(array, np.ndarray):
            yield array


def contexts(ctx: Context, at: PlacedLayer) -> Iterator[tuple[Context, PlacedLayer]]:
    """Yield the context of a layer and of each one inside it, with its place."""
    yield ctx, at
    for child, place in zip(ctx.children, at.children, strict=True):
        yield from contexts(child, place)
