"""Play recorded calls from Python: each bound once to its arrays, in the form that costs least."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.engine.replay.call import Call

Play = Callable[[], Any]
# The arguments of ufunc.reduce after the array, in order, with their defaults.
REDUCE_ARGUMENTS = {"axis": 0, "dtype": None, "out": None, "keepdims": False}
OUT_BY_NAME = (np.maximum, np.minimum)  # a third positional argument is deprecated in these
TAKES_OUT = (np.concatenate, np.dot, np.einsum, np.stack)


def compile_tape(calls: Sequence[Call]) -> list[Play]:
    """Return a tape: what ``for play in tape: play()`` runs again on the arrays of `calls`."""
    return [bind(call) for call in calls]


def bind(call: Call) -> Play:
    """Return `call` as a function without arguments.

    For a ufunc, positional arguments are faster than keywords; a bound method is faster than the unbound one.
    """
    function, inputs, outputs, arguments = call.function, call.inputs, call.outputs, call.arguments
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if getattr(np.ndarray, name, None) is function:
        function, inputs = getattr(inputs[0], name), inputs[1:]
    if not outputs:
        return partial(function, *inputs, **arguments)
    if call.function is np.ndarray.dot:
        return partial(function, *inputs, *outputs)
    if function in OUT_BY_NAME and not arguments:
        return _with_out(function, *inputs, *outputs)
    if isinstance(function, np.ufunc) and not arguments:
        return partial(function, *inputs, *outputs)
    if isinstance(owner, np.ufunc) and name == "reduce" and arguments.keys() <= REDUCE_ARGUMENTS.keys():
        positional = {**REDUCE_ARGUMENTS, **arguments, "out": outputs[0]}
        return partial(function, *inputs, *positional.values())
    if isinstance(function, np.ufunc) or isinstance(owner, np.ufunc) or function in TAKES_OUT:
        return partial(function, *inputs, out=outputs[0] if len(outputs) == 1 else outputs, **arguments)
    return _assign(call.name, outputs[0], partial(function, *inputs, **arguments))


def _with_out(function: Any, a: Any, b: Any, out: Array) -> Play:
    def call() -> None:
        function(a, b, out=out)

    return call


def _assign(name: str, array: Array, compute: Play) -> Play:
    shape, dtype = array.shape, array.dtype

    def assign() -> None:
        result = compute()
        if shape and (result.shape != shape or result.dtype != dtype):  # it would be broadcast, or rounded
            form = f"shape {result.shape} and {result.dtype}"
            raise ValueError(f"{name} returns {form}, where it was {shape} and {dtype} in another batch of this size")
        array[...] = result

    return assign
