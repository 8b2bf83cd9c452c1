"""The conformance check of losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from framework.core.types import Array
from framework.layers.dense import Dense
from framework.losses import Loss
from framework.testing.core.arguments import check_arguments, check_common
from framework.testing.core.arrays import narrowed
from framework.testing.core.effects import check_effects, with_marks
from framework.testing.core.replays import PLAYED, Batch, check_replay
from framework.testing.core.report import Subject, reporting
from framework.testing.core.signatures import exchange_named
from framework.testing.core.state import unchanged
from framework.testing.core.variants import BESIDE, variants, with_other_value
from framework.testing.losses.batches import check_batch, check_forms, check_logits, check_weights
from framework.testing.losses.formulas import MINIMUM, check_gradient, check_minimum, check_per_sample, reads_all
from framework.testing.losses.paths import Definition, check_jumps, check_slopes
from framework.testing.losses.samples import Inputs, Kind, drawn, even, kinds, wide
from framework.testing.losses.sizes import check_one_output, check_sizes
from framework.testing.losses.values import check_special

NEAR_TARGET = (-0.2, -0.02, 0.02, 0.2)  # where a loss that is shifted has its least value


@reporting
def check_loss(
    loss: Loss,
    *,
    inputs: Inputs | None = None,
    minimum: bool = True,
    extremes: Sequence[float] = (0.0, 1.0, 1e4),
    definition: Definition | None = None,
    outputs: Sequence[int] | None = None,
    seeds: Sequence[int] = (0, 1),
) -> None:
    """Check a loss: gradient, jumps, weights, both reductions, all sizes, computation from logits, extreme values.

    Parameters
    ----------
    loss : Loss
    inputs : callable ``(rng, n, outputs) -> (y_true, y_pred)``, optional
        Draws targets and predictions inside the loss's domain. None: what suits the loss's `expects`; if that says
        nothing, targets of either sign and predictions between 0.1 and 0.9, or else the first usual kind of targets
        (classes, positive numbers, labels) on which the loss is right.
    minimum : bool
        Whether no prediction is better than the target itself.
    extremes : sequence of float
        Sizes of predictions, of both signs, for which the value and the gradient must be finite, unless the loss
        itself is larger than any number.
    definition : callable ``(y_true, y_pred) -> (n,)``, optional
        The formula that `per_sample` should compute.
    outputs : sequence of int, optional
        Numbers of outputs to try. None: 3 and 4, and 1 if the loss can be of one output; 2 and 4 if it takes the
        outputs by halves, such as means and deviations.
    seeds : sequence of int

    Raises
    ------
    AssertionError
        With the part, the entry, the values computed and expected, and the likeliest cause.
    """
    check_arguments(Subject(loss))
    sizes = outputs or ((2, 4) if even(loss, inputs) else (3, 4))
    options = _Options(minimum, extremes, definition, sizes, outputs is None and sizes == (3, 4), seeds)
    with exchange_named(loss.per_sample, loss.gradient), unchanged(Subject(loss)):
        kind = _check_kinds(loss, kinds(loss, inputs, max(options.outputs)), options)
        pairs = [pair for y, p in wide(loss, kind, 16, max(options.outputs)) for pair in with_marks(loss, y, p)]
        check_effects(Subject(loss), loss, lambda other: _outcomes(other, pairs), "per_sample")
    check_common(Subject(loss))


def _outcomes(loss: Loss, pairs: Sequence[tuple[Array, Array]]) -> list[Array]:
    return [each for y, p in pairs for each in (loss.per_sample(y, p), loss.gradient(y, p))]


def _check_kinds(loss: Loss, tried: Sequence[Kind], options: _Options) -> Kind:
    """Return the first kind on which the loss is right; if there is none, raise what is wrong on the first."""
    errors = []
    for kind in tried:
        try:
            _check(loss, kind, options)
        except AssertionError as error:
            errors.append(error)
            if kind.sure and MINIMUM not in str(error):
                break
        else:
            return kind
    raise errors[0]


@dataclass(frozen=True)
class _Options:
    minimum: bool
    extremes: Sequence[float]
    definition: Definition | None
    outputs: Sequence[int]
    one_output: bool
    seeds: Sequence[int]


def _check(loss: Loss, kind: Kind, options: _Options) -> None:
    reductions = [loss.reduction]
    if "reduction" in loss.get_params():
        reductions.append("sum" if loss.reduction == "mean" else "mean")
    for reduction in reductions:
        variant = loss.clone()
        variant.reduction = reduction
        if reduction != loss.reduction:
            options = replace(options, definition=None)
        subject = Subject(variant)
        with unchanged(subject):
            _check_numbers(subject, variant, kind, options)
            for seed in options.seeds:
                for k in options.outputs:
                    _check_on(subject, variant, kind, options, seed, k)
            if reduction == reductions[0]:
                _check_values(subject, variant, kind, options)
            if type(variant).replayable:
                _check_replay(subject, variant, kind, max(options.outputs))
    domain = {name for name in loss.get_params(deep=False) if "log" in name}  # whether predictions are logits, or logs
    for variant in variants(loss, lambda copy: _check_accepted(copy, kind, options), BESIDE | domain):
        _check_variant(loss, variant, kind, options)


def _check_numbers(subject: Subject, loss: Loss, kind: Kind, options: _Options) -> None:
    """Check `per_sample` and `gradient`, for each number of outputs."""
    for seed in options.seeds:
        for i, k in enumerate(options.outputs):
            rng = np.random.default_rng(seed)
            y, p = subject.call("inputs", drawn, loss, kind, rng, 5, k)
            check_per_sample(subject, loss, y, p, options.definition)
            if seed == options.seeds[0]:
                check_sizes(subject, loss, "per_sample", kind, k)
            check_gradient(subject, loss, y, p, rng, options.outputs[0] if i else 0)
            if seed == options.seeds[0]:
                check_sizes(subject, loss, "gradient", kind, k)


def _check_on(subject: Subject, loss: Loss, kind: Kind, options: _Options, seed: int, k: int) -> None:
    """Check all that depends on the reduction."""
    rng = np.random.default_rng(seed)
    y, p = drawn(loss, kind, rng, 5, k)
    check_batch(subject, loss, y, p)
    check_weights(subject, loss, y, p)
    check_forms(subject, loss, y, p)
    comparable = options.minimum and y.shape == p.shape and reads_all(loss, y, p)
    if comparable:
        others = [p, *(drawn(loss, kind, rng, 5, k)[1] for _ in range(5))]
        others += [y + step for step in NEAR_TARGET if kind.residuals]
        check_minimum(subject, loss, y, others, ranked=not (kind.residuals or kind.given))
    if loss.link is not None:
        check_logits(subject, loss, y, np.asarray(rng.standard_normal(p.shape)))
    check_special(subject, loss, kind, y, p, options.extremes, comparable)


def _check_values(subject: Subject, loss: Loss, kind: Kind, options: _Options) -> None:
    k = max(options.outputs)
    check_jumps(subject, loss, kind, k)
    check_slopes(subject, loss, kind, k, options.definition)
    if options.one_output:
        check_one_output(subject, loss, kind)


def _check_accepted(loss: Loss, kind: Kind, options: _Options) -> None:
    """Raise ValueError unless `loss`, with other arguments than it was given, can be tried."""
    y, p = drawn(loss, kind, np.random.default_rng(0), 5, max(options.outputs))
    try:
        with np.errstate(all="ignore"):
            fine = np.isfinite(loss.per_sample(y, p)).all() and np.isfinite(loss.gradient(y, p)).all()
    except Exception as error:
        raise ValueError("an argument that does not fit") from error
    if not fine:
        raise ValueError("an argument for which the loss is not finite")


def _check_variant(loss: Loss, variant: Loss, kind: Kind, options: _Options) -> None:
    subject, k = Subject(variant), max(options.outputs)
    rng = np.random.default_rng(0)
    y, p = drawn(variant, kind, rng, 5, k)
    hints = {"gradient": ": argument does not enter gradient as it enters per_sample"}
    with with_other_value(loss, variant, hints), unchanged(subject):
        check_per_sample(subject, variant, y, p, None)
        check_gradient(subject, variant, y, p, rng, None)
        check_jumps(subject, variant, kind, k)
        check_slopes(subject, variant, kind, k, None)
        check_batch(subject, variant, y, p)


def _check_replay(subject: Subject, loss: Loss, kind: Kind, outputs: int) -> None:
    rng = np.random.default_rng(0)
    link = None if loss.from_logits else loss.link
    activations = ["linear" if loss.from_logits else "sigmoid", *([link] if link else [])]
    for dtype in (np.float32, np.float64):
        pairs = [drawn(loss, kind, rng, 5, outputs) for _ in range(PLAYED)]
        for activation in activations:
            for weighted in (False, True):
                weights = [rng.uniform(0.5, 2, 5).astype(dtype) if weighted else None for _ in pairs]
                batches: list[Batch] = [
                    (p.astype(dtype), narrowed(y, dtype), weight) for (y, p), weight in zip(pairs, weights, strict=True)
                ]
                layers = [Dense(outputs, activation)]
                check_replay(subject, layers, (outputs,), loss, batches, dtype, activation == link)
