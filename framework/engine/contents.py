"""A copy of all that a layer works with and leaves behind, to compare two ways of running it: `Contents`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from types import BuiltinFunctionType, EllipsisType, FunctionType, MethodType
from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.traceable import CONSTANTS
from framework.core.types import Array
from framework.engine.replay.call import arrays_in
from framework.layers.base import Context


@cache
def _known() -> tuple[type[Any], ...]:
    """Return what a context may hold beside constants. Of another object, it is not known what a pass changes in it.

    A function, because the first use of ``np.random`` imports it, which takes a tenth of the time of importing NumPy.
    """
    return (
        *(np.ndarray, np.random.Generator, np.ufunc, Context, Component, slice, range, EllipsisType, type),
        *(FunctionType, MethodType, BuiltinFunctionType),
    )


class Contents:
    """What the contexts of a layer, and of the layers in it, hold: their attributes, with copies of the arrays.

    Parameters
    ----------
    ctx : Context
    shared : sequence of ndarray
        In a prediction: the parameters, and the vectors of their gradients. While it runs, another thread may train
        them, so they are never put back.
    copied : bool
        False leaves the copies out.
    """

    def __init__(self, ctx: Context, shared: Sequence[Array] = (), copied: bool = True) -> None:
        self.attributes = [(one, dict(vars(one))) for one in contexts_in(ctx)]
        self.constants = [
            {name: list(_constants(value)) for name, value in values.items() if type(value) is not np.ndarray}
            for _, values in self.attributes
        ]
        self._rng = ctx.rng if ctx.training else None
        self._noise: Any = None
        self._copies: list[tuple[Array, Array]] = []
        self._params: list[tuple[Array, Array]] = []
        if copied:
            arrays = [array for _, values in self.attributes for array in arrays_in(values)]
            # W and its transposed view are one memory, which may be large.
            memory = {(array.__array_interface__["data"][0], array.nbytes): array for array in arrays}
            for array in memory.values():
                if not any(np.may_share_memory(array, vector) for vector in shared):
                    self._copies.append((array, array.copy()))
                elif np.may_share_memory(array, shared[0]):
                    self._params.append((array, array.copy()))
            self._noise = self._rng and self._rng.bit_generator.state

    def restore_attributes(self) -> None:
        """Put the attributes back."""
        for one, values in self.attributes:
            for name in vars(one).keys() - values.keys():
                delattr(one, name)
            for name, value in values.items():
                setattr(one, name, value)

    def has_same_parameters(self) -> bool:
        """Return whether the shared parameters hold what they held."""
        return all(same(array, values) for array, values in self._params)

    def restore_arrays(self) -> None:
        """Put back what was in the arrays, and the state of the noise."""
        for array, values in self._copies:
            if array.flags.writeable:
                array[...] = values
        if self._rng is not None:
            self._rng.bit_generator.state = self._noise

    def agree(self, before: Contents, recorded: Contents) -> bool:
        """Return whether a run that began from `before` and led here did what was just played.

        All arrays hold what they held here. What the run has made is, under its name, in the `recorded` memory.
        """
        if self._rng is not None and self._rng.bit_generator.state != self._noise:
            return False
        if not all(same(array, values) for array, values in self._copies) or self.constants != recorded.constants:
            return False
        return all(
            same(value, played.get(name))
            for (_, now), (_, old), (_, played) in zip(
                self.attributes, before.attributes, recorded.attributes, strict=True
            )
            for name, value in now.items()
            if isinstance(value, np.ndarray) and old.get(name) is not value
        )


def _constants(value: Any) -> Iterator[Any]:
    """Go through the constants in a value; an object of an unknown kind is one that equals nothing."""
    if isinstance(value, list | tuple | dict):
        for item in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
            yield from _constants(item)
    elif isinstance(value, CONSTANTS):
        yield value if value == value else None  # nan
    elif not isinstance(value, _known()):
        yield object()


def same(a: Any, b: Any) -> bool:
    """Return whether two arrays hold the same numbers to the last bit; of others, whether they are one object."""
    if a is b or not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return a is b
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.tobytes() == b.tobytes():
        return True
    equal = (a == b) & (np.signbit(a) == np.signbit(b)) if a.dtype.kind == "f" else a == b
    return bool((equal | ((a != a) & (b != b))).all())  # nan is written in several ways


def contexts_in(ctx: Context) -> Iterator[Context]:
    """Go through a context and those inside it."""
    yield ctx
    for child in ctx.children:
        yield from contexts_in(child)
