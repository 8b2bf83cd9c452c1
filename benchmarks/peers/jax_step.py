"""JAX, with one compiled function for a step, called from a Python loop."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu, "linear": lambda z: z}
State = tuple[Any, Any, Any, Any]


class JaxStep(Peer):
    """The state of training is (parameters, first moments, second moments, number of steps)."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self.params = [jnp.asarray(w) for w in work.weights()]
        self._step = jax.jit(self.step)
        self._predict = jax.jit(self.outputs)

    def initial_state(self) -> State:
        """Return the workload's initial values, with a new optimizer."""
        params = [jnp.asarray(w) for w in self.work.weights()]
        slots = [jnp.zeros_like(w) for w in params] if self.work.optimizer == "adam" else []
        return params, slots, slots, jnp.zeros(())

    def logits(self, params: Any, x: Any) -> Any:
        """Return the outputs of the last layer before any softmax."""
        for W, b, activation in zip(params[::2], params[1::2], self.work.activations, strict=True):
            z = x @ W.T + b
            x = z if activation == "softmax" else ACTIVATIONS[activation](z)
        return x

    def outputs(self, params: Any, x: Any) -> Any:
        """Return predictions."""
        logits = self.logits(params, x)
        return jax.nn.softmax(logits) if self.work.output == "softmax" else logits

    def loss(self, params: Any, x: Any, y: Any) -> Any:
        """Return the mean loss of a batch."""
        logits = self.logits(params, x)
        if self.work.output == "softmax":
            return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean()
        return 0.5 * ((logits - y) ** 2).mean()

    def step(self, state: State, total: Any, x: Any, y: Any) -> tuple[State, Any]:
        """Return the state and the sum of losses after a step on a batch."""
        params, m, v, t = state
        value, grads = jax.value_and_grad(self.loss)(params, x, y)
        total, t, rate = total + value * len(x), t + 1, self.work.rate
        if self.work.optimizer == "sgd":
            return ([p - rate * g for p, g in zip(params, grads, strict=True)], m, v, t), total
        m = [0.9 * a + 0.1 * g for a, g in zip(m, grads, strict=True)]
        v = [0.999 * a + 0.001 * g * g for a, g in zip(v, grads, strict=True)]
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        params = [p - rate * (a / c1) / (jnp.sqrt(b / c2) + 1e-8) for p, a, b in zip(params, m, v, strict=True)]
        return (params, m, v, t), total

    def fit(self) -> float:
        work, step = self.work, self._step
        state, n = self.initial_state(), len(work.X)
        rng = np.random.default_rng(0)
        for _ in range(work.epochs):
            order = rng.permutation(n)
            X, y = work.X[order], work.y[order]
            total = jnp.zeros(())
            for start in range(0, n, work.batch):
                state, total = step(state, total, X[start : start + work.batch], y[start : start + work.batch])
            loss = float(total) / n
        self.params = jax.block_until_ready(state[0])
        return loss

    def predict(self, X: Array) -> Array:
        return np.asarray(self._predict(self.params, X))
