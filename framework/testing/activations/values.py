"""The values of an activation: a sample by itself, in every layout, the same twice, and by definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from framework.activations import Activation
from framework.core.types import Array, Shape
from framework.testing.core.arrays import check_layouts, check_parts
from framework.testing.core.causes import FORMULA, likeliest
from framework.testing.core.reasons import refuses
from framework.testing.core.report import Subject
from framework.testing.core.state import check_lengths, lengths

OTHERS = "a sample depends on the others of its batch: wrong axis, or a mean, sum or maximum of all: take axis=-1"

TWO_AXES = "it is written for two axes; z has any number of them: index with z[..., k], take axis=-1, loop over z.flat"

BOUND = "a case with a wrong formula or a wrong bound"


def accepted(f: Activation, shapes: Sequence[Shape]) -> list[Shape]:
    """Return the shapes that the activation does not refuse, as one that works on pairs refuses three units."""
    return [shape for shape in shapes if not _refuses(f, shape)] or list(shapes)


def _refuses(f: Activation, shape: Shape) -> bool:
    try:
        f(np.ones(shape))
    except Exception as error:  # what is no refusal the checks show
        return refuses(error)
    return False


def check_values(subject: Subject, f: Activation, z: Array) -> None:
    """Check that f(z) depends on z alone, sample by sample."""
    a = _values(subject, f, z)
    before = lengths(f)
    subject.same("f(z)", f(z).copy(), a, cause="another call with the same z gives other values: random numbers")
    check_lengths(subject, before)
    first = f(z)
    f(z[::-1].copy())
    subject.same("f(z)", first, a, cause="the returned array is overwritten by the next call: a buffer kept on self")
    check_layouts(subject, "f(z)", f, [z], a)
    check_parts(subject, "f(z)", f, [z], a, OTHERS)
    subject.same("f(z)", f(z[::-1].copy())[::-1], a, cause="the batch order matters: wrong axis")
    if f.in_place:
        over = z.copy()
        cause = "z is read after the result was written over it: in_place is False"
        subject.same("f(z, z)", f(over, over), a, cause=cause)


def check_batches(subject: Subject, f: Activation, shape: Shape) -> None:
    """Check that a large batch gives what its parts do, and so does a batch with large numbers, or far apart."""
    far = np.array([0, 0, 0, 900, -900, 900])
    for n, scale, shift in ((70, 2.0, 0), (5, 60.0, 0), (6, 2.0, far)):
        noise = scale * np.random.default_rng(7).standard_normal((n, *shape[1:]))
        z = (noise.T + shift).T
        cut = n - 3
        with np.errstate(all="ignore"):
            a = np.array(subject.call("f(z)", lambda z=z: f(z), z=z))
            parts = np.concatenate([f(z[:cut].copy()).copy(), f(z[cut:].copy())])
        same = np.isclose(parts, a, rtol=1e-9, equal_nan=True).reshape(n, -1).all(axis=1)
        written = "the last samples differ: a batch size is written into the code; use len(z)"
        cause = written if same[:cut].all() and n > 32 else OTHERS
        subject.same(f"f(z), a batch of {n} in two parts", parts, a, cause=cause)


def _values(subject: Subject, f: Activation, z: Array) -> Array:
    part = f"f(z), z {z.shape}: {'one unit' if z.shape[-1] == 1 else 'a batch of one'}" if 1 in z.shape else "f(z)"
    try:
        a = subject.compute(part, lambda: f(z), z.shape, z=z)
    except AssertionError as failure:
        if z.ndim < 3 or failure.__cause__ is None:
            raise
        error = failure.__cause__
        subject.fail(f"f(z), z {z.shape}", f"raised {type(error).__name__}: {error}", TWO_AXES)
    subject.finite_at(part, lambda: f(z.copy()))
    return a


def check_definition(
    subject: Subject, f: Activation, definition: Callable[[Array], Array], z: Array, elementwise: bool
) -> None:
    """Compare f(z) with its definition, where that is finite."""
    with np.errstate(all="ignore"):
        expected = np.asarray(subject.call("definition(z)", lambda: definition(z.copy())), float)
        a = np.array(f(z))
    finite = np.isfinite(expected)
    if not finite.any():
        return
    size = float(np.abs(expected[finite]).max(initial=1.0))
    wrong = finite & ~np.isclose(a, expected, rtol=1e-7, atol=1e-9 * size)
    if wrong.any():
        i = tuple(np.argwhere(wrong)[0])
        problem = f"computed {a[i]:.10g}, expected {expected[i]:.10g} by definition"
        cause = where_wrong(z, wrong) or likeliest(a, expected)
        if elementwise and cause.startswith(FORMULA):  # there is no axis to mistake
            cause = FORMULA
        subject.fail(f"f(z), z = {z[i]:.6g}", problem, cause)


def where_wrong(z: Array, wrong: Array) -> str:
    """Return in words a range of z in which all, and outside of which no values are wrong, or ""."""
    z, wrong = np.ravel(z), np.ravel(wrong)
    if not wrong.any() or np.count_nonzero(~wrong) < max(3, len(z) // 6):
        return ""
    for size, of in ((z, "z"), (np.abs(z), "|z|")):
        order = np.argsort(size)
        runs = np.flatnonzero(np.diff(wrong[order]))
        edges = [size[order][k + side] for k in runs for side in (0, 1)]
        shown = [f"{edge:.4g}" for edge in edges]
        if len(runs) == 1 and edges[0] < 0 < edges[1]:
            right, other = "<>" if wrong[order][-1] else "><"
            return f"right where z {right} 0, wrong where z {other} 0: {BOUND}"
        if len(runs) == 1 and wrong[order][-1]:
            return f"right up to {of} = {shown[0]}, wrong beyond: {BOUND}"
        if len(runs) == 1:
            return f"right from {of} = {shown[1]} on, wrong below: {BOUND}"
        if len(runs) == 2 and wrong[order][runs[1]]:
            return f"wrong between {of} = {shown[0]} and {shown[3]} alone: {BOUND}"
    return ""
