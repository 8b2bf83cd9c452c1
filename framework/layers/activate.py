"""An activation as a layer of its own, and how a layer carries one."""

from __future__ import annotations

from typing import Any

from framework.activations import Activation
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer


def bind_activation(ctx: Context, activation: Any) -> None:
    """Put the activation's two functions on `ctx` as ``ctx.f`` and ``ctx.f_backward``.

    The output layer of a canonical pair is told so by ``ctx.fused``: the loss takes its sums ``ctx.z`` and
    hands back the gradient at the sums, so the sums are kept and the backward function passes it on.
    """
    f = Activation.of(activation)
    ctx.f = f.__call__
    ctx.f_backward = _pass_on if ctx.fused else f.backward
    ctx.over_sums = f.in_place and not ctx.fused
    ctx.replayable = ctx.replayable and f.replayable


def _pass_on(grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
    return grad


class Activate(Layer):
    """An activation alone: y = f(x), any shape -> the same. A string in a list of layers means this layer.

    Parameters
    ----------
    activation : str, Activation or class
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(self, activation: Any, **common: Any) -> None:
        super().__init__(**common)
        self.activation = activation
        self.check()

    def check(self) -> None:
        Activation.of(self.activation)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"y": input_shape, "dx": input_shape}

    def bind(self, ctx: Context) -> None:
        bind_activation(ctx, self.activation)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.z = x
        ctx.a = y = ctx.f(x, ctx.y)
        return y  # type: ignore[no-any-return]

    def backward(self, ctx: Context, grad: Array) -> Array:
        return ctx.f_backward(grad, ctx.z, ctx.a, ctx.dx)  # type: ignore[no-any-return]
