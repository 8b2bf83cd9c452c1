"""NumPy calls written down while a function makes them, to be made again on other values in the same arrays.

On small arrays a training step is a few dozen NumPy calls of a fifth of a microsecond each, and as much time again
goes into the Python between them: attributes, arguments, frames. All of it is the same in every step of one batch size.
So a `Recording` watches a function once and keeps the calls, each bound to its arrays; playing them is a loop over
that list. Arrays that the function allocates are kept and written to again: a replay allocates nothing. One that the
function has let go of serves for a later result, as it would in a heap, so that few arrays stay in the cache.

That is right for a function whose work is done by NumPy on the arrays that it is given, in an order that does not
depend on their values. Numbers that it takes from anywhere else are those of the time of the recording.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary, finalize, ref

import numpy as np

from framework.core.types import Array
from framework.engine.replay.traced import Call, Watched, arrays_in, named, unwatched, watched_in

WITH_OUT = (np.concatenate, np.dot, np.einsum, np.stack)


class Recording:
    """The NumPy calls that were made on watched arrays.

    Attributes
    ----------
    calls : list of callable
        What ``for call in recording.calls: call()`` makes again.
    problem : str or None
        Why it must not be played: what the function took out of NumPy's hands.
    branches : bool
        Whether the function may branch on values. A replay then raises `Changed` at a branch that would be another
        one, and what comes after it has to be computed anew; else a branch is a `problem`.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.problem: str | None = None
        self.branches = False
        self._watched: WeakValueDictionary[int, Watched] = WeakValueDictionary()
        self._free: dict[Any, list[Array]] = {}
        self._kept: list[Watched] = []
        self._made: list[ref[Watched]] = []

    def watch(self, array: Any, source: Any = None) -> Watched:
        """Return a view of `array`; what is done with it, and with what comes of it, is written down.

        The memory belongs to `source`, if that is given.
        """
        watched = self._watched.get(id(array))
        if watched is None:
            self._watched[id(array)] = watched = array.view(Watched)
            watched.recording, watched.plain, watched.source = self, array, source
            self.made(watched)
        return watched

    def made(self, watched: Watched) -> None:
        """Remember an array that is watched, to part from it in the end."""
        self._made.append(ref(watched))

    def keep(self, value: Any) -> Any:
        """Return `value` with plain arrays in place of watched ones, whose memory then serves for nothing else."""
        self._kept += watched_in(value)
        return unwatched(value)

    def result(self, value: Any) -> Watched:
        """Return what a call has given as a watched array, in memory that is used again when nothing refers to it."""
        array = np.asarray(value)
        free = self._free.setdefault((array.shape, array.dtype), [])
        if free:
            free[-1][...] = array
            array = free.pop()
        watched = self.watch(array)
        finalize(watched, free.append, array)
        return watched

    def close(self) -> list[Call]:
        """Return the calls, and forget what was needed to record them."""
        self._watched.clear()
        self._kept.clear()
        self._free.clear()
        # Arrays in the calls are views on watched ones. These must not refer to the calls, nor to such a view: a cycle
        # that leads through an array is hidden from Python, which would never free it.
        nothing = Recording()
        for one in self._made:
            if (watched := one()) is not None:
                vars(watched).clear()
                watched.recording = nothing
        self._made.clear()
        return self.calls

    def checked(self, result: Any, name: str) -> Any:
        """Return what a component called `name` has returned; a problem, if it was not made from watched arrays."""
        if result is None or isinstance(result, Watched):
            return result
        self.problem = f"{name} returns what was not made by NumPy from its arrays"
        return self.watch(np.asarray(result))

    def apply(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return ``function(*args, **kwargs)`` as a watched array, and write the call down."""
        sources = watched_in((args, kwargs))
        args, kwargs = unwatched(args), unwatched(kwargs)
        result = function(*args, **kwargs)
        call = partial(function, *args, **kwargs)
        if result is None:
            self.calls.append(call)
            return None
        if not isinstance(result, np.ndarray | np.generic):
            self.problem = f"{function.__name__} gives a {type(result).__name__}"
            return result
        given = list(arrays_in((args, kwargs)))
        if any(result is one for one in given):
            self.calls.append(call)
            return self.watch(result, sources)
        if any(np.may_share_memory(result, one) for one in given):  # a view: nothing to be done again
            return self.watch(result, sources)
        watched = self.result(result)
        if function in WITH_OUT:
            self.calls.append(partial(call, out=watched.plain))
        elif function is not np.empty_like:
            self.calls.append(_assigning(watched.plain, call))
        return watched


class WatchedGenerator:
    """A random generator whose draws are written down: a replay draws anew.

    Parameters
    ----------
    rng : numpy.random.Generator
    recording : Recording
    """

    def __init__(self, rng: np.random.Generator, recording: Recording) -> None:
        self._rng = rng
        self._recording = recording

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method of this name of the generator, watched."""
        method = getattr(self._rng, name)
        return lambda *args, **kwargs: self._recording.apply(method, args, kwargs)


def _assigning(array: Array, call: partial[Any]) -> Call:
    def assign() -> None:
        array[...] = call()

    return named(assign, call.func)
