"""Averages of the weights over the steps of a fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from framework.callbacks.base import Callback
from framework.callbacks.monitor import a_count
from framework.core.arguments import number
from framework.core.types import Array, Logs
from framework.engine.weights import checked_vector, joined, put


class WeightAveraging(Callback):
    """Average the weights over the steps, and give the model the averages when the fit ends.

    After step t, ``average += max(1 - decay, 1 / t) * (params - average)``: the mean of all steps so far while there
    are fewer than ``1 / (1 - decay)`` of them, then the exponential moving average. So the initial values do not count;
    with a `decay` of 1 it is the mean of all steps to the end. All of the network's parameters are averaged as one
    vector, running means of layers included, after constraints are applied. Layers may be frozen and thawed meanwhile.

    Training, its "val_..." values and all other callbacks see the weights in training, not the averages. The averages
    replace these weights after the last epoch, however the fit ends, and are projected onto the constraints; from then
    on the model predicts with them. At any time before that, `applied` gives the model the averages temporarily::

        with averaging.applied():
            model.evaluate(X_valid, y_valid)

    Each fit begins a new average. Call `swap` before another fit that should go on from the weights in training, not
    from the averages. Give `EarlyStopping` beside it ``restore_best_weights=False``: only one of the two can set the
    final weights.
    Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging".

    Parameters
    ----------
    decay : float
        In [0, 1].

    Attributes
    ----------
    average : ndarray, shape (parameters,)
        The averages; while the model has them, the weights that they replace.
    in_place : bool
        Whether the model has the averages now.
    steps : int
        The number of steps averaged.
    """

    average: Array
    in_place = False
    steps = 0

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay
        number(self.decay, "decay", self, least=0, most=1)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._network = self.model.network
        self._bind(self._network.params.copy())
        self.in_place = False
        self.steps = 0

    def _bind(self, average: Array) -> None:
        """Use `average`, in the network's present layout."""
        self._layout, self._params, self.average = self._network.layout, self._network.params, average
        self._work = np.empty_like(average)
        self._share = np.zeros((), average.dtype)

    def _follow(self) -> None:
        """Bring the averages into the network's layout, if layers were frozen or thawed."""
        if self._network.params is not self._params:
            self._bind(self.average[self._network.layout.moved_from(self._layout)])

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._network.params is not self._params:
            self._follow()
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
        """Exchange the model's weights and the averages; a second call undoes the first.

        Raises
        ------
        RuntimeError
            If there are no averages of this network, as before a fit or after another `build`.
        """
        if not self.steps or self.model.network is not self._network:
            raise RuntimeError("WeightAveraging has no averages of this network's present weights: call fit first")
        self._follow()
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
        self._follow()
        return {"steps": self.steps, "average": joined(self._layout.views(self.average))}

    def restore(self, state: dict[str, Any]) -> None:
        self._follow()
        views = self._layout.views(self.average)
        average = checked_vector(views, state["average"], "average")
        self.steps = a_count(state["steps"], "steps")
        put(views, average)
