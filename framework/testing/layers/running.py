"""The running state of a layer: in inference it must stand for what training computes from its batch."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context, Layer
from framework.testing.core.report import Subject
from framework.testing.core.variants import variants
from framework.testing.layers.bench import Bench
from framework.testing.layers.means import check_mean
from framework.testing.layers.noise import forward_with_noise, mixes_samples
from framework.testing.layers.statistics import STAYS, State, Trained, why_apart

ROUNDS, LOOKS = 2, 4
PASSES = 25  # from one look at the state to the next
FEWER = 8  # if the inputs are small
ROWS = 16  # or a few more, a multiple of a batch size that works
NEAR = 0.06  # a running variance may be divided by n or by n - 1
SMALL = 1e-3  # inputs so small that an epsilon matters
EPSILON = "inference does not use its epsilon as training does: inside or outside the root, or left out"


def check_running_state(subject: Subject, bench: Bench, x: Array, plain: bool, small: bool = True) -> None:
    """Check that inference approaches training, if the layer is trained on one batch for long.

    It must if the outputs in training depend on the other samples of the batch, and not on noise. State that momentum
    still moves is continued to its limit. With `plain`, the inputs may be any numbers, and with `small` tiny ones.
    """
    if not bench.state or not bench.place.trainable or len(x) < 2:
        return
    _check_set(subject, bench, x)
    batch = _two_samples(x, plain)
    part, ctx = f"forward, a batch of {len(batch)}", bench.context(len(batch))
    y, random = subject.call(part, forward_with_noise, bench, ctx, batch)
    unlike = not np.allclose(y.reshape(-1, 2, *y.shape[1:]), y[:2])  # parts of the batch have statistics of their own
    if random or unlike or not mixes_samples(bench, ctx, batch):
        return
    bench.restart()
    first = _copied(bench)
    with np.errstate(all="ignore"):
        try:
            _check_apart(subject, _trained(bench, batch, PASSES))
            if plain and small:
                bench.start_from(first)
                _check_apart(subject, _trained(bench, SMALL * batch, FEWER), EPSILON)
        finally:
            bench.start_from(first)


def _check_set(subject: Subject, bench: Bench, x: Array) -> None:
    """Fail if inference reads state that training neither reads nor writes: nothing ever sets it."""
    bench.restart()
    first, training, resting = _copied(bench), bench.context(len(x)), bench.context(len(x), training=False)

    def reads(ctx: Context, name: str) -> bool:
        outputs = []
        for values in (first[name], 1.5 * first[name] + 0.5):
            bench.start_from({**first, name: values})
            outputs.append(np.array(bench.forward(ctx, x)))
        bench.start_from(first)
        return not np.array_equal(outputs[0], outputs[1], equal_nan=True)

    with np.errstate(all="ignore"):
        for name in [name for name in first if reads(resting, name) and not reads(training, name)]:
            for _ in range(PASSES):
                training.layer.forward(training, x)
            unset = np.array_equal(bench.state[name], first[name])
            bench.start_from(first)
            if unset:
                problem = f"reads {name}, which training neither reads nor writes"
                subject.fail("forward in inference", problem, STAYS.format(name))


def check_other_arguments(bench: Bench, x: Array, plain: bool) -> None:
    """Check noise of other rates, which may be right for 0.5 alone, and running state where a flag is another."""
    layer, shape = bench.place.layer, x.shape[1:]
    random = forward_with_noise(bench, bench.context(len(x)), x)[1]
    for copy in variants(layer, lambda other: _runs(other, x)) if random or bench.state else ():
        other = Bench(copy, shape)
        own = layer.get_params(deep=False)
        changed = [(value, own[name]) for name, value in copy.get_params(deep=False).items() if value is not own[name]]
        if random:
            other.settle(x)
            if not any(isinstance(was, float) and not 0 <= was <= 1 for _, was in changed):  # bounds of noise, say
                check_mean(Subject(copy), other, x)
        elif any(isinstance(value, bool) for value, _ in changed):
            check_running_state(Subject(copy), other, x, plain, small=False)


def _runs(layer: Layer, x: Array) -> None:
    """Raise ValueError if a layer does not work with its arguments."""
    try:
        bench = Bench(layer, x.shape[1:])
        bench.settle(x)
        bench.forward(bench.context(len(x), training=False), x)
    except Exception as error:
        raise ValueError from error


def _two_samples(x: Array, plain: bool) -> Array:
    """Return two samples in turn, so that the statistics of any part of the batch are those of the whole.

    They are far apart, and on both sides of zero: a running maximum or minimum that starts there is moved.
    """
    first, second = x[:2]
    if plain:
        draws = np.random.default_rng(0).standard_normal((16, *x.shape[1:]))
        first, second = 2 * draws.max(axis=0), draws.min(axis=0)
    return np.array([first, second] * len(x) * ceil(ROWS / 2 / len(x)))


def _copied(bench: Bench) -> State:
    return {name: values.copy() for name, values in bench.state.items()}


def _trained(bench: Bench, batch: Array, passes: int) -> Trained:
    """Train the layer on one batch, and continue its state to where it goes."""
    ctx, states = bench.context(len(batch)), [_copied(bench)]
    for _ in range(ROUNDS):  # the second one removes the rounding errors of the first, if momentum is slow
        for _ in range(LOOKS):
            for _ in range(passes):
                ctx.layer.forward(ctx, batch)
            states.append(_copied(bench))
        bench.start_from({name: _limit([state[name] for state in states[-LOOKS:]]) for name in bench.state})
    for _ in range(2):  # where it does not stay at its limit, a maximum or the like has taken over
        before = _copied(bench)
        ctx.layer.forward(ctx, batch)
    after, start = _copied(bench), states[0]
    moving = [name for name in after if not _at_rest(start[name], before[name], after[name])]
    return Trained(bench, ctx, batch, ROUNDS * LOOKS * passes, states, after, moving)


def _limit(values: list[Array]) -> Array:
    """Return where a geometric series goes, as momentum makes it; the last value of another one."""
    before, step, after = (values[k + 1] - values[k] for k in range(LOOKS - 1))
    moves = np.abs(step) > 1e-9 * np.abs(step).max(initial=0.0)
    steady = np.allclose(after, before, rtol=1e-9, atol=0)  # it counts, or is at rest
    if steady or not moves.any() or not np.isfinite(values[-1]).all() or not before[moves].all():
        return values[-1]
    ratios = np.concatenate([after[moves] / step[moves], step[moves] / before[moves]])
    ratio = float(ratios[0])
    if 0 < ratio < 1 and np.allclose(ratios, ratio, rtol=1e-3):
        return np.asarray(values[-1] + after * ratio / (1 - ratio))
    return values[-1]


def _at_rest(start: Array, before: Array, after: Array) -> bool:
    moved = np.abs(after - start).max(initial=0.0)
    return bool(np.isfinite(after).all() and np.allclose(before, after, rtol=1e-8, atol=1e-8 * moved))


def _check_apart(subject: Subject, trained: Trained, cause: str = "") -> None:
    """Fail if inference is not near training after all passes, nor where the state goes, and is not on its way."""
    states = trained.states
    if not trained.meant() or min(trained.distance(state) for state in (states[-1], trained.limit)) <= NEAR:
        return
    if not all(trained.counts(name) for name in trained.moving):
        distances = [trained.distance(state) for state in states[1:]]
        if not all(b > 1.05 * a for a, b in pairwise(distances)):
            return
    if cause and len(trained.moved()) < len(states[0]):
        return  # a maximum or minimum has its start for a bound
    computed, wanted = trained.outputs(trained.limit)
    apart = np.nan_to_num(np.abs(computed - wanted), nan=np.inf)
    i = tuple(int(k) for k in np.unravel_index(np.argmax(apart), wanted.shape))
    subject.fail(
        f"forward in inference, after {trained.passes} training passes on one batch",
        f"entry {list(i)}: computed {computed[i]:.4g}, expected about {wanted[i]:.4g}, as in training",
        cause or why_apart(trained, computed, wanted),
    )
