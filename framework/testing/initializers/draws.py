"""Draws of an initializer: of the shape, from the generator given alone, anew in each call."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.types import Array, Shape
from framework.initializers import Initializer
from framework.testing.core.report import Subject
from framework.testing.initializers.repeats import LONG, check_repeats

SEEDS = (1, 2, 3, 4, 5)
MANY = 500  # entries: of fewer, all may be 0 by chance in sparse arrays
MAKERS = ("default_rng", "Generator", "RandomState", "PCG64", "PCG64DXSM", "Philox", "SFC64")
FIXED = "it makes a generator of its own with a fixed seed: all layers and seeds get the same values; draw from rng"


def check_draws(subject: Subject, f: Initializer, shape: Shape) -> None:
    """Check the arrays of one shape."""
    part = f"shape {shape}"
    rng = np.random.default_rng(SEEDS[0])
    start = rng.bit_generator.state
    with _makers_watched(f) as made:
        kept = subject.compute(part, lambda: f(shape, rng), shape)
    subject.finite_at(part, lambda: f(shape, np.random.default_rng(SEEDS[0])))
    drawn = rng.bit_generator.state != start
    again = f(shape, np.random.default_rng(SEEDS[0]))
    own = "the same seed gives other values: a generator of its own; draw from rng"
    subject.same(part, again, kept, cause=own if made or drawn else f"{own} (or np.empty is not filled)")
    _check_seeds(subject, part, f, kept, rng, drawn, bool(made))
    if not again.flags.writeable:
        subject.fail(part, "returns an array that is read-only", "a view, as from np.broadcast_to: copy it")
    again[...] = 7.0
    last = f(shape, np.random.default_rng(SEEDS[0]))
    cause = "it returns the same array twice: a buffer or an argument is given away; copy it"
    subject.same(part, last, kept, cause=cause)


def _check_seeds(
    subject: Subject, part: str, f: Initializer, kept: Array, rng: np.random.Generator, drawn: bool, made: bool
) -> None:
    """Check that other seeds give other values, and the same generator other values in a second call.

    Parameters
    ----------
    kept : ndarray
        What was drawn first, from `rng`.
    drawn, made : bool
        Whether `rng` was used, and whether another generator was made.
    """
    shape = kept.shape
    later = np.random.default_rng(SEEDS[1])
    start = later.bit_generator.state
    samples = np.stack([kept, f(shape, later).copy(), *(f(shape, np.random.default_rng(k)) for k in SEEDS[2:])])
    if (samples == kept).all() and kept.size > 1:
        alike = "different seeds give the same values"
        constant = bool((kept == kept.flat[0]).all())
        if made and not constant:
            subject.fail(part, alike, FIXED)
        if drawn and (kept.size >= MANY or not constant):
            cached = later.bit_generator.state == start
            cause = "they are kept from the first call (a cache): draw anew in each call"
            subject.fail(part, alike, cause if cached else "what it draws is not used")
    elif not drawn and kept.size >= LONG and np.array_equal(f(shape, rng), kept):
        cause = "a generator of its own begins at the seed of rng each time, and rng does not advance: draw from rng"
        subject.fail(part, "a second call with the same generator gives the same values", cause)
    if made and kept.size >= MANY and _follow(samples.reshape(len(samples), -1)):
        subject.fail(part, "different seeds give the same values but for their size", FIXED)
    check_repeats(subject, f, samples)


def _follow(rows: Array) -> bool:
    """Return whether each row is a multiple of the first, up to a constant, and not all zero."""
    centered = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centered, axis=1)
    return bool((lengths > 0).all() and (np.abs(centered @ centered[0]) > 0.999 * lengths * lengths[0]).all())


@contextmanager
def _makers_watched(f: Initializer) -> Iterator[list[str]]:
    """Note the names of the functions that make generators, in the order in which the block calls them."""
    called: list[str] = []
    originals = {id(getattr(np.random, name)): name for name in MAKERS} | {id(random.Random): "Random"}
    places = [vars(np.random), vars(random), *_globals(f)]
    found = [(place, key, value) for place in places for key, value in [*place.items()] if id(value) in originals]
    try:
        for place, key, value in found:
            place[key] = _noting(called, value, originals[id(value)])
        yield called
    finally:
        for place, key, value in found:
            place[key] = value


def _globals(f: Initializer) -> list[dict[str, Any]]:
    """Return the variables of the modules in which the initializer's classes are written."""
    modules: dict[int, dict[str, Any]] = {}
    for cls in type(f).__mro__:
        for value in vars(cls).values() if not is_built_in(cls) else ():
            names = getattr(getattr(value, "__wrapped__", value), "__globals__", None)
            if names is not None:
                modules[id(names)] = names
    return list(modules.values())


class _Watched(type):
    """The class of a class in the place of its base: what was made before is an instance of it, too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])


def _noting(called: list[str], maker: Any, name: str) -> Any:
    """Return a function or a class that does what `maker` does, and notes it."""
    if isinstance(maker, type):

        def note(self: Any, *args: Any, **kwargs: Any) -> None:
            called.append(name)
            maker.__init__(self, *args, **kwargs)  # type: ignore[misc]

        return _Watched(name, (maker,), {"__init__": note})

    def noting(*args: Any, **kwargs: Any) -> Any:
        called.append(name)
        return maker(*args, **kwargs)

    return noting
