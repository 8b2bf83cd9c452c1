"""The framework itself."""

from __future__ import annotations

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload
from framework import Dense, Model, Optimizer


class Ours(Peer):
    """A new `Model` for each fit."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self.model = self._made().build(work.sizes[0])

    def _made(self) -> Model:
        work = self.work
        values = iter(work.weights())
        return Model(
            [
                Dense(units, activation, next(values), next(values))
                for units, activation in zip(work.sizes[1:], work.activations, strict=True)
            ],
            loss=work.loss,
            optimizer=Optimizer.named(work.optimizer)(work.rate),
            seed=0,
            dtype="float32",
        )

    def fit(self) -> float:
        self.model = self._made()
        self.model.fit(self.work.X, self.work.y, epochs=self.work.epochs, batch_size=self.work.batch)
        return float(self.model.history["loss"][-1])

    def predict(self, X: Array) -> Array:
        return self.model.predict(X)
