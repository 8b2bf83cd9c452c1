"""The contexts of one batch size, ready to run: `Pass`, as layers are written or played from a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core.component import Component
from framework.core.types import Array
from framework.engine.replay.recording import Recording, WatchedGenerator
from framework.engine.replay.traced import Call, Watched
from framework.layers.base import Context, context_class
from framework.layers.sequential import Sequential

if TYPE_CHECKING:
    from framework.engine.network import Network, Place

# What a replay saves is little where arrays are large, and each array that is allocated is kept for it.
RECORDED_ELEMENTS = 1 << 18
# Recording a prediction takes as long as some dozens of them. The more often a recording was in vain, because an
# argument of a component was set, the longer it takes to the next one.
PREDICTIONS_BEFORE = 16
LONGEST_WAIT = 1 << 16


class Arguments:
    """The arguments of a network's components, and of others, as they were when something was recorded.

    Parameters
    ----------
    network : Network
    others : Component
    """

    def __init__(self, network: Network, *others: Component) -> None:
        self.network = network
        self.others = others
        self._version, self._changes, self._seen = network.version, Component.assignments, self._present()

    def hold(self) -> bool:
        """Return whether none was set since, and the network's vectors are the same."""
        if self.network.version is not self._version:
            return False
        if Component.assignments == self._changes:
            return True
        self._changes = Component.assignments
        present = self._present()
        return len(present) == len(self._seen) and all(map(is_, present, self._seen))

    def _present(self) -> list[Any]:
        components = [at.layer for at in self.network.root] + list(self.others)
        present = [value for component in components for value in vars(component).values()]
        inside = (vars(value).values() for value in present if isinstance(value, Component))
        return [*present, *(value for values in inside for value in values)]


class Pass:
    """The contexts of one batch size, ready to run forward and backward."""

    output: Context
    _played: list[Call] | None
    _calls: int
    _wait: int
    _arguments: Arguments
    _x: Array
    _outputs: Array

    def __init__(self, network: Network, n: int, training: bool) -> None:
        self.network = network
        self.n = n
        self.training = training
        root = self._context(network.root, needs_input_grad=False, last=True)
        self.forwards, self.backwards = root.forwards, root.backwards
        self.grad = np.empty((n, *network.output_shape), network.dtype)
        self._wait = PREDICTIONS_BEFORE
        self._forget()

    @property
    def sums(self) -> Array | None:
        """In a canonical network, the sums of the output layer."""
        return self.output.z if self.network.fused else None

    def _context(self, at: Place, needs_input_grad: bool, last: bool) -> Context:
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
            self.output = ctx
        layer.bind(ctx)
        ctx.replayable = ctx.replayable and all(child.replayable for child in ctx.children)
        return ctx

    def record(self, recording: Recording, calls: Sequence[tuple[Any, Context]], array: Any) -> Any:
        """Return what layers make of a watched array, one after another.

        Their NumPy calls are recorded; a layer that is not replayable is recorded as one call.
        """
        for function, ctx in calls:
            if not ctx.replayable:
                array = _as_one_call(recording, function, ctx, array)
                continue
            with _watched(ctx, recording):
                array = recording.checked(function(ctx, array), type(ctx.layer).__name__)
        return array

    def infer(self, x: Array) -> Array:
        """Return the outputs for `x`, overwritten by the next call; after some calls, played from a recording."""
        if self._played is not None:
            if self._arguments.hold():
                self._x[...] = x
                for call in self._played:
                    call()
                return self._outputs
            self._forget()
            self._wait = min(2 * self._wait, LONGEST_WAIT)
        self._calls += 1
        if self._calls != self._wait or self.n * self.network.widest > RECORDED_ELEMENTS:
            for forward, ctx in self.forwards:
                x = forward(ctx, x)
            return x
        recording, self._x, self._arguments = Recording(), x.copy(), Arguments(self.network)
        try:
            self._outputs = recording.keep(self.record(recording, self.forwards, recording.watch(self._x)))
        finally:
            calls = recording.close()
        self._played = calls if recording.problem is None else None
        return self._outputs

    def _forget(self) -> None:
        self._played = None
        self._calls = 0


def _as_one_call(recording: Recording, function: Any, ctx: Context, array: Any) -> Any:
    given = recording.keep(array)
    result = function(ctx, given)
    if result is None:
        recording.calls.append(lambda: function(ctx, given))
        return None
    kept = result.copy()

    def call() -> None:
        kept[...] = function(ctx, given)

    recording.calls.append(call)
    return recording.watch(kept)


@contextmanager
def _watched(ctx: Context, recording: Recording) -> Iterator[None]:
    """Let all arrays of a context, and of those inside it, be watched for a while."""
    contexts = list(_tree(ctx))
    noise = ctx.rng if ctx.training else None
    for one in contexts:
        for name, value in vars(one).items():
            if type(value) is np.ndarray:
                setattr(one, name, recording.watch(value))
        if noise is not None:
            one.rng = WatchedGenerator(noise, recording)  # type: ignore[assignment]
    try:
        yield
    finally:
        for one in contexts:
            for name, value in vars(one).items():
                if isinstance(value, Watched | list | tuple):
                    setattr(one, name, recording.keep(value))
            if noise is not None:
                one.rng = noise


def _tree(ctx: Context) -> Iterator[Context]:
    yield ctx
    for child in ctx.children:
        yield from _tree(child)
