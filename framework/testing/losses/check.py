"""The conformance check of losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from framework.core.types import Array
from framework.layers.dense import Dense
from framework.losses import Loss
from framework.testing.arguments import check_arguments
from framework.testing.arrays import check_parts, narrowed
from framework.testing.causes import sizes
from framework.testing.losses.batches import check_batch, check_forms, check_logits, check_weights
from framework.testing.numeric import slopes
from framework.testing.replays import PLAYED, Batch, check_replay
from framework.testing.report import Subject, reporting
from framework.testing.state import unchanged

Inputs = Callable[[np.random.Generator, int, int], tuple[Array, Array]]


@reporting
def check_loss(
    loss: Loss,
    *,
    inputs: Inputs | None = None,
    minimum: bool = True,
    extremes: Sequence[float] = (0.0, 1.0, 1e4),
    definition: Callable[[Array, Array], Array] | None = None,
    outputs: Sequence[int] = (3, 4),
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a loss: gradient, weights, both reductions, uneven parts, computation from logits, extreme predictions.

    Parameters
    ----------
    loss : Loss
    inputs : callable ``(rng, n, outputs) -> (y_true, y_pred)``, optional
        Draws targets and predictions inside the loss's domain. None: predictions between 0.1 and 0.9 (rows that
        sum to 1 if the link activation is a softmax), and the first usual kind of targets that it accepts.
    minimum : bool
        Whether no prediction is better than the target itself.
    extremes : sequence of float
        Sizes of predictions, of both signs, for which the value and the gradient must be finite.
    definition : callable ``(y_true, y_pred) -> (n,)``, optional
        The formula that `per_sample` should compute.
    outputs : sequence of int
        Numbers of outputs to try.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the likeliest cause.
    """
    subject = Subject(loss)
    check_arguments(subject)
    variants = [loss]
    if "reduction" in loss.get_params():
        variants = [loss.clone().set_params(reduction=reduction) for reduction in ("mean", "sum")]
    for variant in variants:
        subject = Subject(variant)
        draw = inputs or partial(_samples, variant)
        with unchanged(subject):
            for seed in seeds:
                for k in outputs:
                    rng = np.random.default_rng(seed)
                    y, p = subject.call("inputs", draw, rng, 5, k)
                    _check_per_sample(subject, variant, y, p, definition)
                    _check_gradient(subject, variant, y, p, rng)
                    check_batch(subject, variant, y, p)
                    check_weights(subject, variant, y, p)
                    check_forms(subject, variant, y, p)
                    if minimum and y.shape == p.shape:
                        others = [p, *(draw(rng, 5, k)[1] for _ in range(5))]
                        _check_minimum(subject, variant, y, others)
                    if variant.link is not None:
                        check_logits(subject, variant, y, rng.standard_normal(p.shape))
                    for size in extremes:
                        _check_extreme(subject, variant, y, size * np.where(rng.random(p.shape) < 0.5, -1, 1))
            if type(variant).replayable:
                _check_replay(subject, variant, draw, max(outputs))


def _samples(loss: Loss, rng: np.random.Generator, n: int, outputs: int) -> tuple[Array, Array]:
    """Return targets that `loss` accepts and predictions away from the usual kinks."""
    p = rng.uniform(0.1, 0.9, (n, outputs))
    if loss.link == "softmax":
        p /= p.sum(axis=1, keepdims=True)
    soft = rng.dirichlet(np.ones(outputs), n)
    offset = p + rng.choice([-1, 1], p.shape) * rng.uniform(0.2, 2, p.shape)
    for y in (offset, rng.choice([-1.0, 1.0], p.shape), soft, rng.integers(0, outputs, n)):
        try:
            return loss.check_targets(y, (outputs,), np.float64), p
        except ValueError:
            continue
    raise ValueError("no usual kind of targets is accepted: give inputs=")


def _check_per_sample(
    subject: Subject, loss: Loss, y: Array, p: Array, definition: Callable[[Array, Array], Array] | None
) -> None:
    part = "per_sample"
    losses = subject.compute(part, lambda: loss.per_sample(y, p), (len(p),), y_true=y, y_pred=p)
    subject.finite(part, losses)
    if definition is not None:
        subject.same(part, losses, definition(y, p), factors=sizes(p.shape))
    cause = "a sample's loss depends on the others: wrong axis, a mean over the batch, or stale state"
    check_parts(subject, part, loss.per_sample, [y, p], losses, cause)
    again = loss.per_sample(y, p)
    subject.same(part, again, losses, cause="stale state: the same call gives another value")
    subject.same("loss(y_true, y_pred)", loss(y, p), loss.value(y, p))


def _check_gradient(subject: Subject, loss: Loss, y: Array, p: Array, rng: np.random.Generator) -> None:
    part, c = "gradient", rng.uniform(0.5, 1.5, len(p))
    gradient = subject.compute(part, lambda: loss.gradient(y, p), p.shape, y_true=y, y_pred=p)
    moving = p.copy()
    expected = slopes(lambda: float(c @ loss.per_sample(y, moving)), moving, rng)
    expected = replace(expected, values=expected.values / c[[i[0] for i in expected.where]])
    values = {"the value is returned instead": np.broadcast_to(loss.per_sample(y, p)[:, None], p.shape)}
    compared = subject.gradient(part, gradient, expected, factors=sizes(p.shape), alternatives=values)
    subject.require_smooth("per_sample", compared, len(expected.where))
    cause = "a sample's gradient depends on the others of its batch: wrong axis"
    check_parts(subject, part, loss.gradient, [y, p], gradient, cause)


def _check_minimum(subject: Subject, loss: Loss, y: Array, predictions: Sequence[Array]) -> None:
    best = loss.per_sample(y, y.copy())
    for p in predictions:
        better = loss.per_sample(y, p) < best - 1e-9
        if better.any():
            i = int(better.argmax())
            value = loss.per_sample(y, p)[i]
            problem = f"entry [{i}]: {value:.6g} for a prediction, {best[i]:.6g} for the target itself"
            subject.fail("minimum", problem, "the sign is wrong, or a term is missing (else give minimum=False)")


def _check_replay(subject: Subject, loss: Loss, draw: Inputs, outputs: int) -> None:
    rng = np.random.default_rng(0)
    link = None if loss.from_logits else loss.link
    activations = ["linear" if loss.from_logits else "sigmoid", *([link] if link else [])]
    for dtype in (np.float32, np.float64):
        pairs = [draw(rng, 5, outputs) for _ in range(PLAYED)]
        for activation in activations:
            for weighted in (False, True):
                weights = [rng.uniform(0.5, 2, 5).astype(dtype) if weighted else None for _ in pairs]
                batches: list[Batch] = [
                    (p.astype(dtype), narrowed(y, dtype), weight) for (y, p), weight in zip(pairs, weights, strict=True)
                ]
                layers = [Dense(outputs, activation)]
                check_replay(subject, layers, (outputs,), loss, batches, dtype, activation == link)


def _check_extreme(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    with np.errstate(all="ignore"):
        value, gradient = loss.value_and_gradient(y, p)
    part = f"predictions of +-{np.abs(p).max():g}"
    cause = "a logarithm or division at 0, or an exp that overflows (else give extremes=)"
    subject.finite(f"{part}, value", value, cause)
    subject.finite(f"{part}, gradient", gradient, cause)
