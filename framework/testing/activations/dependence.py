"""Dependence of the elements of an activation on each other."""

from __future__ import annotations

import numpy as np

from framework.activations import Activation
from framework.core.types import Array, Shape

MOVES = (0.5, -3.0, 40.0)


def is_elementwise(f: Activation, shape: Shape) -> bool:
    """Return whether `derivative` is to be checked: it is written, and each element depends on itself alone."""
    return defines(f, "derivative") and not depends(f, shape)


def defines(f: Activation, method: str) -> bool:
    """Return whether the class of `f`, or one between it and the base class, writes this method."""
    return getattr(type(f), method) is not getattr(Activation, method)


def depends(f: Activation, shape: Shape) -> bool:
    """Return whether an element depends on others of its sample, be it only while they are large, or the largest."""
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        return any(_moves_others(f, scale * rng.standard_normal(shape)) for scale in (1, 20))


def _moves_others(f: Activation, z: Array) -> bool:
    a = f(z.copy()).copy()
    for k in range(z.shape[-1]):
        for move in MOVES:
            moved = z.copy()
            moved[..., k] += move
            others = np.arange(z.shape[-1]) != k
            if not np.allclose(f(moved)[..., others], a[..., others], rtol=1e-12, atol=1e-12, equal_nan=True):
                return True
    return False
