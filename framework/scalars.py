"""Constants as 0-d arrays: a ufunc takes them without the conversion that a Python number costs it.

On arrays of a few dozen elements that conversion takes as long as the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.component import Array


class PerDtype(dict[Any, Array]):
    """A constant by dtype: ``ONE[z.dtype]`` is ``1`` as a read-only 0-d array of that dtype."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, dtype: Any) -> Array:
        self[dtype] = constant = scalar(self.value, dtype)
        return constant


@lru_cache(maxsize=4096)
def scalar(value: float, dtype: Any) -> Array:
    """Return `value` as a read-only 0-d array of `dtype` (float64 where `dtype` is not a floating one)."""
    constant = np.array(value, dtype if np.issubdtype(dtype, np.floating) else np.float64)
    constant.flags.writeable = False
    return constant


ONE = PerDtype(1.0)
HALF = PerDtype(0.5)
