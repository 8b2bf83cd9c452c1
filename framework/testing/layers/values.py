"""A layer at values that a standard normal distribution does not draw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framework.core.types import Array
from framework.testing.core.numeric import RTOL
from framework.testing.core.reasons import on_purpose
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench
from framework.testing.layers.gradients import check_slope
from framework.testing.layers.projection import Projection

SCALES = (1e-3, 10.0, 100.0)
LARGE = (100.0, 300.0, 600.0, 3000.0)  # exponentials overflow in float32, not in float64; the last, for small weights
LARGER = 3000.0
TAME = 1e6  # a function that is smaller at 100 grows too slowly to overflow at LARGER
REPRESENTABLE = 1e30

OVERFLOWS = (
    "an intermediate value overflows, or becomes 0 (exp of a large number, log of such a 0): subtract the maximum "
    "of each sample first, or use a form that stays finite, as np.logaddexp(0, x) or np.tanh(x / 2)"
)
ZERO = "0 / 0 (or 0 * inf) where {}: {}, or treat that case by itself"
EPSILON = "add a small epsilon to the divisor"
VANISHES = "add an epsilon that float32 does not round to 0 to the divisor"
CANCELS = (
    "cancellation: a difference of large numbers, such as mean(x**2) - mean(x)**2, has the wrong sign in float32; "
    "compute mean((x - mean(x))**2)"
)
TIES = "equal values (ties): each of them gets the whole gradient; give it to one of them (argmax), or share it out"


def check_values(subject: Subject, bench: Bench, narrow: Bench, x: Array, rng: np.random.Generator) -> None:
    """Check small, large, zero and constant inputs; `narrow` is the same bench in float32."""
    with np.errstate(all="ignore"):
        for what, values, where in _degenerate(x):
            for at, dtype in ((bench, "float64"), (narrow, "float32")):
                _check_degenerate(subject, at, values, what, where, dtype, x)
        _check_large(subject, bench, narrow, x)
        _check_nearly_constant(subject, bench, narrow, x)
        for scale in SCALES:
            part = f"backward, inputs times {scale:g}"
            if all(np.isfinite(values).all() for values in _pass(bench, scale * x)):
                cause = (
                    f"right for inputs around 1, wrong for {scale:g} times that: a case (a boundary, a clip) is missed"
                )
                check_slope(subject, bench, scale * x, rng, True, part, cause, min(scale, 1.0))


def check_ties(subject: Subject, bench: Bench, x: Array, rng: np.random.Generator) -> None:
    """Check the gradient at equal inputs, along a direction in which they stay equal.

    There, functions of the order of the inputs (a maximum, a median, the largest k) are smooth.
    """
    if x.size < 2:
        return
    levels = x.flat[: min(3, x.size)]
    chosen = rng.integers(0, len(levels), x.shape)
    tied, direction = levels[chosen], rng.standard_normal(len(levels))[chosen]
    with np.errstate(all="ignore"):
        if not all(np.isfinite(values).all() for values in _pass(bench, tied)):
            return
        at = Projection(subject, bench, tied, rng, True)
        directions = [np.zeros_like(array) for _, array, _ in at.arrays()]
        directions[-1] = direction
        computed, expected = at.along(directions)
    if expected.smooth[0]:
        part = "backward, inputs of which some are equal: slope along a direction in which they stay equal"
        subject.same(part, computed, expected.values[0], rtol=RTOL, atol=expected.atol, cause=TIES)


def _degenerate(x: Array) -> Iterator[tuple[str, Array, str]]:
    """Yield what the inputs are, the inputs, and where that makes a divisor 0."""
    yield "equal samples", x[:1] + 0 * x, "all samples of a batch are equal (a spread of 0)"
    constant = x.reshape(len(x), -1)[:, :1].reshape(len(x), *(1,) * (x.ndim - 1)) + 0 * x
    yield "constant samples", constant, "all values of a sample are equal (a spread of 0)"
    yield "zeros", np.zeros_like(x), "x is 0"


def _pass(bench: Bench, x: Array) -> list[Array]:
    """Return the outputs and gradients of a training pass, or nothing if the layer refuses the inputs."""
    ctx = bench.context(len(x))
    try:
        y = np.array(bench.forward(ctx, x))
    except Exception as error:
        if on_purpose(error):
            return []
        raise
    grad = np.random.default_rng(3).standard_normal(y.shape).astype(y.dtype)
    dx = bench.backward(ctx, grad)
    return [y, *(gradient.copy() for gradient in bench.grads.values()), *([] if dx is None else [np.array(dx)])]


def _parts(bench: Bench) -> list[str]:
    return ["forward", *(f"backward: gradient of {name}" for name in bench.grads), "backward: gradient of x"]


def _check_degenerate(
    subject: Subject, bench: Bench, values: Array, what: str, where: str, dtype: str, x: Array
) -> None:
    results = subject.call(f"{what} in {dtype}", _pass, bench, values.astype(dtype))
    for part, result in zip(_parts(bench), results, strict=False):
        if not np.isnan(result).any():
            continue
        if part == "forward" and _diverges(bench, values, x):
            return
        cause = ZERO.format(where, VANISHES if dtype == "float32" else EPSILON)
        subject.fail(f"{part}, inputs {what} ({dtype})", "computed nan, expected finite values", cause)


def _diverges(bench: Bench, values: Array, x: Array) -> bool:
    """Return whether the outputs near `values` grow without a bound: then NaN may be right there."""
    far, near = (_pass(bench, (values + distance * x).astype(bench.dtype)) for distance in (1e-2, 1e-5))
    return not far or not near or float(np.abs(near[0]).max()) > 50 * float(np.abs(far[0]).max())


def _check_large(subject: Subject, bench: Bench, narrow: Bench, x: Array) -> None:
    """Fail where float32 overflows and the value is none that it could not hold, or float64 where nothing grows."""
    unit = np.concatenate([x, -x]) / np.abs(x).max(initial=1e-30)
    for size in LARGE:
        right, found = _pass(bench, size * unit), _pass(narrow, (size * unit).astype(np.float32))
        _check_finite(subject, narrow, found, right, REPRESENTABLE, f"inputs up to {size:g} (float32)", OVERFLOWS)
    found, right = _pass(bench, LARGER * unit), _pass(bench, LARGE[0] * unit)
    _check_finite(subject, bench, found, right, TAME, f"inputs up to {LARGER:g}", OVERFLOWS)


def _check_nearly_constant(subject: Subject, bench: Bench, narrow: Bench, x: Array) -> None:
    values = LARGE[0] * (1 + np.arange(len(x)).reshape(-1, *(1,) * (x.ndim - 1)) / 7) + 1e-3 * x
    values = values.astype(np.float32).astype(np.float64)
    found, right = _pass(narrow, values.astype(np.float32)), _pass(bench, values)
    _check_finite(subject, narrow, found, right, TAME, "nearly constant samples around 100 (float32)", CANCELS)


def _check_finite(
    subject: Subject, bench: Bench, found: list[Array], right: list[Array], most: float, where: str, cause: str
) -> None:
    for part, result, expected in zip(_parts(bench), found, right, strict=False):
        sound = np.isfinite(expected) & (np.abs(np.where(np.isfinite(expected), expected, 0)) < most)
        wrong = sound & ~np.isfinite(result)
        if wrong.any():
            i = tuple(int(k) for k in np.argwhere(wrong)[0])
            problem = f"entry {list(i)}: computed {result[i]:.6g}, expected a finite value such as {expected[i]:.6g}"
            subject.fail(f"{part}, {where}", problem, cause)
