"""thinc: functional layers whose forward returns their backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from thinc.api import SGD, Adam, Linear, Model, Relu, Sigmoid, Softmax, chain, prefer_gpu

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

prefer_gpu(-1)


def tanh_forward(model: Model, X: Array, is_train: bool) -> tuple[Array, Callable[[Array], Array]]:
    """Return tanh and its backward; thinc has no such layer."""
    Y = np.tanh(X)
    return Y, lambda dY: dY * (1 - Y * Y)


def dense(units: int, inputs: int, activation: str) -> Any:
    """Return a dense layer with an activation."""
    if activation == "tanh":
        return chain(Linear(units, inputs), Model("tanh", tanh_forward))
    return {"sigmoid": Sigmoid, "relu": Relu, "softmax": Softmax, "linear": Linear}[activation](units, inputs)


class Thinc(Peer):
    """A `chain` of layers, with batches from `ops.multibatch`."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self._start()

    def _start(self) -> None:
        work = self.work
        layers = [dense(u, i, a) for i, u, a in zip(work.sizes, work.sizes[1:], work.activations, strict=False)]
        self.model = chain(*layers).initialize()
        values = iter(work.weights())
        for node in self.model.walk():
            if node.has_param("W"):
                node.set_param("W", next(values))
                node.set_param("b", next(values))

    def fit(self) -> float:
        work = self.work
        self._start()
        optimizer = {"sgd": SGD, "adam": Adam}[work.optimizer](work.rate, L2=0.0, grad_clip=0.0, use_averages=False)
        classes = np.eye(work.sizes[-1], dtype=np.float32)
        for _ in range(work.epochs):
            total = 0.0
            for x, y in self.model.ops.multibatch(work.batch, work.X, work.y, shuffle=True):
                prediction, backprop = self.model.begin_update(x)
                if work.output == "softmax":
                    gradient = prediction - classes[y]
                    total -= float(np.log(prediction[np.arange(len(y)), y]).sum())
                else:
                    gradient = prediction - y
                    total += 0.5 * float((gradient * gradient).sum())
                backprop(gradient / np.float32(len(x)))
                self.model.finish_update(optimizer)
        return total / len(work.X)

    def predict(self, X: Array) -> Array:
        return self.model.predict(X)
