"""Wide and tall matrices, compared with what an initializer says of itself: he, glorot, fan_in, orthogonal, ..."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import log, sqrt

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.messages import snake_case
from framework.core.types import Array
from framework.initializers import Initializer, fans
from framework.testing.initializers.statistics import of_variance
from framework.testing.report import Subject

# What the variance is proportional to: the power of 1 / fan_in that tall and wide matrices of one size differ by.
POWERS = {"fan_in": 1.0, "fan_out": -1.0, "fan_avg": 0.0}
FAMILIES = {"he": "fan_in", "kaiming": "fan_in", "lecun": "fan_in", "glorot": "fan_avg", "xavier": "fan_avg"}
NUMERATORS = {"he": 2.0, "kaiming": 2.0, "lecun": 1.0, "glorot": 2.0, "xavier": 2.0}
BY_INPUTS = "xavier"  # is also the name of 1 / fan_in, in Caffe and in courses
PLAIN = {"my", "own", "custom", "plain", "random", "semi", "normal", "uniform"}
PLAIN |= {"init", "initializer", "initialization", "weights"}
ORTHOGONAL = {"orthogonal", "orthonormal"}
DESCRIPTION = "its description"
SPREAD = 0.15  # how much of a variance may be chance, or the edges of a distribution that are cut off


def check_named(subject: Subject, draw: Callable[[], Sequence[Array]]) -> None:
    """Compare wide and tall matrices with what the name, the description or an argument declares.

    Parameters
    ----------
    draw : callable
        Returns wide and tall matrices of one size, two arrays (draws, units, inputs).
    """
    component = subject.component
    assert isinstance(component, Initializer)
    words = _words(component)
    if words & ORTHOGONAL and not words - ORTHOGONAL - PLAIN:
        for samples in draw():
            _check_angles(subject, samples[0])
    said = _declared(component)
    if said is None:
        return
    wide, tall = draw()
    variances = [float(samples.var()) for samples in (wide, tall)]
    if min(variances) <= 0 or any(abs(samples.mean()) > 0.2 * samples.std() for samples in (wide, tall)):
        return
    fan_in, fan_out = fans(wide.shape[1:])
    power = log(variances[0] / variances[1]) / log(fan_out / fan_in)
    where, declared = said
    part = f"shapes {wide.shape[1:]} and {tall.shape[1:]}"
    deviations = ", ".join(f"{sqrt(variance):.4g}" for variance in variances)
    problem = f"standard deviations {deviations}, but {where} says {declared}"
    wanted = POWERS[declared]
    if wanted and power * wanted < -0.5:
        other = "fan_out" if declared == "fan_in" else "fan_in"
        cause = f"fan_in and fan_out are exchanged: it divides by {other}; W has shape (units, inputs): a row is a node"
        subject.fail(part, problem, cause)
    if wanted and where != DESCRIPTION:
        if power * wanted > 1.5:
            subject.fail(part, problem, "the variance is taken for the standard deviation: a square root is missing")
        if power * wanted < 0.5:
            subject.fail(part, problem, f"the values do not grow and shrink with {declared}, or with both fans alike")
    if where != DESCRIPTION and BY_INPUTS in where.lower() and power > 0.5 and _near(variances[0], 1 / fan_in):
        return
    if not wanted and abs(power) > 0.5:
        alone = "fan_in" if power > 0 else "fan_out"
        subject.fail(part, problem, f"the values depend on {alone} more than on the other: (fan_in + fan_out) is meant")
    _check_size(subject, component, part, variances[0], fan_in, fan_out)


def _check_size(subject: Subject, f: Initializer, part: str, variance: float, fan_in: int, fan_out: int) -> None:
    """Check the variance itself if the name says no more than a published rule, and there is nothing to set."""
    words = _words(f)
    family = words & FAMILIES.keys()
    described = re.search(r"[/\d]", type(f).__doc__ or "")
    if len(family) != 1 or words - family - PLAIN or f.get_params(deep=False) or described:
        return
    (rule,) = family
    size = {"fan_in": fan_in, "fan_avg": fan_in + fan_out}[FAMILIES[rule]]
    right = NUMERATORS[rule] / size
    if not _near(variance, right):
        formula = f"sqrt({NUMERATORS[rule]:g} / {'fan_in' if size == fan_in else '(fan_in + fan_out)'})"
        problem = f"standard deviation {sqrt(variance):.4g} for {fan_in} inputs and {fan_out} units"
        cause = of_variance(variance, sqrt(right), sqrt(right), SPREAD * variance)
        subject.fail(part, f"{problem}, but {rule} says {formula} = {sqrt(right):.4g} (or give std=)", cause)


def _near(variance: float, right: float) -> bool:
    return 1 - 2 * SPREAD < variance / right < 1 + 2 * SPREAD


def _words(f: Initializer) -> set[str]:
    return set(re.sub(r"\d", "", snake_case(type(f).__name__)).split("_"))


def _check_angles(subject: Subject, W: Array) -> None:
    """Check that the rows of a wide matrix, or the columns of a tall one, are at right angles and of one length."""
    short, name = (W, "rows") if len(W) <= W.shape[1] else (W.T, "columns")
    gram = short @ short.T
    lengths = np.sqrt(np.diagonal(gram))
    part, cause = f"shape {W.shape}", "QR or SVD of the wrong shape: the longer side comes first; transpose afterwards"
    cosines = np.abs(gram / np.outer(lengths, lengths) - np.eye(len(gram))) if lengths.all() else np.ones(1)
    subject.require(cosines.max() < 1e-6, part, f"the {name} are not at right angles, as the name says", cause)
    equal = np.ptp(lengths) < 1e-6 * lengths.max()
    subject.require(equal, part, f"the {name} are not of one length", "each is to be multiplied by the same gain")


def _declared(f: Initializer) -> tuple[str, str] | None:
    """Return where it is said what the variance depends on, and what: an argument, the description, the name."""
    for name, value in f.get_params(deep=False).items():
        if isinstance(value, str) and (said := _in_words(value)):
            return f"{name}={value!r}", said
    for cls in type(f).__mro__:
        if cls is Initializer:
            break
        if not is_built_in(cls) and (said := _in_words(f"{snake_case(cls.__name__)} {vars(cls).get('__doc__') or ''}")):
            return DESCRIPTION, said
        for word in snake_case(cls.__name__).split("_"):
            if word in FAMILIES:
                return f"the name {cls.__name__}", FAMILIES[word]
    return None


def _in_words(text: str) -> str:
    """Return the one of the fans that a text speaks of, "fan_avg" if it adds both, "" if it is not clear."""
    text = re.sub(r"[\s-]+", "_", text.lower())
    if "fan_avg" in text or re.search(r"fan_(in|out)_?\+_?fan_(in|out)", text):
        return "fan_avg"
    said = {name for name in ("fan_in", "fan_out") if name in text}
    return said.pop() if len(said) == 1 else ""
