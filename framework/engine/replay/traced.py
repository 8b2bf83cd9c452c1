"""An array that writes down what NumPy is asked to do with it: `Watched`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core.types import Array

if TYPE_CHECKING:
    from framework.engine.replay.recording import Recording

Call = Callable[[], Any]
REDUCTION = ("axis", "dtype", "out", "keepdims")  # the positional arguments of ufunc.reduce after the array
OUT_BY_NAME = (np.maximum, np.minimum)  # a third positional argument is deprecated in these


class Changed(Exception):
    """A branch that the recorded function took would be another one on the present values."""


class Watched(np.ndarray[Any, np.dtype[Any]]):
    """An array that writes down in its `recording` what is done with it.

    Attributes
    ----------
    recording : Recording
    plain : ndarray or None
        The array in its place in the calls: always the same object, because of two views on the same memory NumPy
        would have to find out how they overlap, which takes as long as a call. None until a view is asked for it.
    source : Watched or list of these, or None
        What has the memory that this is a view of, which is not free as long as the view is there.
    """

    recording: Recording
    plain: Any = None
    source: Any = None

    def __array_finalize__(self, source: Any) -> None:
        """Let views be watched too."""
        if isinstance(source, Watched):
            self.recording, self.source = source.recording, source

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """Make the call, keep what it returns as the memory of later calls, and write it down."""
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        plain = unwatched(inputs)
        if method == "at":
            return self.recording.apply(function, plain, kwargs)
        result = function(*plain, **({"out": unwatched(out)} if out else {}), **unwatched(kwargs))
        results = result if isinstance(result, tuple) else (result,)
        returned = tuple(map(self.recording.watch, unwatched(out)) if out else map(self.recording.result, results))
        outs = unwatched(returned)
        call = _bound(function, _constants(plain, outs[0].dtype), outs, unwatched(kwargs))
        self.recording.calls.append(call)
        return returned[0] if len(returned) == 1 else returned

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.recording.apply(function, args, kwargs)

    def dot(self, other: Any, out: Any = None) -> Any:
        a, b = unwatched(self), unwatched(other)
        result = a.dot(b) if out is None else a.dot(b, unwatched(out))
        returned = self.recording.result(result) if out is None else self.recording.watch(unwatched(out))
        self.recording.calls.append(partial(a.dot, b, unwatched(returned)))
        return returned

    def fill(self, value: Any) -> None:
        self.recording.apply(np.ndarray.fill, (self, value), {})

    def __getitem__(self, key: Any) -> Any:
        plain = unwatched(self)
        if any(isinstance(index, np.ndarray | list) for index in (key if isinstance(key, tuple) else (key,))):
            return self.recording.apply(type(plain).__getitem__, (plain, key), {})
        view = plain[key]
        if isinstance(view, np.generic):
            view = plain[(*key, ...) if isinstance(key, tuple) else (key, ...)]
        return self.recording.watch(view, self)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.recording.apply(unwatched(self).__setitem__, (key, value), {})

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        plain, recording = unwatched(self), self.recording
        value = bool(plain)
        if not recording.branches:
            recording.problem = "it branches on values"

        def check() -> None:
            if bool(plain) is not value:
                raise Changed

        recording.calls.append(check)
        return value


def _noting(name: str) -> Callable[..., Any]:
    """Return a method that gives a copy or a view, as a watched array."""
    function = getattr(np.ndarray, name)

    def method(self: Watched, *args: Any, **kwargs: Any) -> Any:
        return self.recording.apply(function, (self, *args), kwargs)

    return method


def _leaving(name: str) -> Callable[..., Any]:
    """Return a method by which values leave the recording."""
    function = getattr(np.ndarray, name)

    def method(self: Watched, *args: Any) -> Any:
        self.recording.problem = f"it takes a Python number out of an array ({name})"
        return function(unwatched(self), *args)

    return method


for _name in ("argmax", "argmin", "astype", "clip", "copy", "flatten", "ravel", "repeat", "reshape", "take"):
    setattr(Watched, _name, _noting(_name))
for _name in ("__float__", "__int__", "__index__", "item", "tolist"):
    setattr(Watched, _name, _leaving(_name))


def unwatched(value: Any) -> Any:
    """Return `value` with plain arrays in place of watched ones, on the same memory."""
    if isinstance(value, Watched):
        if value.plain is None:
            value.plain = value.view(np.ndarray)
            value.recording.made(value)
        return value.plain
    if type(value) in (tuple, list):
        return type(value)(map(unwatched, value))
    if type(value) is dict:
        return {key: unwatched(item) for key, item in value.items()}
    return value


def arrays_in(value: Any) -> Iterator[Array]:
    """Go through the arrays in nested arguments."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)


def watched_in(value: Any) -> list[Watched]:
    """Return those of the arrays that are watched."""
    return [array for array in arrays_in(value) if isinstance(array, Watched)]


def _constants(inputs: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    """Return `inputs` with 0-d arrays in place of Python numbers, which NumPy would convert at each call."""
    dtypes = {array.dtype for array in inputs if isinstance(array, np.ndarray)}
    if dtypes != {dtype} or dtype.kind != "f":
        return inputs
    return tuple(np.array(value, dtype) if type(value) in (int, float) else value for value in inputs)


def _bound(function: Any, inputs: tuple[Any, ...], outs: tuple[Array, ...], kwargs: dict[str, Any]) -> Call:
    """Return the call of a ufunc, or of one of its methods, in the form that costs least."""
    if function in OUT_BY_NAME and not kwargs:
        (a, b), (out,) = inputs, outs

        def compare() -> None:
            function(a, b, out=out)

        return named(compare, function)
    if getattr(function, "__name__", "") == "reduce" and set(kwargs) <= set(REDUCTION):
        positional = {"axis": 0, "dtype": None, "keepdims": False, **kwargs, "out": outs[0]}
        return partial(function, *inputs, *(positional[name] for name in REDUCTION))
    if isinstance(function, np.ufunc) and not kwargs:
        return partial(function, *inputs, *outs)
    return partial(function, *inputs, out=outs[0] if len(outs) == 1 else outs, **kwargs)


def named(call: Callable[[], None], function: Any) -> Call:
    """Return `call` with the name of the function that it makes a call of, for those who look at a recording."""
    call.__name__ = function.__name__
    return call
