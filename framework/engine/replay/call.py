"""One call of a recording: `Call`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from framework.core.types import Array


@dataclass(frozen=True, eq=False)
class Call:
    """A call that was recorded: ``outputs = function(*inputs, **arguments)``, as plain data.

    It can be printed, counted, and handed to a player. A player may run it in any way that leaves the same bits in
    `outputs`; see `player.bind` for the one in Python.

    Parameters
    ----------
    function : callable
        A NumPy function, a ufunc or one of its methods, a method of ndarray (unbound), or any Python callable.
    inputs : tuple
        The positional arguments, plain arrays among them.
    outputs : tuple of ndarray
        The arrays that receive the results. Empty where the function writes into one of its inputs, or only checks.
    arguments : dict
        The keyword arguments.

    Examples
    --------
    >>> import numpy as np
    >>> print(Call(np.add, (np.ones((3, 4)), 1.0), (np.empty((3, 4)),)))
    add(3x4, 1.0) -> 3x4
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    outputs: tuple[Array, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The function's name; for a method of a ufunc both: ``"add.reduce"``."""
        owner, name = getattr(self.function, "__self__", None), getattr(self.function, "__name__", "call")
        return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name.strip("_")

    def __str__(self) -> str:
        given = [_short(value) for value in self.inputs]
        given += [f"{name}={_short(value)}" for name, value in self.arguments.items()]
        results = ", ".join(map(_short, self.outputs))
        return f"{self.name}({', '.join(given)})" + (results and f" -> {results}")


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return "x".join(map(str, value.shape)) or "0-d"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_short, value))})"
    text = repr(value)
    return text if len(text) <= 30 else type(value).__name__


def arrays_in(value: Any) -> Iterator[Array]:
    """Go through the arrays in nested arguments."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)
