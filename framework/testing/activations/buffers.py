"""The buffers that an activation is offered, and its results in float32."""

from __future__ import annotations

import numpy as np

from framework.activations import Activation
from framework.core.types import Array, Shape
from framework.testing.core.arrays import check_layouts, poisoned
from framework.testing.core.report import Subject

UNFILLED = "NaN: the offered buffer (out) is returned but not filled, or read"
ULPS = 8 * float(np.finfo(np.float32).eps)


def check_buffers(subject: Subject, f: Activation, z: Array, grad: Array, elementwise: bool) -> None:
    """Check that results are the same with buffers offered, and that `in_place` is true."""
    a = f(z).copy()
    out = poisoned(z.shape)
    subject.same("f(z, out)", subject.call("f(z, out)", lambda: f(z, out), z=z), a, cause=UNFILLED)
    gradient = f.backward(grad, z, a).copy()
    again = subject.call("backward with out", lambda: f.backward(grad, z, a, poisoned(z.shape)), grad=grad, z=z, a=a)
    subject.same("backward(grad, z, a, out)", again, gradient, cause=UNFILLED)
    if f.in_place:
        cause = "backward needs z, which f(z, z) has overwritten: in_place is False"
        subject.same("backward(grad, a, a)", f.backward(grad, a, a), gradient, cause=cause)
    if elementwise:
        slope = f.derivative(z, a).copy()
        again = subject.call("derivative with out", lambda: f.derivative(z, a, poisoned(z.shape)), z=z, a=a)
        subject.same("derivative(z, a, out)", again, slope, cause=UNFILLED)
    check_layouts(subject, "backward", f.backward, [grad, z, a], gradient)


def check_float32(subject: Subject, f: Activation, shape: Shape, elementwise: bool) -> None:
    """Check the dtype of results for float32, and that they are those for float64, as far as z is known."""
    z = 2 * np.random.default_rng(3).standard_normal(shape)
    small, exact = z.astype(np.float32), f(z).copy()
    a = subject.array("f(z) in float32", f(small), z.shape, np.float32).copy()
    unsure = max(float(np.abs(f(z * (1 + sign * ULPS)) - exact).max()) for sign in (-1, 1))
    size = float(np.abs(exact).max())
    subject.same("f(z) in float32", a, exact, rtol=1e-4, atol=1e-4 * size + unsure)
    grad = np.random.default_rng(4).standard_normal(z.shape)
    result = f.backward(grad.astype(np.float32), small, a.copy())
    result = subject.array("backward in float32", result, z.shape, np.float32)
    gradient = f.backward(grad, z, exact).copy()
    moved = z * (1 + ULPS)
    unsure = float(np.abs(f.backward(grad, moved, f(moved).copy()) - gradient).max())
    size = float(np.abs(gradient).max()) + 0.1 * float(np.abs(grad).max())
    subject.same("backward in float32", result, gradient, rtol=1e-3, atol=1e-3 * size + unsure)
    if elementwise:
        subject.array("derivative in float32", f.derivative(small, a), z.shape, np.float32)
