"""Decides how a loss goes with the outputs: whether it is refused, fused or computed from them: `Objective`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from framework.core.types import Array
from framework.engine.outputs import check_values, is_known, output_activation
from framework.engine.tree import PlacedLayer
from framework.losses import Loss


class TrainingPass(Protocol):
    """What is needed of the pass that made a prediction."""

    grad: Array

    @property
    def logits(self) -> Array | None: ...


class Objective:
    """A loss and the outputs that it is computed from: the one place that decides how the two go together.

    They are fused if the activation is the loss's link (sigmoid for binary cross-entropy, softmax for categorical
    cross-entropy). The loss and its gradient are then computed from the logits. That is exact for logits of any
    size; through the activation, large ones would be rounded to 0 or 1.

    Parameters
    ----------
    loss : Loss
    fused : bool
        Whether gradients are with respect to the logits, so that the output layer has to pass them on as they are.

    Attributes
    ----------
    unknown : PlacedLayer or None
        The layers, if what they end in is the user's own, so that only the outputs themselves show whether they fit.
    """

    def __init__(self, loss: Loss, fused: bool = False) -> None:
        self.loss = loss
        self.fused = fused
        self.unknown: PlacedLayer | None = None

    @classmethod
    def of(cls, loss: Loss, layers: Sequence[Any]) -> Objective:
        """Return `loss` at the end of `layers`, fused if these end in its link."""
        fused = loss.link is not None and not loss.from_logits and output_activation(layers) == loss.link
        return cls(loss, fused)

    def check_layers(self, root: PlacedLayer) -> None:
        """Raise ValueError if the outputs of these layers cannot be what the loss needs, naming what to write."""
        self.unknown = None if is_known(self.loss, root) else root

    def check_outputs(self, y: Array, prediction: Array) -> None:
        """Raise ValueError if a batch of outputs of unknown kind is not what the loss needs."""
        if self.unknown is not None:
            check_values(self.loss, y, prediction, self.unknown)

    @property
    def link(self) -> str | None:
        """The name of the output activation if it is fused."""
        return self.loss.link if self.fused else None

    def value_and_gradient(
        self, at: TrainingPass, y: Array, prediction: Array, weight: Array | None
    ) -> tuple[float, Array]:
        """Return the loss of a batch and the gradient from which `at` goes backward."""
        return self.loss.value_and_gradient(y, prediction, weight, at.logits, at.grad)

    def total(self, y: Array, prediction: Array, weight: Array | None, logits: Array | None) -> tuple[float, float]:
        """Return the weighted sum of the samples' losses, and the sum of the weights; ValueError for wrong outputs."""
        self.check_outputs(y, prediction)
        return self.loss.total(y, prediction, weight, logits)
