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

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from weakref import WeakValueDictionary, finalize

import numpy as np

from framework.component import Array

Call = Callable[[], Any]
REDUCTION = ("axis", "dtype", "out", "keepdims")  # the positional arguments of ufunc.reduce after the array
OUT_BY_NAME = (np.maximum, np.minimum)  # a third positional argument is deprecated in these
WITH_OUT = (np.concatenate, np.dot, np.einsum, np.stack)


class Changed(Exception):
    """A branch that the recorded function took would be another one on the present values."""


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

    def watch(self, array: Any, source: Any = None) -> Watched:
        """Return a view of `array`; what is done with it, and with what comes of it, is written down.

        The memory belongs to `source`, if that is given.
        """
        watched = self._watched.get(id(array))
        if watched is None:
            self._watched[id(array)] = watched = array.view(Watched)
            watched.recording, watched.plain, watched.source = self, array, source
        return watched

    def keep(self, value: Any) -> Any:
        """Return `value` with plain arrays in place of watched ones, whose memory then serves for nothing else."""
        self._kept += _watched_in(value)
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
        return self.calls

    def checked(self, result: Any, name: str) -> Any:
        """Return what a component called `name` has returned; a problem, if it was not made from watched arrays."""
        if result is None or isinstance(result, Watched):
            return result
        self.problem = f"{name} returns what was not made by NumPy from its arrays"
        return self.watch(np.asarray(result))

    def apply(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return ``function(*args, **kwargs)`` as a watched array, and write the call down."""
        sources = _watched_in((args, kwargs))
        args, kwargs = unwatched(args), unwatched(kwargs)
        result = function(*args, **kwargs)
        call = partial(function, *args, **kwargs)
        if result is None:
            self.calls.append(call)
            return None
        if not isinstance(result, np.ndarray | np.generic):
            self.problem = f"{function.__name__} gives a {type(result).__name__}"
            return result
        given = list(_arrays((args, kwargs)))
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
        returned = out or tuple(map(self.recording.result, result if isinstance(result, tuple) else (result,)))
        outs = unwatched(returned)
        call = _bound(function, _constants(plain, outs[0].dtype), outs, unwatched(kwargs))
        self.recording.calls.append(call)
        return returned[0] if len(returned) == 1 else returned

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.recording.apply(function, args, kwargs)

    def dot(self, other: Any, out: Any = None) -> Any:
        a, b = unwatched(self), unwatched(other)
        result = a.dot(b) if out is None else a.dot(b, unwatched(out))
        returned = self.recording.result(result) if out is None else out
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


def unwatched(value: Any) -> Any:
    """Return `value` with plain arrays in place of watched ones, on the same memory."""
    if isinstance(value, Watched):
        if value.plain is None:
            value.plain = value.view(np.ndarray)
        return value.plain
    if type(value) in (tuple, list):
        return type(value)(map(unwatched, value))
    if type(value) is dict:
        return {key: unwatched(item) for key, item in value.items()}
    return value


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _arrays(item)


def _watched_in(value: Any) -> list[Watched]:
    return [array for array in _arrays(value) if isinstance(array, Watched)]


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

        return _named(compare, function)
    if getattr(function, "__name__", "") == "reduce" and set(kwargs) <= set(REDUCTION):
        positional = {"axis": 0, "dtype": None, "keepdims": False, **kwargs, "out": outs[0]}
        return partial(function, *inputs, *(positional[name] for name in REDUCTION))
    if isinstance(function, np.ufunc) and not kwargs:
        return partial(function, *inputs, *outs)
    return partial(function, *inputs, out=outs[0] if len(outs) == 1 else outs, **kwargs)


def _assigning(array: Array, call: partial[Any]) -> Call:
    def assign() -> None:
        array[...] = call()

    return _named(assign, call.func)


def _named(call: Callable[[], None], function: Any) -> Call:
    """Return `call` with the name of the function that it makes a call of, for those who look at a recording."""
    call.__name__ = function.__name__
    return call
