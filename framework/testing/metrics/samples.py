"""Targets and predictions on which a metric is tried: of every usual kind that it accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.metrics.base import Metric

Inputs = Callable[[np.random.Generator, int], tuple[Array, Array]]

N = 24


def regression(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Draw two numbers for each sample, and predictions of them."""
    y = rng.uniform(0.5, 3, (n, 2)) * rng.choice([-1, 1], (n, 2))
    return y, y + rng.standard_normal((n, 2))


def column(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Draw one number for each sample, and a prediction of it."""
    y, p = regression(rng, n)
    return y[:, :1], p[:, :1]


def binary(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Draw two classes in one column, and probabilities."""
    return (np.arange(n) % 3 == 1).astype(float).reshape(n, 1), rng.uniform(0.05, 0.95, (n, 1))


def labels(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Draw integer labels of four classes, and rows of probabilities."""
    return np.arange(n) % 4, rng.dirichlet(np.ones(4), n)


def one_hot(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Draw one-hot rows of four classes, and rows of probabilities."""
    y, p = labels(rng, n)
    return np.eye(4)[y], p


NUMBERS: tuple[Inputs, ...] = (regression, column)


def accepted(metric: Metric, weighted: bool = False) -> list[Inputs]:
    """Return the usual kinds that suit a metric; if none does, raise what it says of the first.

    One that makes a row of its targets, with ``np.ravel``, is made for one column: where there are several, its
    weights do not fit, which it says by an error.
    """
    kinds: list[Inputs] = []
    first: Exception | None = None
    for kind in (regression, column, binary, labels, one_hot):
        try:
            if _suits(metric, kind):
                kinds.append(kind)
        except (ValueError, IndexError, FloatingPointError, TypeError, AssertionError) as error:
            first = first or error
    if not kinds and first is not None:
        raise first
    weighing = [kind for kind in kinds if not weighted or _weighs(metric, kind)]
    return weighing if any(kind in (column, binary) for kind in weighing) else kinds


def _weighs(metric: Metric, kind: Inputs) -> bool:
    y, p = kind(np.random.default_rng(0), N)
    try:
        with np.errstate(all="ignore"):
            metric(y, p, np.ones(N))
    except (ValueError, IndexError):
        return bool(p.shape[1:] == (1,))
    except Exception:  # for the check to tell
        return True
    return True


def _suits(metric: Metric, kind: Inputs) -> bool:
    """Return whether a metric is finite, and does not clip numbers to 0..1."""
    y, p = kind(np.random.default_rng(0), N)
    with np.errstate(all="raise", under="ignore"):
        value = metric(y, p)
        if value is None:
            return True  # which is reported
        further = metric(y, np.where(p > 1, p + 1, np.where(p < 0, p - 1, p)))
    finite = bool(np.isfinite(np.asarray(value, np.float64)).all())
    return finite and not (kind in NUMBERS and np.array_equal(value, further))


def is_binary(y: Array, p: Array) -> bool:
    """Return whether these are two classes in one column, and probabilities."""
    return y.shape == p.shape and p.shape[1:] == (1,) and _is_indicator(y) and bool(p.min() >= 0 and p.max() <= 1)


def degenerate(y: Array, p: Array) -> dict[str, tuple[Array, Array]]:
    """Return targets and predictions with a count or a target of 0, by what they lack."""
    if is_binary(y, p):
        return {
            "no sample is predicted as class 1": (y, 0.4 * p),
            "no sample is predicted as class 0": (y, 1 - 0.4 * p),
        }
    if is_labels(y, p):
        kept = (y if y.ndim == 1 else y.argmax(axis=1)) < p.shape[1] - 1
        fewer = p.copy()
        fewer[:, -1] = 0
        return {
            "no sample belongs to the last class": (y[kept], p[kept]),
            "no sample is predicted as the last class": (y, fewer),
        }
    if y.dtype.kind == "f" and y.min() < 0 < y.max():
        zero = y.copy()
        zero[: len(y) // 4] = 0
        return {"some targets are 0": (zero, p)}
    return {}


def one_class(y: Array, p: Array) -> dict[str, tuple[Array, Array]]:
    """Return targets and predictions of one class, by what they lack."""
    if not is_binary(y, p):
        return {}
    return {"no sample belongs to class 1": (0 * y, p), "no sample belongs to class 0": (0 * y + 1, p)}


def perfect(y: Array, p: Array) -> Array:
    """Return the predictions that equal the targets."""
    return np.eye(p.shape[1])[y] if y.ndim < p.ndim else np.array(y, float)


def _is_indicator(y: Any) -> bool:
    return bool(np.isin(y, (0, 1)).all())


def is_labels(y: Array, p: Array) -> bool:
    """Return whether these are labels or one-hot rows of several classes, and probabilities."""
    if p.ndim != 2 or p.shape[1] < 3 or not np.allclose(p.sum(axis=1), 1):
        return False
    return y.dtype.kind in "iu" if y.ndim == 1 else _is_indicator(y) and bool((y.sum(axis=1) == 1).all())
