"""Why a gradient of a layer is wrong: what known mistakes would compute, compared with what was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

import numpy as np

from framework.core.types import Array
from framework.testing.layers.counterfactuals import (
    Wrong,
    assigned,
    diagonal,
    forward_mode,
    of_one_output,
    of_one_position,
    outputs,
    over_features,
    right_gradient,
    with_parameter,
    without_child,
)

CLOSE = 1e-5
MANY = 600  # elements: more take too long
FEW = 40  # inputs of a sample, to look at one by one
ENOUGH = 4  # values along an axis, to tell a constant or a line from chance
PENALTY = "a multiple of the parameter is added: weight decay belongs to regularizers and optimizers"
STRAIGHT = "the derivative of what follows is left out (chain rule): grad is used as if the layer were linear"

Mistake = tuple[str, Callable[[], Array | None]]


def why(at: Wrong, name: str, array: Array, computed: Array) -> str:
    """Return which known mistake computes just this gradient of `array`; "" if none does."""
    if not np.isfinite(computed).all() or not computed.any() or computed.size > MANY:
        return ""
    if narrow := _rounds(outputs(at)):
        return f"forward computes in {narrow}, so float64 is rounded: use the dtype of the data"
    expected = right_gradient(at, array)
    if expected is None or (computed.size > 1 and _ratio(computed, expected)):
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
    if computed.size > 2 and _near(np.sort(computed, axis=None), np.sort(expected, axis=None)):
        return "the right entries in another order: wrong axis or transposed"
    return _of_difference(at, name, expected - computed) if computed.size > 1 else ""


def _mistakes(at: Wrong, name: str, array: Array, computed: Array) -> Iterator[Mistake]:
    """Yield known mistakes, and what each would compute as the gradient of `array`."""
    grad = at.grad
    for other, values, _ in at.arrays():
        if values is not array and values.shape == array.shape:
            yield f"it is the gradient of {other}: gradients are exchanged", partial(right_gradient, at, values)
    for other, values in at.bench.params.items():
        if values is array:
            continue
        if values.ndim == 2 and values.shape[0] == values.shape[1]:
            yield (
                f"ctx.{other} is transposed: W has shape (units, inputs), so dx = grad @ ctx.W for y = x @ ctx.W.T",
                partial(with_parameter, at, array, values, values.T.copy()),
            )
        yield (
            f"parameter {other} is left out, as if it were 1",
            partial(with_parameter, at, array, values, np.ones_like(values)),
        )
    yield from _of_input(at, array, computed) if name == "x" else _of_parameter(at, array)
    for axis, size in enumerate(grad.shape):
        for where, position in (("first", 0), ("last", size - 1)):
            if size > 1:
                what = "sample" if axis == 0 else f"entry along axis {axis}"
                yield f"only the {where} {what} counts", partial(of_one_position, at, array, axis, position)


def _of_parameter(at: Wrong, array: Array) -> Iterator[Mistake]:
    grad, x = at.grad, at.x
    rows = grad.reshape(-1, grad.shape[-1]) if grad.ndim > 1 else grad
    if grad.ndim == x.ndim > 1 and grad.shape[:-1] == x.shape[:-1]:
        yield STRAIGHT, partial(np.matmul, rows.T, x.reshape(-1, x.shape[-1]))
    yield STRAIGHT, partial(np.sum, rows, axis=0)
    if array.shape == grad.shape[:1] and array.ndim == 1:
        yield (
            "wrong axis: a sum over the features, where one over the batch (axis=0) belongs",
            partial(over_features, at, array),
        )
    yield "repeated indices count once: use np.add.at(ctx.dW, indices, grad)", partial(assigned, at, array)


def _of_input(at: Wrong, array: Array, computed: Array) -> Iterator[Mistake]:
    grad, x = at.grad, at.x
    for child in at.bench.place.children:
        cause = f"a term is missing: the path through {child.layer.label()}, a layer inside"
        yield cause, partial(without_child, at, array, child.layer)
    if grad.ndim > 1:
        for values in at.bench.params.values():
            if values.ndim == 2 and values.shape == (grad.shape[-1], x.shape[-1]):
                yield STRAIGHT, partial(np.matmul, grad, values)
    if grad.shape == x.shape:
        cause = "the Jacobian is not transposed: backward must go in the other direction than forward (reversed, or .T)"
        yield cause, partial(forward_mode, at)
        cause = "each output is taken to depend on its own input alone: the terms of the others are missing"
        yield cause, partial(diagonal, at)
    if x[0].size <= FEW:
        cause = "contributions of several outputs to one input are assigned, of which one is left: add them up (+=)"
        yield cause, partial(of_one_output, at, computed)


def _of_difference(at: Wrong, name: str, missing: Array) -> str:
    """Return which known term the missing part of a gradient is; "" if none."""
    if name != "x":
        parameters = (values for other, values, _ in at.arrays() if other == name)
        return PENALTY if any(_ratio(missing, values) for values in parameters) else ""
    if missing.shape == at.grad.shape:
        axes = range(missing.ndim)
        for among in (subset for count in (1, 2, 3) for subset in combinations(axes, count)):
            if cause := _of_statistics(at.x, missing, among):
                return cause
    for other, values in at.bench.params.items():
        if values.ndim == 2 and values.shape[1] == missing.shape[-1] and values.shape[0] < values.shape[1]:
            lines = missing.reshape(-1, missing.shape[-1])
            part = np.linalg.lstsq(values.T, lines.T, rcond=None)[0].T @ values
            if _near(lines, part):
                return f"a term is missing: the path through parameter {other} (... @ ctx.{other})"
    return ""


def _of_statistics(x: Array, missing: Array, axes: tuple[int, ...]) -> str:
    """Return the statistics over some axes whose dependence on x is the missing part; "" if there are none."""
    over = "the batch" if axes == (0,) else f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
    lines, values = (np.moveaxis(a, axes, range(-len(axes), 0)) for a in (missing, x))
    lines, values = (a.reshape(*a.shape[: -len(axes)], -1) for a in (lines, values))
    if lines.shape[-1] < ENOUGH:
        return ""
    means = lines.mean(axis=-1, keepdims=True)
    if _near(lines, means + 0 * lines):
        return f"the chain through the mean over {over} is left out: the mean depends on x, too"
    if _near(lines, means + _along(lines, values - values.mean(axis=-1, keepdims=True))):
        return f"the chain through the statistics over {over} is left out: mean and variance (or norm) depend on x, too"
    if _near(lines, _along(lines, values)):
        return f"the chain through the norm over {over} is left out: the norm depends on x, too"
    return ""


def _along(lines: Array, values: Array) -> Array:
    """Return the part of each line that is a multiple of `values`."""
    size = (values * values).sum(axis=-1, keepdims=True)
    return np.asarray((lines * values).sum(axis=-1, keepdims=True) / np.where(size > 0, size, 1) * values)


def _rounds(y: Array) -> str:
    """Return the narrow dtype in which float64 outputs were computed; "" if none."""
    if y.size < 8 or len(np.unique(y)) <= y.size / 2:
        return ""
    for dtype in (np.float16, np.float32):
        if (y.astype(dtype) == y).all():
            return np.dtype(dtype).name
    return ""


def _near(a: Array, b: Array) -> bool:
    scale = float(np.abs(b).max(initial=0.0))
    return scale > CLOSE and bool(np.allclose(a, b, rtol=CLOSE, atol=CLOSE * scale))


def _ratio(computed: Array, expected: Array) -> bool:
    size = float((expected * expected).sum())
    return size > 0 and _near(computed, float((computed * expected).sum()) / size * expected)
