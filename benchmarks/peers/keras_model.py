"""Keras, on JAX unless KERAS_BACKEND says otherwise."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

OPTIMIZERS = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}


def half_squared_error(y_true: object, y_pred: object) -> object:
    """Return half of Keras's squared error."""
    return 0.5 * keras.losses.mean_squared_error(y_true, y_pred)


class Keras(Peer):
    """A compiled `Sequential`, kept between fits so that it is compiled once."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        self.note = f"backend: {keras.backend.backend()}"
        layers = [keras.layers.Dense(u, a) for u, a in zip(work.sizes[1:], work.activations, strict=True)]
        self.model = keras.Sequential([keras.Input((work.sizes[0],)), *layers])
        loss = "sparse_categorical_crossentropy" if work.output == "softmax" else half_squared_error
        optimizer = OPTIMIZERS[work.optimizer](work.rate)
        optimizer.build(self.model.trainable_variables)
        self.unused = [np.array(v) for v in optimizer.variables]
        self.model.compile(optimizer, loss)
        self._start()

    def _start(self) -> None:
        self.model.set_weights([w.T for w in self.work.weights()])
        for variable, value in zip(self.model.optimizer.variables, self.unused, strict=True):
            variable.assign(value)

    def fit(self) -> float:
        work = self.work
        self._start()
        history = self.model.fit(work.X, work.y, batch_size=work.batch, epochs=work.epochs, verbose=0)
        return float(history.history["loss"][-1])

    def predict(self, X: Array) -> Array:
        if len(X) == 1:
            return self.model.predict_on_batch(X)
        return self.model.predict(X, batch_size=1024, verbose=0)
