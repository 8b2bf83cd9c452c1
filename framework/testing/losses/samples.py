"""Targets and predictions on which a loss is tried: given by its user, or of the first usual kind that suits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from framework.core.types import Array
from framework.losses import Loss

Inputs = Callable[[np.random.Generator, int, int], tuple[Array, Array]]

BARRIER = 0.5  # how much more a loss with a logarithm costs from 1e-4 to 1e-6, beside 1e-2 to 1e-4; one without, 0.01


@dataclass(frozen=True)
class Kind:
    """A kind of targets and predictions.

    Attributes
    ----------
    draw : callable ``(rng, n, outputs) -> (y_true, y_pred)``
    low, high : float
        Where predictions lie, for checks that move them further than they were drawn; NaN if as drawn.
    residuals : bool
        Whether the loss depends on ``y_pred - y_true`` alone, so that every prediction is in its domain.
    given : bool
        Whether the user of the check has given it.
    sure : bool
        Whether only a target that is not the best prediction leaves a doubt that the loss is meant for this kind.
    """

    draw: Inputs
    low: float = np.nan
    high: float = np.nan
    residuals: bool = False
    given: bool = False
    sure: bool = False


def kinds(loss: Loss, inputs: Inputs | None, outputs: int) -> list[Kind]:
    """Return the kinds on which to try `loss`; it is right if it is right on one of them.

    There are several if what the loss expects cannot be told: the targets may be classes, for which alone the target
    is the best prediction; or, if the loss has a logarithm of the prediction, classes or positive numbers.
    """
    if inputs is not None:
        return [Kind(inputs, given=True)]
    logits = loss.from_logits
    named = {
        "numbers": Kind(_numbers, -3, 3),
        "signed": Kind(_signs, -6, 6),
        "probabilities": Kind(_logits if logits else _bits, *((-6, 6) if logits else (0.001, 0.999))),
        "distribution": Kind(_class_logits if logits else _classes, *((-6, 6) if logits else (0.001, 0.999))),
        "positive": Kind(_positive, 0.01, 3),
        "labels": Kind(_labels, 0.001, 0.999),
    }
    order = ["numbers", "signed", "positive", "distribution", "probabilities", "labels"]
    suited = [name for name in order if suits(loss, named[name], outputs)]
    suited = suited or [name for name in order if _accepts(loss, named[name], outputs)]
    if not suited:
        raise ValueError("no usual kind of targets is accepted: give inputs=")
    if loss.expects != "numbers":
        wanted = [name for name in (loss.expects, "labels") if _accepts(loss, named[name], outputs)]
        return [named[name] for name in ([name for name in wanted if name in suited] or wanted or suited)[:1]]
    if loss.classifies and suited[0] == "numbers":
        suited = [name for name in ("signed", "distribution", "probabilities", "labels") if name in suited]
        return [replace(named[name], sure=name == suited[-1]) for name in suited]
    if loss.link == "softmax":
        suited = [name for name in ("distribution", "labels") if name in suited] or suited
    if _has_barrier(loss, outputs):
        likely = [name for name in ("probabilities", "distribution", "positive", "labels") if name in suited]
        return [named[name] for name in likely or suited[:1]]
    if suited[0] != "numbers":
        return [named[suited[0]]]
    if depends_on_residuals(loss, named["numbers"], outputs):
        return [Kind(_numbers, -10, 10, residuals=True)]
    return [replace(named[name], sure=True) for name in ("numbers", "probabilities") if name in suited]


def suits(loss: Loss, kind: Kind, outputs: int) -> bool:
    """Return whether `loss` accepts such targets, and computes finite numbers from them."""
    if not _accepts(loss, kind, outputs):
        return False
    y, p = drawn(loss, kind, np.random.default_rng(0), 16, outputs)
    try:
        with np.errstate(all="ignore"):
            losses = loss.per_sample(y, p)
        return bool(np.isfinite(losses).all())
    except (ValueError, IndexError, AssertionError):  # it refuses them, in its way
        return False
    except Exception:  # what is wrong is for the checks to tell
        return True


def even(loss: Loss, inputs: Inputs | None) -> bool:
    """Return whether a loss is made for an even number of outputs."""

    def fits(outputs: int) -> bool:
        draw = inputs or _numbers
        try:
            with np.errstate(all="ignore"):
                y, p = draw(np.random.default_rng(0), 5, outputs)
                return np.shape(loss.gradient(y, p)) == p.shape and np.shape(loss.per_sample(y, p)) == (5,)
        except Exception:  # what is wrong with all numbers of outputs is for the checks to tell
            return False

    return not fits(3) and not fits(5) and fits(2) and fits(4)


def drawn(loss: Loss, kind: Kind, rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    """Return targets and predictions as the loss gets them; ValueError if it does not accept these targets."""
    y, p = kind.draw(rng, n, outputs)
    return (y, p) if kind.given else (loss.check_targets(y, (outputs,), np.float64), p)


def inside(loss: Loss, kind: Kind, rng: np.random.Generator, p: Array) -> Array:
    """Return predictions moved into the domain of a loss of probabilities, or of positive numbers.

    A loss that says that it expects any numbers, and takes them, has no such domain, whatever its targets are.
    """
    low, high = kind.low, kind.high
    if loss.expects == "numbers" and not kind.given and _takes_any(loss, kind, p.shape[1]):
        return p
    if kind.given and not depends_on_residuals(loss, kind, p.shape[1]):
        known = kind.draw(rng, 32, p.shape[1])[1]
        low, high = known.min(), known.max()
    return np.clip(p, 0 if low >= 0 else -np.inf, 1 if low >= 0 and high <= 1 else np.inf)


def _takes_any(loss: Loss, kind: Kind, outputs: int) -> bool:
    """Return whether the loss is finite for predictions below 0 and above 1."""
    y, p = drawn(loss, kind, np.random.default_rng(0), 5, outputs)
    try:
        with np.errstate(all="ignore"):
            return bool(np.isfinite([loss.per_sample(y, p + move) for move in (-1, 1)]).all())
    except Exception:  # it refuses them in its way
        return False


def depends_on_residuals(loss: Loss, kind: Kind, outputs: int) -> bool:
    """Return whether the loss stays the same if the same is added to targets and predictions, but not to these alone.

    What does not change if something is added to the predictions of a sample alone ranks them, or correlates them.
    """
    y, p = drawn(loss, kind, np.random.default_rng(0), 16, outputs)
    try:
        with np.errstate(all="ignore"):
            here, both, alone = (loss.per_sample(y + a, p + b) for a, b in ((0, 0), (0.7, 0.7), (0, 0.7)))
            return (
                y.shape == p.shape and np.allclose(here, both, rtol=1e-9, atol=1e-12) and not np.allclose(here, alone)
            )
    except Exception:  # what is wrong is for the checks to tell
        return False


def wide(loss: Loss, kind: Kind, n: int, outputs: int) -> Iterator[tuple[Array, Array]]:
    """Yield targets and predictions over all of the loss's domain, as far as it is known."""
    rng = np.random.default_rng(2)
    y, p = drawn(loss, kind, rng, n, outputs)
    yield y, p
    if kind.residuals:
        yield y, y + rng.choice([-1, 1], p.shape) * 10 ** rng.uniform(-3, 3, p.shape)
    elif not kind.given and kind.high > 1:  # below 0, a loss may clip what it takes the logarithm of
        yield y, np.abs(p) * 10 ** rng.uniform(0, 1.5, p.shape)


def _accepts(loss: Loss, kind: Kind, outputs: int) -> bool:
    try:
        drawn(loss, kind, np.random.default_rng(0), 16, outputs)
    except ValueError:
        return False
    return True


def _has_barrier(loss: Loss, outputs: int) -> bool:
    """Return whether a prediction near 0 costs more and more if the target is 1, as a logarithm does."""
    y = np.ones((3, outputs))
    p = np.array([[1e-6], [1e-4], [1e-2]]) * y
    try:
        with np.errstate(all="ignore"):
            nearest, near, far = loss.per_sample(loss.check_targets(y, (outputs,), np.float64), p)
        return bool(nearest - near > BARRIER * (near - far) > 0)
    except Exception:  # it does not accept such targets, or is wrong in a way that the checks will tell
        return False


def _numbers(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    p = rng.uniform(0.1, 0.9, (n, outputs))
    return p + rng.choice([-1, 1], p.shape) * rng.uniform(0.2, 2, p.shape), p


def _signs(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    return rng.choice([-1.0, 1.0], (n, outputs)), 2 * rng.standard_normal((n, outputs))


def _positive(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    return rng.uniform(0.3, 3, (n, outputs)), rng.uniform(0.3, 3, (n, outputs))


def _bits(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    return rng.integers(0, 2, (n, outputs)).astype(float), rng.uniform(0.1, 0.9, (n, outputs))


def _logits(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    return _bits(rng, n, outputs)[0], 2 * rng.standard_normal((n, outputs))


def _classes(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    p = rng.uniform(0.1, 0.9, (n, outputs))
    return np.eye(outputs)[rng.integers(0, outputs, n)], p / p.sum(axis=1, keepdims=True)


def _class_logits(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    return _classes(rng, n, outputs)[0], 2 * rng.standard_normal((n, outputs))


def _labels(rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    y, p = _classes(rng, n, outputs)
    return y.argmax(axis=1), p
