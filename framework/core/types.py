"""Types that every room uses: arrays, their shapes, and the values of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
Logs = dict[str, float]
