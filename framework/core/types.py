"""Types that every room uses: arrays, shapes, logs, and lists of several kinds of things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
Logs = dict[str, float]


class MixedList(Protocol):
    """A list of several kinds of things, to a type checker.

    mypy takes ``layers = ["relu", Dense(1)]`` for a ``list[object]``, which is no ``Sequence[LayerLike]``. It fits this
    class, for anything may be appended to it, and neither ``[2, 3, 1]`` nor a list of optimizers does.
    """

    def append(self, item: _Anything, /) -> None: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class _Anything:
    """A class that no list is made for."""
