"""An array that records what NumPy is asked to do with it: `TracedArray`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from framework.core.types import Array
from framework.engine.replay.call import Call, arrays_in


class Recorder(Protocol):
    """What a traced array needs of the recording that it belongs to."""

    problem: str | None
    branches: bool

    def trace(self, array: Any, source: Any = None) -> TracedArray: ...

    def made(self, traced: TracedArray) -> None: ...

    def result(self, value: Any) -> TracedArray: ...

    def apply(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...

    def add(self, call: Call) -> None: ...


class BranchChanged(Exception):
    """With the current values, the recorded function would take a different branch."""


def same_branch(condition: Array, value: bool) -> None:
    """Raise `BranchChanged` unless `condition` is still `value`."""
    if bool(condition) is not value:
        raise BranchChanged


class TracedArray(np.ndarray[Any, np.dtype[Any]]):
    """An array that writes down in its `recording` what is done with it.

    Attributes
    ----------
    recording : Recording
    plain : ndarray or None
        The array that stands for this one in the calls. It is always the same object: given two views of the same
        memory, NumPy checks how they overlap, which takes as long as a call. Views get theirs when first used.
    source : TracedArray or list of these, or None
        The owner of the memory that this is a view of; referring to it keeps that memory from being reused.
    """

    recording: Recorder
    plain: Any = None
    source: Any = None

    def __array_finalize__(self, source: Any) -> None:
        """Let views be traced too."""
        if isinstance(source, TracedArray):
            self.recording, self.source = source.recording, source

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """Make the call, keep what it returns as the memory of later calls, and write it down."""
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        plain = untraced(inputs)
        if method == "at":
            return self.recording.apply(function, plain, kwargs)
        result = function(*plain, **({"out": untraced(out)} if out else {}), **untraced(kwargs))
        results = result if isinstance(result, tuple) else (result,)
        returned = tuple(map(self.recording.trace, untraced(out)) if out else map(self.recording.result, results))
        outs = untraced(returned)
        self.recording.add(Call(function, _constants(plain, outs[0].dtype), outs, untraced(kwargs)))
        return returned[0] if len(returned) == 1 else returned

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.recording.apply(function, args, kwargs)

    def dot(self, other: Any, out: Any = None) -> Any:
        a, b = untraced(self), untraced(other)
        result = a.dot(b) if out is None else a.dot(b, untraced(out))
        returned = self.recording.result(result) if out is None else self.recording.trace(untraced(out))
        self.recording.add(Call(np.ndarray.dot, (a, b), (untraced(returned),)))
        return returned

    def fill(self, value: Any) -> None:
        self.recording.apply(np.ndarray.fill, (self, value), {})

    def __getitem__(self, key: Any) -> Any:
        plain = untraced(self)
        if any(isinstance(index, np.ndarray | list) for index in (key if isinstance(key, tuple) else (key,))):
            return self.recording.apply(np.ndarray.__getitem__, (plain, key), {})
        view = plain[key]
        if isinstance(view, np.generic):
            view = plain[(*key, ...) if isinstance(key, tuple) else (key, ...)]
        return self.recording.trace(view, self)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.recording.apply(np.ndarray.__setitem__, (self, key, value), {})

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        plain, recording = untraced(self), self.recording
        value = bool(plain)
        if not recording.branches:
            recording.problem = "it branches on values"

        recording.add(Call(same_branch, (plain, value)))
        return value


def _noting(name: str) -> Callable[..., Any]:
    """Return a method that gives a copy or a view, as a traced array."""
    function = getattr(np.ndarray, name)

    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        return self.recording.apply(function, (self, *args), kwargs)

    return method


def _leaving(name: str) -> Callable[..., Any]:
    """Return a method by which values leave the recording."""
    function = getattr(np.ndarray, name)

    def method(self: TracedArray, *args: Any) -> Any:
        self.recording.problem = f"it takes a Python number out of an array ({name})"
        return function(untraced(self), *args)

    return method


for _name in ("argmax", "argmin", "astype", "clip", "copy", "flatten", "ravel", "repeat", "reshape", "take"):
    setattr(TracedArray, _name, _noting(_name))
for _name in ("__float__", "__int__", "__index__", "item", "tolist"):
    setattr(TracedArray, _name, _leaving(_name))


def untraced(value: Any) -> Any:
    """Return `value` with plain arrays in place of traced ones, on the same memory."""
    if isinstance(value, TracedArray):
        if value.plain is None:
            value.plain = value.view(np.ndarray)
            value.recording.made(value)
        return value.plain
    if type(value) in (tuple, list):
        return type(value)(map(untraced, value))
    if type(value) is dict:
        return {key: untraced(item) for key, item in value.items()}
    return value


def traced_in(value: Any) -> list[TracedArray]:
    """Return the traced arrays in nested arguments."""
    return [array for array in arrays_in(value) if isinstance(array, TracedArray)]


def _constants(inputs: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    """Return `inputs` with 0-d arrays in place of Python numbers, which NumPy would convert at each call."""
    dtypes = {array.dtype for array in inputs if isinstance(array, np.ndarray)}
    if dtypes != {dtype} or dtype.kind != "f":
        return inputs
    return tuple(np.array(value, dtype) if type(value) in (int, float) else value for value in inputs)
