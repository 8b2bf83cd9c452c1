"""The part of a model that callbacks may touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from framework.core.types import Array
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
    one_of_many : bool
        Whether it is fitted in a cross-validation or a search, so that each fit needs files of its own.
    layers, optimizer
        As the model was given them.
    state : ModelState
        All that training changes.
    """

    stop_training: bool
    seed: int | None
    one_of_many: bool
    learning_rate: Any
    layers: Any
    optimizer: Any

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

    def predict(self, X: Any) -> Array:
        """Return the outputs for `X`."""

    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, Any]:
        """Return "loss" and the metrics on data."""

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy, or R2."""

    def gradients(self, X: Any, y: Any = None, sample_weight: Any = None) -> list[Array]:
        """Return the gradients of the loss on one batch."""

    def summary(self) -> str:
        """Return a table of the layers."""

    def get_weights(self) -> list[Array]:
        """Return copies of all parameters."""

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all parameters."""

    def save(self, path: Any) -> None:
        """Write the model to a file."""
