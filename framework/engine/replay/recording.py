"""Record the NumPy calls that a function makes, to make them again on other values in the same arrays.

On small arrays a training step is a few dozen NumPy calls of 0.2 microseconds each, and as much time again goes into
the Python between them: attributes, arguments, frames. All of it is the same in every step of one batch size.
So a `Recording` traces a function once and keeps its calls, each with its arrays; a player runs through that list.
Arrays that the function allocates are kept and written to again: playing allocates nothing. Memory that the function
has released is used for a later result, as in a heap, so that all the arrays fit in the cache.

This is right for a function whose work is done by NumPy on the arrays that it is given, in an order that does not
depend on their values. Numbers that it reads from anywhere else keep the values they had when it was recorded. What
is seen to go another way is noted as a `problem`; what is not seen shows when a tape is compared with the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary, finalize

import numpy as np

from framework.core.types import Array
from framework.engine.replay.call import Call, arrays_in
from framework.engine.replay.traced import TracedArray, traced_in, untraced

# What these return does not depend on values.
OF_FORM = (np.shape, np.size, np.ndim, np.result_type, np.isrealobj, np.iscomplexobj)
# The shapes or dtypes of what these return depend on values. Of the second group, only if they get such a shape.
SHAPED_BY_VALUES = {
    "argwhere", "bincount", "compress", "delete", "eigvals", "extract", "flatnonzero", "insert", "intersect1d",
    "real_if_close", "roots", "setdiff1d", "setxor1d", "trim_zeros", "union1d", "unique", "unique_values",
}  # fmt: skip
SHAPED_BY_ARGUMENTS = {"array_split", "dsplit", "hsplit", "repeat", "resize", "split", "tile", "vsplit"}


class Recording:
    """The NumPy calls that were made on traced arrays.

    Attributes
    ----------
    calls : list of Call
    problem : str or None
        Why it must not be played: what the function took out of NumPy's hands.
    branches : bool
        Whether the function may branch on values. Playing then raises `BranchChanged` at a branch that would go the
        other way, and what comes after it has to be computed as it is written; otherwise a branch is a `problem`.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.problem: str | None = None
        self.branches = False
        self._traced: WeakValueDictionary[int, TracedArray] = WeakValueDictionary()
        self._free: dict[Any, list[Array]] = {}
        self._kept: list[TracedArray] = []

    def add(self, call: Call) -> None:
        """Append a call."""
        self.calls.append(call)

    def refuse(self, problem: str) -> None:
        """Note why this must not be played; the first reason stays."""
        self.problem = self.problem or problem

    def trace(self, array: Any, source: Any = None) -> TracedArray:
        """Return the traced array for `array`: what is done with it, and with what comes of it, is recorded.

        The memory belongs to `source`, if that is given.
        """
        traced = self._traced.get(id(array))
        if traced is None:
            self._traced[id(array)] = traced = TracedArray(self, array, source)
        return traced

    def written(self, array: Any) -> TracedArray:
        """Return the traced array for one that a call writes to.

        What was in a new array before, as in ``np.ones(n)``, would not be there when the call is played.
        """
        if type(array) is TracedArray:
            return array
        if id(array) not in self._traced:
            self.refuse("it writes into an array that it made by shape: make it like x (np.zeros_like), or in ctx")
        return self.trace(array)

    def keep(self, value: Any) -> Any:
        """Return `value` with plain arrays in place of traced ones, whose memory then serves nothing else."""
        self._kept += traced_in(value)
        return untraced(value)

    def result(self, value: Any) -> TracedArray:
        """Return a call's result as a traced array, in memory that is used again when nothing refers to it.

        The finalizer hands the memory back when the traced array goes, which is when the recorded function has let
        go of the result and of all views on it (each view holds its `source`). Once values have left the recording,
        plain arrays may refer to it, too.
        """
        array = np.asarray(value)
        if not array.flags.writeable:
            array = array.copy()
        free = self._free.setdefault((array.shape, array.dtype), [])
        if free and self.problem is None:
            free[-1][...] = array
            array = free.pop()
        traced = self.trace(array)
        finalize(traced, free.append, array)
        return traced

    def close(self) -> list[Call]:
        """Return the calls, and forget what was needed to record them."""
        self._traced.clear()
        self._kept.clear()
        self._free.clear()
        calls, self.calls = self.calls, []
        return calls

    def checked(self, result: Any, name: str) -> Any:
        """Return the `result` of the component called `name`; note a `problem` unless it comes from traced arrays."""
        if result is None or type(result) is TracedArray:
            return result
        self.problem = f"{name} returns what was not made by NumPy from its arrays"
        return self.trace(np.asarray(result))

    def apply(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return ``function(*args, **kwargs)`` as a traced array, and record the call."""
        if function in OF_FORM:
            return function(*untraced(args), **untraced(kwargs))
        name = getattr(function, "__name__", "a function")
        sources = traced_in((args, kwargs))
        shaped = name in SHAPED_BY_VALUES or (name in SHAPED_BY_ARGUMENTS and len(sources) > 1)
        if shaped or getattr(np.emath, name, None) is function:
            self.refuse(f"the form of what {name} returns depends on values")
        given = list(arrays_in((args, kwargs)))
        plain_args, plain_kwargs = untraced(args), untraced(kwargs)
        result = function(*plain_args, **plain_kwargs)
        for array in arrays_in(kwargs.get("out")):
            self.written(array)
        if result is None:
            self.written(next(iter((*args, *kwargs.values()))))
            self.calls.append(Call(function, plain_args, (), plain_kwargs))
            return None
        if type(result) in (list, tuple) and all(_is_view(each, given) for each in result):
            return type(result)(self.trace(each, sources) for each in result)
        if type(result) is not np.ndarray and not isinstance(result, np.generic):
            self.refuse(f"{name} gives a {type(result).__name__}")
            return result
        for one in given:
            if result is untraced(one):
                self.calls.append(Call(function, plain_args, (), plain_kwargs))
                return self.written(one)
        if _is_view(result, given):
            return self.trace(result, sources)
        traced = self.result(result)
        if function is not np.empty_like:
            self.calls.append(Call(function, plain_args, (traced.plain,), plain_kwargs))
        return traced


def _is_view(result: Any, given: list[Any]) -> bool:
    """Return whether an array is a view of one of those `given`, so that there is no call to repeat."""
    return isinstance(result, np.ndarray) and any(np.may_share_memory(result, untraced(one)) for one in given)


class TracedGenerator:
    """A random generator whose draws are recorded: playing draws anew.

    Parameters
    ----------
    rng : numpy.random.Generator
    recording : Recording
    """

    def __init__(self, rng: np.random.Generator, recording: Recording) -> None:
        self._rng = rng
        self._recording = recording

    def __getattr__(self, name: str) -> Any:
        """Return the method of this name of the generator, traced."""
        method = getattr(self._rng, name)
        if not callable(method):
            self._recording.refuse(f"it takes {name} out of the generator ctx.rng")
            return method
        return lambda *args, **kwargs: self._recording.apply(method, args, kwargs)
