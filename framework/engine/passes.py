"""The contexts of one batch size, ready to run: a `Pass` forward and backward, a `Prediction` forward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from framework.core.types import Array, Shape
from framework.engine.replay.call import Call
from framework.engine.replay.policy import Policy, Replay
from framework.engine.replay.recording import Recording, TracedGenerator
from framework.engine.replay.traced import TracedArray
from framework.engine.tree import PlacedLayer
from framework.layers.base import Context, context_class
from framework.layers.sequential import Sequential


class BoundLayers(Protocol):
    """What a pass needs of a network: the tree of layers, and where their parameters lie."""

    tree: PlacedLayer
    output_shape: Shape
    dtype: Any
    noise: np.random.Generator
    fused: bool
    widest: int
    views: dict[str, Array]
    grad_views: dict[str, Array]

    def regularize(self) -> None: ...


class Pass:
    """The contexts of one batch size, ready to run forward and backward.

    Parameters
    ----------
    network : Network
    n : int
        The batch size.
    training : bool
    needs_input_grad : bool
        Whether `backward` returns the gradient of the network's input; leaving it out saves a matrix product.

    Attributes
    ----------
    grad : ndarray, shape (n, *output_shape)
        Memory that the loss may write its gradient to.
    """

    _output: Context

    def __init__(self, network: BoundLayers, n: int, training: bool, needs_input_grad: bool = False) -> None:
        self.network = network
        self.n = n
        self.training = training
        root = self._context(network.tree, needs_input_grad, last=True)
        self.forwards, self.backwards = root.forwards, root.backwards
        self.grad = np.empty((n, *network.output_shape), network.dtype)

    @property
    def logits(self) -> Array | None:
        """What the output activation was applied to in the last `forward`, if the loss is fused with it."""
        return self._output.z if self.network.fused else None

    def forward(self, x: Array) -> Array:
        """Return the predictions for `x`, (n, *input_shape) -> (n, *output_shape); overwritten by the next call."""
        for forward, ctx in self.forwards:
            x = forward(ctx, x)
        return x

    def backward(self, grad: Array) -> Array | None:
        """Fill ``network.grads``, penalties included, and return the gradient of the input if that is needed.

        Parameters
        ----------
        grad : ndarray, shape (n, *output_shape)
            The loss's gradient with respect to the predictions; with respect to the logits if the loss is fused.
        """
        for backward, ctx in self.backwards:
            grad = backward(ctx, grad)
        self.network.regularize()
        return grad

    def _context(self, at: PlacedLayer, needs_input_grad: bool, last: bool) -> Context:
        network, layer = self.network, at.layer
        ctx = context_class(type(layer))()
        ctx.layer, ctx.n, ctx.dtype, ctx.training = layer, self.n, network.dtype, self.training
        ctx.trainable, ctx.replayable = at.trainable, layer.replayable
        ctx.needs_input_grad = needs_input_grad
        ctx.needs_backward = needs_input_grad or at.learns()
        if self.training:
            ctx.rng = network.noise
        for name in at.parameters:
            key = f"{at.path}.{name}"
            setattr(ctx, name, network.views[key])
            setattr(ctx, f"d{name}", network.grad_views[key])
        ctx.ones = np.ones(self.n, network.dtype)
        for name, shape in layer.memory(at.input_shape).items():
            setattr(ctx, name, np.empty((self.n, *shape), network.dtype))
        in_series = getattr(layer, "in_series", False)
        ctx.children = []
        for i, child in enumerate(at.children):
            child_is_last = last and type(layer) is Sequential and i == len(at.children) - 1
            ctx.children.append(self._context(child, needs_input_grad, child_is_last))
            if in_series:
                needs_input_grad = needs_input_grad or child.learns()
        ctx.fused = last and network.fused and not at.children
        if ctx.fused:
            self._output = ctx
        layer.bind(ctx)
        ctx.replayable = ctx.replayable and all(child.replayable for child in ctx.children)
        return ctx

    @staticmethod
    def record(recording: Recording, calls: Sequence[tuple[Any, Context]], array: Any) -> Any:
        """Run layers one after another on a traced array, record their NumPy calls, and return the result.

        A layer that is not replayable is recorded as one call.
        """
        for function, ctx in calls:
            if not ctx.replayable:
                array = _as_one_call(recording, function, ctx, array)
                continue
            with _traced(ctx, recording):
                array = recording.checked(function(ctx, array), type(ctx.layer).__name__)
        return array


class Prediction:
    """Predictions of one batch size: after some calls, played from a recording.

    Parameters
    ----------
    network : Network
    n : int
        The batch size.
    policy : Policy
    """

    _x: Array
    _outputs: Array

    def __init__(self, network: BoundLayers, n: int, policy: Policy) -> None:
        self.at = Pass(network, n, training=False)
        self.replay = Replay(policy, n, network.widest)

    def __call__(self, x: Array) -> Array:
        """Return the outputs for `x`, overwritten by the next call."""
        if self.replay.tape is not None:
            self._x[...] = x
            for play in self.replay.tape:
                play()
            return self._outputs
        if not self.replay.due():
            return self.at.forward(x)
        self._x = x.copy()
        with self.replay.recording() as recording:
            outputs = self.at.record(recording, self.at.forwards, recording.trace(self._x))
            self._outputs = recording.keep(outputs)
        return self._outputs


def _as_one_call(recording: Recording, function: Any, ctx: Context, array: Any) -> Any:
    given = recording.keep(array)
    result = function(ctx, given)
    if result is None:
        recording.add(Call(function, (ctx, given)))
        return None
    kept = result.copy()
    recording.add(Call(function, (ctx, given), (kept,)))
    return recording.trace(kept)


@contextmanager
def _traced(ctx: Context, recording: Recording) -> Iterator[None]:
    """Trace all arrays of a context, and of those inside it, within a ``with`` block."""
    contexts = list(tree(ctx))
    noise = ctx.rng if ctx.training else None
    for one in contexts:
        for name, value in vars(one).items():
            if type(value) is np.ndarray:
                setattr(one, name, recording.trace(value))
        if noise is not None:
            one.rng = TracedGenerator(noise, recording)  # type: ignore[assignment]
    try:
        yield
    finally:
        for one in contexts:
            for name, value in vars(one).items():
                if isinstance(value, TracedArray | list | tuple):
                    setattr(one, name, recording.keep(value))
            if noise is not None:
                one.rng = noise


def tree(ctx: Context) -> Iterator[Context]:
    """Go through a context and all inside it, in the order of the layers."""
    yield ctx
    for child in ctx.children:
        yield from tree(child)
