"""The conformance check of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.metrics.base import FunctionMetric, Metric
from framework.metrics.sums import SumMetric
from framework.testing.core.arguments import check_arguments
from framework.testing.core.arrays import layouts
from framework.testing.core.effects import check_effects, with_marks
from framework.testing.core.report import Subject, reporting
from framework.testing.core.signatures import exchange_named, exchanged
from framework.testing.core.state import check_lengths, lengths, unchanged
from framework.testing.core.variants import variants, with_other_value
from framework.testing.metrics.reasons import Definition, of_weights
from framework.testing.metrics.samples import NUMBERS, Inputs, N, accepted
from framework.testing.metrics.values import (
    check_definition,
    check_degenerate,
    check_mistakes,
    check_one_sample,
    check_pairs,
    check_perfect,
    check_precision,
    check_whole,
)

ROUNDING = 1e-12  # of a sum of numbers of size 1


@reporting
def check_metric(
    metric: Any,
    *,
    inputs: Inputs | None = None,
    number: bool = True,
    weighted: bool = True,
    perfect: bool = True,
    definition: Definition | None = None,
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a metric: order and batches of the samples, weights, purity, dtypes, and that a perfect prediction is best.

    Parameters
    ----------
    metric : Metric or callable ``(y_true, y_pred) -> float``
    inputs : callable ``(rng, n) -> (y_true, y_pred)``, optional
        Draws targets and predictions. None: every usual kind (two numbers or one for each sample, two classes,
        several classes as labels and as one-hot rows) that the metric does not refuse with a ValueError; if it is
        right with weights for one column alone, as with ``np.ravel(y_true)``, only those of one column.
    number : bool
        Whether the value is a float (else an array).
    weighted : bool
        Whether the metric accepts sample weights; a function does if it has a parameter `sample_weight`.
    perfect : bool
        Whether a prediction that equals the target has the best possible value; not checked for a function, nor for
        a signed error, such as a bias, whose best value lies between others.
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
        subject.name = metric.label()
        weighted, perfect = weighted and "sample_weight" in signature(metric.function).parameters, False
    else:
        check_arguments(subject)
    options = _Options(number, weighted, perfect, definition)
    function = metric.function if isinstance(metric, FunctionMetric) else metric.__call__
    with exchange_named(function), unchanged(subject):
        part = "metric(y_true, y_pred), with every usual kind"
        kinds = [inputs] if inputs else subject.call(part, accepted, metric, weighted)
        subject.require(kinds, "metric(y_true, y_pred)", "is not finite on any usual kind of targets: give inputs=")
        for kind in kinds:
            if exchanged(function) is not None:
                _check_symmetric(subject, metric, kind)
            for seed in seeds:
                _check_on(subject, metric, kind, options, seed)
        if perfect and number:
            _check_perfect(subject, metric, kinds, seeds)
        draws = [kind(np.random.default_rng(seed), N) for kind in kinds for seed in range(3)]
        pairs = [pair for y, p in draws for pair in with_marks(metric, y, p)]
        check_effects(subject, metric, lambda other: [other(y, p) for y, p in pairs])
    options = replace(options, ordered=False, definition=None)
    for variant in variants(metric, lambda copy: _check_accepted(copy, kinds)):
        for kind in kinds:
            other = Subject(variant)
            with with_other_value(metric, variant, {}), unchanged(other):
                _check_on(other, variant, kind, options, 0)


def _check_symmetric(subject: Subject, metric: Metric, kind: Inputs) -> None:
    """Fail if it matters in which order the targets and the predictions come."""
    y, p = kind(np.random.default_rng(0), N)
    if y.shape == p.shape:
        with np.errstate(all="ignore"):
            value, other = metric(y, p), metric(p, y)
        problem = f"computed {value}, and {other} in the other order"
        subject.require(np.allclose(value, other), "metric(y_true, y_pred)", problem)


@dataclass(frozen=True)
class _Options:
    number: bool
    weighted: bool
    ordered: bool
    definition: Definition | None


def _check_on(subject: Subject, metric: Metric, kind: Inputs, options: _Options, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = kind(rng, N)
    value = _value(subject, metric, y, p, options.number)
    floor = _floor(y, p)
    _check_order(subject, metric, y, p, value, rng, floor)
    check_whole(subject, metric, y, p, value, ROUNDING * floor)
    check_one_sample(subject, metric, y, p)
    if options.number:
        check_pairs(subject, metric, y, p, options.ordered)
        check_mistakes(subject, metric, y, p)
    if options.definition is not None:
        check_definition(subject, metric, kind, options.definition, N, ROUNDING * floor)
    check_precision(subject, metric, y, p, floor)
    if options.weighted:
        _check_weights(subject, metric, y, p, value, rng, floor)
    if metric.by_batches:
        _check_batches(subject, metric, y, p, rng, options.weighted, floor)
    if options.number:
        check_degenerate(subject, metric, y, p)


def _check_perfect(subject: Subject, metric: Metric, kinds: Sequence[Inputs], seeds: Sequence[int]) -> None:
    """Check perfect predictions of classes, and of numbers unless the metric turns out to be one of classes."""
    classes = [kind for kind in kinds if kind not in NUMBERS]
    for kind in classes or kinds:
        for seed in seeds:
            y, p = kind(np.random.default_rng(seed), N)
            check_perfect(subject, metric, y, p, metric(y, p))


def _check_accepted(metric: Metric, kinds: Sequence[Inputs]) -> None:
    """Raise ValueError unless `metric`, with other arguments than it was given, can be tried."""
    for kind in kinds:
        try:
            with np.errstate(all="raise", under="ignore"):
                fine = np.isfinite(np.asarray(metric(*kind(np.random.default_rng(0), N)), float)).all()
        except Exception as error:
            raise ValueError("an argument that does not fit") from error
        if not fine:
            raise ValueError("an argument for which the value is not finite")


def _floor(y: Array, p: Array) -> float:
    """Return the size of what is summed, on which rounding depends where the sum is near 0."""
    return max(1.0, float(np.abs(y).max()), float(np.abs(p).max())) ** 2


def _value(subject: Subject, metric: Metric, y: Array, p: Array, number: bool) -> Array:
    part = f"value for targets {y.shape} and predictions {p.shape}"
    value = subject.call(part, lambda: metric(y, p), y_true=y, y_pred=p)
    if number and (isinstance(value, bool) or not isinstance(value, int | float | np.number)):
        cause = "return is missing" if value is None else "return a number, such as float(...)"
        if np.ndim(value):
            cause = "a mean over all axes is missing (else give number=False)"
        subject.fail(part, f"computed {type(value).__name__}, expected a float", cause)
    subject.finite(part, value)
    return np.array(value, np.float64)


def _check_order(
    subject: Subject, metric: Metric, y: Array, p: Array, value: Array, rng: np.random.Generator, floor: float
) -> None:
    if len(np.unique(y[:5])) > 1:
        metric(y[:5], p[:5])  # which must leave nothing behind
    atol = ROUNDING * floor + 1e-9 * np.abs(value).max()
    cause = "it draws random numbers, or keeps stale state: the same call gives another value"
    before = lengths(metric)
    subject.same("value", metric(y, p), value, atol=atol, cause=cause)
    check_lengths(subject, before)
    order = rng.permutation(len(p))
    computed = metric(y[order], p[order])
    cause = "the order matters" + _of_ties(metric, y, p, order)
    subject.same("value, samples in another order", computed, value, atol=atol, cause=cause)
    for layout, stored in layouts(y, p):
        name = f"value, arrays {layout}"
        subject.same(name, subject.call(name, metric, *stored), value, atol=atol)


def _of_ties(metric: Metric, y: Array, p: Array, order: Array) -> str:
    """Return what to say if the order of the samples matters among equal targets or predictions alone."""
    apart = [a + 1e-6 * np.arange(a.size).reshape(a.shape) for a in (y, p)]
    try:
        with np.errstate(all="ignore"):
            same = np.allclose(metric(*apart), metric(*(a[order] for a in apart)), rtol=1e-9)
    except Exception:  # labels are whole numbers
        return ""
    return ", that of equal numbers: give them one rank (or try it on others, inputs=)" if same else ""


def _check_weights(
    subject: Subject, metric: Metric, y: Array, p: Array, value: Array, rng: np.random.Generator, floor: float
) -> None:
    ones = np.ones(len(p))
    part, atol = "sample_weight", ROUNDING * floor + 1e-9 * np.abs(value).max()
    computed = subject.call(part, lambda: metric(y, p, ones), y_true=y, y_pred=p)
    subject.same(f"{part}, all 1", computed, value, atol=atol, cause="weights of 1 are not the same as no weights")
    counts = rng.integers(0, 4, len(p))
    rows = np.repeat(np.arange(len(p)), counts)
    w = counts.astype(float)
    weighted = subject.call(part, lambda: metric(y, p, w), y_true=y, y_pred=p, sample_weight=w)
    repeated = np.asarray(metric(y[rows], p[rows]))
    weighted, cause = np.asarray(weighted), ""
    if not np.allclose(weighted, repeated, rtol=1e-9, atol=atol):
        cause = of_weights(metric, y, p, w, weighted, value, repeated)
    subject.same(part, weighted, repeated, atol=atol, cause=cause)
    with np.errstate(all="ignore"):
        below, nothing = (_weighted(metric, y, p, each) for each in (rng.uniform(0.2, 0.9, len(p)), 0 * w))
    if not np.allclose(below, value) and (np.isnan(below).all() or np.array_equal(below, nothing)):
        cause = "the weights are cut to integers, by astype(int) or np.repeat: multiply by them"
        subject.fail(part, "weights between 0 and 1 count as 0", cause)


def _weighted(metric: Metric, y: Array, p: Array, weights: Array) -> Array:
    try:
        return np.array(metric(y, p, weights), float)
    except Exception:  # the weights sum to 0
        return np.array(np.nan)


def _check_batches(
    subject: Subject, metric: Metric, y: Array, p: Array, rng: np.random.Generator, weighted: bool, floor: float
) -> None:
    """Check that batches give the value of all samples at once, if their arrays are overwritten and only some weigh."""
    part, atol = "accumulator, in batches", ROUNDING * floor + 1e-9 * np.abs(metric(y, p)).max()
    weight = np.ones(len(p))
    for sizes in ((len(p),), (1, 5, 4, len(p) - 10), (1,) * len(p)):
        samples, kept = subject.call(part, metric.accumulator), metric.accumulator()
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
            kept.add(*(array.copy() for array in arrays))
            for array in arrays:
                array[...] = 0
        expected = metric(y, p, weight) if weighted else metric(y, p)
        cause = "sums do not add up: return sums over the samples, not means, roots or the largest (or define merge)"
        if getattr(type(metric), "merge", SumMetric.merge) is not SumMetric.merge:
            cause = "sums do not add up: merge must combine both of its arguments"
        if np.allclose(kept.value(), expected):
            cause = "the arrays of a batch are kept, and the next one overwrites them: keep copies of what is kept"
        elif np.allclose(kept.value(), metric(y, p)):
            cause = "weights are ignored"
        subject.same(part, subject.call(part, samples.value), expected, atol=atol, cause=cause)
        weight[...] = 1
