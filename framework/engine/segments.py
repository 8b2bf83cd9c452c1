"""A layer's part of a recording: `Segment`, compared with the layer as it is written before it is played."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.component import Component
from framework.core.types import Array
from framework.engine.contents import Contents, contexts_in, same
from framework.engine.replay.call import Call
from framework.engine.replay.player import compile_tape
from framework.engine.replay.recording import Recording, TracedGenerator
from framework.engine.replay.traced import TracedArray, traced_in, untraced
from framework.engine.tree import components_of
from framework.layers.base import Context

Function = Callable[[Context, Any], Any]


class Segment:
    """The calls of a layer's forward or backward pass.

    Parameters
    ----------
    function : callable
        The layer's method.
    ctx : Context
    given, output : ndarray
        What it was called with and what it returned, in the memory of the recording.
    calls : list of Call
    network : Network
    """

    def __init__(
        self, function: Function, ctx: Context, given: Array, output: Any, calls: list[Call], network: Watching
    ) -> None:
        self.function, self.ctx, self.given, self.output, self.calls = function, ctx, given, output, calls
        self.network = network
        self.bound = Contents(ctx, copied=False) if ctx.replayable else None

    def compared(self) -> tuple[Any, bool]:
        """Run the layer on `given` as it is written, then play the calls; return the result, and whether both agree.

        If they do not, the layer's arrays and the noise are left as it wrote them. A layer that was recorded as one
        call runs once. A built-in one is played: `framework.testing` has compared it.
        """
        if self.bound is None:
            _play(self.calls[:1])
            return self.output, True
        if _all_built_in(self.ctx):
            self.bound.restore_attributes()
            _play(self.calls)
            return self.output, True
        shared = _shared(self.ctx, self.network)
        before = Contents(self.ctx, shared)
        result = self.function(self.ctx, self.given)
        result = None if result is None else result.copy()
        if not before.has_same_parameters():  # by another thread, or by this layer, which must not write to them twice
            return result, False
        after = Contents(self.ctx, shared)
        before.restore_arrays()
        try:
            _play(self.calls)
            agree = same(result, self.output) and after.agree(before, self.bound) and not self.network.touched()
        except Exception:  # a call that fails on another batch, for example where a shape depends on values
            agree = False
        if agree:
            return self.output, True
        after.restore_arrays()
        return result, False


def _all_built_in(ctx: Context) -> bool:
    """Return whether no class of a layer, and of what it is made of, is a user's."""
    components = components_of(one.layer for one in contexts_in(ctx))
    return all(is_built_in(type(component)) for component in components)


def _play(calls: Sequence[Call]) -> None:
    for play in compile_tape(calls):
        play()


def compare(segments: Sequence[Segment]) -> tuple[Any, str | None]:
    """Compare one segment after another; return the result, and what is wrong with the first one that differs.

    The layers after that one run as they are written.
    """
    array: Any = None
    for i, segment in enumerate(segments):
        array, agree = segment.compared()
        if not agree:
            return go_on(segments[i + 1 :], array), differs(segment.ctx.layer)
    return array, None


def differs(component: Any) -> str:
    """Return the problem of a component that computes something else when it is played."""
    return f"{type(component).__name__}, played, differs from what is computed without a recording"


def bind(segments: Sequence[Segment]) -> None:
    """Let the layers' contexts refer to the memory of the recording."""
    for segment in segments:
        if segment.bound is not None:
            segment.bound.restore_attributes()


def record(
    recording: Recording,
    calls: Sequence[tuple[Any, Context]],
    array: Any,
    segments: list[Segment],
    network: Watching,
    first: int = 0,
) -> TracedArray | None:
    """Run layers one after another on a traced array, record them in `segments`, and return the result.

    A layer that is not replayable is recorded as one call, and as another to `unassigned`: it may set anything.
    The segments are numbered from `first` on.
    """
    for function, ctx in calls:
        given, start = untraced(array), len(recording.calls)
        if ctx.replayable:
            array = _as_traced(recording, function, ctx, array, _shared(ctx, network))
        else:
            array = _as_one_call(recording, function, ctx, array)
        if not ctx.replayable:
            recording.add(Call(unassigned, (network, first + len(segments))))
        segments.append(Segment(function, ctx, given, untraced(array), recording.calls[start:], network))
    return array  # type: ignore[no-any-return]


class Watching(Protocol):
    """What is asked of a network: its vectors, and whether anything that its recordings depend on was assigned."""

    vectors: tuple[Array, ...]
    seen: int

    def touched(self) -> bool: ...


def _shared(ctx: Context, network: Watching) -> tuple[Array, ...]:
    """Return what another thread may write to while a layer is run on `ctx`."""
    return () if ctx.training else network.vectors


class AssignedMeanwhile(Exception):
    """Something was assigned to a component by one that runs as ordinary code: segment number `place`."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


def unassigned(network: Watching, place: int) -> None:
    """Raise `AssignedMeanwhile` if anything that recordings depend on was assigned since the step began."""
    number = Component.assignments.number
    if number != network.seen:
        if network.touched():
            raise AssignedMeanwhile(place)
        network.seen = number


def go_on(segments: Sequence[Segment], array: Any) -> Any:
    """Run layers as they are written on `array`, and return the result."""
    for segment in segments:
        array = segment.function(segment.ctx, array)
    return array


def _as_traced(recording: Recording, function: Function, ctx: Context, array: Any, shared: Sequence[Array]) -> Any:
    before, name = Contents(ctx, shared), type(ctx.layer).__name__
    try:
        with _traced(ctx, recording):
            return recording.checked(function(ctx, array), name)
    except Exception as error:
        before.restore_attributes()
        before.restore_arrays()
        result = _as_one_call(recording, function, ctx, array)  # if it was not the recording, this fails, too
        recording.refuse(f"{name} does not work on the arrays of a recording: {type(error).__name__}: {error}")
        return result


def _as_one_call(recording: Recording, function: Function, ctx: Context, array: Any) -> Any:
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
    contexts = list(contexts_in(ctx))
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
                if isinstance(value, np.ndarray | list | tuple | dict) and traced_in(value):
                    setattr(one, name, recording.keep(value))
            if noise is not None:
                one.rng = noise
        untrace(components_of(one.layer for one in contexts), recording)


def untrace(components: Sequence[Any], recording: Recording) -> None:
    """Put plain arrays in place of traced ones that components have kept."""
    for component in components:
        for name, value in vars(component).items():
            if traced_in(value):
                vars(component)[name] = recording.keep(value)
