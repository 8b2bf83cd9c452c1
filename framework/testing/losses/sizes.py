"""Numbers of samples and outputs at which losses go wrong: one, as many samples as outputs, and many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framework.core.types import Array
from framework.losses import Loss
from framework.testing.core.arrays import in_parts
from framework.testing.core.numeric import slopes
from framework.testing.core.report import Subject
from framework.testing.losses.samples import Kind, drawn

MANY = 70
SQUARE = "(n,) against (n, 1) broadcasts to (n, n): keep the last axis, as in y_pred[:, :1]"


def check_sizes(subject: Subject, loss: Loss, name: str, kind: Kind, outputs: int) -> None:
    """Check `per_sample` or `gradient` of one sample, of as many as outputs, and of many, against batches of 5."""
    y, p = drawn(loss, kind, np.random.default_rng(5), MANY, outputs)
    function = _methods(loss)[name]
    for n in (1, outputs, len(p)):
        part = f"{name} of " + ("a batch of one" if n == 1 else f"a batch of {n}")
        computed = subject.call(part, function, y[:n], p[:n], y_true=y, y_pred=p)
        shape = (n,) if name == "per_sample" else (n, *p.shape[1:])
        cause = "squeeze, or [0], takes away the axis of the samples" if n == 1 else "an axis is lost at this size"
        _check_shape(subject, part, computed, shape, cause)
        if n == 1:
            what = "loss" if name == "per_sample" else "gradient"
            cause = f"a sample's {what} depends on the others of its batch: a wrong axis, or a mean over the batch"
            subject.same(name, function(y[:5], p[:5]), in_parts(function, 1, y[:5], p[:5]), cause=cause)
        else:
            cause = f"right for 5 samples, wrong for {n}: a number, a buffer or an axis fits some sizes only"
            subject.same(part, computed, in_parts(function, 5, y[:n], p[:n]), cause=cause)


def check_one_output(subject: Subject, loss: Loss, kind: Kind) -> None:
    """Check one output, if the loss can be of one."""
    rng = np.random.default_rng(6)
    try:
        y, p = drawn(loss, kind, rng, 5, 1)
        with np.errstate(all="ignore"):
            fine = p.shape == (5, 1) and bool(np.isfinite(loss.per_sample(y.copy(), p.copy())).all())
    except Exception as error:
        if not isinstance(error, np.exceptions.AxisError) and "broadcast" not in str(error):
            return  # it compares outputs with each other, and says in its way that one is too few
        fine = True
    if not fine:
        return
    for name, function in _methods(loss).items():
        part = f"{name} of one output"
        computed = subject.call(part, function, y, p, y_true=y, y_pred=p)
        cause = "squeeze, or a sum, takes away the axis of the outputs if there is one"
        _check_shape(subject, part, computed, (5,) if name == "per_sample" else (5, 1), cause)
        single = in_parts(function, 1, y, p)
        pairs = in_parts(function, 1, np.repeat(y, 5, axis=0), np.tile(p, (5, 1))).reshape(5, 5)
        reduced = [reduce(pairs, axis=axis) for axis in (0, 1) for reduce in (np.mean, np.sum)]
        square = any(np.allclose(computed.ravel(), each) for each in reduced)
        cause = f"with one output, {SQUARE}" if square else "right for several outputs, wrong for one"
        subject.same(part, computed, single, cause=cause)
    moving = p.copy()
    expected = slopes(lambda: float(loss.per_sample(y, moving).sum()), moving, rng)
    cause = "right for several outputs, wrong for one"
    subject.gradient("gradient of one output", loss.gradient(y, p), expected, cause=cause)


def _methods(loss: Loss) -> dict[str, Callable[[Array, Array], Array]]:
    return {"per_sample": loss.per_sample, "gradient": loss.gradient}


def _check_shape(subject: Subject, part: str, computed: Array, shape: tuple[int, ...], cause: str) -> None:
    if np.shape(computed) == (shape[0], shape[0]) != shape:
        cause = SQUARE
    if np.shape(computed) != shape:
        subject.fail(part, f"computed shape {np.shape(computed)}, expected shape {shape}", cause)
