"""A loss over a batch: the mean or sum, weights, the way from the logits."""

from __future__ import annotations

from functools import partial

import numpy as np

from framework.activations import Activation
from framework.core.types import Array
from framework.losses import Loss
from framework.testing.arrays import layouts, poisoned
from framework.testing.report import Subject

WEIGHTS = (1, 0, 2, 3, 1)


def check_batch(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    """Check the value and gradient of a batch, and that uneven parts add up to it."""
    part, n = "value_and_gradient", len(p)
    divisor = n if loss.reduction == "mean" else 1
    factors = {"the batch size": n, "the number of outputs": p.shape[1]}
    for out in (None, poisoned(p.shape)):
        result = subject.call(part, partial(loss.value_and_gradient, y, p, out=out), y_true=y, y_pred=p)
        value, gradient = result
        subject.require(type(value) is float, part, f"value is a {type(value).__name__}, expected a float")
        subject.same(f"{part}, value", value, loss.per_sample(y, p).sum() / divisor, factors=factors)
        subject.array(f"{part}, gradient", gradient, p.shape, np.float64)
        subject.same(f"{part}, gradient", gradient, loss.gradient(y, p) / divisor, factors=factors)
    kept = loss.value_and_gradient(y, p)[1]
    copied = kept.copy()
    loss.value_and_gradient(y, p[::-1].copy())
    subject.same(
        part, kept, copied, cause="the returned gradient is overwritten by the next call: a buffer kept on self"
    )
    parts = [loss.total(y[rows], p[rows]) for rows in (slice(0, 2), slice(2, None))]
    total, weight = (sum(column) for column in zip(*parts, strict=True))
    cause = "the weighted sum of uneven parts is not the whole: total() must return logits, not means"
    subject.same("total", total / (weight if loss.reduction == "mean" else 1), loss.value(y, p), cause=cause)


def check_weights(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    """Check that a weight is the same as repetition."""
    w = np.array(WEIGHTS, float)
    rows = np.repeat(np.arange(len(p)), WEIGHTS)
    value, gradient = subject.call(
        "sample_weight", lambda: loss.value_and_gradient(y, p, w), y_true=y, y_pred=p, sample_weight=w
    )
    repeated, repeated_gradient = loss.value_and_gradient(y[rows], p[rows])
    added = np.zeros_like(p)
    np.add.at(added, rows, repeated_gradient)
    cause = "a weight is not the same as repetition: the mean divides by the sum of the weights"
    subject.same("sample_weight, value", value, repeated, cause=cause)
    subject.same("sample_weight, gradient", gradient, added, cause=cause)
    subject.same("sample_weight, value()", loss.value(y, p, w), repeated, cause=cause)
    nothing, flat = loss.value_and_gradient(y, p, 0 * w)
    subject.require(nothing == 0 and not flat.any(), "sample_weight", f"all weights 0: computed {nothing}, expected 0")


def check_layouts(subject: Subject, loss: Loss, y: Array, p: Array) -> None:
    """Check arrays that are read-only or not contiguous, and float32."""
    value, gradient = loss.value_and_gradient(y, p)
    for layout, other in layouts(p).items():
        part = f"predictions {layout}"
        targets = layouts(y)[layout]
        again = subject.call(part, loss.value_and_gradient, targets, other)
        subject.same(part, again[0], value)
        subject.same(part, again[1], gradient)
    targets, small = y.astype(np.float32) if y.dtype.kind == "f" else y, p.astype(np.float32)
    subject.array("gradient in float32", loss.gradient(targets, small), p.shape, np.float32)
    subject.array("per_sample in float32", loss.per_sample(targets, small), (len(p),), np.float32)
    computed = subject.array("value_and_gradient in float32", loss.value_and_gradient(targets, small)[1], p.shape)
    subject.array("value_and_gradient in float32", computed, p.shape, np.float32)
    subject.same("gradient in float32", computed, gradient, rtol=1e-3)


def check_sums(subject: Subject, loss: Loss, y: Array, logits: Array) -> None:
    """Check the way from the logits of the link activation against the way through it."""
    f = Activation.of(loss.link)
    p = f(logits).copy()
    through, gradient = loss.value_and_gradient(y, p)
    gradient = f.backward(gradient, logits, p).copy()
    factors = {"the batch size": len(p), "the number of outputs": p.shape[1]}
    for w in (None, np.ones(len(p))):
        for out in (None, poisoned(p.shape)):
            value, at_logits = subject.call(
                "from logits",
                partial(loss.value_and_gradient, y, p, w, logits=logits, out=out),
                y_true=y,
                y_pred=p,
                logits=logits,
            )
            subject.same("from logits, value", value, through, factors=factors)
            subject.same("from logits, gradient", at_logits, gradient, rtol=1e-7, factors=factors)
    subject.same(
        "per_sample_from_logits", loss.per_sample_from_logits(y, logits), loss.per_sample(y, p), factors=factors
    )
    big = 1e4 * np.sign(logits)
    value, at_logits = loss.value_and_gradient(y, f(big).copy(), logits=big)
    fine = np.isfinite(value) and np.isfinite(at_logits).all()
    subject.require(fine, "from logits", "is not finite at logits of 1e4", "a logarithm of 0 or an exp that overflows")
