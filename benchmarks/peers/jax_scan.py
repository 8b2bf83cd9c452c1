"""JAX, with one compiled function for a whole epoch."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.jax_step import JaxStep, State
from benchmarks.workloads import Workload


class JaxScan(JaxStep):
    """The steps of an epoch run in one `lax.scan`; only the order of the samples comes from outside."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self._epoch = jax.jit(self.epoch)

    def epoch(self, state: State, X: Any, y: Any, order: Any) -> tuple[State, Any]:
        """Return the state and the mean loss after an epoch."""
        n, size = len(X), self.work.batch
        X, y, whole = X[order], y[order], n - n % size
        batches = tuple(a[:whole].reshape(-1, size, *a.shape[1:]) for a in (X, y))
        carry = (state, jnp.zeros(()))
        carry, _ = jax.lax.scan(lambda carry, batch: (self.step(*carry, *batch), None), carry, batches)
        if n % size:
            carry = self.step(*carry, X[whole:], y[whole:])
        return carry[0], carry[1] / n

    def fit(self) -> float:
        work = self.work
        X, y, state = jnp.asarray(work.X), jnp.asarray(work.y), self.initial_state()
        rng = np.random.default_rng(0)
        losses = []
        for _ in range(work.epochs):
            state, loss = self._epoch(state, X, y, rng.permutation(len(work.X)))
            losses.append(loss)
        self.params = jax.block_until_ready(state[0])
        return float(losses[-1])
