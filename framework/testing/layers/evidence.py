"""Why a gradient of a layer is wrong: what known mistakes would compute, compared with what was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import combinations

import numpy as np

from framework.core.types import Array
from framework.testing.layers.counterfactuals import (
    Wrong,
    by_backward,
    changed_by_backward,
    diagonal,
    forward_mode,
    narrow_dtype,
    of_one_output,
    of_position,
    over_features,
    right_gradient,
    right_without_repeats,
    with_grad,
    with_parameter,
    without_child,
)
from framework.testing.layers.noise import DEPENDS, mixes_samples

CLOSE = 1e-5
MANY = 600  # elements: more take too long
FEW = 40  # inputs of a sample, to look at one by one
ENOUGH = 3  # values along an axis, to tell a constant or a line from chance
PENALTY = "a multiple of the parameter is added: weight decay belongs to regularizers and optimizers"
NO_GRAD = "grad is not used: backward returns grad times the derivative (chain rule)"
ADDED = "a term is added that does not depend on grad"
REPEATED = "repeated indices count once: use np.add.at(ctx.dW, indices, grad)"
IN_BACKWARD = "backward changes ctx.{0}: assign state in forward, and use in backward the value that forward used"
EXCHANGED = "the parts of grad are exchanged: it is split at the wrong place, or they are taken in another order"
STRAIGHT = "the derivative of what follows is left out (chain rule): grad is used as if the layer were linear"
LEFT_CHAIN = "the chain through the {} is left out: {} on {}, too"
WRONG_CHAIN = (
    "the chain through the {} is wrong or left out: its means must be those of forward (over which axes, by n or n - 1)"
)

Mistake = tuple[str, Callable[[], Array | None]]


def why(at: Wrong, name: str, array: Array, computed: Array) -> str:
    """Return which known mistake computes just this gradient of `array`; "" if none does."""
    try:
        return _why(at, name, array, computed)
    except Exception:  # a layer need not work with what is tried: the wrong gradient is what counts
        return ""


def _why(at: Wrong, name: str, array: Array, computed: Array) -> str:
    if not np.isfinite(computed).all() or not computed.any() or computed.size > MANY:
        return ""
    if cause := why_rough(at, array):
        return cause
    if mixes_samples(at.bench, at.bench.context(len(at.x), training=False), at.x):
        return f"in forward, {DEPENDS}"
    if state := changed_by_backward(at):
        return IN_BACKWARD.format(state)
    expected = right_gradient(at, array)
    if expected is None or (computed.size > 1 and _ratio(computed, expected)):
        return ""
    rest = by_backward(at, name, 0 * at.grad)
    if rest.any() and np.isfinite(rest).all():
        return NO_GRAD if _near(rest, computed) else PENALTY if _ratio(rest, array) else ADDED
    if name == "x" and at.grad.shape == computed.shape:
        if _near(expected - computed, at.grad):
            return "grad itself is missing: the direct path from x to y, as in y = x + f(x)"
        if _near(computed - expected, at.grad):
            return "grad itself is added, but there is no direct path from x to y"
    for mistake, make in _mistakes(at, name, array, computed, expected):
        result = make()
        if result is not None and result.shape == computed.shape and _near(computed, result):
            return mistake
    if name != "x" and right_without_repeats(at, name):
        return REPEATED
    for other, values in at.bench.params.items():
        if values.size > 1 and values.ndim <= computed.ndim and values.shape == computed.shape[-values.ndim :]:
            if _near(computed * values, expected):
                return f"a factor ctx.{other} is missing"
            if _near(expected * values, computed):
                return f"a factor ctx.{other} too much"
    if computed.size > 2 and _near(np.sort(computed, axis=None), np.sort(expected, axis=None)):
        return "the right entries in another order: wrong axis or transposed"
    return _of_difference(at, name, array, expected - computed) if computed.size > 1 else ""


def why_rough(at: Wrong, array: Array) -> str:
    """Return that the outputs are computed in a narrow dtype, or from a rounded `array`; "" if they are not."""
    narrow = narrow_dtype(at, array)
    return narrow and f"forward rounds float64 to {narrow}, or casts it: use the dtype of the data"


def _mistakes(at: Wrong, name: str, array: Array, computed: Array, expected: Array) -> Iterator[Mistake]:
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
                alone = cache(partial(of_position, at, array, axis, position))
                yield f"only the {where} {what} counts", alone
                yield f"the {where} {what} is left out", partial(_without, expected, alone)
    if 1 < grad[0].size <= FEW:
        for k in range(1, grad.shape[-1]):
            yield EXCHANGED, partial(with_grad, at, array, np.roll(grad, k, axis=-1))


def _without(whole: Array, part: Callable[[], Array | None]) -> Array | None:
    left_out = part()
    return None if left_out is None else whole - left_out


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
        cause = "contributions of several outputs to one input are not summed: one of them is left; add them up (+=)"
        yield cause, partial(of_one_output, at, computed)


def _of_difference(at: Wrong, name: str, array: Array, missing: Array) -> str:
    """Return which known term the missing part of a gradient is; "" if none."""
    if name != "x" or missing.shape == at.grad.shape:
        mixes = name == "x" and _mixes(at)
        for count in range(missing.ndim, 0, -1):
            for axes in combinations(range(missing.ndim), count):
                if found := _of_statistics(array, missing, axes, name):
                    return WRONG_CHAIN.format(found[0]) if mixes else LEFT_CHAIN.format(*found, name)
        size = missing.shape[-1] if missing.ndim > 1 else 0
        for group in (k for k in range(ENOUGH, size) if size % k == 0):
            split = (*missing.shape[:-1], -1, group)
            if found := _of_statistics(array.reshape(split), missing.reshape(split), (missing.ndim,), name):
                what = f"{found[0].split(' over ')[0]} over groups of {group} along axis {missing.ndim - 1}"
                return WRONG_CHAIN.format(what) if mixes else LEFT_CHAIN.format(what, found[1], name)
    if name != "x":
        return ""
    for other, values in at.bench.params.items():
        if values.ndim == 2 and values.shape[1] == missing.shape[-1] and values.shape[0] < values.shape[1]:
            lines = missing.reshape(-1, missing.shape[-1])
            part = np.linalg.lstsq(values.T, lines.T, rcond=None)[0].T @ values
            if _near(lines, part):
                return f"a term is missing: the path through parameter {other} (... @ ctx.{other})"
    return ""


def _mixes(at: Wrong) -> bool:
    """Return whether one entry of grad reaches more than its own entry of the gradient of the input."""
    unit = np.zeros_like(at.grad)
    unit.flat[0] = 1
    return bool((by_backward(at, "x", unit) != 0).sum() > 1)


def _of_statistics(x: Array, missing: Array, axes: tuple[int, ...], name: str) -> tuple[str, str] | None:
    """Return the statistics over some axes whose dependence on x is the missing part, and that they depend on it."""
    over = f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
    over = f"{over} of {name}" if name != "x" else "the batch" if axes == (0,) else over
    lines, values = (np.moveaxis(a, axes, range(-len(axes), 0)) for a in (missing, x))
    lines, values = (a.reshape(*a.shape[: -len(axes)], -1) for a in (lines, values))
    if lines.shape[-1] < ENOUGH:
        return None
    means = lines.mean(axis=-1, keepdims=True)
    if _near(lines, means + 0 * lines):
        return f"mean over {over}", "the mean depends"
    if _near(lines, _along(lines, values)):
        return f"norm over {over}", "the norm depends"
    if _near(lines, means + _along(lines, values - values.mean(axis=-1, keepdims=True))):
        return f"statistics over {over}", "mean and variance (or norm) depend"
    return None


def _along(lines: Array, values: Array) -> Array:
    """Return the part of each line that is a multiple of `values`."""
    size = (values * values).sum(axis=-1, keepdims=True)
    return np.asarray((lines * values).sum(axis=-1, keepdims=True) / np.where(size > 0, size, 1) * values)


def _near(a: Array, b: Array) -> bool:
    scale = float(np.abs(b).max(initial=0.0))
    return scale > CLOSE and bool(np.allclose(a, b, rtol=CLOSE, atol=CLOSE * scale))


def _ratio(computed: Array, expected: Array) -> bool:
    size = float((expected * expected).sum())
    return size > 0 and _near(computed, float((computed * expected).sum()) / size * expected)
