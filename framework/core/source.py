"""Arguments as Python source, for the repr of components."""

from __future__ import annotations

from typing import Any

import numpy as np


def same_argument(value: Any, default: Any) -> bool:
    """Return whether an argument is its default."""
    return value is default or (type(value) is type(default) and not isinstance(value, np.ndarray) and value == default)


def source(value: Any) -> str:
    """Return an argument as Python source: short arrays in full precision, long ones as their shape."""
    if isinstance(value, np.ndarray):
        if value.size > 64:
            return f"<array of shape {value.shape}, {value.dtype}>"
        return f"array({value.tolist()}, dtype='{value.dtype}')"
    if isinstance(value, list):
        return f"[{', '.join(map(source, value))}]"
    if isinstance(value, np.generic):
        return repr(value.item())
    return repr(value)
