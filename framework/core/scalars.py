"""Constants as 0-d arrays: a ufunc takes them without the conversion that a Python number costs it.

On arrays of a few dozen elements that conversion takes as long as the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.core.types import Array


@lru_cache(maxsize=4096)
def scalar(value: float, dtype: Any) -> Array:
    """Return `value` as a read-only 0-d array of `dtype` (float64 where `dtype` is not a floating one)."""
    constant = np.array(value, dtype if np.issubdtype(dtype, np.floating) else np.float64)
    constant.flags.writeable = False
    return constant


def per_dtype(value: float) -> dict[Any, Array]:
    """Return `value` by dtype, for those that a network computes in: ``ONE[z.dtype]``."""
    return {dtype: scalar(value, dtype) for dtype in map(np.dtype, (np.float32, np.float64))}


ONE = per_dtype(1.0)
HALF = per_dtype(0.5)
