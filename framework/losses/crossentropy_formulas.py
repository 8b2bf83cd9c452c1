"""Formulas of the crossentropies: probabilities of logits, and fast paths.

A fast path computes the sum over a batch and the gradient at the logits in few passes over memory. On small batches an
allocation costs as much as the arithmetic. So it writes into the buffer `out` that it is offered (None: into a new
array), and constant arrays come from a cache.
"""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import Any

import numpy as np

from framework.core.scalars import ONE, scalar
from framework.core.types import Array

# The smallest normal float of each dtype. Below it a float loses digits, and its logarithm loses them too.
TINY = {np.dtype(name): float(np.finfo(name).tiny) for name in ("float32", "float64")}

# The loss itself tells whether the softmax underflowed, without a pass over `p`. A p below TINY is raised to TINY, and
# so adds -log(TINY) to the sum of -log p: 87 in float32, 708 in float64. No term of that sum is negative. Hence a sum
# below -log(TINY) proves that every p in it is above TINY, and every logarithm exact; almost every batch's sum is.
SURELY_EXACT = {dtype: -log(tiny) for dtype, tiny in TINY.items()}


def sigmoid(z: Array) -> Array:
    """Return ``1 / (1 + exp(-z))``, exact to rounding in both tails."""
    p: Array = np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))
    return p


def softmax(z: Array) -> Array:
    """Return ``exp(z_i) / sum_j exp(z_j)`` over the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    p: Array = e / e.sum(axis=-1, keepdims=True)
    return p


def from_sigmoid(y: Array, p: Array, z: Array, share: float, out: Array | None) -> tuple[Any, Array]:
    """Return ``sum(max(z, 0) - y z + log(1 + exp(-|z|)))`` and ``(p - y) * share``, for ``p = sigmoid(z)``.

    The memory of the gradient holds the terms of the sum first. ``max(z, 0) - y z`` is ``([z > 0] - y) z``, whose sum
    is a dot product.
    """
    buffer = np.copysign(z, -ONE[z.dtype], out)  # -|z|
    np.log1p(np.exp(buffer, buffer), buffer)
    total = buffer.sum()
    np.subtract(z > 0, y, buffer)
    total = total + buffer.ravel().dot(z.ravel())
    np.subtract(p, y, buffer)
    return total, np.multiply(buffer, scalar(share, buffer.dtype), buffer)


def from_softmax(y: Array, p: Array, share: float, out: Array | None) -> tuple[Any, Array, bool]:
    """Return ``-sum(y log p)``, ``(p - y) * share``, and whether a `p` underflowed, which makes the sum inexact.

    `y` holds labels (n,) or rows of probabilities (n, K).
    """
    return (_from_labels if y.ndim == 1 else _from_rows)(y, p, scalar(share, p.dtype), out)


def _from_rows(y: Array, p: Array, share: Array, out: Array | None) -> tuple[Any, Array, bool]:
    total = _log(p).ravel().dot(-y.ravel())
    gradient = np.subtract(p, y, out)
    np.multiply(gradient, share, gradient)
    # A small y hides the logarithm of a small p in the sum, so the sum proves nothing here.
    return total, gradient, _underflowed(p)


def _from_labels(y: Array, p: Array, share: Array, out: Array | None) -> tuple[Any, Array, bool]:
    """Do the same for y = 1 at the true class and 0 elsewhere: only `p` of that class is in the sum, and is shifted."""
    true_class = row_numbers(len(y)), y
    p_true = p[true_class]
    total = _log(p_true).dot(_minus_ones(len(p_true), p.dtype))
    gradient = np.multiply(p, share, out)
    gradient[true_class] = (p_true - ONE[p.dtype]) * share
    surely_exact = total < scalar(SURELY_EXACT[p.dtype], p.dtype)
    return total, gradient, not surely_exact and _underflowed(p_true)


def _log(p: Array) -> Array:
    """Return ``log p``, finite at ``p = 0`` too."""
    return np.log(np.maximum(p, scalar(TINY[p.dtype], p.dtype)))


def _underflowed(p: Array) -> bool:
    """Return whether a `p` has lost digits; also True for an empty batch, which costs nothing to compute again."""
    return not (p.size and p.min() > TINY[p.dtype])


@lru_cache(maxsize=64)
def row_numbers(n: int) -> Array:
    """Return 0 .. n - 1, to index rows with: read-only, because every caller gets the same array."""
    rows = np.arange(n)
    rows.flags.writeable = False
    return rows


@lru_cache(maxsize=64)
def _minus_ones(n: int, dtype: Any) -> Array:
    """Return n times -1: the dot product with it is minus the sum, faster than `sum`."""
    return np.full(n, -1, dtype)
