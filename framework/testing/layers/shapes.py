"""The shapes of a layer: what forward returns, what is declared, and what is written where."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench

COUNT = 13  # samples: a number that is hardly among the shapes of a layer
BY_SIZE = "the outputs are divided or multiplied by the batch size, as by a sum or mean over axis 0 of a constant"
BROADCAST = (
    "(n,) meets (n, 1) and gives (n, n), so a sample depends on the others of its batch: keep the axis of the features "
    "(keepdims=True, or [:, np.newaxis])"
)


def batch_of(n: int) -> str:
    """Return what messages call a batch of `n`."""
    return "a batch of one" if n == 1 else f"a batch of {n}"


def check_shapes(subject: Subject, bench: Bench, x: Array, others: tuple[int, ...] = ()) -> None:
    """Check the shape of the outputs of a training pass.

    `others` are the sizes of batches that have passed: what fails now is wrong for this one alone.
    """
    n, ctx = len(x), bench.context(len(x))
    part = f"forward, {batch_of(n)}" if others else "forward"
    try:
        y = bench.forward(ctx, x)
    except Exception as error:
        spread = any(word in str(error) for word in ("divi", "invalid value", "freedom"))
        if cause := _of_context(error) or _of_error(str(error), bench, ctx) or (others and _of_size(n, others, spread)):
            subject.fail(part, f"raised {type(error).__name__}: {error}", cause)
        return  # the checks of state find what else is wrong
    finally:
        bench.restart()
    if not isinstance(y, np.ndarray):
        return
    expected = (n, *bench.output_shape)
    if y.shape != expected:
        problem = f"computed shape {y.shape}, expected shape {expected}"
        subject.fail(part, problem, _of_shape(bench, ctx, x, y, others))
    if others and not np.isfinite(y).all():
        subject.finite(part, y, _of_size(n, others, True))


def check_broadcasting(subject: Subject, bench: Bench, x: Array) -> None:
    """Fail if a sample depends on the others of its batch because arrays are broadcast to (n, n)."""
    x = np.resize(x, (COUNT, *x.shape[1:]))
    watched = x.view(_Watched)
    try:
        y = np.array(bench.forward(bench.context(COUNT, training=False), x))
        alone = np.asarray(bench.forward(bench.context(1, training=False), x[:1].copy()))
        atol = 1e-9 * float(np.abs(y).max())
        if alone.shape != y[:1].shape or np.allclose(alone, y[:1], rtol=1e-9, atol=atol, equal_nan=True):
            return
        if np.allclose(alone, COUNT * y[:1]) or np.allclose(COUNT * alone, y[:1]):
            problem = f"the first sample gives {y[0].flat[0]:.10g}, and alone {alone[0].flat[0]:.10g}"
            subject.fail(f"forward in inference, {batch_of(COUNT)}", problem, BY_SIZE)
        bench.forward(bench.context(COUNT, training=False), watched)
    except AssertionError:
        raise
    except Exception:  # whatever else is wrong is found by the checks of inference
        return
    if watched.seen:
        problem = f"the first sample gives {y[0].flat[0]:.10g}, and alone {alone[0].flat[0]:.10g}"
        subject.fail(f"forward in inference, {batch_of(COUNT)}", problem, BROADCAST)


class _Watched(np.ndarray[Any, Any]):
    """An array that notes where a calculation makes (n, n) of arrays that have one axis of n."""

    seen: list[Shape]

    def __array_finalize__(self, other: Any) -> None:
        self.seen = getattr(other, "seen", [])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            options["out"] = tuple(_plain(out) for out in options["out"])
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if not isinstance(result, np.ndarray):
            return result
        elementwise = method == "__call__" and ufunc.signature is None
        if elementwise and result.shape.count(COUNT) > max(np.shape(each).count(COUNT) for each in inputs):
            self.seen.append(result.shape)
        watched = result.view(_Watched)
        watched.seen = self.seen
        return watched


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, _Watched) else value


def _of_shape(bench: Bench, ctx: Context, x: Array, y: Array, others: tuple[int, ...]) -> str:
    """Return why forward returns `y`, whose shape is not the declared one."""
    layer, declared, n = bench.place.layer, bench.output_shape, ctx.n
    if others:
        cause = _of_size(n, others)
        return f"{cause}: np.squeeze, or an index, drops an axis" if y.ndim != 1 + len(declared) else cause
    if y.shape == declared:
        return "output_shape must leave out the batch axis"
    for name in layer.memory(bench.place.input_shape):
        if np.shares_memory(getattr(ctx, name), y) and getattr(ctx, name).shape == y.shape:
            return f"memory declares {name} with {y.shape[1:]} for a sample, where {declared} is needed"
    if y.ndim == 0 or y.shape[0] != n:
        return "a sum or mean over the wrong axis, or a missing keepdims" if y.ndim else "reduced over all axes"
    if n in y.shape[1:] and _follows_batch(bench, x, y.shape):
        return BROADCAST
    returned = f"return {y.shape[1:]}, the shape of one output without the batch axis"
    if type(layer).output_shape is Layer.output_shape:
        return f"output_shape is missing, so the shape is taken to stay the same: define it to {returned}"
    if len(declared) == y.ndim and declared[1:] == y.shape[1:]:
        return f"output_shape must leave out the batch axis: {returned}"
    return f"output_shape says {declared}: let it {returned}, or a sum or mean is over the wrong axis"


def _follows_batch(bench: Bench, x: Array, shape: Shape) -> bool:
    """Return whether another axis than the first grows with the batch."""
    more = np.concatenate([x, x])
    try:
        found = np.shape(bench.forward(bench.context(len(more)), more))
    except Exception:  # it works for one batch size only
        return False
    return len(found) == len(shape) and found[1:] != shape[1:]


def _of_size(n: int, others: tuple[int, ...], spread: bool = False) -> str:
    """Return that other sizes are right; with `spread`, that the reason may be the spread of one sample."""
    cause = f"right for batches of {' and '.join(map(str, others))}, wrong for {batch_of(n)}"
    return cause + (": a spread divided by n - 1 (ddof=1), or by one that is 0" if spread and n == 1 else "")


def _of_context(error: Exception) -> str:
    """Return that a layer inside gets the context of another one, if that is why it misses something there; or ""."""
    trace = error.__traceback__
    if not isinstance(error, AttributeError) or not isinstance(error.obj, Context) or trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    inner = trace.tb_frame.f_locals.get("self")
    if not isinstance(inner, Layer) or inner is error.obj.layer:
        return ""
    return (
        f"{inner.label()}, a layer inside, is called with the context of another layer: return it from children(), and "
        "call child.layer.forward(child, x) for the child in ctx.children"
    )


def _of_error(text: str, bench: Bench, ctx: Context) -> str:
    """Return the cause of an error that comes from an array declared in a wrong shape; "" if it does not."""
    if "'numpy.ndarray' object has no attribute" in text:
        return "ctx and x are exchanged: forward(self, ctx, x), backward(self, ctx, grad)"
    mentioned = "output" in text.lower() or "could not broadcast input array" in text
    operands = re.findall(r"\([\d,]*\)", text) if "operands could not be broadcast" in text else []
    for name, shape in bench.place.layer.memory(bench.place.input_shape).items():
        array = getattr(ctx, name)
        mentioned = mentioned or operands[2:] == [str(array.shape).replace(" ", "")]  # out= of a function of two
        at_fault = str(array.shape) in text or str(array.shape).replace(" ", "") in text or "core dimension" in text
        if mentioned and (at_fault or "not acceptable" in text):
            hint = " (leave out the batch axis)" if len(shape) > 1 else ""
            return f"memory declares {name} with {shape} for a sample: declare the shape of what is written there{hint}"
    return _of_parameter(text, bench)


def _of_parameter(text: str, bench: Bench) -> str:
    """Return the cause of an error that comes from a parameter declared in a wrong shape; "" if it does not."""
    inputs, outputs = bench.place.input_shape[-1:], bench.output_shape[-1:]
    for name, parameter in bench.place.parameters.items():
        shape = parameter.shape
        if shape == inputs + outputs != outputs + inputs and ("core dimension" in text or "not aligned" in text):
            return f"parameters declares {name} with {shape}, (inputs, units): W has shape (units, inputs)"
        if "broadcast together" in text and shape and str(shape).replace(" ", "") in text:
            return f"parameters declares {name} with {shape}, which does not fit what it is combined with"
    return ""
