"""Averages of the weights over the steps of a fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from framework.callbacks import Callback
from framework.core.arguments import number
from framework.core.types import Array, Logs


class WeightAveraging(Callback):
    """Average the weights over the steps, and give the model the averages when the fit ends.

    After step t ``average += max(1 - decay, 1 / t) * (params - average)``: the mean of all steps so far as long as
    they are fewer than ``1 / (1 - decay)``, then the exponential moving average. So the first values do not count; with
    a `decay` of 1 it is the mean over all steps to the end. All of the network's parameters are averaged, running
    means of layers among them, as one vector and after constraints.

    Training, its "val_..." figures and all other callbacks see the weights in training, not the averages. These come
    into place after the last epoch, however the fit ends, and are projected onto the constraints; what `Model` is
    asked from then on is answered with them. At any time before, `applied` shows the model with the averages::

        with averaging.applied():
            model.evaluate(X_valid, y_valid)

    Each fit begins a new average. One that is to go on from the weights in training, not from the averages, is
    preceded by `swap`. With `EarlyStopping`, give that ``restore_best_weights=False``: only one can have the last word.
    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging".

    Parameters
    ----------
    decay : float
        In [0, 1].

    Attributes
    ----------
    average : ndarray, shape (parameters,)
        The averages; while they are in place, the weights that they replace.
    in_place : bool
        Whether the model has the averages now.
    steps : int
        How many steps have been averaged.
    """

    average: Array
    in_place = False
    steps = 0

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay
        number(self.decay, "decay", self, least=0, most=1)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._params = self.model.network.params
        self.average = self._params.copy()
        self.in_place = False
        self.steps = 0
        self._work = np.empty_like(self._params)
        self._share = np.zeros((), self._params.dtype)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.steps += 1
        self._share[()] = max(1 - self.decay, 1 / self.steps)
        np.subtract(self._params, self.average, self._work)
        np.multiply(self._work, self._share, self._work)
        np.add(self.average, self._work, self.average)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.steps and np.isfinite(self.average).all():
            self.swap()
            self.model.network.constrain()

    def swap(self) -> None:
        """Exchange the model's weights and the averages; done twice, all is as before.

        Raises
        ------
        RuntimeError
            If there are no averages of the network's present vector, as after freezing layers.
        """
        if not self.steps or self.model.network.params is not self._params:
            raise RuntimeError("WeightAveraging has no averages of this network's present weights: call fit first")
        self._work[...] = self._params
        self._params[...] = self.average
        self.average[...] = self._work
        self.in_place = not self.in_place

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the model the averages for the length of a ``with`` block."""
        if self.in_place:
            yield
            return
        self.swap()
        try:
            yield
        finally:
            self.swap()

    def state(self) -> dict[str, Any]:
        return {"steps": self.steps, "average": self.average.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        self.average[...] = state["average"]
