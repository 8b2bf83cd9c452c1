"""The mean of a layer's noise: what is multiplied by it, or what it is added to, must stay as it is on average."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.core.report import Subject
from framework.testing.core.variants import with_argument
from framework.testing.layers.bench import Bench

PASSES = 200
ROWS = 16  # or a few more, a multiple of a batch size that works
NEAR = 0.02  # how far a mean factor may be from 1, beside its statistical error
OTHER = 0.3  # times the parameters
WIDTHS = ("std", "dev", "sigma", "scale", "rate", "level", "strength", "amount", "noise")
UNLIKE = 0.15  # how far the mean factors of outputs may be apart, to be one


def check_mean(subject: Subject, bench: Bench, x: Array) -> None:
    """Check that noise which leaves zeros alone multiplies the outputs by 1 on average.

    All samples are equal and of equal numbers, so that mixing samples or features changes nothing.
    """
    ones = np.ones((len(x) * ceil(ROWS / len(x)), *x.shape[1:]))
    try:
        with np.errstate(all="ignore"):
            factors = _factors(bench, ones)
    except Exception:  # it may not be made for zeros and ones
        return
    if factors is None:
        return
    draws, y = factors
    if y is None:
        _check_added(subject, bench, draws)
        return
    mean, error = _mean(draws, y)
    alike = np.allclose(draws.mean(axis=(0, 1)), mean * y[0], rtol=0, atol=UNLIKE * np.abs(y).max())
    if abs(mean - 1) <= NEAR + 5 * error or not alike or _is_chosen(bench, ones) or _is_learned(bench, ones, mean):
        return
    noise = _Factor.of(draws, y)
    sized = explained(bench, noise.kept) is None and _has_size(bench)
    if noise.erases and (sized or _erases_as_many(draws)):
        return  # blocks of a given size are erased: published (as cutout) without a scale
    problem = f"its mean is {mean:.3g} times the outputs in inference, expected 1 times{noise.described()}"
    subject.fail("forward in training", problem, _cause(bench, noise, mean, y if y.shape == ones.shape else None))


def _mean(draws: Array, y: Array) -> tuple[float, float]:
    """Return by what noise multiplies the outputs on average, and the error of this mean."""
    means = (draws * y).reshape(PASSES, -1).sum(axis=1) / float((y * y).sum())
    return float(means.mean()), float(means.std()) / PASSES**0.5


def _is_chosen(bench: Bench, ones: Array) -> bool:
    """Return whether a flag turns off what makes the mean 1, as ``scale_by_keep=False`` of stochastic depth."""
    layer = bench.place.layer
    for name, value in layer.get_params(deep=False).items():
        if isinstance(value, bool) and name != "trainable" and (other := with_argument(layer, name, not value)):
            factors = _factors(Bench(other, ones.shape[1:]), ones)
            if factors is not None and factors[1] is not None:
                mean, error = _mean(factors[0], factors[1])
                if error and abs(mean - 1) <= NEAR + 5 * error:
                    return True
    return False


def _factors(bench: Bench, ones: Array) -> tuple[Array, Array | None] | None:
    """Return outputs of many training passes and those in inference; None unless noise multiplies what it is given.

    If it is added instead, return the noise, and None. Layers inside that are not linear are replaced by nothing.
    """
    resting, training = bench.context(len(ones), training=False), bench.context(len(ones))
    found = _factors_of(bench, ones, resting, training)
    inside = [child.layer for child in (*resting.children, *training.children)]
    if found is not None or any(layer.differs_in_training for layer in inside):
        return found
    try:
        for layer in inside:
            layer.forward = _nothing  # type: ignore[method-assign]
        found = _factors_of(bench, ones, resting, training) if inside else None
        whole = found is not None and np.array_equal(found[0], found[0][:, :1] + 0 * found[0])
        return None if whole else found  # LayerDrop leaves out a layer for the whole batch, and scales nothing
    finally:
        for layer in inside:
            vars(layer).pop("forward", None)


def _nothing(ctx: Context, x: Array) -> Array:
    return x


def _factors_of(bench: Bench, ones: Array, resting: Context, training: Context) -> tuple[Array, Array | None] | None:
    zero = bench.forward(resting, 0 * ones).copy()
    y = bench.forward(resting, ones) - zero
    bench.restart()
    still = all(np.array_equal(_next(bench, training, 0 * ones), zero) for _ in range(3))
    if not (y.any() and np.isfinite(y).all() and _is_linear(bench, training, ones)):
        return None
    added = bench.forward(training, 0 * ones) - zero
    if not still and not np.allclose(bench.forward(training, ones) - zero - y, added):
        return None
    bench.restart()
    draws = np.array([_next(bench, training, ones) - zero for _ in range(PASSES)])
    return (draws, y) if still else (draws - y, None)


def _is_learned(bench: Bench, ones: Array, mean: float) -> bool:
    """Return whether the mean factor follows the parameters, as that of a gate does: then it need not be 1."""
    old = {name: values.copy() for name, values in bench.params.items()}
    try:
        for values in bench.params.values():
            values *= OTHER
        factors = _factors(bench, ones)
    finally:
        for name, values in bench.params.items():
            values[...] = old[name]
    if factors is None or factors[1] is None:
        return True
    return abs(_mean(factors[0], factors[1])[0] - mean) > NEAR


def _check_added(subject: Subject, bench: Bench, noise: Array) -> None:
    """Fail if normal noise is added whose mean is not 0; other noise (to dequantize, Gumbel's) may have another one."""
    means = noise.reshape(PASSES, -1).mean(axis=1)
    mean, deviation = float(means.mean()), float(noise.std())
    if abs(mean) <= NEAR * deviation + 5 * float(means.std()) / PASSES**0.5:
        return
    third, fourth = (float((((noise - mean) / deviation) ** power).mean()) for power in (3, 4))
    arguments = [pair for place in bench.place for pair in place.layer.get_params(deep=False).items()]
    numbers = [(name, value) for name, value in arguments if type(value) in (int, float)]
    near = [name for name, value in numbers if abs(value - mean) < 0.1 * deviation]
    meant = any(not any(word in name for word in WIDTHS) for name in near)
    if abs(third) < 0.2 and abs(fourth - 3) < 0.3 and not meant:
        problem = f"the noise that is added has mean {mean:.3g} and standard deviation {deviation:.3g}, expected mean 0"
        cause = "the first argument of ctx.rng.normal is the mean: write ctx.rng.normal(0, deviation, x.shape)"
        subject.fail("forward in training", problem, cause)


def _is_linear(bench: Bench, ctx: Context, x: Array) -> bool:
    """Return whether the layer, its noise held fixed, is linear between 0 and `x`."""
    y, half, zero = (bench.forward(ctx, factor * x).copy() for factor in (1, 0.5, 0))
    return bool(np.allclose(2 * (half - zero), y - zero, rtol=1e-6, atol=1e-9 * np.abs(y).max()))


@dataclass(frozen=True)
class _Factor:
    """The random factor of each output.

    Attributes
    ----------
    kept : float
        The share of the outputs that are not set to zero.
    times : float or None
        What all of these are multiplied by; None if they differ.
    """

    kept: float
    times: float | None

    @classmethod
    def of(cls, draws: Array, y: Array) -> _Factor:
        factors = draws[:, y != 0] / y[y != 0]
        on = factors[np.abs(factors) > 1e-9]
        alike = on.size and np.allclose(on, on[0], rtol=1e-6)
        return cls(float(on.size / factors.size), float(on[0]) if alike else None)

    @property
    def erases(self) -> bool:
        """Whether some outputs are set to zero, and the others stay as they are."""
        return self.kept < 1 and self.times is not None and abs(self.times - 1) < 1e-6

    def described(self) -> str:
        if self.times is None:
            return ""
        return f": a share of {self.kept:.2g} is kept, and multiplied by {self.times:.3g}"


def explained(bench: Bench, kept: float, near: float = 0.04) -> str | None:
    """Return the share that is kept in terms of an argument, such as ``1 - rate``, or None."""
    for place in bench.place:
        for name, value in place.layer.get_params(deep=False).items():
            if isinstance(value, float) and 0 < value < 1:
                for share, text in ((1 - value, f"(1 - {name})"), (value, name)):
                    if abs(share - kept) < near:
                        return text
    return None


def _erases_as_many(draws: Array) -> bool:
    """Return whether as many outputs of each sample are erased in every pass."""
    counts = np.count_nonzero(draws.reshape(*draws.shape[:2], -1), axis=2)
    return bool((counts == counts.flat[0]).all() and counts.flat[0] > 0)


def _has_size(bench: Bench) -> bool:
    arguments = [value for at in bench.place for value in at.layer.get_params(deep=False).values()]
    return any(isinstance(value, int | tuple) and not isinstance(value, bool) for value in arguments)


def _cause(bench: Bench, noise: _Factor, mean: float, y: Array | None) -> str:
    """Return the likeliest cause of a random factor whose mean is not 1."""
    kept, times = noise.kept, noise.times
    if y is not None and np.allclose(y, y.flat[0]) and abs(y.flat[0] - 1) > NEAR and times is not None:
        inference = float(y.flat[0])  # the inputs are 1
        if abs(mean * inference - 1) < NEAR + 0.03:
            return f"inference multiplies by {inference:.3g}, but training is scaled already: return x in inference"
    if times is None and (share := explained(bench, mean)):
        return f"what is kept is not scaled by 1 / {share}"
    if times is None and mean < 1 and bench.place.children:
        return "a path through the layers inside is kept at random, and not divided by the share that is kept"
    if times is None or kept == 1:
        return f"the random factor has mean {mean:.3g}: divide it by that, or draw it around 1"
    share = explained(bench, kept) or f"{kept:.2g}"
    dropped = share[5:-1] if share.startswith("(1 - ") else f"(1 - {share})"

    def near(other: float) -> bool:
        return abs(times - other) < 0.05 * other

    if near(1):
        return f"what is kept is not scaled by 1 / {share}"
    if near(1 / kept**2):
        return f"what is kept is scaled twice by 1 / {share}: once is enough"
    if near(kept):
        return f"what is kept is multiplied by {share}: divide by it"
    if near(1 / (1 - kept)):
        if share.startswith("(1 - ") or "keep" in share or "surviv" in share:
            return f"what is kept is scaled by 1 / {dropped}, expected 1 / {share}"
        return (
            f"kept and dropped are exchanged: a share of {share} is kept, expected {dropped}: keep where the random "
            f"number is at least {share}"
        )
    return f"what is kept must be scaled by 1 / {share}, the inverse of the share that is kept"


def _next(bench: Bench, ctx: Context, x: Array) -> Array:
    """Return the outputs of the next training pass, from the starting state and with other noise."""
    bench.reset_state()
    return np.asarray(ctx.layer.forward(ctx, x))
