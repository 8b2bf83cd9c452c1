"""The order in which an estimator trains on its samples, and how often each one occurs."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array

MOST_COPIES = 4
HASHED_AT_ONCE = 1 << 18  # elements
GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIXING = [(np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB))]
LAST_SHIFT = np.uint64(31)


def arranged(X: Array, y: Array, weight: Array | None) -> tuple[Array, Array | None]:
    """Return the indices of the samples to train on, in order, and weights for the loss if any are still needed.

    scikit-learn requires a weight of 2 to be equivalent to the sample given twice, and a weight of 0 to its absence.
    With batches, dropout, batch normalization or a validation split, that holds only if it is done literally. So
    samples of weight 0 are left out. If all weights are whole numbers, samples are repeated, up to four times the
    size of the data; any other weights are passed on to the loss. For the same reason, the order in which samples are
    given must not matter: they are sorted by a hash of their values, and `random_state` shuffles them from there.

    Raises
    ------
    ValueError
        If a weight is negative, or if all weights are 0.
    """
    order = np.argsort(_keys(X, y), kind="stable")
    if weight is None:
        return order, None
    if (weight < 0).any():
        raise ValueError(f"sample_weight holds {weight.min():g}; weights must not be negative")
    order = order[weight[order] > 0]
    if not len(order):
        raise ValueError("sample_weight is all zero; at least one sample must have a weight above zero")
    weight = weight[order]
    if weight.sum() <= MOST_COPIES * len(X) and (weight == np.rint(weight)).all():
        return np.repeat(order, weight.astype(np.intp)), None
    return order, weight


def _keys(X: Array, y: Array) -> Array:
    """Return a number for each sample, equal for equal samples, (n,)."""
    return _sum_of_hashes(X) ^ _sum_of_hashes(y.reshape(len(y), -1).astype(np.float64) + 0.5)


def _sum_of_hashes(rows: Array) -> Array:
    """Return for each row the sum, modulo 2**64, of the hashes of its ``(column, value)`` pairs.

    Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", figure 17, for the mixing.
    """
    n, columns = rows.shape
    salt = np.arange(1, columns + 1, dtype=np.uint64) * GAMMA
    keys = np.empty(n, np.uint64)
    at_once = max(1, HASHED_AT_ONCE // columns)
    for start in range(0, n, at_once):
        part = np.ascontiguousarray(rows[start : start + at_once])
        z = part.view(f"u{part.itemsize}").astype(np.uint64)
        z += salt
        for shift, factor in MIXING:
            z ^= z >> shift
            z *= factor
        z ^= z >> LAST_SHIFT
        keys[start : start + at_once] = z.sum(axis=1)
    return keys
