"""The conformance check of constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from framework.constraints import Constraint
from framework.core.types import Array, Shape
from framework.testing.core.arguments import check_arguments
from framework.testing.core.arrays import check_layouts
from framework.testing.core.effects import check_effects
from framework.testing.core.report import Subject, reporting
from framework.testing.core.shapes import by_other_axes, tried_shapes, with_zeros, works
from framework.testing.core.state import unchanged
from framework.testing.core.variants import variants, with_other_value

SCALES = (0.1, 1.0, 5.0)
STEPS = 60
NEARER = 1e-4  # of the length of W
STAYS = 1e-5  # relative: some formulas divide by a norm plus a small number


@reporting
def check_constraint(
    constraint: Constraint,
    *,
    shapes: object = None,
    definition: Callable[[Array], Any] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
) -> None:
    """Check that a constraint is a projection: allowed values stay, others move to the nearest allowed ones.

    That no allowed values are nearer is tried with whole arrays and with single rows, columns and entries. Copies
    with other arguments are checked, too, and each number among the arguments must have an effect.

    Parameters
    ----------
    constraint : Constraint
    shapes : shape or sequence of shapes, optional
        The shapes of the parameters to try. None: matrices of several shapes and a vector, without those that the
        constraint refuses by raising an error; a vector may also be refused by accident, as by ``W.sum(axis=1)``.
    definition : callable ``W -> array``, optional
        The formula that the constraint should compute.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the entry, the values computed and expected, and the likeliest cause.

    Examples
    --------
    >>> import numpy as np
    >>> from framework.constraints import NonNegative
    >>> check_constraint(NonNegative(), definition=lambda W: np.maximum(W, 0))
    """
    subject = Subject(constraint)
    check_arguments(subject)
    with unchanged(subject):
        tried = tried_shapes(shapes, constraint, definition)
        _check_different(subject, constraint, tried)
        for shape in tried:
            for seed in seeds if shape == tried[0] else seeds[:1]:
                _check_shape(subject, constraint, shape, seed, definition)
        for other in variants(constraint):
            if works(other, tried[0]) and not _goes_part_of_the_way(other, tried[0]):
                with with_other_value(constraint, other, {}):
                    _check_shape(Subject(other), other, tried[0], seeds[0], None)
        check_effects(subject, constraint, lambda other: [V for shape in tried for V in _outcomes(other, shape)])


def _check_shape(
    subject: Subject, f: Constraint, shape: Shape, seed: int, definition: Callable[[Array], Any] | None
) -> None:
    rng = np.random.default_rng(seed)
    pairs = []
    for scale in SCALES:
        W = scale * rng.standard_normal(shape)
        pairs.append((W, _check_projection(subject, f, W, definition)))
    check_layouts(subject, "constraint(W)", f, [W], pairs[-1][1])
    for W, V in pairs[1:]:  # small values are often all allowed
        _check_nearest(subject, f, W, V, [other for _, other in pairs if other is not V], rng)
    for name, zeros in with_zeros(W):
        subject.finite_at(f"constraint(W), {name}", partial(f, zeros))
    for dtype in (np.float32, np.float64):
        large = (1e6 * np.sign(W)).astype(dtype)
        subject.finite_at(f"constraint(W), W = +-1e6 in {np.dtype(dtype)}", partial(f, large))


def _check_projection(subject: Subject, f: Constraint, W: Array, definition: Callable[[Array], Any] | None) -> Array:
    part = "constraint(W)"
    V = subject.compute(part, partial(f, W), W.shape, W=W)
    subject.finite(part, V)
    for when, prepare in (("again", lambda: None), ("after a call with another W", lambda: f(2 * W + 1))):
        prepare()
        cause = "it is random, or stale state from the last call: compute it from W and the arguments alone"
        subject.same(f"{part}, {when}", f(W), V, cause=cause)
    if definition is not None:
        expected = np.asarray(subject.call("definition(W)", definition, W))
        subject.same(part, V, expected, alternatives=by_other_axes(definition, W, expected))
    again = f(V.copy())
    subject.same(f"constraint({part})", again, V, rtol=STAYS, cause=_why_not_kept(W, V, again))
    subject.array(f"{part} in float32", f(W.astype(np.float32)), W.shape, np.float32)
    return V


def _goes_part_of_the_way(f: Constraint, shape: Shape) -> bool:
    """Return whether only many calls lead to allowed values, as with a ``rate`` below 1 in some constraints."""
    V = f(5 * np.random.default_rng(0).standard_normal(shape))
    if _allowed(f, V):
        return False
    size = float(np.abs(V).max())
    for _ in range(STEPS):
        V = f(V)
    return bool(np.isfinite(V).all()) and float(np.abs(V).max()) > STAYS * size and _allowed(f, V)


def _why_not_kept(W: Array, V: Array, again: Array) -> str:
    cause = "not idempotent: allowed values must stay"
    first, second = (float(np.vdot(a, b)) / max(float(np.vdot(b, b)), 1e-300) for a, b in ((V, W), (again, V)))
    shrinks = np.allclose(V, first * W) and np.allclose(again, second * V) and np.isclose(first, second)
    return f"{cause}, but each call multiplies them by {first:.6g}" if shrinks else cause


def _check_nearest(
    subject: Subject, f: Constraint, W: Array, V: Array, others: Sequence[Array], rng: np.random.Generator
) -> None:
    """Fail if other allowed values are nearer to W than V, which may be so in one row, column or entry alone."""
    distance, margin = float(np.linalg.norm(V - W)), NEARER * float(np.linalg.norm(W))
    if distance <= margin:
        return
    for other in _candidates(f, W, V, others, rng):
        away = float(np.linalg.norm(other - W))
        if away < distance - margin and not _drops(other, V) and _allowed(f, other):
            problem = f"the result is {distance:.5g} away from W, an allowed value only {away:.5g}"
            rows = [i for i in range(len(W)) if W.ndim > 1 and _may_stay(f, W, V, np.s_[i])]
            columns = [j for j in range(W.shape[-1]) if W.ndim > 1 and _may_stay(f, W, V, np.s_[:, j])]
            cause = "wrong axis, or too strong"
            if np.allclose(np.abs(V), np.abs(W)):
                cause = "entries are mirrored (np.abs): the nearest to what is not allowed is the bound"
            elif rows and not columns:
                cause = f"row {rows[0]} of W could stay as it is; take each row on its own"
            elif np.allclose(V, W * (np.vdot(V, W) / np.vdot(W, W))):
                cause = "all of W is scaled by one number, where a part of it could stay as it is"
            subject.fail("constraint(W)", problem, f"not the nearest allowed values: {cause}")


def _candidates(
    f: Constraint, W: Array, V: Array, others: Sequence[Array], rng: np.random.Generator
) -> Iterator[Array]:
    """Yield arrays that may be allowed and nearer to `W` than `V`, some of them in a row, column or entry alone."""
    for spread in (0.1, 1.0):
        yield f(V + spread * rng.standard_normal(W.shape)).copy()
    yield f(W + 0.1 * np.abs(W).max() * rng.standard_normal(W.shape)).copy()
    yield from others
    places: list[Any] = [tuple(i) for i in np.argwhere(_moved(W, V))[:6]]
    if W.ndim > 1:
        places += [np.s_[i] for i in range(W.shape[0])] + [np.s_[:, j] for j in range(W.shape[1])]
    for at in places:
        if _moved(W[at], V[at]).any():
            for source in (W, (W + V) / 2, 0.9 * W, 0.7 * W, *others):
                mixed = V.copy()
                mixed[at] = source[at]
                yield mixed


def _moved(W: Array, V: Array) -> Array:
    moved: Array = np.abs(V - W) > NEARER * np.abs(W)
    return moved


def _drops(other: Array, V: Array) -> bool:
    """Return whether a row or column is 0 in `other` alone: where lengths are 1, one that is 0 is left as it is."""
    return any(bool((V.any(axis=axis) & ~other.any(axis=axis)).any()) for axis in range(V.ndim))


def _may_stay(f: Constraint, W: Array, V: Array, at: Any) -> bool:
    """Return whether V has changed a part of W that is allowed beside the rest of V."""
    mixed = V.copy()
    mixed[at] = W[at]
    return bool(_moved(W[at], V[at]).any()) and _allowed(f, mixed)


def _allowed(f: Constraint, W: Array) -> bool:
    return bool(np.abs(f(W.copy()) - W).max() <= STAYS * np.abs(W).max())


def _check_different(subject: Subject, f: Constraint, shapes: Sequence[Shape]) -> None:
    """Fail if all results are the same, or no W is changed by a constraint that nothing switches off."""
    rng = np.random.default_rng(0)
    unchanged = True
    for shape in shapes:
        inputs = [scale * rng.standard_normal(shape) for scale in (0.1, 1.0, 5.0, 1e6)]
        outputs = [subject.compute("constraint(W)", partial(f, W), shape, W=W) for W in inputs]
        if shape == shapes[0] and all(np.array_equal(V, outputs[0]) for V in outputs):
            problem = f"entry 0 is {outputs[0].flat[0]:.6g} for each W"
            subject.fail("constraint(W)", problem, "the same values for different W: W is not used; return the nearest")
        unchanged = unchanged and all(np.array_equal(V, W) for V, W in zip(outputs, inputs, strict=True))
    numbers = subject.component.get_params(deep=False).values()
    off = any(value is None or (isinstance(value, float) and not isfinite(value)) for value in numbers)
    if unchanged and not off:
        names = ", ".join(subject.component.get_params(deep=False))
        cause = "it allows everything" + (f": {names} has no effect" if names else "")
        subject.fail("constraint(W)", "returns W itself, even for values of 1e6", cause)


def _outcomes(f: Constraint, shape: Shape) -> list[Any]:
    rng = np.random.default_rng(0)
    return [f(scale * rng.standard_normal(shape)) for scale in (0.1, 1.0, 10.0, 1e3, 1e6)]
