"""The conformance check of activations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framework.activations import Activation
from framework.core.types import Array
from framework.layers.dense import Dense
from framework.testing.arguments import check_arguments
from framework.testing.arrays import check_layouts, check_parts, poisoned
from framework.testing.layers.bench import Source
from framework.testing.numeric import Slopes, away_from, slopes
from framework.testing.replays import PLAYED, check_layer_replay
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged

SHAPES = ((5, 4), (1, 3), (2, 3, 4))
NEAR = 0.05


@reporting
def check_activation(activation: Activation, *, kinks: Sequence[float] = (), seeds: Sequence[int] = (0, 1)) -> None:
    """Check an activation: values, `derivative` and `backward` against central differences, buffers, dtypes.

    If the activation is not elementwise (the elements of a sample depend on each other, as in a softmax), only
    `backward` is checked.

    Parameters
    ----------
    activation : Activation
    kinks : sequence of float
        Values that z keeps away from. Kinks are also recognized by their one-sided slopes, and left out.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(activation)
    check_arguments(subject)
    with unchanged(subject):
        for seed in seeds:
            for shape in SHAPES:
                rng = np.random.default_rng(seed)
                z = away_from(2 * rng.standard_normal(shape), tuple(kinks))
                _check_values(subject, activation, z)
                _check_gradients(subject, activation, z, rng)
                _check_gradients(subject, activation, away_from(4 * z, tuple(kinks)), rng)
                _check_buffers(subject, activation, z, rng.standard_normal(shape))
        _check_float32(subject, activation)
        _check_extremes(subject, activation)
        _check_limits(subject, activation)
        if type(activation).replayable:
            _check_replay(subject, activation)


def _elementwise(f: Activation, z: Array) -> bool:
    """Return whether each element of f(z) depends on its own element of `z` alone."""
    moved = z.copy()
    moved[..., 0] += 0.5
    return bool(np.allclose(f(z.copy())[..., 1:], f(moved)[..., 1:], rtol=1e-12, atol=1e-12))


def _check_values(subject: Subject, f: Activation, z: Array) -> None:
    a = subject.compute("f(z)", lambda: f(z), z.shape, z=z)
    subject.finite("f(z)", a)
    first = f(z)
    f(z[::-1].copy())
    subject.same("f(z)", first, a, cause="the returned array is overwritten by the next call: a buffer kept on self")
    check_layouts(subject, "f(z)", f, [z], a)
    check_parts(subject, "f(z)", f, [z], a, "a sample depends on the others of its batch: wrong axis")
    subject.same("f(z)", f(z[::-1].copy())[::-1], a, cause="the batch order matters: wrong axis")
    if f.in_place:
        over = z.copy()
        cause = "z is read after the result was written over it: in_place is False"
        subject.same("f(z, z)", f(over, over), a, cause=cause)


def _check_gradients(subject: Subject, f: Activation, z: Array, rng: np.random.Generator) -> None:
    a: Array = f(z).copy()
    grad = np.asarray(rng.standard_normal(z.shape))
    moving = z.copy()
    expected = slopes(lambda: float((grad * f(moving)).sum()), moving, rng)
    faults = {"grad is passed on unchanged": grad}
    if _elementwise(f, z):
        derivative = subject.compute("derivative(z, a)", lambda: f.derivative(z, a), z.shape, z=z, a=a)
        slope: Array = derivative * grad
        swapped = {
            "it takes z where it means a": _quietly(f, a, a),
            "it takes a where it means z": _quietly(f, z, z),
        }
        exchanged = {fault: slope for fault, other in swapped.items() if _fits(other * grad, expected)}
        subject.gradient("derivative(z, a)", slope, expected, alternatives=exchanged)
        faults["the derivative alone: grad is left out"] = derivative
    part = "backward(grad, z, a)"
    result = subject.compute(part, lambda: f.backward(grad, z, a), z.shape, grad=grad, z=z, a=a)
    compared = subject.gradient(part, result, expected, alternatives=faults)
    subject.require_smooth("f(z)", compared, len(expected.where))


def _quietly(f: Activation, z: Array, a: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(f.derivative(z, a))


def _fits(gradient: Array, expected: Slopes) -> bool:
    entries = np.array([gradient[i] for i in expected.where])[expected.smooth]
    return bool(np.allclose(entries, expected.values[expected.smooth], rtol=1e-6, atol=1e-6))


def _check_buffers(subject: Subject, f: Activation, z: Array, grad: Array) -> None:
    a, unfilled = f(z).copy(), "NaN: the offered buffer (out) is returned but not filled, or read"
    out = poisoned(z.shape)
    subject.same("f(z, out)", subject.call("f(z, out)", lambda: f(z, out), z=z), a, cause=unfilled)
    gradient = f.backward(grad, z, a).copy()
    again = subject.call("backward with out", lambda: f.backward(grad, z, a, poisoned(z.shape)), grad=grad, z=z, a=a)
    subject.same("backward(grad, z, a, out)", again, gradient, cause=unfilled)
    if f.in_place:
        cause = "backward needs z, which f(z, z) has overwritten: in_place is False"
        subject.same("backward(grad, a, a)", f.backward(grad, a, a), gradient, cause=cause)
    if _elementwise(f, z):
        slope = f.derivative(z, a).copy()
        again = subject.call("derivative with out", lambda: f.derivative(z, a, poisoned(z.shape)), z=z, a=a)
        subject.same("derivative(z, a, out)", again, slope, cause=unfilled)
    check_layouts(subject, "backward", f.backward, [grad, z, a], gradient)


def _check_float32(subject: Subject, f: Activation) -> None:
    z = 2 * np.random.default_rng(3).standard_normal((5, 4))
    small, exact = z.astype(np.float32), f(z)
    a = subject.array("f(z) in float32", f(small), z.shape, np.float32)
    subject.same("f(z) in float32", a, exact, rtol=1e-4)
    grad = np.random.default_rng(4).standard_normal(z.shape)
    result = f.backward(grad.astype(np.float32), small, a.copy())
    result = subject.array("backward in float32", result, z.shape, np.float32)
    subject.same("backward in float32", result, f.backward(grad, z, exact), rtol=1e-3)
    if _elementwise(f, z):
        subject.array("derivative in float32", f.derivative(small, a), z.shape, np.float32)


def _check_extremes(subject: Subject, f: Activation) -> None:
    for dtype in (np.float32, np.float64):
        for size in (30, 100, 1e4):
            z = np.array([[-size, 0, size], [size, size, -size]], dtype)
            with np.errstate(all="ignore"):
                a = f(z.copy()).copy()
                gradient = np.asarray(f.backward(np.ones_like(z), z, a))
            part, cause = f"z = +-{size:g} in {np.dtype(dtype)}", "exp overflows: it is not computed in a stable form"
            subject.require(not np.isnan(a).any(), f"f(z), {part}", "is NaN", cause)
            if np.isfinite(a).all():
                subject.require(not np.isnan(gradient).any(), f"backward, {part}", "is NaN", cause)


def _check_limits(subject: Subject, f: Activation) -> None:
    """Check the slope at the largest numbers of a function that has become a straight line long before."""
    if not _elementwise(f, np.ones((2, 3))):
        return
    for sign in (-1, 1):
        limit = _slope_far_out(f, sign)
        if limit is None:
            continue
        for dtype in (np.float32, np.float64):
            for size in (1e10, 1e20, float(np.finfo(dtype).max) / 8):
                z = np.full((1, 2), sign * size, dtype)
                with np.errstate(all="ignore"):
                    a = np.asarray(f(z.copy()))
                    values = {
                        "derivative(z, a)": np.asarray(f.derivative(z, a)),
                        "backward(grad, z, a)": np.asarray(f.backward(np.ones_like(z), z, a)),
                    }
                for part, value in values.items():
                    wrong = np.abs(value - limit) > NEAR  # a NaN shows itself in training
                    problem = f"computed {value.ravel()[0]:.6g}, expected about {limit:.6g}"
                    cause = "a factor of a product is bounded, and the other one is not"
                    where = f"{part}, z = {sign * size:.3g} in {np.dtype(dtype)}"
                    subject.require(not wrong.any(), where, problem, cause)


def _slope_far_out(f: Activation, sign: int) -> float | None:
    """Return the slope of f beyond 1e4; None unless it is a straight line there, as far as can be seen."""
    z = sign * 1e4 * np.linspace(1, 2, 33).reshape(1, -1)
    with np.errstate(all="ignore"):
        a = f(z)
        steps = np.concatenate([(f(z + h) - a) / h for h in (0.37, 5.0)])
    if not np.isfinite(steps).all() or np.abs(a).max() > 1e6 or np.ptp(steps) > NEAR / 10:
        return None
    return float(steps.mean())


def _check_replay(subject: Subject, f: Activation) -> None:
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        batches = [2 * rng.standard_normal((5, 4)) for _ in range(PLAYED)]
        for layer in (f, Dense(3, f)):  # on the layer's input, and on logits that it may overwrite
            check_layer_replay(subject, [Source(), layer], (4,), batches, dtype)
