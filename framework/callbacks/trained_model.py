"""The part of a model that callbacks may touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from framework.engine.history import History
from framework.engine.network import Network
from framework.engine.state import ModelState
from framework.losses import Loss
from framework.metrics import Metric
from framework.optimizers import Optimizer


class TrainedModel(Protocol):
    """A model in training, as a callback sees it.

    Attributes
    ----------
    network : Network
        The layers, their parameters and the gradients of the last step.
    optimizer_, loss_ : Optimizer, Loss
        Those in use.
    metrics_ : dict of str to Metric
        By the names that the history uses.
    history : History
        All epochs so far.
    learning_rate : float or Schedule
        May be set at any time.
    stop_training : bool
        Set it to end the fit after this epoch.
    seed : int or None
    state : ModelState
        All that training changes.
    """

    stop_training: bool
    seed: int | None
    learning_rate: Any

    @property
    def network(self) -> Network: ...

    @property
    def optimizer_(self) -> Optimizer: ...

    @property
    def loss_(self) -> Loss: ...

    @property
    def metrics_(self) -> Mapping[str, Metric]: ...

    @property
    def history(self) -> History: ...

    @property
    def state(self) -> ModelState: ...

    def sync(self) -> None:
        """Take up what was assigned to the model or its components; the loop does so after each hook."""
