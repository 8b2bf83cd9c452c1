"""Training as a NumPy expert would write it by hand for one network: no objects, no options, no allocation in a step.

All parameters lie in one vector, and all gradients in another. Every call writes into memory allocated once for its
batch size. The values that the loss needs are kept for a whole epoch and reduced once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import sqrt

import numpy as np

from benchmarks.peers import numpy_steps
from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

STEPS = {
    "W1": numpy_steps.tutorial,
    "W2": numpy_steps.playground,
    "W2-adam": numpy_steps.playground,
    "W3": numpy_steps.tabular,
    "W4": numpy_steps.images,
}


class NumpyLoop(Peer):
    """The loop around the steps of `numpy_steps`."""

    note = "written by hand for each network"

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self._start()

    def _start(self) -> None:
        self.params = np.concatenate([w.T.ravel() for w in self.work.weights()])
        self.grads = np.empty_like(self.params)
        self.views, self.grad_views = parts(self.params, self.work.sizes), parts(self.grads, self.work.sizes)

    def fit(self) -> float:
        work = self.work
        self._start()
        update = {"sgd": sgd, "adam": adam}[work.optimizer](self.params, self.grads, work.rate)
        n, size = len(work.X), work.batch
        X, y = np.empty_like(work.X), np.empty_like(work.y)
        kept = np.empty(y.shape, np.float32)
        make = STEPS[work.name]
        step = make(self.views, self.grad_views, size)
        cuts = [slice(i, i + size) for i in range(0, n - size + 1, size)]
        batches = [(step, X[cut], y[cut], kept[cut]) for cut in cuts]
        if rest := n % size:
            batches.append((make(self.views, self.grad_views, rest), X[-rest:], y[-rest:], kept[-rest:]))
        rng = np.random.default_rng(0)
        for _ in range(work.epochs):
            order = rng.permutation(n)
            np.take(work.X, order, 0, X, "clip")
            np.take(work.y, order, 0, y, "clip")
            for step, x_batch, y_batch, kept_batch in batches:
                step(x_batch, y_batch, kept_batch)
                update()
            loss = -np.log(kept).mean() if work.output == "softmax" else 0.5 * (kept * kept).mean()
        return float(loss)

    def predict(self, X: Array) -> Array:
        return numpy_steps.forward(X, self.views, self.work.activations)


def parts(flat: Array, sizes: tuple[int, ...]) -> list[Array]:
    """Return W (inputs, units) and b (units,) of each layer as parts of the vector."""
    views, start = [], 0
    for inputs, units in pairwise(sizes):
        W = flat[start : start + inputs * units].reshape(inputs, units)
        b = flat[start + W.size : start + W.size + units]
        start += W.size + units
        views += [W, b]
    return views


def sgd(params: Array, grads: Array, rate: float) -> Callable[[], None]:
    """Return the update ``params -= rate * grads``."""
    rate_ = np.array(rate, np.float32)
    multiply, subtract = np.multiply, np.subtract

    def update() -> None:
        multiply(grads, rate_, grads)
        subtract(params, grads, params)

    return update


def adam(params: Array, grads: Array, rate: float, beta1: float = 0.9, beta2: float = 0.999) -> Callable[[], None]:
    """Return Adam's update. Both moments are kept divided by 1 - beta, which saves two passes."""
    m, v, work = np.zeros_like(params), np.zeros_like(params), np.empty_like(params)
    b1, b2, scale, epsilon = (np.array(c, np.float32) for c in (beta1, beta2, 0, 0))
    power1 = power2 = 1.0
    add, multiply, subtract, divide, root = np.add, np.multiply, np.subtract, np.divide, np.sqrt

    def update() -> None:
        nonlocal power1, power2
        power1 *= beta1
        power2 *= beta2
        spread = sqrt((1 - beta2) / (1 - power2))
        scale[()] = rate * (1 - beta1) / (1 - power1) / spread
        epsilon[()] = 1e-8 / spread
        multiply(m, b1, m)
        add(m, grads, m)
        multiply(grads, grads, grads)
        multiply(v, b2, v)
        add(v, grads, v)
        root(v, work)
        add(work, epsilon, work)
        divide(m, work, work)
        multiply(work, scale, work)
        subtract(params, work, params)

    return update
