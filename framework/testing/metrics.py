"""The conformance check of metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.metrics.base import FunctionMetric, Metric
from framework.testing.arguments import check_arguments
from framework.testing.arrays import check_layouts, narrowed
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged

Inputs = Callable[[np.random.Generator, int], tuple[Array, Array]]

N = 24


def _regression(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    y = rng.uniform(0.5, 3, (n, 2)) * rng.choice([-1, 1], (n, 2))
    return y, y + rng.standard_normal((n, 2))


def _binary(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    return (np.arange(n) % 2).astype(float).reshape(n, 1), rng.uniform(0.05, 0.95, (n, 1))


def _labels(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    return np.arange(n) % 4, rng.dirichlet(np.ones(4), n)


def _one_hot(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    y, p = _labels(rng, n)
    return np.eye(4)[y], p


KINDS: tuple[Inputs, ...] = (_regression, _binary, _labels, _one_hot)


@reporting
def check_metric(
    metric: Any,
    *,
    inputs: Inputs | None = None,
    number: bool = True,
    weighted: bool = True,
    perfect: bool = True,
    definition: Callable[[Array, Array], Any] | None = None,
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a metric: order and batches of the samples, weights, purity, dtypes, and that a perfect prediction is best.

    Parameters
    ----------
    metric : Metric or callable ``(y_true, y_pred) -> float``
    inputs : callable ``(rng, n) -> (y_true, y_pred)``, optional
        Draws targets and predictions. None: every usual kind (numbers, two classes, several classes as labels and
        as one-hot rows) that the metric does not refuse with a ValueError.
    number : bool
        Whether the value is a float (else an array).
    weighted : bool
        Whether the metric accepts sample weights; a function does if it has a parameter `sample_weight`.
    perfect : bool
        Whether a prediction that equals the target has the best possible value; not checked for a function.
    definition : callable ``(y_true, y_pred)``, optional
        The formula that the metric should compute.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the values computed and expected, and the likeliest cause.
    """
    metric = Metric.of(metric)
    subject = Subject(metric)
    if isinstance(metric, FunctionMetric):  # whether a larger value of a function is better is not known
        weighted, perfect = weighted and "sample_weight" in signature(metric.function).parameters, False
    else:
        check_arguments(subject)
    with unchanged(subject):
        kinds = [inputs] if inputs else [kind for kind in KINDS if _accepts(metric, kind)]
        subject.require(kinds, "metric(y_true, y_pred)", "refuses every usual kind of targets: give inputs=")
        for kind in kinds:
            for seed in seeds:
                rng = np.random.default_rng(seed)
                y, p = kind(rng, N)
                value = _value(subject, metric, y, p, number)
                if definition is not None:
                    subject.same("value", value, definition(y, p), factors={"the number of samples": N})
                _check_order(subject, metric, y, p, value, rng)
                if weighted:
                    _check_weights(subject, metric, y, p, value, rng)
                if metric.by_batches:
                    _check_batches(subject, metric, y, p, rng, weighted)
                if perfect and number:
                    _check_perfect(subject, metric, y, p, value)


def _accepts(metric: Metric, kind: Inputs) -> bool:
    """Return whether a metric suits this kind of targets; a metric that clips to 0..1 does not suit other numbers."""
    y, p = kind(np.random.default_rng(0), N)
    try:
        with np.errstate(all="raise", under="ignore"):
            value = np.asarray(metric(y, p), np.float64)
            further = metric(y, np.where(p > 1, p + 1, np.where(p < 0, p - 1, p)))
    except (ValueError, IndexError, FloatingPointError):
        return False
    return bool(np.isfinite(value).all()) and (kind is not _regression or not np.array_equal(value, further))


def _value(subject: Subject, metric: Metric, y: Array, p: Array, number: bool) -> Array:
    part = f"value for targets {y.shape} and predictions {p.shape}"
    value = subject.call(part, lambda: metric(y, p), y_true=y, y_pred=p)
    if number and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
        subject.fail(part, f"computed {type(value).__name__}, expected a float", "a mean over all axes is missing")
    subject.finite(part, value)
    return np.array(value, np.float64)


def _check_order(subject: Subject, metric: Metric, y: Array, p: Array, value: Array, rng: np.random.Generator) -> None:
    if len(np.unique(y[:5])) > 1:
        metric(y[:5], p[:5])
    subject.same("value", metric(y, p), value, cause="stale state: the same call gives another value")
    order = rng.permutation(len(p))
    subject.same("value, samples in another order", metric(y[order], p[order]), value, cause="the order matters")
    check_layouts(subject, "value", metric, [y, p], value)
    subject.same("value in float32", metric(narrowed(y), p.astype(np.float32)), value, rtol=1e-4)


def _check_weights(
    subject: Subject, metric: Metric, y: Array, p: Array, value: Array, rng: np.random.Generator
) -> None:
    ones = np.ones(len(p))
    part = "sample_weight"
    subject.same(f"{part}, all 1", subject.call(part, lambda: metric(y, p, ones), y_true=y, y_pred=p), value)
    counts = rng.integers(0, 4, len(p))
    rows = np.repeat(np.arange(len(p)), counts)
    w = counts.astype(float)
    weighted = subject.call(part, lambda: metric(y, p, w), y_true=y, y_pred=p, sample_weight=w)
    cause = "weights are ignored" if np.allclose(weighted, value) else "a weight is not the same as repetition"
    subject.same(part, weighted, metric(y[rows], p[rows]), cause=cause)


def _check_batches(
    subject: Subject, metric: Metric, y: Array, p: Array, rng: np.random.Generator, weighted: bool
) -> None:
    """Check that batches give the value of all samples at once, if their arrays are overwritten and only some weigh."""
    part = "accumulator, in batches"
    weight = np.ones(len(p))
    for sizes in ((len(p),), (1, 5, 4, len(p) - 10), (1,) * len(p)):
        samples = subject.call(part, metric.accumulator)
        start = 0
        for i, size in enumerate(sizes):
            rows = slice(start, start + size)
            start += size
            arrays = [y[rows].copy(), p[rows].copy()]
            if weighted and i % 2:
                weight[rows] = rng.uniform(0.5, 2, size)
                arrays.append(weight[rows].copy())
            names = ("y_true", "y_pred", "sample_weight")
            subject.call(part, samples.add, *arrays, **dict(zip(names, arrays, strict=False)))
            for array in arrays:
                array[...] = 0
        expected = metric(y, p, weight) if weighted else metric(y, p)
        cause = "sums do not add up: return sums over the samples, not means, and copies of what is kept"
        subject.same(part, subject.call(part, samples.value), expected, cause=cause)
        weight[...] = 1


def _check_perfect(subject: Subject, metric: Metric, y: Array, p: Array, value: Array) -> None:
    best = metric(y, np.eye(p.shape[1])[y] if y.ndim < p.ndim else np.array(y, float))
    worse = value <= best + 1e-9 if metric.greater_is_better else value >= best - 1e-9
    if not worse:
        problem = f"computed {best:.6g} for a perfect prediction, {value:.6g} for another"
        subject.fail("perfect prediction", problem, "greater_is_better or the sign is wrong (else give perfect=False)")
