"""The fully connected layer."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from framework.activations import Activation
from framework.activations.base import COPY_LIMIT, ActivationLike
from framework.constraints import Constraint, ConstraintLike
from framework.core.arguments import effective, flag, integer
from framework.core.types import Array, Shape
from framework.initializers import Initializer, InitializerLike, Zeros
from framework.layers.activate import bind_activation
from framework.layers.base import Context, Layer, LayerOptions, Parameter, in_dtype
from framework.regularizers import Regularizer, RegularizerLike


class Dense(Layer):
    """Nodes fully connected to their inputs, with an activation: z = x @ W.T + b, y = f(z).

    (n, inputs) -> (n, units). W has shape (units, inputs), a row for each node; b has shape (units,).

    Parameters
    ----------
    units : int
        The number of nodes.
    activation : str, Activation or class
        f; "linear" returns z itself.
    weight_initializer, bias_initializer : str, Initializer or array
        Initial values of W and b.
    use_bias : bool
        False leaves b out.
    weight_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties on W and b, added to the loss.
    weight_constraint, bias_constraint : str or Constraint, optional
        Sets that W and b are projected onto after each step.
    name, trainable
        As in `Layer`.
    """

    replayable = True

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "linear",
        weight_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        *,
        use_bias: bool = True,
        weight_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        weight_constraint: ConstraintLike | None = None,
        bias_constraint: ConstraintLike | None = None,
        **common: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**common)
        self.units = units
        self.activation = activation
        self.weight_initializer = weight_initializer
        self.bias_initializer = bias_initializer
        self.use_bias = use_bias
        self.weight_regularizer = weight_regularizer
        self.bias_regularizer = bias_regularizer
        self.weight_constraint = weight_constraint
        self.bias_constraint = bias_constraint
        self.check()

    def check(self) -> None:
        integer(self.units, "units", self, least=1)
        flag(self.use_bias, "use_bias", self)
        Activation.of(self.activation)
        Initializer.of(self.weight_initializer)
        Initializer.of(self.bias_initializer)
        for regularizer in (self.weight_regularizer, self.bias_regularizer):
            if regularizer is not None:
                Regularizer.of(regularizer).check()
        for constraint in (self.weight_constraint, self.bias_constraint):
            if constraint is not None:
                Constraint.of(constraint).check()
        if not self.use_bias:
            given = {name: getattr(self, name) is not None for name in ("bias_regularizer", "bias_constraint")}
            given["bias_initializer"] = not isinstance(Initializer.of(self.bias_initializer), Zeros)
            effective(self, given, "with use_bias=False")

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        W = Parameter(
            (self.units, *input_shape),
            self.weight_initializer,
            regularizer=self.weight_regularizer,
            constraint=self.weight_constraint,
            transposed=True,
        )
        b = Parameter(
            (self.units,),
            self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )
        return {"W": W, "b": b} if self.use_bias else {"W": W}

    def output_shape(self, input_shape: Shape) -> Shape:
        self.expect(len(input_shape) == 1, "(n, inputs)", input_shape, "put Flatten() before it")
        return (self.units,)

    def memory(self, input_shape: Shape) -> dict[str, Shape]:
        return {"z": (self.units,), "y": (self.units,), "dz": (self.units,), "dx": input_shape}

    def bind(self, ctx: Context) -> None:
        bind_activation(ctx, self.activation)
        ctx.WT, ctx.dWT = ctx.W.T, ctx.dW.T  # W is transposed in memory, so these have their elements in order
        if ctx.in_place:
            ctx.y = ctx.z
        if self.use_bias:
            _bind_bias(ctx)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = x = in_dtype(ctx, x)
        z = x.dot(ctx.WT, ctx.z)
        if self.use_bias:
            np.add(z, _bias_rows(ctx), z)
        ctx.a = a = ctx.f(z, ctx.y)
        return a

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        dz = in_dtype(ctx, ctx.f_backward(grad, ctx.z, ctx.a, ctx.dz))
        ctx.x.T.dot(dz, ctx.dWT)  # dW = dz.T @ x, transposed as W is in memory
        if self.use_bias:
            ctx.ones.dot(dz, ctx.db)  # db = sum of dz over the batch
        return dz.dot(ctx.W, ctx.dx) if ctx.needs_input_grad else None


def _bind_bias(ctx: Context) -> None:
    """Choose the form in which b is added to z: copied to each row, which is twice as fast if z is small, or a view."""
    n, units = ctx.z.shape
    ctx.copies_bias = units > 1 and n > 1 and ctx.z.size <= COPY_LIMIT
    ctx.bias_rows = np.empty_like(ctx.z) if ctx.copies_bias else ctx.b.reshape(() if units == 1 else (1, -1))


def _bias_rows(ctx: Context) -> Array:
    """Return b in the form in which it is added to z."""
    if ctx.copies_bias:
        ctx.bias_rows[...] = ctx.b
    return ctx.bias_rows
