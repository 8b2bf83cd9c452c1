"""Why the value of a metric is another than its definition gives, or weights are not repetitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.metrics.base import Metric
from framework.testing.core.arrays import narrowed
from framework.testing.core.causes import likeliest

Definition = Callable[[Array, Array], Any]
Draws = Sequence[tuple[Array, Array]]

EXCHANGED = "y_true and y_pred are exchanged, or one stands where the other belongs"
NOT_REPETITION = "a weight is not the same as repetition"


def of_definition(metric: Metric, definition: Definition, draws: Draws, computed: Array, expected: Array) -> str:
    """Return why `computed`, the values for some draws, are not as `expected` by the definition."""
    n, outputs = len(draws[0][1]), draws[0][1].shape[-1]
    known = {
        "the square root is missing": expected**2,
        "a square root too much": np.sqrt(np.abs(expected)),
        "the complement: 1 minus the value": 1 - expected,
        "the reciprocal: numerator and denominator are exchanged": 1 / np.where(expected == 0, np.nan, expected),
        "a division by n - 1 where n belongs (ddof)": expected * n / (n - 1),
        "a division by n - 1 where n belongs (ddof), below a root": expected * np.sqrt(n / (n - 1)),
        "a division by n where n - 1 belongs (ddof)": expected * (n - 1) / n,
        "the logarithm to base 2 where the natural one belongs": expected / np.log(2),
        "the logarithm to base 10 where the natural one belongs": expected / np.log(10),
        "a percentage where a fraction belongs": expected * 100,
        **{cause: value for cause, f in _faults(draws) if (value := _values(f, definition, draws)) is not None},
    }
    for cause, alternative in known.items():
        if np.allclose(computed, alternative, rtol=1e-7) and not np.allclose(computed, expected, rtol=1e-7):
            return cause.strip()
    for dtype in (np.float16, np.float32):
        rounded = [(narrowed(y, dtype).astype(y.dtype), p.astype(dtype).astype(float)) for y, p in draws]
        own, right = (_values(lambda f, y, p: f(y, p), f, rounded) for f in (metric, definition))
        if own is None or right is None or np.allclose(right, expected, rtol=1e-12, atol=0):
            continue
        if np.array_equal(own, computed):
            return f"the numbers are cast to {np.dtype(dtype)}, which is not exact enough: compute in their own dtype"
    if computed.ndim == 1 and np.ptp(computed - expected) < 1e-9 * np.abs(expected).max():
        return "a constant is added"
    text = likeliest(computed, expected, {"the number of samples": n, "the number of outputs": outputs})
    return text if text.startswith("every entry") or not np.isfinite(computed).all() else "a wrong formula"


def _faults(draws: Draws) -> Iterator[tuple[str, Callable[[Definition, Array, Array], Any]]]:
    """Yield what is often computed in the place of a definition."""
    if any(y.shape != p.shape for y, p in draws):
        return
    yield EXCHANGED, lambda f, y, p: f(p, y)
    if all(np.isin(y, (0, 1)).all() for y, _ in draws):
        yield f"{EXCHANGED} ", lambda f, y, p: f((p > 0.5).astype(float), y)
    rows = range(len(draws[0][1]))
    yield (
        "the value of each sample is averaged, where that of all samples belongs",
        lambda f, y, p: np.mean([f(y[i : i + 1], p[i : i + 1]) for i in rows], axis=0),
    )
    if draws[0][1].ndim != 2 or draws[0][1].shape[1] < 2:
        return
    columns = range(draws[0][1].shape[1])
    yield "only the first output is used", lambda f, y, p: f(y[:, :1], p[:, :1])
    yield (
        "the value of each output is averaged, where that of all outputs belongs",
        lambda f, y, p: np.mean([f(y[:, j : j + 1], p[:, j : j + 1]) for j in columns], axis=0),
    )


def _values(fault: Callable[[Definition, Array, Array], Any], definition: Definition, draws: Draws) -> Array | None:
    try:
        with np.errstate(all="ignore"):
            return np.array([fault(definition, y, p) for y, p in draws], float)
    except Exception:  # a definition for several samples or outputs
        return None


def of_weights(metric: Metric, y: Array, p: Array, w: Array, weighted: Array, unweighted: Array, right: Array) -> str:
    """Return why the value is `weighted`, where it is `right` if each sample is repeated as its weight says."""
    if np.allclose(weighted, unweighted):
        return "weights are ignored"
    share = w.sum() / len(w)
    if any(np.allclose(weighted**power, right**power * share) for power in (1, 2)):
        return f"{NOT_REPETITION}: the sum is divided by the number of samples, where the sum of the weights belongs"
    try:
        with np.errstate(all="ignore"):
            if np.allclose(metric(y, p, np.sqrt(w)), right):
                return f"{NOT_REPETITION}: the weights are squared, or multiplied by twice"
    except Exception:  # weights that it refuses
        return NOT_REPETITION
    return NOT_REPETITION
