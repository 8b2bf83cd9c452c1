"""A stand-in for an array that records what NumPy is asked to do with it: `TracedArray`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from framework.core.types import Array
from framework.engine.replay.call import Call, arrays_in


class Recorder(Protocol):
    """What a traced array needs of the recording that it belongs to."""

    branches: bool

    def trace(self, array: Any, source: Any = None) -> TracedArray: ...

    def result(self, value: Any) -> TracedArray: ...

    def apply(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...

    def written(self, array: Any) -> TracedArray: ...

    def refuse(self, problem: str) -> None: ...

    def add(self, call: Call) -> None: ...


class BranchChanged(Exception):
    """With the current values, the recorded function would take a different branch."""


def same_branch(condition: Array, value: bool) -> None:
    """Raise `BranchChanged` unless `condition` is still `value`."""
    if bool(condition) is not value:
        raise BranchChanged


LEFT = "it takes the values out of an array ({}), so that, played, it differs from what is computed without a recording"


class TracedArray(NDArrayOperatorsMixin):
    """A stand-in for an array, which writes down in its `recording` what is done with it.

    It is no array, although it says so when asked (``isinstance``). From a subclass of ndarray, NumPy would take the
    values without a word, as in ``np.asarray(x)`` or ``memoryview(x)``. Here it gets them only through a method: one
    that records, or one that notes a problem. Attributes of ndarray that are not known here note a problem, too.

    Attributes
    ----------
    recording : Recording
    plain : ndarray
        The array that stands for this one in the calls. It is always the same object: given two views of the same
        memory, NumPy checks how they overlap, which takes as long as a call.
    source : TracedArray or list of these, or None
        The owner of the memory that this is a view of; referring to it keeps that memory from being reused.
    """

    __slots__ = ("__weakref__", "plain", "recording", "source")

    def __init__(self, recording: Recorder, plain: Any, source: Any = None) -> None:
        self.recording, self.plain, self.source = recording, plain, source

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The class that ``isinstance`` asks for."""
        return np.ndarray

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        """Make the call, keep what it returns as the memory of later calls, and write it down."""
        recording = self.recording
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            return recording.apply(function, inputs, kwargs)
        plain = untraced(inputs)
        result = function(*plain, **({"out": untraced(out)} if out else {}), **untraced(kwargs))
        results = result if isinstance(result, tuple) else (result,)
        offered = out or (None,) * len(results)
        returned = tuple(
            recording.result(value) if array is None else recording.written(array)
            for value, array in zip(results, offered, strict=True)
        )
        outs = untraced(returned)
        # The second argument of ldexp is an integer.
        given = plain if ufunc is np.ldexp else _constants(plain, outs[0].dtype)
        recording.add(Call(function, given, outs, untraced(kwargs)))
        return returned[0] if len(returned) == 1 else returned

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.recording.apply(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self.recording.refuse(LEFT.format("np.asarray, or as an argument of what is not NumPy"))
        array: Array = np.array(self.plain, dtype) if copy else np.asarray(self.plain, dtype)
        return array

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__array"):  # then NumPy asks for `__array__`
            raise AttributeError(name)
        value = getattr(self.plain, name)  # an AttributeError for what an array does not have
        if name not in METADATA:
            self.recording.refuse(LEFT.format(name))
        return value

    @property
    def T(self) -> TracedArray:
        return self.recording.trace(self.plain.T, self)

    @property
    def real(self) -> Any:
        return self.recording.apply(np.real, (self,), {})

    @property
    def imag(self) -> Any:
        return self.recording.apply(np.imag, (self,), {})

    def dot(self, b: Any, out: Any = None) -> Any:
        this, other = self.plain, untraced(b)
        result = this.dot(other) if out is None else this.dot(other, untraced(out))
        returned = self.recording.result(result) if out is None else self.recording.written(out)
        self.recording.add(Call(np.ndarray.dot, (this, other), (returned.plain,)))
        return returned

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **where: Any) -> Any:
        """Return the mean; of floats by the two calls of ``ndarray.mean``, which allocate nothing when played."""
        is_plain = dtype is None and out is None and not where and self.plain.size > 0
        if not is_plain or self.plain.dtype not in (np.float32, np.float64):
            given = {"dtype": dtype, "out": out, "keepdims": keepdims, **where}
            return self.recording.apply(np.ndarray.mean, (self, axis), given)
        total = np.add.reduce(self, axis=axis, keepdims=keepdims)
        return np.true_divide(total, np.intp(self.plain.size // total.size), out=total, casting="unsafe")

    def __pow__(self, other: Any) -> Any:
        # ndarray takes other functions for some exponents, and so other bits. This one is the most used.
        if type(other) in (int, float) and other == 2 and self.plain.dtype.kind == "f":
            return np.square(self)
        return self.recording.apply(np.ndarray.__pow__, (self, other), {})

    def __ipow__(self, other: Any) -> Any:
        return self.recording.apply(np.ndarray.__ipow__, (self, other), {})

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(index, np.ndarray | list) for index in keys):
            if any(index.dtype == bool for index in traced_in(keys)):
                self.recording.refuse("it selects by a mask, so that a shape depends on values (see np.where)")
            return self.recording.apply(np.ndarray.__getitem__, (self, key), {})
        view = self.plain[key]
        if isinstance(view, np.generic):
            view = self.plain[(*keys, ...)]
        return self.recording.trace(view, self)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.recording.apply(np.ndarray.__setitem__, (self, key, value), {})

    def __len__(self) -> int:
        return len(self.plain)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        value = bool(self.plain)
        if not self.recording.branches:
            self.recording.refuse("it branches on values")
        self.recording.add(Call(same_branch, (self.plain, value)))
        return value


# What does not depend on values, and so is the same in all batches of one size.
METADATA = {"shape", "dtype", "ndim", "size", "itemsize", "nbytes", "strides", "flags", "device"}
# Methods that give a copy or a view, or write into their array: recorded as they are.
RECORDED = (
    "argmax argmin argpartition argsort astype byteswap choose clip compress conj conjugate copy cumprod cumsum "
    "diagonal fill flatten partition put ravel repeat reshape round searchsorted sort squeeze std swapaxes take trace "
    "transpose var view"
)
# These give Python numbers; the others below give values in another form.
NUMBERS = ("item", "tolist", "__float__", "__int__", "__index__", "__complex__")
REDUCTIONS = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


def _recorded(name: str) -> Callable[..., Any]:
    function = getattr(np.ndarray, name)

    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        return self.recording.apply(function, (self, *args), kwargs)

    return method


def _reduction(name: str, ufunc: np.ufunc) -> Callable[..., Any]:
    """Return a method that reduces by `ufunc`, as that of ndarray does."""
    leading = ("axis", "dtype", "out", "keepdims") if name in ("sum", "prod") else ("axis", "out", "keepdims")

    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        given = {"axis": None, **dict(zip(leading, args, strict=False)), **kwargs}
        if ufunc in (np.logical_or, np.logical_and):
            given["dtype"] = bool
        return ufunc.reduce(self, **given)

    return method


def _leaving(name: str) -> Callable[..., Any]:
    """Return a method by which values leave the recording."""
    function = getattr(np.ndarray, name)

    def method(self: TracedArray, *args: Any, **kwargs: Any) -> Any:
        taken = f"it takes a Python number out of an array ({name})" if name in NUMBERS else LEFT.format(name)
        self.recording.refuse(taken)
        return function(self.plain, *args, **kwargs)

    return method


for _name in RECORDED.split():
    setattr(TracedArray, _name, _recorded(_name))
for _name, _ufunc in REDUCTIONS.items():
    setattr(TracedArray, _name, _reduction(_name, _ufunc))
OTHERS = "__buffer__ __contains__ __copy__ __deepcopy__ __format__ __reduce__ __reduce_ex__ __repr__ __str__"
for _name in (*NUMBERS, *OTHERS.split()):
    if hasattr(np.ndarray, _name):  # a buffer since Python 3.12
        setattr(TracedArray, _name, _leaving(_name))


def untraced(value: Any) -> Any:
    """Return `value` with plain arrays in place of traced ones, on the same memory."""
    if type(value) is TracedArray:
        return value.plain
    if type(value) in (tuple, list):
        return type(value)(map(untraced, value))
    if type(value) is dict:
        return {key: untraced(item) for key, item in value.items()}
    return value


def traced_in(value: Any) -> list[TracedArray]:
    """Return the traced arrays in nested arguments."""
    arrays: Iterator[Any] = arrays_in(value)
    return [array for array in arrays if type(array) is TracedArray]


def _constants(inputs: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    """Return `inputs` with 0-d arrays in place of Python numbers, which NumPy would convert at each call."""
    dtypes = {array.dtype for array in inputs if isinstance(array, np.ndarray)}
    if dtypes != {dtype} or dtype.kind != "f":
        return inputs
    return tuple(np.array(value, dtype) if type(value) in (int, float) else value for value in inputs)
