"""Hand-written forward and backward passes: ``step(x, y, kept)`` for each network, for batches of n rows.

Each fills the gradients and writes into `kept` the values from which the loss is computed at the end of the epoch:
the residuals, or the probabilities of the true classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.workloads import Array

Step = Callable[[Array, Array, Array], None]
ZERO, ONE = np.array(0, np.float32), np.array(1, np.float32)
add, subtract, multiply, negative, reciprocal = np.add, np.subtract, np.multiply, np.negative, np.reciprocal
exp, tanh, maximum, greater = np.exp, np.tanh, np.maximum, np.greater


def _like(n: int, *biases: Array) -> list[Array]:
    return [np.empty((n, len(b)), np.float32) for b in biases]


def tutorial(views: list[Array], grads: list[Array], n: int) -> Step:
    """Return the step for two sigmoid layers and squared error."""
    W1, b1, W2, b2 = views
    dW1, db1, dW2, db2 = grads
    (a1, a2), (d1, d2), (t1, t2) = (_like(n, b1, b2) for _ in range(3))
    a1T, W2T = a1.T, W2.T
    ones, mean = np.ones(n, np.float32), np.array(1 / n, np.float32)

    def step(x: Array, y: Array, kept: Array) -> None:
        x.dot(W1, a1)
        add(a1, b1, a1)
        negative(a1, a1)
        exp(a1, a1)
        add(a1, ONE, a1)
        reciprocal(a1, a1)
        a1.dot(W2, a2)
        add(a2, b2, a2)
        negative(a2, a2)
        exp(a2, a2)
        add(a2, ONE, a2)
        reciprocal(a2, a2)
        subtract(a2, y, kept)
        multiply(kept, mean, d2)
        subtract(ONE, a2, t2)
        multiply(t2, a2, t2)
        multiply(d2, t2, d2)
        a1T.dot(d2, dW2)
        ones.dot(d2, db2)
        d2.dot(W2T, d1)
        subtract(ONE, a1, t1)
        multiply(t1, a1, t1)
        multiply(d1, t1, d1)
        x.T.dot(d1, dW1)
        ones.dot(d1, db1)

    return step


def playground(views: list[Array], grads: list[Array], n: int) -> Step:
    """Return the step for three tanh layers and squared error."""
    W1, b1, W2, b2, W3, b3 = views
    dW1, db1, dW2, db2, dW3, db3 = grads
    (a1, a2, a3), (d1, d2, d3), (t1, t2, t3) = (_like(n, b1, b2, b3) for _ in range(3))
    a1T, a2T, W2T, W3T = a1.T, a2.T, W2.T, W3.T
    ones, mean = np.ones(n, np.float32), np.array(1 / n, np.float32)

    def step(x: Array, y: Array, kept: Array) -> None:
        x.dot(W1, a1)
        add(a1, b1, a1)
        tanh(a1, a1)
        a1.dot(W2, a2)
        add(a2, b2, a2)
        tanh(a2, a2)
        a2.dot(W3, a3)
        add(a3, b3, a3)
        tanh(a3, a3)
        subtract(a3, y, kept)
        multiply(kept, mean, d3)
        multiply(a3, a3, t3)
        subtract(ONE, t3, t3)
        multiply(d3, t3, d3)
        a2T.dot(d3, dW3)
        ones.dot(d3, db3)
        d3.dot(W3T, d2)
        multiply(a2, a2, t2)
        subtract(ONE, t2, t2)
        multiply(d2, t2, d2)
        a1T.dot(d2, dW2)
        ones.dot(d2, db2)
        d2.dot(W2T, d1)
        multiply(a1, a1, t1)
        subtract(ONE, t1, t1)
        multiply(d1, t1, d1)
        x.T.dot(d1, dW1)
        ones.dot(d1, db1)

    return step


def _relu_layers(
    views: list[Array], grads: list[Array], n: int
) -> tuple[Callable[[Array], Array], Callable[[Array, Array], None]]:
    """Return ``forward(x)``, which gives the logits, and ``backward(x, d3)`` of two relu layers and a linear one."""
    W1, b1, W2, b2, W3, b3 = views
    dW1, db1, dW2, db2, dW3, db3 = grads
    (a1, a2, z3), (d1, d2, _) = (_like(n, b1, b2, b3) for _ in range(2))
    on1, on2 = np.empty(a1.shape, bool), np.empty(a2.shape, bool)
    a1T, a2T, W2T, W3T = a1.T, a2.T, W2.T, W3.T
    ones = np.ones(n, np.float32)

    def forward(x: Array) -> Array:
        x.dot(W1, a1)
        add(a1, b1, a1)
        maximum(a1, ZERO, out=a1)
        a1.dot(W2, a2)
        add(a2, b2, a2)
        maximum(a2, ZERO, out=a2)
        a2.dot(W3, z3)
        add(z3, b3, z3)
        return z3

    def backward(x: Array, d3: Array) -> None:
        a2T.dot(d3, dW3)
        ones.dot(d3, db3)
        d3.dot(W3T, d2)
        greater(a2, ZERO, on2)
        multiply(d2, on2, d2)
        a1T.dot(d2, dW2)
        ones.dot(d2, db2)
        d2.dot(W2T, d1)
        greater(a1, ZERO, on1)
        multiply(d1, on1, d1)
        x.T.dot(d1, dW1)
        ones.dot(d1, db1)

    return forward, backward


def tabular(views: list[Array], grads: list[Array], n: int) -> Step:
    """Return the step for two relu layers, a linear one and squared error."""
    layers_forward, layers_backward = _relu_layers(views, grads, n)
    d3, mean = np.empty((n, 1), np.float32), np.array(1 / n, np.float32)

    def step(x: Array, y: Array, kept: Array) -> None:
        subtract(layers_forward(x), y, kept)
        multiply(kept, mean, d3)
        layers_backward(x, d3)

    return step


def images(views: list[Array], grads: list[Array], n: int) -> Step:
    """Return the step for two relu layers, softmax and cross-entropy."""
    layers_forward, layers_backward = _relu_layers(views, grads, n)
    rows, mean = np.arange(n), np.array(1 / n, np.float32)
    largest, sums, ones = np.empty((n, 1), np.float32), np.empty(n, np.float32), np.ones(len(views[-1]), np.float32)
    column = sums.reshape(n, 1)

    def step(x: Array, y: Array, kept: Array) -> None:
        p = layers_forward(x)
        p.max(1, largest, True)
        subtract(p, largest, p)
        exp(p, p)
        p.dot(ones, sums)
        np.divide(p, column, p)
        kept[...] = p[rows, y]
        p[rows, y] -= ONE
        multiply(p, mean, p)
        layers_backward(x, p)

    return step


def forward(x: Array, views: list[Array], activations: list[str]) -> Array:
    """Return the outputs for any number of rows."""
    for W, b, activation in zip(views[::2], views[1::2], activations, strict=True):
        x = x.dot(W)
        add(x, b, x)
        if activation == "relu":
            maximum(x, ZERO, out=x)
        elif activation == "tanh":
            tanh(x, x)
        elif activation == "sigmoid":
            x = reciprocal(add(exp(negative(x, x), x), ONE, x), x)
        elif activation == "softmax":
            subtract(x, x.max(1, keepdims=True), x)
            exp(x, x)
            x /= x.sum(1, keepdims=True)
    return x
