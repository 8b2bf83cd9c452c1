"""The part of a model that the training loop needs: `Trainable`."""

from __future__ import annotations

from typing import Protocol

from framework.callbacks.trained_model import TrainedModel
from framework.core.types import Array


class Trainable(TrainedModel, Protocol):
    """A model that can make a training step."""

    def train_step(self, x: Array, y: Array, weight: Array | None) -> float:
        """Make one step on one batch and return its loss."""
