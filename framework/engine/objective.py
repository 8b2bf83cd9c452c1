"""Decides whether a loss is fused with the output activation: `Objective`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from framework.activations import Activation
from framework.core.types import Array
from framework.layers.activate import Activate
from framework.layers.base import Layer
from framework.layers.dense import Dense
from framework.layers.sequential import Sequential
from framework.losses import Loss

# A user's class may reuse a built-in name for a different function.
BUILT_IN = {activation.component_name: activation for activation in Activation.components()}


class TrainingPass(Protocol):
    """What is needed of the pass that made a prediction."""

    grad: Array

    @property
    def logits(self) -> Array | None: ...


class Objective:
    """A loss and the output activation it follows: the one place that decides whether the two are fused.

    They are fused if the activation is the loss's link (sigmoid for binary cross-entropy, softmax for categorical
    cross-entropy). The loss and its gradient are then computed from the logits. That is exact for logits of any
    size; through the activation, large ones would be rounded to 0 or 1.

    Parameters
    ----------
    loss : Loss
    fused : bool
        Whether gradients are with respect to the logits, so that the output layer has to pass them on as they are.
    """

    def __init__(self, loss: Loss, fused: bool = False) -> None:
        self.loss = loss
        self.fused = fused

    @classmethod
    def of(cls, loss: Loss, layers: Sequence[Any]) -> Objective:
        """Return `loss` at the end of `layers`, fused if these end in its link."""
        return cls(loss, loss.link is not None and output_activation(layers) == loss.link)

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
        """Return the weighted sum of the samples' losses, and the sum of the weights."""
        return self.loss.total(y, prediction, weight, logits)


def output_activation(layers: Sequence[Any]) -> str | None:
    """Return the name of the activation that ends `layers`; None if they do not end in one.

    Also None for a subclass with its own forward pass, which may change what the activation returns.
    """
    last = Layer.of(layers[-1])
    if isinstance(last, Sequential):
        return output_activation(last.layers) if type(last).forward is Sequential.forward else None
    if type(last).forward not in (Dense.forward, Activate.forward):
        return None
    activation = type(Activation.of(last.activation))
    name = activation.component_name
    return name if BUILT_IN.get(name, activation) is activation else None
