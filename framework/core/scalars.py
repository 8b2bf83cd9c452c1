"""Constants as 0-d arrays, made once for each dtype.

Given a Python number, as in ``np.multiply(z, 0.5, out)``, a ufunc converts it to an array in every call. On arrays of
a few dozen elements the conversion costs as much as the arithmetic. A 0-d array in the dtype of `z` needs none, and a
recorded step can bind it once, together with the other arrays of its calls, and use it in every replay. Constants are
read-only, because all callers share them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.core.types import Array


@lru_cache(maxsize=4096)
def scalar(value: float, dtype: Any) -> Array:
    """Return `value` as a read-only 0-d array of `dtype`, or of float64 if `dtype` is not a floating-point one."""
    constant = np.array(value, dtype if np.issubdtype(dtype, np.floating) else np.float64)
    constant.flags.writeable = False
    return constant


def per_dtype(value: float) -> dict[Any, Array]:
    """Return `value` as a 0-d array for each dtype that networks compute in: ``ONE[z.dtype]`` looks one up."""
    return {dtype: scalar(value, dtype) for dtype in map(np.dtype, (np.float32, np.float64))}


ONE = per_dtype(1.0)
HALF = per_dtype(0.5)
