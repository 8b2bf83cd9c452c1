"""The conformance check of regularizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.regularizers import Regularizer
from framework.testing.core.arguments import check_arguments
from framework.testing.core.arrays import check_layouts
from framework.testing.core.effects import check_effects
from framework.testing.core.jumps import BRANCHES, Points, narrowed, worst
from framework.testing.core.numeric import away_from, slopes
from framework.testing.core.reasons import watched
from framework.testing.core.report import Subject, plain, reporting
from framework.testing.core.shapes import by_other_axes, tried_shapes, with_zeros, works
from framework.testing.core.state import unchanged
from framework.testing.core.variants import variants, with_other_value

SCALES = (1.0, 8.0)
LARGE = (100.0, 1e4)
TIMES = np.linspace(0.02, 8.0, 65)  # W, on the way along which jumps are sought
WORST = 4  # intervals of it, to save time
JUMP = 1e-6  # of the penalty there
ROUNDING = 1e-10  # of the largest penalty
Definition = Callable[[Array], Any]


@reporting
def check_regularizer(
    regularizer: Regularizer,
    *,
    shapes: object = None,
    kinks: Sequence[float] = (),
    definition: Definition | None = None,
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a regularizer: its gradient against central differences, layouts, dtypes, zeros and large values.

    Copies with other arguments are checked, too, and each number among the arguments must have an effect.

    Parameters
    ----------
    regularizer : Regularizer
    shapes : shape or sequence of shapes, optional
        The shapes of the parameters to try. None: matrices of several shapes and a vector, without those that the
        regularizer refuses by raising an error; a vector may also be refused by accident, as by ``W.sum(axis=1)``.
    kinks : sequence of float
        Values that the parameters keep away from. Kinks are also recognized by their one-sided slopes, and left out.
    definition : callable ``W -> float``, optional
        The formula that the penalty should compute.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the entry, the values computed and expected, and the likeliest cause.

    Examples
    --------
    >>> from framework.regularizers import L2
    >>> check_regularizer(L2(0.1), definition=lambda W: 0.1 * (W**2).sum())
    """
    subject = Subject(regularizer)
    check_arguments(subject)
    with unchanged(subject):
        tried = tried_shapes(shapes, regularizer, definition)
        for seed in seeds:
            for shape in tried:
                _check_shape(subject, regularizer, shape, tuple(kinks), seed, definition)
                _check_special(subject, regularizer, np.random.default_rng(seed).standard_normal(shape))
        _check_jumps(subject, regularizer, np.random.default_rng(3).standard_normal(tried[0]))
        for other in variants(regularizer):
            if works(other, tried[0]):
                with with_other_value(regularizer, other, {}):
                    _check_shape(Subject(other), other, tried[0], tuple(kinks), seeds[0], None)
        check_effects(subject, regularizer, lambda other: _outcomes(other, tried[0]))


def _check_shape(
    subject: Subject, f: Regularizer, shape: Shape, kinks: tuple[float, ...], seed: int, definition: Definition | None
) -> None:
    rng = np.random.default_rng(seed)
    for scale in SCALES:
        W = away_from(scale * rng.standard_normal(shape), kinks)
        value = _penalty(subject, f, W)
        gradient = subject.compute("gradient(W)", partial(f.gradient, W), shape, W=W)
        _check_pure(subject, f, W, value, gradient, rng)
        factors = {"the number of elements": W.size}
        if len(shape) > 1:
            factors |= {"the number of rows": shape[0], "the number of columns": shape[1]}
        if definition is not None:
            expected = np.asarray(subject.call("definition(W)", definition, W))
            faults = by_other_axes(definition, W, expected)
            subject.same("penalty", value, expected, factors=factors, alternatives=faults)
        subject.gradient("gradient(W)", gradient, slopes(partial(f, W), W, rng), factors=factors)
        check_layouts(subject, "penalty", f, [W], value)
        check_layouts(subject, "gradient(W)", f.gradient, [W], gradient)
        small = W.astype(np.float32)
        subject.same("penalty in float32", _penalty(subject, f, small), value, rtol=1e-3)
        subject.array("gradient(W) in float32", f.gradient(small), shape, np.float32)


def _check_special(subject: Subject, f: Regularizer, W: Array) -> None:
    """Check zeros, equal entries and large values."""
    for name, zeros in with_zeros(W):
        subject.finite_at(f"penalty at {name}", partial(f, zeros))
        subject.finite_at(f"gradient at {name}", partial(f.gradient, zeros))
    for size in LARGE:
        _check_large(subject, f, size * np.sign(W), f"W = +-{size:g}")


def _penalty(subject: Subject, f: Regularizer, W: Array) -> float:
    value = subject.call("penalty", lambda: f(W), W=W)
    if not isinstance(value, float | np.floating):
        subject.fail("penalty", f"computed {type(value).__name__}, expected a float", _why_no_float(value))
    return float(value)


def _why_no_float(value: Any) -> str:
    if value is None:
        return "return is missing"
    if isinstance(value, int | np.integer):
        return "it is a count or a sum of integers: a penalty without slopes teaches nothing; return float(...)"
    if np.ndim(value):
        return "a sum over all axes is missing"
    return "an array without axes: return float(...)"


def _check_pure(
    subject: Subject, f: Regularizer, W: Array, value: float, gradient: Array, rng: np.random.Generator
) -> None:
    """Check that penalty and gradient are functions of W alone, whatever was computed before."""
    for when, prepare in (("then", lambda: None), ("after a call with another W", lambda: f(2 * W + 1))):
        prepare()
        cause = "it is random, or stale state from the last call: compute both from W and the arguments alone"
        again = f.gradient(W)
        if not np.allclose(again, gradient, rtol=1e-12, atol=0, equal_nan=True):
            subject.same(f"gradient(W), {when}", again, gradient, rtol=1e-12, cause=cause)
        second = f(W)
        problem = f"computed {plain(value)}, {when} {plain(second)}"
        subject.require(np.isclose(second, value, rtol=1e-12, equal_nan=True), "penalty", problem, cause)


def _check_large(subject: Subject, f: Regularizer, W: Array, name: str) -> None:
    """Fail if large values give NaN, or infinity in float32 where it could hold what float64 gives."""
    for part, function in (("penalty", f), ("gradient", f.gradient)):
        exact, seen = watched(partial(function, W))
        subject.require(not np.isnan(exact).any(), f"{part} at {name}", "is NaN", seen)
        if np.abs(W).max() > LARGE[0]:  # where a small number beside W is lost in float32
            continue
        small, seen = watched(partial(function, W.astype(np.float32)))
        with np.errstate(over="ignore"):
            held = np.isfinite(np.asarray(exact, np.float32))
        lost = held & ~np.isfinite(small)
        subject.require(not lost.any(), f"{part} at {name} in float32", "is not finite, but is in float64", seen)


def _check_jumps(subject: Subject, f: Regularizer, W: Array) -> None:
    """Check that the penalty on ``t W`` is the integral of its slope over `t`, unless it counts, and goes in steps."""

    def at(places: Array) -> Points:
        with np.errstate(all="ignore"):
            values = [float(f(t * W)) for t in places]
            return Points(places, np.array(values), np.array([np.vdot(f.gradient(t * W), W) for t in places]))

    points = at(TIMES)
    starts, stops = points.take(np.s_[:-1]), points.take(np.s_[1:])
    which = worst(starts, stops)[:WORST]
    a, b = narrowed(at, starts.take(which), stops.take(which))
    size = np.maximum(np.abs(a.values), np.abs(b.values))
    jump = np.abs(b.values - a.values) > np.maximum(JUMP * size, ROUNDING * np.abs(points.values).max())
    jump &= (a.slopes != 0) | (b.slopes != 0)
    if jump.any():
        k = int(jump.argmax())
        where = _passing(f, a.places[k] * W, b.places[k] * W)
        subject.fail("penalty", f"jumps from {a.values[k]:.6g} to {b.values[k]:.6g} where {where}", BRANCHES)


def _passing(f: Regularizer, before: Array, after: Array) -> str:
    """Return in words which entry makes the penalty jump on the way from one W to another, if it is one alone."""
    jump = f(after) - f(before)
    for i in np.ndindex(before.shape):
        W = before.copy()
        W[i] = after[i]
        if abs(f(W) - f(before) - jump) < 0.01 * abs(jump):
            return f"an entry of W passes {after[i]:.6g}"
    return f"the length of W passes {np.linalg.norm(after):.6g}"


def _outcomes(f: Regularizer, shape: Shape) -> list[Any]:
    rng = np.random.default_rng(0)
    found: list[Any] = []
    for scale in (0.1, 1.0, 10.0, 1e3):
        W = scale * rng.standard_normal(shape)
        found += [f(W), f.gradient(W)]
    return found
