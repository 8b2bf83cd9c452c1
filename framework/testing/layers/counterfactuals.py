"""The gradients that a layer would have if something were otherwise: a parameter, what counts, or a rule."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context, Layer
from framework.testing.core.numeric import slopes
from framework.testing.layers.bench import Bench

SMALL = 1e-5
STEP = 1e-5
CHANGES = (1e-9, 1e-5, 0.1)  # of an array: too small for float32, for float16, and for neither


class Wrong(Protocol):
    """What is known of the pass whose gradient is wrong; see `projection.Projection`."""

    bench: Bench
    ctx: Context
    grad: Array
    x: Array
    moving: Array
    rng: np.random.Generator

    def __call__(self) -> float:
        """Return the projection of the outputs on `grad`."""

    def arrays(self) -> list[tuple[str, Array, Array]]:
        """Return the name, the array and the gradient of each parameter and of the input."""


def right_gradient(at: Wrong, array: Array) -> Array | None:
    """Return the right gradient of `array`; None where it has kinks."""
    found = slopes(at, array, at.rng, array.size)
    return found.values.reshape(array.shape) if found.smooth.all() else None


def with_parameter(at: Wrong, array: Array, parameter: Array, values: Array) -> Array | None:
    """Return the gradient of `array` if `parameter` had other values."""
    old = parameter.copy()
    parameter[...] = values
    result = right_gradient(at, array)
    parameter[...] = old
    return result


def of_position(at: Wrong, array: Array, axis: int, position: int) -> Array | None:
    """Return the gradient of `array` if only one position along an axis of the outputs counted."""
    chosen, grad = (slice(None),) * axis + (position,), np.zeros_like(at.grad)
    grad[chosen] = at.grad[chosen]
    return with_grad(at, array, grad)


def with_grad(at: Wrong, array: Array, grad: Array) -> Array | None:
    """Return the gradient of `array` for another gradient of the outputs."""
    old = at.grad.copy()
    at.grad[...] = grad
    result = right_gradient(at, array)
    at.grad[...] = old
    return result


def without_child(at: Wrong, array: Array, child: Layer) -> Array | None:
    """Return the gradient of the input if what goes into a layer inside were constant."""
    inputs, forward = at.x, child.forward

    def constant(ctx: Context, x: Array) -> Array:
        return forward(ctx, inputs if x.shape == inputs.shape else x)

    child.forward = constant  # type: ignore[method-assign]
    result = right_gradient(at, array)
    del child.forward
    return result


def outputs(at: Wrong) -> Array:
    """Return the outputs for what `moving` holds."""
    ctx = at.bench.context(len(at.x))
    return np.array(at.bench.output(ctx, at.moving))


def _differences(at: Wrong, direction: Array) -> Array:
    start = at.moving.copy()
    at.moving[...] = start + STEP * direction
    above = outputs(at)
    at.moving[...] = start - STEP * direction
    below = outputs(at)
    at.moving[...] = start
    return (above - below) / (2 * STEP)


def forward_mode(at: Wrong) -> Array:
    """Return J @ grad, where J.T @ grad is right."""
    return _differences(at, at.grad)


def over_features(at: Wrong, array: Array) -> Array | None:
    """Return the gradient of `array`, one number per feature, if it were summed over these for each sample."""
    rows = [of_position(at, array, 0, k) for k in range(len(array))]
    return None if any(row is None for row in rows) else np.array([np.sum(row) for row in rows if row is not None])


def of_one_output(at: Wrong, computed: Array) -> Array | None:
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
        single = single or bool((np.abs(parts.reshape(n, -1)) > SMALL).sum(axis=1).max() > 1)
    return result if single else None


def diagonal(at: Wrong) -> Array:
    """Return grad times the derivative of each output with respect to its own input."""
    result = np.zeros_like(at.x)
    for k in range(at.x.size):
        unit = np.zeros_like(at.x)
        unit.flat[k] = 1
        result.flat[k] = _differences(at, unit).flat[k] * at.grad.flat[k]
    return result


def right_without_repeats(at: Wrong, name: str) -> bool:
    """Return whether the gradient of a parameter is right if no index among the inputs occurs twice."""
    indices = np.unique(at.x)
    if at.x.ndim != 2 or len(indices) == at.x.size or (indices != np.floor(indices)).any():
        return False
    bench, x = Bench(at.bench.place.layer, indices.shape, seed=at.bench.seed), indices[np.newaxis]
    ctx = bench.context(1)
    grad = at.rng.standard_normal(np.shape(bench.forward(ctx, x)))
    bench.backward(ctx, grad)
    computed, array = bench.grads[name].ravel().copy(), bench.params[name]
    expected = slopes(lambda: float((bench.output(ctx, x) * grad).sum()), array, at.rng, array.size)
    return bool(np.allclose(computed, expected.values, rtol=SMALL, atol=SMALL))


def by_backward(at: Wrong, name: str, grad: Array) -> Array:
    """Return what `backward` computes for `name` from another gradient of the outputs."""
    at.bench.forward(at.ctx, at.x)
    dx = at.bench.backward(at.ctx, grad)
    return np.array(dx if name == "x" else at.bench.grads[name])


def changed_by_backward(at: Wrong) -> str:
    """Return the name of the state that `backward` changes; "" if none."""
    at.bench.forward(at.ctx, at.x)
    before = {name: values.copy() for name, values in at.bench.state.items()}
    at.bench.backward(at.ctx, at.grad)
    changed = [name for name, values in at.bench.state.items() if not np.array_equal(values, before[name])]
    at.bench.restart()
    return changed[0] if changed else ""


def narrow_dtype(at: Wrong, array: Array) -> str:
    """Return the narrow dtype in which the outputs follow `array`; "" if they follow its smallest changes."""
    start = array.copy()
    y, followed = outputs(at), []
    for change in CHANGES:
        array[...] = start * (1 + change)
        followed.append(float((outputs(at) != y).mean()))
    array[...] = start
    tiny, small, some = followed
    if tiny > 0 or some < 0.5:
        return ""
    return "float32" if small > 0 else "float16"
