"""What the training loop needs of a model: `Trainable`."""

from __future__ import annotations

from typing import Any, Protocol

from framework.core.types import Array
from framework.engine.history import History
from framework.engine.network import Network
from framework.engine.state import ModelState
from framework.losses import Loss
from framework.metrics import Metric
from framework.optimizers import Optimizer


class Trainable(Protocol):
    """The members of a model that the training loop and its guards use."""

    stop_training: bool
    seed: int | None

    @property
    def state(self) -> ModelState: ...

    @property
    def network(self) -> Network: ...

    @property
    def loss_(self) -> Loss: ...

    @property
    def optimizer_(self) -> Optimizer: ...

    @property
    def metrics_(self) -> dict[str, Metric]: ...

    @property
    def history(self) -> History: ...

    @property
    def learning_rate(self) -> Any: ...

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None: ...

    def sync(self) -> None: ...

    def train_step(self, x: Array, y: Array, weight: Array | None) -> float: ...
