"""The slopes of an activation, against differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framework.activations import Activation
from framework.core.types import Array
from framework.testing.activations.dependence import defines, depends
from framework.testing.activations.values import where_wrong
from framework.testing.core.causes import FORMULA, likeliest
from framework.testing.core.numeric import Slopes, away_from, one_sided, slopes
from framework.testing.core.report import Subject

# Where users put kinks and bounds, and what lies between, near 0 and far out.
POINTS = (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 1, 1.3, 2, 2.5, 3, 4, 5, 6, 7.5, 10, 15, 20, 25, 30, 50, 100, 300, 1000)

FAR = 30


def check_gradients(subject: Subject, f: Activation, z: Array, rng: np.random.Generator, elementwise: bool) -> None:
    """Check `derivative`, if there is one, and `backward` against central differences."""
    a: Array = f(z).copy()
    grad = np.asarray(rng.standard_normal(z.shape))
    grad += np.copysign(0.5, grad)  # slopes are divided by it
    moving = z.copy()
    expected = slopes(lambda: float((grad * f(moving)).sum()), moving, rng)
    faults = {"grad is passed on unchanged": grad, "it returns a = f(z) times grad": a * grad}
    narrow = cause = _of_precision(a)
    if elementwise:
        derivative = subject.compute("derivative(z, a)", lambda: f.derivative(z, a), z.shape, z=z, a=a)
        weights = np.array([grad[i] for i in expected.where])
        own = replace(expected, values=expected.values / weights, atol=2 * expected.atol)
        swapped = {
            "it takes z where it means a": _quietly(f, a, a),
            "it takes a where it means z": _quietly(f, z, z),
        }
        exchanged = {fault: derivative for fault, other in swapped.items() if _fits(other, own)}
        known = bool(exchanged)
        exchanged["it returns a = f(z), not the slope"] = a
        reason = narrow or _of_steps(own, derivative) or ("" if known else _why(z, derivative, own))
        subject.gradient("derivative(z, a)", derivative, own, alternatives=exchanged, cause=reason)
        faults["the derivative alone: grad is left out"] = derivative
        faults["the derivative is multiplied in twice"] = derivative**2 * grad
    elif not defines(f, "backward"):
        if not defines(f, "derivative"):
            subject.fail("derivative(z, a)", "is missing, and so is backward(grad, z, a)", "write one of the two")
        if depends(f, z.shape):
            cause = "the elements of a sample depend on each other: write backward(grad, z, a) instead of derivative"
    part = "backward(grad, z, a)"
    result = subject.compute(part, lambda: f.backward(grad, z, a), z.shape, grad=grad, z=z, a=a)
    if len(z) > 1:
        first = subject.call(f"{part} of one sample", f.backward, grad[:1].copy(), z[:1].copy(), a[:1].copy())
        mixed = "a sample's gradient depends on the others of its batch: wrong axis, sum over axis=-1, keepdims=True"
        rounding = 1e-9 * np.abs(result).max() + 1e-12 * np.abs(grad).max()
        subject.same(f"{part} of the first sample by itself", result[:1], first, atol=rounding, cause=mixed)
    cause = cause or _of_steps(expected, result)
    if not cause and not elementwise and not any(np.allclose(result, fault) for fault in faults.values()):
        cause = _of_diagonal(f, grad, z, a, result)
    compared = subject.gradient(part, result, expected, alternatives=faults, cause=cause)
    subject.require_smooth("f(z)", compared, len(expected.where))


def check_points(subject: Subject, f: Activation, kinks: Sequence[float] = ()) -> None:
    """Check `derivative` at 0, at round numbers and far out: it lies between the slopes left and right of each."""
    far = np.array([-size for size in reversed(POINTS)] + [0.0, *POINTS])
    z = away_from(np.union1d(far, kinks), tuple(kinks), gap=1e-3)[None]
    with np.errstate(all="ignore"):
        left, right, known = one_sided(lambda z: np.asarray(f(z)).copy(), z)
        a = np.asarray(f(z)).copy()
        slope = np.asarray(f.derivative(z, a))
        undefined = np.isnan(a) & np.isfinite(f(np.where(z == 0, 0.001, z)))
    if undefined.any():
        subject.fail("f(z), z = 0", "computed nan, expected a finite value", "0 / 0 at z = 0: put in the limit there")
    least, most = np.minimum(left, right), np.maximum(left, right)
    allowed = 1e-3 * (1 + np.maximum(np.abs(left), np.abs(right))) + 1e-10 * np.abs(a)
    wrong = known & ~((slope >= least - allowed) & (slope <= most + allowed))
    wrong &= ~(np.isnan(slope) & (np.abs(z) >= FAR))  # an overflow, which another check names
    if wrong.any():
        worst = np.flatnonzero(wrong[0])
        k = worst[np.argmin(np.abs(z[0, worst]))]
        value, low, high = slope[0, k], least[0, k], most[0, k]
        smooth = high - low <= 2 * allowed[0, k]
        sought = f"{(low + high) / 2:.6g}" if smooth else f"a number from {low:.6g} to {high:.6g}"
        cause = _of_zero(value) if not z[0, k] else where_wrong(z[known], wrong[known]) or _at(z[wrong])
        part = f"derivative(z, a), z = {z[0, k]:g}"
        subject.fail(part, f"computed {value:.6g}, expected {sought} by one-sided differences", cause)


def _of_zero(value: float) -> str:
    if np.isnan(value):
        return "0 / 0 at z = 0: put in the limit there"
    return "right beside z = 0, wrong at it: a case with a wrong bound (< or <=)"


def _at(z: Array) -> str:
    if len(z) > 4:
        return FORMULA
    return f"right elsewhere, wrong at z = {', '.join(f'{value:g}' for value in z)}: the bound of a case (< or <=)"


def _why(z: Array, slope: Array, expected: Slopes) -> str:
    """Return where the slopes are wrong, if that is a range of z, or that a formula is: there is no axis to mistake."""
    at = [i for i, smooth in zip(expected.where, expected.smooth, strict=True) if smooth]
    inputs, computed = (np.array([array[i] for i in at]) for array in (z, slope))
    right = expected.values[expected.smooth]
    wrong = ~np.isclose(computed, right, rtol=1e-6, atol=max(1e-6, expected.atol))
    if not wrong.any() or not np.isfinite(computed).all():
        return ""
    cause = likeliest(computed, right)
    if "times what it should be" in cause:  # the arguments may explain it
        return ""
    telling = np.maximum(np.abs(computed), np.abs(right)) > 1e-3 * np.abs(right).max(initial=0.0)
    if of_range := where_wrong(inputs[telling], wrong[telling]):
        there = likeliest(computed[wrong], right[wrong])
        return f"{of_range}; there {there}" if "times what it should be" in there else of_range
    return FORMULA if cause.startswith(FORMULA) else ""


def _of_steps(expected: Slopes, computed: Array) -> str:
    """Return the cause if a function is constant between jumps, and its slope is not 0."""
    flat = expected.smooth.any() and not expected.values[expected.smooth].any()
    if not flat or not np.any(computed):
        return ""
    return "f is constant between its jumps, where its slope is 0: a straight-through slope is not its derivative"


def _of_diagonal(f: Activation, grad: Array, z: Array, a: Array, result: Array) -> str:
    """Return the cause if `backward` treats each element by itself, but `f` mixes those of a sample."""
    moved, near = grad.copy(), z.copy()
    moved[..., 0] += 1
    near[..., 0] += 1e-3
    with np.errstate(all="ignore"):
        alone = np.array_equal(f.backward(moved, z, a)[..., 1:], result[..., 1:])
        mixed = not np.allclose(f(near)[..., 1:], a[..., 1:], rtol=1e-9, atol=1e-12)
    if not (alone and mixed):
        return ""
    return "it treats each element by itself, but f mixes those of a sample: the terms beside the diagonal are left out"


def _of_precision(a: Array) -> str:
    """Return the cause if values hold no more than a smaller dtype does, and are not few."""
    with np.errstate(all="ignore"):
        for dtype in (np.float16, np.float32):
            if np.array_equal(a, a.astype(dtype)) and (a * 1024 % 1).any():
                return (
                    f"f(z) is computed in {np.dtype(dtype)} alone: a cast narrows the data; use the dtype of the data"
                )
    return ""


def _quietly(f: Activation, z: Array, a: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(f.derivative(z, a))


def _fits(gradient: Array, expected: Slopes) -> bool:
    entries = np.array([gradient[i] for i in expected.where])[expected.smooth]
    return bool(np.allclose(entries, expected.values[expected.smooth], rtol=1e-6, atol=1e-6))
