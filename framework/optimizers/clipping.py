"""Clipping of a gradient by its norm."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from framework.core.types import Array


def clip_norm(gradient: Array, limit: float) -> None:
    """Scale `gradient` in place to the norm `limit` if it is longer."""
    with np.errstate(over="ignore"):
        norm = sqrt(gradient.dot(gradient))
    if not isfinite(norm) and isfinite(peak := float(np.abs(gradient).max())):
        gradient *= limit / peak  # its square was too large for the dtype
        norm = sqrt(gradient.dot(gradient))
    if norm > limit:
        gradient *= limit / norm
