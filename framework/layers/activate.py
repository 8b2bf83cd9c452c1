"""An activation as a layer of its own, and the binding of an activation to a layer's context."""

from __future__ import annotations

from typing import Unpack

from framework.activations import Activation
from framework.activations.base import ActivationLike
from framework.core.traceable import traceable
from framework.core.types import Array, Shape
from framework.layers.base import Context, Layer, LayerOptions


def bind_activation(ctx: Context, activation: ActivationLike) -> None:
    """Put the activation's two functions on `ctx`, as ``ctx.f`` and ``ctx.f_backward``.

    ``ctx.fused`` is set on the context of the output layer if the loss computes from the logits ``ctx.z`` (for
    example sigmoid with binary crossentropy). Then the gradient that the loss returns is already the gradient with
    respect to the logits, and ``ctx.f_backward`` returns it unchanged. The logits must not be overwritten, because
    the loss reads them after the forward pass.

    ``ctx.in_place`` says whether the layer may overwrite z with a = f(z).
    """
    f = Activation.of(activation)
    ctx.f = f.__call__
    ctx.f_backward = _unchanged if ctx.fused else f.backward
    ctx.in_place = f.in_place and not ctx.fused
    ctx.replayable = ctx.replayable and traceable(f)


def _unchanged(grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
    return grad


class Activate(Layer):
    """An activation alone: y = f(x), any shape -> the same.

    The name of an activation in a list of layers stands for this layer.

    Parameters
    ----------
    activation : str, Activation or class
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(self, activation: ActivationLike, **common: Unpack[LayerOptions]) -> None:
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
        return y

    def backward(self, ctx: Context, grad: Array) -> Array:
        return ctx.f_backward(grad, ctx.z, ctx.a, ctx.dx)
