"""The conformance check of activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from framework.activations import Activation
from framework.core.types import Array, Shape
from framework.layers.dense import Dense
from framework.testing.activations.buffers import check_buffers, check_float32
from framework.testing.activations.dependence import is_elementwise
from framework.testing.activations.extremes import check_degenerate, check_extremes, check_growth
from framework.testing.activations.gradients import check_gradients, check_points
from framework.testing.activations.jumps import check_jumps
from framework.testing.activations.values import accepted, check_batches, check_definition, check_values
from framework.testing.core.arguments import check_arguments
from framework.testing.core.effects import check_effects
from framework.testing.core.equality import same
from framework.testing.core.numeric import away_from
from framework.testing.core.replays import PLAYED, check_layer_replay
from framework.testing.core.report import Subject, reporting
from framework.testing.core.state import unchanged
from framework.testing.core.variants import BESIDE, variants
from framework.testing.layers.bench import Source

SHAPES = ((5, 4), (1, 3), (2, 3, 4), (4, 1), (1, 1))
AXES = frozenset({"axis", "axes", "dim"})  # an activation over the batch is none


@reporting
def check_activation(
    activation: Activation,
    *,
    definition: Callable[[Array], Array] | None = None,
    kinks: Sequence[float] = (),
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check an activation: values, `derivative` and `backward` against differences, buffers, dtypes, arguments.

    If the activation is not elementwise (the elements of a sample depend on each other, as in a softmax), or has no
    `derivative`, only `backward` is checked.

    Parameters
    ----------
    activation : Activation
    definition : callable ``z -> a``, optional
        The right values, computed in another way, in float64: without it, a wrong formula whose derivative is that of
        the wrong formula passes.
    kinks : sequence of float
        Values that z keeps away from, and at which f may jump. Kinks are also recognized by their one-sided slopes,
        and left out.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the likeliest cause.

    Examples
    --------
    >>> import numpy as np
    >>> from framework.activations import LeakyReLU
    >>> check_activation(LeakyReLU(0.2), definition=lambda z: np.where(z > 0, z, 0.2 * z))
    """
    subject = Subject(activation)
    check_arguments(subject)
    with unchanged(subject):
        shapes = accepted(activation, SHAPES)
        check_values(subject, activation, np.random.default_rng(0).standard_normal(shapes[0]))
        elementwise = is_elementwise(activation, shapes[0])
        check_batches(subject, activation, shapes[0])
        for k, seed in enumerate(seeds):
            for shape in shapes[:3] if k else shapes:
                rng = np.random.default_rng(seed)
                z = away_from(2 * rng.standard_normal(shape), tuple(kinks))
                check_values(subject, activation, z)
                if definition is not None:
                    check_definition(subject, activation, definition, z, elementwise)
                for scale in (1, 4) if elementwise else (1, 4, 30):
                    with np.errstate(all="ignore" if scale > 4 else None):
                        check_gradients(subject, activation, away_from(scale * z, tuple(kinks)), rng, elementwise)
                check_buffers(subject, activation, z, rng.standard_normal(shape), elementwise)
        if elementwise:
            check_points(subject, activation, kinks)
        if definition is not None:
            far = 50 * np.random.default_rng(2).standard_normal(shapes[0])
            check_definition(subject, activation, definition, far, elementwise)
        check_float32(subject, activation, shapes[0], elementwise)
        check_degenerate(subject, activation, shapes)
        check_extremes(subject, activation, shapes[0])
        if elementwise:
            check_jumps(subject, activation, shapes[0][-1], tuple(kinks))
            check_growth(subject, activation)
        if type(activation).replayable:
            _check_replay(subject, activation)
        _check_variants(subject, activation, shapes, elementwise)
        check_effects(subject, activation, lambda other: _outcomes(other, shapes[0]))


def _check_variants(subject: Subject, f: Activation, shapes: Sequence[tuple[int, ...]], elementwise: bool) -> None:
    """Check values and slopes with other arguments: what is right for one value only is wrong."""
    z = 2 * np.random.default_rng(0).standard_normal(shapes[0])
    for other in variants(f, lambda copy: _computes(copy, z), skip=BESIDE | AXES):
        with _with_arguments(subject, other) as varied:
            check_values(varied, other, z)
            check_gradients(varied, other, z.copy(), np.random.default_rng(1), elementwise)
            if elementwise:
                check_points(varied, other)


@contextmanager
def _with_arguments(subject: Subject, other: Activation) -> Iterator[Subject]:
    """Report a fault that shows with another value of an argument as a fault of that argument."""
    try:
        yield Subject(other)
    except AssertionError as error:
        given, now = (component.get_params(deep=False) for component in (subject.component, other))
        name = next(name for name in given if not same(given[name], now[name]))
        remark = f"with {name}={given[name]!r} it is right: look where {name} is left out, or a number is in its place"
        raise AssertionError(f"{error}; {remark}") from error


def _outcomes(f: Activation, shape: Shape) -> tuple[Array, ...]:
    """Return what an activation computes for inputs of all sizes."""
    z = np.random.default_rng(0).uniform(-1, 1, (200, *shape[1:])) * np.geomspace(0.1, 1e4, 200)[:, None]
    a = np.array(f(z))
    return a, np.array(f.backward(np.ones_like(z), z, a))


def _computes(f: Activation, z: Array) -> None:
    with np.errstate(all="ignore"):
        finite = np.isfinite(f(z.copy())).all()
    if not finite:
        raise ValueError("an argument that it does not mean to have, as 1 for the base of a logarithm")


def _check_replay(subject: Subject, f: Activation) -> None:
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        batches = [2 * rng.standard_normal((5, 4)) for _ in range(PLAYED)]
        for layer in (f, Dense(3, f)):  # on the layer's input, and on logits that it may overwrite
            check_layer_replay(subject, [Source(), layer], (4,), batches, dtype)
