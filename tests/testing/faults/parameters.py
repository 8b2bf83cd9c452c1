"""Layers that are right for the values that their parameters begin with, and near them."""

import numpy as np

from faults import Quiet, right
from framework import Layer, Parameter
from framework.testing import check_layer


@right(check_layer, input_shape=(4,))
class Root(Quiet, Layer):
    """Right: y = sqrt(s) * x, for the positive scales s that it begins with."""

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones")}

    def forward(self, ctx, x):
        ctx.x, ctx.root = x, np.sqrt(ctx.s)
        return ctx.root * x

    def backward(self, ctx, grad):
        ctx.ds[...] = (0.5 * grad * ctx.x / ctx.root).sum(axis=0)
        return ctx.root * grad
