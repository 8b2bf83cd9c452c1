"""The matrix products of a training step alone: a lower bound for any trainer that uses NumPy's BLAS."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload


class Products(Peer):
    """The products without the gradient of the data, written into memory allocated in advance."""

    note = "no training: matrix products only"
    input_gradient: ClassVar[bool] = False

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self.W = [np.ascontiguousarray(w.T) for w in work.weights()[::2]]
        self.one_row = [np.empty((1, units), np.float32) for units in work.sizes[1:]]

    def _products(self, n: int) -> list[tuple[Array, Array, Array]]:
        """Return (a, b, out) for each product of a step; the first `a` stands for the batch."""
        sizes = self.work.sizes
        a = [np.full((n, units), 0.5, np.float32) for units in sizes]
        d = [np.full((n, units), 0.5, np.float32) for units in sizes]
        layers = range(len(self.W))
        forward = [(a[i], self.W[i], a[i + 1]) for i in layers]
        backward = []
        for i in reversed(layers):
            backward.append((a[i].T, d[i + 1], np.empty_like(self.W[i])))
            if i or self.input_gradient:
                backward.append((d[i + 1], self.W[i].T, d[i]))
        return forward + backward

    def fit(self) -> float:
        size = self.work.batch
        by_size = {n: self._products(n) for n in {size, len(self.work.X) % size or size}}
        for _ in range(self.work.epochs):
            for start in range(0, len(self.work.X), size):
                x = self.work.X[start : start + size]
                (_, W, z), *rest = by_size[len(x)]
                x.dot(W, z)
                for a, b, out in rest:
                    a.dot(b, out)
        return float("nan")

    def predict(self, X: Array) -> Array:
        x = X
        if len(X) == 1:
            for W, out in zip(self.W, self.one_row, strict=True):
                x = x.dot(W, out)
        else:
            for W in self.W:
                x = x.dot(W)
        return x


class ProductsWithInputGradient(Products):
    """The same with the gradient of the data, which no trainer needs."""

    note = "products with the first layer's input gradient"
    input_gradient = True
