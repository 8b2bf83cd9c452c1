"""The workloads: data, network and settings, the same for every peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Workload:
    """A network to train on data made from a seed, everything in float32.

    Attributes
    ----------
    about : str
        A description for the report.
    X : ndarray, shape (n, inputs)
    y : ndarray, shape (n, outputs), or (n,) integers for classes
    sizes : tuple of int
        The number of inputs, and the units of each layer.
    hidden, output : str
        The activations of the hidden layers and of the output layer.
    loss : {"half_squared_error", "categorical_crossentropy"}
    optimizer : {"sgd", "adam"}
    """

    name: str
    about: str
    X: Array
    y: Array
    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    optimizer: str
    rate: float
    batch: int
    epochs: int

    @property
    def steps(self) -> int:
        """The number of steps of a whole fit."""
        return self.epochs * -(-len(self.X) // self.batch)

    @property
    def activations(self) -> list[str]:
        """The activation of each layer."""
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]

    def weights(self) -> list[Array]:
        """Return initial values, Glorot uniform and zeros: [W (units, inputs), b (units,), ...]."""
        rng = np.random.default_rng(7)
        arrays = []
        for inputs, units in pairwise(self.sizes):
            limit = np.sqrt(6 / (inputs + units))
            arrays.append(rng.uniform(-limit, limit, (units, inputs)).astype(np.float32))
            arrays.append(np.zeros(units, np.float32))
        return arrays

    def bytes_needed(self) -> int:
        """Return the bytes that training needs: data, parameters, gradients, two slots, a batch's activations."""
        parameters = sum(w.nbytes for w in self.weights())
        activations = 4 * self.batch * sum(self.sizes[1:])
        return self.X.nbytes + self.y.nbytes + 4 * parameters + activations


def _scaled(count: int, scale: float, least: int) -> int:
    return max(least, round(count * scale))


def tutorial(scale: float) -> Workload:
    """Return W1: two overlapping clouds of points, separated by three hidden nodes."""
    rng = np.random.default_rng(1)
    y = (np.arange(600) % 2).astype(np.float32).reshape(-1, 1)
    X = (2 * y - 1 + rng.normal(size=(600, 2))).astype(np.float32)
    about = "600 x 2, 2-3-1 sigmoid, half squared error, SGD, batch 4"
    epochs = _scaled(100, scale, 2)
    return Workload("W1", about, X, y, (2, 3, 1), "sigmoid", "sigmoid", "half_squared_error", "sgd", 0.02, 4, epochs)


def playground(scale: float, optimizer: str) -> Workload:
    """Return W2: a disk inside a ring."""
    rng = np.random.default_rng(2)
    X = rng.uniform(-1, 1, (250, 2)).astype(np.float32)
    y = np.where((X**2).sum(axis=1, keepdims=True) < 0.5 + rng.normal(0, 0.1, (250, 1)), 1, -1).astype(np.float32)
    name, rate = ("W2", 0.03) if optimizer == "sgd" else ("W2-adam", 0.003)
    about = f"250 x 2, 2-8-8-1 tanh, half squared error, {optimizer}, batch 10"
    epochs = _scaled(200, scale, 2)
    sizes = (2, 8, 8, 1)
    return Workload(name, about, X, y, sizes, "tanh", "tanh", "half_squared_error", optimizer, rate, 10, epochs)


def tabular(scale: float) -> Workload:
    """Return W3: a smooth function of twenty features, plus noise."""
    rng = np.random.default_rng(3)
    n = _scaled(20_000, scale, 64)
    X = rng.standard_normal((n, 20), np.float32)
    y = np.sin(X @ rng.normal(0, 0.3, (20, 1))) + 0.5 * X[:, :1] * X[:, 1:2] + rng.normal(0, 0.3, (n, 1))
    about = f"{n:,} x 20, 20-64-64-1 relu, half squared error, Adam, batch 32"
    sizes = (20, 64, 64, 1)
    return Workload(
        "W3", about, X, y.astype(np.float32), sizes, "relu", "linear", "half_squared_error", "adam", 0.001, 32, 5
    )


def images(scale: float) -> Workload:
    """Return W4: random data of the size of MNIST, in ten classes."""
    rng = np.random.default_rng(4)
    n = _scaled(60_000, scale, 256)
    X = rng.random((n, 784), np.float32)
    scores = X @ rng.standard_normal((784, 10), np.float32)
    y = (scores - scores.mean(axis=0)).argmax(axis=1)
    about = f"{n:,} x 784, 784-512-512-10 relu, softmax, cross-entropy, Adam, batch 128"
    sizes = (784, 512, 512, 10)
    return Workload("W4", about, X, y, sizes, "relu", "softmax", "categorical_crossentropy", "adam", 0.001, 128, 1)


TRAINED: dict[str, Callable[[float], Workload]] = {
    "W1": tutorial,
    "W2": lambda scale: playground(scale, "sgd"),
    "W2-adam": lambda scale: playground(scale, "adam"),
    "W3": tabular,
    "W4": images,
}


@dataclass(frozen=True)
class Prediction:
    """Rows to predict, with the network of a workload."""

    name: str
    about: str
    work: Workload
    X: Array


def predictions(scale: float) -> list[Prediction]:
    """Return W5: one row with a small and a large network, and 100,000 rows."""
    rng = np.random.default_rng(5)
    small, large = playground(scale, "sgd"), images(min(scale, 0.01))
    rows = _scaled(100_000, scale, 256)
    many = rng.random((rows, 784), np.float32)
    return [
        Prediction("W5-small", "one row, W2's network", small, small.X[:1]),
        Prediction("W5-large", "one row, W4's network", large, large.X[:1]),
        Prediction("W5-rows", f"{rows:,} rows, W4's network", large, many),
    ]
