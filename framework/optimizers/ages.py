"""Steps of parameters that do not all take part since the same step, because layers were thawed in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.messages import shown
from framework.core.types import Array


class Stretch(NamedTuple):
    """A part of the vectors whose parameters have the same number of steps: it begins, it ends, it missed so many."""

    start: int
    stop: int
    missed: int


class Parts(NamedTuple):
    """The arrays of an optimizer that have an element for each parameter, and for each stretch their parts by name."""

    whole: dict[str, Array]
    each: list[dict[str, Any]]
    attributes: int  # how many the optimizer had
    numbers: list[str]  # those that a user's rule may change


class Rule(Protocol):
    """What is needed of an optimizer."""

    slots: ClassVar[tuple[str, ...]]
    step: int
    decayed: int | None
    _parts: Parts | None

    def update(self, params: Array, grads: Array) -> None: ...


def stretches_of(missed: Array, size: int, step: int) -> tuple[Stretch, ...]:
    """Return the stretches in which the elements of `missed`, steps missed before `step`, are equal; none if all are 0.

    Raises
    ------
    ValueError
        Unless `missed` holds `size` integers from 0 to `step`.
    """
    if missed.shape != (size,) or missed.dtype.kind != "i" or (missed < 0).any() or (missed > step).any():
        raise ValueError(f"the steps missed must be {size} integers from 0 to {step}, got {shown(missed)}")
    if not missed.any():
        return ()
    edges = [0, *(np.flatnonzero(np.diff(missed)) + 1).tolist(), size]
    return tuple(Stretch(start, stop, int(missed[start])) for start, stop in pairwise(edges))


def missed_in(stretches: Sequence[Stretch]) -> Array:
    """Return the steps missed by each parameter, int64."""
    return np.concatenate([np.full(stop - start, missed, np.int64) for start, stop, missed in stretches])


def update_in(stretches: Sequence[Stretch], rule: Rule, params: Array, grads: Array) -> None:
    """Call the rule's `update` for each stretch, as the optimizer of these parameters alone.

    For the length of the call, `step` is the number of their steps, and each array among the attributes that has an
    element for each parameter is their part of it: slots, ``work`` and what a subclass keeps beside them. Numbers that
    the rule changes, such as a count of its own, are what they were before: they change once in a step.
    """
    attributes, step, decayed, slots = rule.__dict__, rule.step, rule.decayed, rule.slots
    parts = rule._parts
    if (
        parts is None
        or parts.attributes != len(attributes)
        or any(attributes[name] is not array for name, array in parts.whole.items())
    ):
        parts = rule._parts = _parts(stretches, rule, params.size)
    numbers = {name: attributes[name] for name in parts.numbers}
    try:
        for (start, stop, missed), own in zip(stretches, parts.each, strict=True):
            attributes.update(numbers)
            attributes.update(own)
            attributes["step"] = step - missed
            rule.update(params[start:stop], grads[start:stop])
            made = {slot: attributes[slot] for slot in slots if attributes[slot] is not own[slot]}  # by the rule
            if len(made) > 1:  # it may have exchanged slots
                made = {slot: np.copy(vector) for slot, vector in made.items()}
            for slot, vector in made.items():
                own[slot][...] = vector
    finally:
        attributes.update(parts.whole)
        attributes["step"], attributes["decayed"] = step, decayed


def _parts(stretches: Sequence[Stretch], rule: Rule, size: int) -> Parts:
    attributes, decayed = rule.__dict__, rule.decayed
    arrays = ((name, value) for name, value in attributes.items() if isinstance(value, np.ndarray))
    whole = {name: array for name, array in arrays if array.shape[-1:] == (size,)}
    each: list[dict[str, Any]] = []
    for start, stop, _ in stretches:
        own = {name: array[..., start:stop] for name, array in whole.items()}
        of_decayed = None if decayed is None else min(max(decayed - start, 0), stop - start)
        each.append({**own, "decayed": of_decayed})
    numbers = (
        []
        if is_built_in(type(rule))
        else [name for name, value in attributes.items() if isinstance(value, int | float)]
    )
    return Parts(whole, each, len(attributes), numbers)
