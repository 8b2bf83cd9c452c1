"""DeZero, a define-by-run framework in plain Python."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

if not hasattr(np, "int"):
    vars(np)["int"] = int  # DeZero uses this name, which NumPy 1.24 removed

import dezero.functions as F
from dezero import Model, Variable, no_grad, optimizers
from dezero.layers import Linear

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

ACTIVATIONS = {"sigmoid": F.sigmoid, "tanh": F.tanh, "relu": F.relu}


class _Network(Model):
    def __init__(self, work: Workload) -> None:
        super().__init__()
        values = iter(work.weights())
        self.work, self.linears = work, []
        for i, (inputs, units) in enumerate(pairwise(work.sizes)):
            linear = Linear(units, in_size=inputs)
            linear.W.data, linear.b.data = np.ascontiguousarray(next(values).T), next(values)
            setattr(self, f"linear{i}", linear)
            self.linears.append(linear)

    def forward(self, x: Array) -> Variable:
        for linear, activation in zip(self.linears, self.work.activations, strict=True):
            x = linear(x)
            x = ACTIVATIONS[activation](x) if activation in ACTIVATIONS else x
        return x


class DeZero(Peer):
    """A `Model`, trained as in DeZero's book."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self.network = _Network(work)

    def fit(self) -> float:
        work = self.work
        self.network = network = _Network(work)
        kind = optimizers.SGD if work.optimizer == "sgd" else optimizers.Adam
        optimizer = kind(work.rate).setup(network)
        rng = np.random.default_rng(0)
        for _ in range(work.epochs):
            order = rng.permutation(len(work.X))
            X, y = work.X[order], work.y[order]
            total = 0.0
            for start in range(0, len(X), work.batch):
                x_batch, y_batch = X[start : start + work.batch], y[start : start + work.batch]
                prediction = network(x_batch)
                if work.output == "softmax":
                    loss = F.softmax_cross_entropy(prediction, y_batch)
                else:
                    loss = F.mean_squared_error(prediction, y_batch) * np.float32(0.5)
                network.cleargrads()
                loss.backward()
                optimizer.update()
                total += float(loss.data) * len(x_batch)
        return total / len(work.X)

    def predict(self, X: Array) -> Array:
        with no_grad():
            outputs = self.network(X)
            return (F.softmax(outputs) if self.work.output == "softmax" else outputs).data
