"""The contexts of one batch size, ready to run: a `Pass` forward and backward, a `Prediction` forward."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from framework.core.types import Array, Shape
from framework.engine.contents import same
from framework.engine.outputs import passes_on
from framework.engine.replay.policy import Policy, Replay
from framework.engine.segments import AssignedMeanwhile, Segment, bind, compare, go_on, record
from framework.engine.tree import PlacedLayer
from framework.layers.base import Context, Layer, context_class


class BoundLayers(Protocol):
    """What a pass needs of a network: the tree of layers, and where their parameters lie."""

    tree: PlacedLayer
    output_shape: Shape
    dtype: Any
    noise: np.random.Generator
    fused: bool
    widest: int
    seen: int
    params: Array
    vectors: tuple[Array, ...]
    views: dict[str, Array]
    pass_grads: dict[str, Array]

    def regularize(self) -> None: ...

    def touched(self) -> bool: ...

    def is_traceable(self, layer: Layer) -> bool: ...


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
        self._frozen_state: list[tuple[Array, Array]] = []
        root = self._context(network.tree, needs_input_grad, last=True)
        self.forwards, self.backwards = root.forwards, root.backwards
        if self._frozen_state:
            first = Context()
            first.replayable, first.training = False, True
            self.forwards = [(self._copy_frozen_state, first), *self.forwards]
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

    def backward(self, grad: Array) -> Array:
        """Fill ``network.grads``, penalties included, and return the gradient of the input.

        Without `needs_input_grad`, there is no meaning in what it returns.

        Parameters
        ----------
        grad : ndarray, shape (n, *output_shape)
            The loss's gradient with respect to the predictions; with respect to the logits if the loss is fused.
        """
        grad = self.go_back(grad)
        self.network.regularize()
        return grad

    def go_back(self, grad: Any) -> Any:
        """Do what `backward` does, with penalties left out."""
        for backward, ctx in self.backwards:
            grad = backward(ctx, grad)
        return grad

    def _copy_frozen_state(self, _: Context, x: Array) -> Array:
        """Give frozen layers copies of their running means and the like: what they write there is not kept."""
        for own, values in self._frozen_state:
            own[...] = values
        return x

    def _context(self, at: PlacedLayer, needs_input_grad: bool, last: bool) -> Context:
        network, layer = self.network, at.layer
        ctx = context_class(type(layer))()
        ctx.layer, ctx.n, ctx.dtype, ctx.training = layer, self.n, network.dtype, self.training
        ctx.trainable, ctx.replayable = at.trainable, network.is_traceable(layer)
        ctx.needs_input_grad = needs_input_grad
        ctx.needs_backward = needs_input_grad or at.learns()
        if self.training:
            ctx.rng = network.noise
        for name, parameter in at.parameters.items():
            key = f"{at.path}.{name}"
            setattr(ctx, name, network.views[key])
            setattr(ctx, f"d{name}", network.pass_grads[key])
            if self.training and not at.trainable and not parameter.trainable:
                setattr(ctx, name, np.empty_like(network.views[key]))
                self._frozen_state.append((getattr(ctx, name), network.views[key]))
        ctx.ones = np.ones(self.n, network.dtype)
        for name, shape in layer.memory(at.input_shape).items():
            setattr(ctx, name, np.empty((self.n, *shape), network.dtype))
        in_series = getattr(layer, "in_series", False)
        ends_inside = last and passes_on(layer)
        ctx.children = []
        for i, child in enumerate(at.children):
            child_is_last = ends_inside and i == len(at.children) - 1
            ctx.children.append(self._context(child, needs_input_grad, child_is_last))
            if in_series:
                needs_input_grad = needs_input_grad or child.learns()
        ctx.fused = last and network.fused and not ends_inside
        if ctx.fused:
            self._output = ctx
        layer.bind(ctx)
        ctx.replayable = ctx.replayable and all(child.replayable for child in ctx.children)
        return ctx


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
        self.replay = Replay(policy, n, network.widest, network.params.size)
        self._segments: list[Segment] = []

    def __call__(self, x: Array) -> Array:
        """Return the outputs for `x`, overwritten by the next call."""
        replay = self.replay
        if replay.tape is not None and x.dtype is not self._x.dtype:
            replay.judge(f"inputs are {x.dtype}, and were {self._x.dtype}")
        if replay.tape is not None and x.nbytes == self._x.nbytes:
            self._x[...] = x
            if not replay.trusted:
                return self._compared()
            try:
                for play in replay.tape:
                    play()
            except AssignedMeanwhile as error:
                bind(self._segments)
                return go_on(self._segments[error.place + 1 :], self._segments[error.place].output)  # type: ignore[no-any-return]
            return self._outputs
        if not replay.due():
            return self.at.forward(x)
        self._x, self._segments = x.copy(), []
        with replay.recording() as recording:
            outputs = record(recording, self.at.forwards, recording.trace(self._x), self._segments, self.at.network)
            self._outputs = recording.keep(outputs)
        return self._outputs

    def _compared(self) -> Array:
        params = self.at.network.params
        before = params.copy()
        outputs, problem = compare(self._segments)
        if problem is None or same(params, before):  # else another thread is training: the next call compares again
            self.replay.judge(problem)
        if problem is None:
            bind(self._segments)
        return outputs  # type: ignore[no-any-return]
