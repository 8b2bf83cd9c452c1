"""Causes of wrong running state: which of its arrays are updated, which are read, and what they come near to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.layers.bench import Bench

State = dict[str, Array]
ALIKE = 0.07  # n or n - 1
STAYS = "{0} stays at its initial values: in training, ctx.{0}[...] = momentum * ctx.{0} + (1 - momentum) * (its value)"
UPDATE = "ctx.{0}[...] = momentum * ctx.{0} + (1 - momentum) * (the batch's value)"
WORDS = {"mean": ("mean", "mu", "avg"), "variance": ("var",), "standard deviation": ("std", "sd", "sigma")}


@dataclass(frozen=True)
class Trained:
    """A layer after many training passes on one batch.

    Attributes
    ----------
    bench : Bench
    training : Context
    batch : ndarray
    passes : int
    states : list of dict of str to ndarray
        Its own state at the start, and after some passes.
    limit : dict of str to ndarray
        Where the state goes.
    moving : list of str
        The arrays that do not come to rest.
    """

    bench: Bench
    training: Context
    batch: Array
    passes: int
    states: list[State]
    limit: State
    moving: list[str]

    def moved(self) -> list[str]:
        """Return the names of the arrays that training has changed."""
        start, near = self.states[0], 1e-9 * float(np.abs(self.batch).max())
        return [name for name in start if not np.allclose(self.limit[name], start[name], rtol=0, atol=near)]

    def meant(self) -> list[str]:
        """Return the names of the arrays that are meant to stand for the batch: those that are read, or learned."""
        moved = self.moved()
        return [name for name in self.limit if self.reads(name) or (name in moved and not self.counts(name))]

    def outputs(self, state: State) -> tuple[Array, Array]:
        """Return the outputs from this state, in inference and in training."""
        bench = self.bench
        bench.start_from(state)
        computed = bench.forward(bench.context(len(self.batch), training=False), self.batch).copy()
        bench.start_from(state)
        return computed, bench.forward(self.training, self.batch).copy()

    def distance(self, state: State) -> float:
        """Return how far inference is from training, as a share of the outputs."""
        computed, wanted = self.outputs(state)
        size = float(np.sqrt((wanted**2).mean()))
        return float(np.nan_to_num(np.sqrt(((computed - wanted) ** 2).mean()) / (size or 1.0), nan=np.inf))

    def reads(self, name: str) -> bool:
        """Return whether the outputs in inference depend on this array of the state."""
        other = {**self.limit, name: 1.5 * self.limit[name] + 0.5}
        return not np.array_equal(self.outputs(self.limit)[0], self.outputs(other)[0], equal_nan=True)

    def numbers_passes(self, name: str) -> bool:
        """Return whether an array of the state holds integers to which each pass adds the same."""
        return self.counts(name) and bool((self.limit[name] == np.round(self.limit[name])).all())

    def counts(self, name: str) -> bool:
        """Return whether each pass adds the same to an array of the state."""
        steps = np.diff([state[name] for state in self.states], axis=0)
        return bool(steps.any() and np.allclose(steps, steps[0], rtol=1e-9, atol=0))


def why_apart(trained: Trained, computed: Array, wanted: Array) -> str:
    """Return the likeliest cause of inference that does not approach training."""
    limit, start, moved = trained.limit, trained.states[0], trained.moved()
    read = [name for name in limit if trained.reads(name)]
    if still := [name for name in read if name not in moved]:
        stay = "stays at its initial values" if len(still) == 1 else "stay at their initial values"
        return f"{' and '.join(still)} {stay}: in training, {UPDATE.format(still[0])}"
    if unread := [name for name in moved if name not in read]:
        names = " and ".join(unread)
        return f"inference does not read {names}: it must use the running state where training uses the batch"
    growing = [name for name in read if name in trained.moving or not np.isfinite(limit[name]).all()]
    if growing and not all(map(trained.numbers_passes, growing)):
        return _why_growing(trained, growing)
    found = {}
    for name in (name for name in read if name not in growing):
        stuck = limit[name] == start[name]
        if stuck.any():
            return f"{int(stuck.sum())} of the {stuck.size} entries of {name} are never updated: {UPDATE.format(name)}"
        found[name] = _nearest(limit[name], trained.batch)
        if problem := _problem(name, found[name], limit[name]):
            return problem
    if all(found.values()):
        known = ", ".join(f"{name} is the batch's {match[0]}" for name, match in found.items() if match)
        return f"the state is right ({known}), and the formula of inference is not: {_between(computed, wanted)}"
    unknown = next(name for name, match in found.items() if not match)
    values = np.array2string(np.ravel(limit[unknown])[:3], precision=3, separator=", ")
    return f"{unknown} approaches {values}, no mean, variance or maximum of the batch: look at its update"


def _why_growing(trained: Trained, growing: list[str]) -> str:
    total, *others = sorted(growing, key=lambda name: -trained.limit[name].size)
    if not others:
        return f"{total} grows without end: each update must keep less than the whole of the old value"
    quotient = trained.limit[total] / trained.limit[others[0]]
    match = _nearest(quotient, trained.batch)
    text = f"{match[1]:.3g} times the batch's {match[0]}" if match else "no mean of the batch"
    return f"{total} / {others[0]} approaches {text}: one may be a sum over samples, and the other one over batches"


def _statistics(x: Array) -> Iterator[tuple[str, Array]]:
    last = tuple(range(x.ndim - 1))
    for axes, over in ((0, ""), (last, " over all axes but the last"), (None, " over all features")):
        yield f"mean{over}", x.mean(axis=axes)
        yield f"variance{over}", x.var(axis=axes)
        yield f"standard deviation{over}", x.std(axis=axes)
        yield f"inverse standard deviation{over}", 1 / x.std(axis=axes)
        yield f"mean of squares{over}", (x * x).mean(axis=axes)
        yield f"maximum{over}", x.max(axis=axes)
        yield f"minimum{over}", x.min(axis=axes)
        yield f"largest absolute value{over}", np.abs(x).max(axis=axes)


def _nearest(values: Array, x: Array) -> tuple[str, float] | None:
    """Return the statistic of the batch that an array of the state is, and by which factor; None if it is none."""
    scaled = None
    for name, statistic in _statistics(x):
        if statistic.size not in (1, values.size):
            continue
        ratios = values.ravel() / np.broadcast_to(statistic.ravel(), values.size)
        if np.allclose(ratios, 1, rtol=ALIKE, atol=0):
            return name, 1.0
        opposite = np.allclose(ratios, -1, rtol=ALIKE, atol=0)
        if scaled is None and (values.size > 1 or opposite) and np.allclose(ratios, ratios[0], rtol=1e-3, atol=0):
            scaled = name, float(ratios.mean())
    return scaled


def _problem(name: str, match: tuple[str, float] | None, values: Array) -> str | None:
    if match is None:
        return None
    what, factor = match
    if values.size > 1 and "all features" in what:
        return f"{name} approaches the {what}: a sum or mean over the wrong axis"
    meant = next((statistic for statistic, words in WORDS.items() if any(word in name for word in words)), what)
    if factor == 1 and not what.startswith(meant):
        return f"{name} approaches the batch's {what}, expected its {meant}"
    if factor != 1:
        cause = "the weights of its old and its new value must sum to 1" if 0 < factor < 4 else "look at its update"
        return f"{name} approaches {factor:.3g} times the batch's {what}: {cause}"
    return None


def _between(computed: Array, wanted: Array) -> str:
    """Return how the outputs in inference differ from those in training, two samples in turn."""
    difference, ratio = (computed - wanted)[:2], (computed / wanted)[:2]
    if np.allclose(difference[0], difference[1], rtol=ALIKE, atol=ALIKE * np.abs(wanted).mean()):
        return "it differs by a constant for each feature (the sign of the mean, or a shift such as beta left out)"
    if np.allclose(ratio[0], ratio[1], rtol=ALIKE):
        return "it differs by a factor for each feature (a root, or a scale such as gamma left out)"
    return "it differs by a factor and a constant for each feature (a root, or gamma and beta left out)"
