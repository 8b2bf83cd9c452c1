"""A loss over a batch: mean or sum, weights, layouts, and computation from the logits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from framework.activations import Activation
from framework.core.types import Array
from framework.losses import Loss
from framework.testing.core.arrays import check_layouts, narrowed, poisoned
from framework.testing.core.causes import sizes
from framework.testing.core.report import Subject

WEIGHTS = (1, 0, 2, 3, 1)


def check_batch(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    """Check the value and gradient of a batch, and that uneven parts add up to it."""
    part, factors = "value_and_gradient", sizes(p.shape)
    divisor = len(p) if loss.reduction == "mean" else 1
    others = {f"reduction={loss.reduction!r} is ignored": _of_other_reduction(loss, y, p)}
    for out in (None, poisoned(p.shape)):
        compute = partial(loss.value_and_gradient, y, p, out=out)
        value, gradient = subject.call(part, compute, y_true=y, y_pred=p)
        subject.require(type(value) is float, part, f"value is a {type(value).__name__}, expected a float")
        expected = loss.per_sample(y, p).sum() / divisor
        subject.same(f"{part}, value", value, expected, factors=factors, alternatives=others)
        subject.array(f"{part}, gradient", gradient, p.shape, np.float64)
        subject.same(f"{part}, gradient", gradient, loss.gradient(y, p) / divisor, factors=factors)
    calls = {"per_sample": loss.per_sample, "gradient": loss.gradient}
    for name, call in {part: lambda y, p: loss.value_and_gradient(y, p)[1], **calls}.items():
        kept = call(y, p)
        copied = kept.copy()
        call(y, p[::-1].copy())
        what = "losses are" if name == "per_sample" else "gradient is"
        cause = f"the returned {what} overwritten by the next call: a buffer is kept; make a new array in each call"
        subject.same(name, kept, copied, cause=cause)
    parts = [loss.total(y[rows], p[rows]) for rows in (slice(0, 2), slice(2, None))]
    total, weight = (sum(column) for column in zip(*parts, strict=True))
    cause = "the weighted sum of uneven parts is not the whole: total() must return sums, not means"
    subject.same("total", total / (weight if loss.reduction == "mean" else 1), loss.value(y, p), cause=cause)


def _of_other_reduction(loss: Loss, y: Array, p: Array) -> Array:
    other = loss.clone()
    other.reduction = "sum" if loss.reduction == "mean" else "mean"
    return np.array(other.per_sample(y, p).sum() / (len(p) if other.reduction == "mean" else 1))


def check_weights(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    """Check that a weight is the same as repetition."""
    w = np.array(WEIGHTS, float)
    rows = np.repeat(np.arange(len(p)), WEIGHTS)
    compute = partial(loss.value_and_gradient, y, p, w)
    value, gradient = subject.call("sample_weight", compute, y_true=y, y_pred=p, sample_weight=w)
    repeated, repeated_gradient = loss.value_and_gradient(y[rows], p[rows])
    added = np.zeros_like(p)
    np.add.at(added, rows, repeated_gradient)
    alone, its_gradient = loss.value_and_gradient(y, p)

    def cause(computed: Any, unweighted: Any) -> str:
        ignored = np.allclose(computed, unweighted, rtol=1e-9)
        why = "the weights are ignored" if ignored else "the mean divides by the sum of the weights"
        return f"a weight is not the same as repetition: {why}"

    subject.same("sample_weight, value", value, repeated, cause=cause(value, alone))
    subject.same("sample_weight, gradient", gradient, added, cause=cause(gradient, its_gradient))
    subject.same("sample_weight, value()", loss.value(y, p, w), repeated, cause=cause(loss.value(y, p, w), alone))
    nothing, flat = loss.value_and_gradient(y, p, 0 * w)
    subject.require(nothing == 0 and not flat.any(), "sample_weight", f"all weights 0: computed {nothing}, expected 0")


def check_forms(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    """Check arrays that are read-only or not contiguous, and float32 against float64, of the same rounded numbers."""
    part, result = "value_and_gradient", loss.value_and_gradient(y, p)
    for i, name in enumerate(("value", "gradient")):
        check_layouts(subject, f"{part}, {name}", lambda y, p, i=i: loss.value_and_gradient(y, p)[i], [y, p], result[i])
    targets, small = _narrowed_targets(subject, loss, y, p), p.astype(np.float32)
    subject.array("gradient in float32", loss.gradient(targets, small), p.shape, np.float32)
    losses = subject.array("per_sample in float32", loss.per_sample(targets, small), (len(p),), np.float32)
    computed = loss.value_and_gradient(targets, small)[1]
    subject.array(f"{part} in float32", computed, p.shape, np.float32)
    whole = narrowed(targets, np.float64), small.astype(np.float64)
    cause = "computed less exactly than float32 is"
    exact = loss.value_and_gradient(*whole)[1]
    atol = 1e-3 * float(np.abs(exact).max()) + 1e-5
    subject.same("gradient in float32", computed, exact, rtol=1e-3, atol=atol, cause=cause)
    subject.same("per_sample in float32", losses, loss.per_sample(*whole), rtol=1e-3, cause=cause)


def _narrowed_targets(subject: Subject, loss: Loss, y: Array, p: Array) -> Array:
    """Return targets in float32, and check that `check_targets` leaves them so."""
    targets = narrowed(y)
    try:
        kept = loss.check_targets(targets, p.shape[1:], np.float32)
    except ValueError:  # the form in which it computes is not that in which it takes them
        return targets
    problem = f"returned {kept.dtype} for targets and outputs in float32"
    cause = "targets of floats must come in the dtype that it is given: np.asarray(y, dtype)"
    subject.require(kept.dtype == np.float32 or kept.dtype.kind != "f", "check_targets", problem, cause)
    return targets


def check_logits(subject: Subject, loss: Loss, y: Array, logits: Array) -> None:
    """Check computation from the logits of the link activation against computation from its outputs."""
    f, part = Activation.of(loss.link), "from logits"
    needs = f"link = {loss.link!r} needs per_sample_from_logits and gradient_from_logits: define them, or leave it out"
    defined = type(loss).per_sample_from_logits is not Loss.per_sample_from_logits
    subject.require(defined, "per_sample_from_logits", "is not defined", needs)
    inherited = type(loss).gradient_from_logits is Loss.gradient_from_logits
    derivative = "gradient_from_logits is inherited, y_pred - y_true, which is that of the cross-entropies only"
    of_outputs = loss.clone().set_params(from_logits=False) if loss.from_logits else loss
    p = f(logits).copy()
    factors = sizes(p.shape)

    def from_logits(z: Array, weight: Array | None, out: Array | None) -> tuple[float, Array]:
        if loss.from_logits:
            return loss.value_and_gradient(y, z, weight, out=out)
        return loss.value_and_gradient(y, f(z).copy(), weight, logits=z, out=out)

    unweighted = from_logits(logits, None, None)[0]
    for w in (None, np.array(WEIGHTS, float)):
        through, gradient = of_outputs.value_and_gradient(y, p, w)
        gradient = f.backward(gradient, logits, p).copy()
        where = part if w is None else f"{part}, with sample_weight"
        for out in (None, poisoned(p.shape)):
            value, at_logits = subject.call(part, partial(from_logits, logits, w, out), y_true=y, logits=logits)
            cause = "weights are ignored" if w is not None and np.isclose(value, unweighted) else ""
            subject.same(f"{where}, value", value, through, factors=factors, cause=cause)
            cause = cause or (derivative if inherited else "")
            subject.same(f"{where}, gradient", at_logits, gradient, rtol=1e-7, factors=factors, cause=cause)
    losses = loss.per_sample_from_logits(y, logits)
    subject.same("per_sample_from_logits", losses, of_outputs.per_sample(y, p), factors=factors)
    value, at_logits = from_logits(1e4 * np.sign(logits), None, None)
    cause = "a logarithm of 0 or an exp that overflows"
    subject.finite("from logits of 1e4, value", value, cause)
    subject.finite("from logits of 1e4, gradient", at_logits, cause)
