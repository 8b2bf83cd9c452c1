"""Wide and tall matrices, compared with what an initializer says of itself: he, glorot, fan_in, orthogonal, ..."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from math import log, sqrt

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.messages import snake_case
from framework.core.types import Array
from framework.initializers import Initializer, fans
from framework.testing.core.report import Subject
from framework.testing.initializers.statistics import of_variance

# What the variance is proportional to: the power of 1 / fan_in that tall and wide matrices of one size differ by.
POWERS = {"fan_in": 1.0, "fan_out": -1.0, "fan_avg": 0.0}
# The published rules by their names: variances times fan_in, or times fan_in + fan_out.
HE, LECUN, GLOROT = {"fan_in": 2.0}, {"fan_in": 1.0}, {"fan_avg": 2.0}
RULES = {"he": HE, "kaiming": HE, "lecun": LECUN, "glorot": GLOROT, "xavier": GLOROT | LECUN}  # 1 / fan_in in Caffe
PLAIN = {"my", "own", "custom", "plain", "random", "semi", "normal", "uniform"}
PLAIN |= {"init", "initializer", "initialization", "weights"}
ORTHOGONAL = {"orthogonal", "orthonormal"}
DESCRIPTION, NAME = "its description", "the name"
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
    where, declared = said
    fan_in, fan_out = fans(wide.shape[1:])
    rules = [RULES[word] for word in words & RULES.keys()]
    published = [rule for named in rules for rule in named.items()]
    if where.startswith(NAME) and any(_fits((wide, tall), *rule) for rule in published):
        return
    power = log(variances[0] / variances[1]) / log(fan_out / fan_in)
    part = f"shapes {wide.shape[1:]} and {tall.shape[1:]}"
    deviations = ", ".join(f"{sqrt(variance):.4g}" for variance in variances)
    problem = f"standard deviations {deviations}, but {where} says {declared}"
    if cause := _of_power(power, POWERS[declared], where, declared):
        subject.fail(part, problem, cause)
    described = re.search(r"[/\d]", type(component).__doc__ or "")
    if len(rules) == 1 and not words - RULES.keys() - PLAIN and not component.get_params(deep=False) and not described:
        fan, numerator = next(iter(rules[0].items()))
        if not _fits((wide,), fan, numerator):
            right = sqrt(_variance(wide, fan, numerator))
            problem = f"standard deviation {sqrt(variances[0]):.4g} for {fan_in} inputs and {fan_out} units"
            formula = f"sqrt({numerator:g} / {'fan_in' if fan == 'fan_in' else '(fan_in + fan_out)'}) = {right:.4g}"
            cause = of_variance(variances[0], right, right, SPREAD * variances[0])
            subject.fail(part, f"{problem}, but {where} says {formula} (or give std=)", cause)


def _variance(samples: Array, fan: str, numerator: float) -> float:
    """Return the variance that a rule gives matrices, (draws, units, inputs)."""
    fan_in, fan_out = fans(samples.shape[1:])
    return numerator / {"fan_in": fan_in, "fan_avg": fan_in + fan_out}[fan]


def _fits(matrices: Iterable[Array], fan: str, numerator: float) -> bool:
    """Return whether matrices have the variance that a rule gives them."""
    expected = [(samples.var(), _variance(samples, fan, numerator)) for samples in matrices]
    return all(abs(variance - right) < 2 * SPREAD * right for variance, right in expected)


def _of_power(power: float, wanted: float, where: str, declared: str) -> str:
    """Return why the variance of wide and tall matrices differs by another power of fan_in than declared, or ""."""
    if not wanted:
        alone = "fan_in" if power > 0 else "fan_out"
        meant = f"the values depend on {alone} more than on the other: (fan_in + fan_out) is meant"
        return meant if abs(power) > 0.5 else ""
    if power * wanted < -0.5:
        other = "fan_out" if declared == "fan_in" else "fan_in"
        return f"fan_in and fan_out are exchanged: it divides by {other}; W has shape (units, inputs): a row is a node"
    if where == DESCRIPTION:
        return ""
    if power * wanted > 1.5:
        return "the variance is taken for the standard deviation: a square root is missing"
    flat = f"the values do not grow and shrink with {declared}, or with both fans alike"
    return flat if power * wanted < 0.5 else ""


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
            if word in RULES:
                return f"{NAME} {cls.__name__}", next(iter(RULES[word]))
    return None


def _in_words(text: str) -> str:
    """Return the one of the fans that a text speaks of, "fan_avg" if it adds both, "" if it is not clear."""
    text = re.sub(r"[\s-]+", "_", text.lower())
    if "fan_avg" in text or re.search(r"fan_(in|out)_?\+_?fan_(in|out)", text):
        return "fan_avg"
    said = {name for name in ("fan_in", "fan_out") if name in text}
    return said.pop() if len(said) == 1 else ""
