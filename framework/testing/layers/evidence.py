"""Why a gradient of a layer is wrong: what known mistakes would compute, compared with what was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context, Layer
from framework.testing.layers.bench import Bench
from framework.testing.numeric import slopes

CLOSE = 1e-5
STEP = 1e-5
FEW = 40  # inputs of a sample, to look at one by one
ENOUGH = 4  # values along an axis, to tell a constant or a line from chance
STRAIGHT = "the derivative of what follows is left out (chain rule): grad is used as if the layer were linear"

Mistake = tuple[str, Callable[[], Array | None]]


class Wrong(Protocol):
    """What is known of the pass whose gradient is wrong; see `gradients.Projection`."""

    bench: Bench
    grad: Array
    x: Array
    moving: Array
    rng: np.random.Generator

    def __call__(self) -> float:
        """Return the projection of the outputs on `grad`."""

    def arrays(self) -> list[tuple[str, Array, Array]]:
        """Return the name, the array and the gradient of each parameter and of the input."""


def why(at: Wrong, name: str, array: Array, computed: Array) -> str:
    """Return which known mistake computes just this gradient of `array`; "" if none does."""
    if not np.isfinite(computed).all() or not computed.any():
        return ""
    expected = _slopes(at, array)
    if expected is None or _ratio(computed, expected):
        return ""
    if name == "x" and at.grad.shape == computed.shape:
        if _near(expected - computed, at.grad):
            return "grad itself is missing: the direct path from x to y, as in y = x + f(x)"
        if _near(computed - expected, at.grad):
            return "grad itself is added, but there is no direct path from x to y"
    for mistake, make in _mistakes(at, name, array, computed):
        result = make()
        if result is not None and result.shape == computed.shape and _near(computed, result):
            return mistake
    return _of_difference(at, name, expected - computed)


def _mistakes(at: Wrong, name: str, array: Array, computed: Array) -> Iterator[Mistake]:
    """Yield known mistakes, and what each would compute as the gradient of `array`."""
    grad = at.grad
    for other, values, _ in at.arrays():
        if values is not array and values.shape == array.shape:
            yield f"it is the gradient of {other}: gradients are exchanged", partial(_slopes, at, values)
    for other, values in at.bench.params.items():
        if values is array:
            continue
        if values.ndim == 2 and values.shape[0] == values.shape[1]:
            yield (
                f"ctx.{other} is transposed: W has shape (units, inputs), so dx = grad @ ctx.W for y = x @ ctx.W.T",
                partial(_with, at, array, values, values.T.copy()),
            )
        yield f"parameter {other} is left out, as if it were 1", partial(_with, at, array, values, np.ones_like(values))
    yield from _of_input(at, array, computed) if name == "x" else _of_parameter(at, array)
    for axis, size in enumerate(grad.shape):
        for where, position in (("first", 0), ("last", size - 1)):
            if size > 1:
                what = "sample" if axis == 0 else f"entry along axis {axis}"
                yield f"only the {where} {what} counts", partial(_masked, at, array, axis, position)


def _of_parameter(at: Wrong, array: Array) -> Iterator[Mistake]:
    grad, x = at.grad, at.x
    rows = grad.reshape(-1, grad.shape[-1]) if grad.ndim > 1 else grad
    if grad.ndim == x.ndim > 1 and grad.shape[:-1] == x.shape[:-1]:
        yield STRAIGHT, partial(np.matmul, rows.T, x.reshape(-1, x.shape[-1]))
    yield STRAIGHT, partial(np.sum, rows, axis=0)
    if array.shape == grad.shape[:1] and array.ndim == 1:
        yield (
            "wrong axis: a sum over the features, where one over the batch (axis=0) belongs",
            partial(_over_features, at, array),
        )
    yield "repeated indices count once: use np.add.at(ctx.dW, indices, grad)", partial(_assigned, at, array)


def _of_input(at: Wrong, array: Array, computed: Array) -> Iterator[Mistake]:
    grad, x = at.grad, at.x
    for child in at.bench.place.children:
        cause = f"a term is missing: the path through {child.layer.label()}, a layer inside"
        yield cause, partial(_cut, at, array, child.layer)
    if grad.ndim > 1:
        for values in at.bench.params.values():
            if values.ndim == 2 and values.shape == (grad.shape[-1], x.shape[-1]):
                yield STRAIGHT, partial(np.matmul, grad, values)
    if grad.shape == x.shape:
        cause = "the Jacobian is not transposed: backward must go in the other direction than forward (reversed, or .T)"
        yield cause, partial(_forward_mode, at)
        cause = "each output is taken to depend on its own input alone: the terms of the others are missing"
        yield cause, partial(_diagonal, at)
    if x[0].size <= FEW:
        cause = "contributions of several outputs to one input are assigned, of which one is left: add them up (+=)"
        yield cause, partial(_one_contribution, at, computed)


def _of_difference(at: Wrong, name: str, missing: Array) -> str:
    """Return which known term the missing part of a gradient is; "" if none."""
    if name != "x":
        return ""
    for axis in range(missing.ndim):
        if missing.shape[axis] < ENOUGH:
            continue
        over = "batch" if axis == 0 else f"sample along axis {axis}"
        lines, values = np.moveaxis(missing, axis, -1), np.moveaxis(at.x, axis, -1)
        means = lines.mean(axis=-1, keepdims=True)
        if _near(lines, means + 0 * lines):
            return f"the chain through the mean over the {over} is left out: the mean depends on x, too"
        centered = values - values.mean(axis=-1, keepdims=True)
        slope = (lines * centered).sum(axis=-1, keepdims=True) / ((centered**2).sum(axis=-1, keepdims=True) + 1e-30)
        if _near(lines, means + slope * centered):
            return (
                f"the chain through the statistics over the {over} is left out: mean and variance (or norm) "
                "depend on x, too"
            )
        along = (lines * values).sum(axis=-1, keepdims=True) / ((values**2).sum(axis=-1, keepdims=True) + 1e-30)
        if _near(lines, along * values):
            return f"the chain through the norm over the {over} is left out: the norm depends on x, too"
    for other, values in at.bench.params.items():
        if values.ndim == 2 and values.shape[1] == missing.shape[-1] and values.shape[0] < values.shape[1]:
            lines = missing.reshape(-1, missing.shape[-1])
            part = np.linalg.lstsq(values.T, lines.T, rcond=None)[0].T @ values
            if _near(lines, part):
                return f"a term is missing: the path through parameter {other} (... @ ctx.{other})"
    return ""


def _near(a: Array, b: Array) -> bool:
    scale = float(np.abs(b).max(initial=0.0))
    return scale > CLOSE and bool(np.allclose(a, b, rtol=CLOSE, atol=CLOSE * scale))


def _ratio(computed: Array, expected: Array) -> bool:
    size = float((expected * expected).sum())
    return size > 0 and _near(computed, float((computed * expected).sum()) / size * expected)


def _slopes(at: Wrong, array: Array) -> Array | None:
    """Return the right gradient of `array`; None where it has kinks."""
    found = slopes(at, array, at.rng, array.size)
    return found.values.reshape(array.shape) if found.smooth.all() else None


def _with(at: Wrong, array: Array, parameter: Array, values: Array) -> Array | None:
    """Return the gradient of `array` if `parameter` had other values."""
    old = parameter.copy()
    parameter[...] = values
    result = _slopes(at, array)
    parameter[...] = old
    return result


def _masked(at: Wrong, array: Array, axis: int, position: int) -> Array | None:
    """Return the gradient of `array` if only one position along an axis of the outputs counted."""
    old = at.grad.copy()
    chosen = (slice(None),) * axis + (position,)
    at.grad[...] = 0
    at.grad[chosen] = old[chosen]
    result = _slopes(at, array)
    at.grad[...] = old
    return result


def _cut(at: Wrong, array: Array, child: Layer) -> Array | None:
    """Return the gradient of the input if what goes into a layer inside were constant."""
    inputs, forward = at.x, child.forward

    def constant(ctx: Context, x: Array) -> Array:
        return forward(ctx, inputs if x.shape == inputs.shape else x)

    child.forward = constant  # type: ignore[method-assign]
    result = _slopes(at, array)
    del child.forward
    return result


def _outputs(at: Wrong) -> Array:
    ctx = at.bench.context(len(at.x))
    return np.array(at.bench.output(ctx, at.moving))


def _differences(at: Wrong, direction: Array) -> Array:
    start = at.moving.copy()
    at.moving[...] = start + STEP * direction
    above = _outputs(at)
    at.moving[...] = start - STEP * direction
    below = _outputs(at)
    at.moving[...] = start
    return (above - below) / (2 * STEP)


def _forward_mode(at: Wrong) -> Array:
    """Return J @ grad, where J.T @ grad is right."""
    return _differences(at, at.grad)


def _over_features(at: Wrong, array: Array) -> Array | None:
    """Return the gradient of `array`, one number per feature, if it were summed over these for each sample."""
    rows = [_masked(at, array, 0, k) for k in range(len(array))]
    return None if any(row is None for row in rows) else np.array([np.sum(row) for row in rows if row is not None])


def _one_contribution(at: Wrong, computed: Array) -> Array | None:
    """Return the contribution of the output, or of the step, that is nearest to the computed gradient of each input."""
    n = len(at.x)
    result, single = np.zeros_like(at.x), False
    for k in range(at.x[0].size):
        unit = np.zeros_like(at.x)
        unit.reshape(n, -1)[:, k] = 1
        parts = at.grad * _differences(at, unit)
        options = np.concatenate([parts.reshape(n, -1), parts.sum(axis=-1).reshape(n, -1)], axis=1)
        wanted = computed.reshape(n, -1)[:, [k]]
        result.reshape(n, -1)[:, k] = np.take_along_axis(options, np.abs(options - wanted).argmin(1)[:, None], 1)[:, 0]
        single = single or bool((np.abs(parts.reshape(n, -1)) > CLOSE).sum(axis=1).max() > 1)
    return result if single else None


def _diagonal(at: Wrong) -> Array:
    """Return grad times the derivative of each output with respect to its own input."""
    result = np.zeros_like(at.x)
    for k in range(at.x.size):
        unit = np.zeros_like(at.x)
        unit.flat[k] = 1
        result.flat[k] = _differences(at, unit).flat[k] * at.grad.flat[k]
    return result


def _assigned(at: Wrong, array: Array) -> Array | None:
    """Return the gradient of a table of rows if the last of equal indices wins."""
    ids = at.x.astype(int)
    if (ids != at.x).any() or at.grad.shape != (*at.x.shape, *array.shape[1:]) or not array.ndim:
        return None
    if ids.min() < 0 or ids.max() >= len(array):
        return None
    result = np.zeros_like(array)
    result[ids] = at.grad
    return result
