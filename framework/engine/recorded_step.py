"""A training step on batches of one kind, recorded from one of them: `RecordedStep`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.engine.objective import Objective
from framework.engine.passes import Pass
from framework.engine.replay.call import Call
from framework.engine.replay.player import Play
from framework.engine.replay.policy import Policy, Replay
from framework.engine.replay.recording import Recording


class RecordedStep:
    """A training step on batches of one kind.

    Attributes
    ----------
    replay : Replay
        Whether the step runs as ordinary code, or is recorded and played.
    tape : list of callables
        That of `replay`, once it is recorded.
    x, y, weight : ndarray
        Where another batch is put before the tape is played.
    total, divisor : ndarray, 0-d, or number
        The loss is their quotient.
    prediction : ndarray, shape (n, *output_shape)
        Overwritten by the next batch.
    """

    tape: list[Play]
    x: Array
    y: Array
    weight: Array
    prediction: Array
    total: Array
    divisor: Any
    at: Pass

    def __init__(self, policy: Policy, n: int, widest: int) -> None:
        self.replay = Replay(policy, n, widest)

    def value(self) -> float:
        """Return the loss."""
        return float(self.total.item()) / float(self.divisor)

    def record(self, at: Pass, objective: Objective, x: Array, y: Array, weight: Array | None) -> None:
        """Make the step on a batch, gradients included and penalties left out, and record it."""
        self.at = at
        self.x, self.y = x.copy(), y.copy()
        self.weight = None if weight is None else weight.copy()  # type: ignore[assignment]
        with self.replay.recording() as recording:
            out = at.record(recording, at.forwards, recording.trace(self.x))
            self.prediction = recording.keep(out)
            has_logits = at.forwards[-1][1].replayable or not objective.fused
            record_loss = self._traced_loss if objective.loss.replayable and has_logits else self._loss_as_written
            at.record(recording, at.backwards, record_loss(recording, objective, out))
        self.tape = self.replay.tape or []

    def _traced_loss(self, recording: Recording, objective: Objective, prediction: Any) -> Any:
        y = recording.trace(self.y)
        weight, logits = (None if array is None else recording.trace(array) for array in (self.weight, self.at.logits))
        recording.branches = True
        total, divisor, grad = objective.loss.sum_and_gradient(
            y,
            prediction,
            weight,
            logits,
            recording.trace(self.at.grad),
        )
        recording.branches = False
        name = type(objective.loss).__name__
        self.total = recording.keep(recording.checked(total, name))
        self.divisor = recording.keep(divisor)
        return recording.checked(grad, name)

    def _loss_as_written(self, recording: Recording, objective: Objective, prediction: Any) -> Any:
        self.total, self.divisor = np.zeros(()), 1.0
        inputs = (objective, self.at, self.y, self.prediction, self.weight)
        self.total[...] = value_into_gradient(*inputs)
        recording.add(Call(value_into_gradient, inputs, (self.total,)))
        return recording.trace(self.at.grad)


def value_into_gradient(objective: Objective, at: Pass, y: Array, prediction: Array, weight: Array | None) -> float:
    """Return the loss, and write its gradient into ``at.grad``."""
    value, grad = objective.value_and_gradient(at, y, prediction, weight)
    if grad is not at.grad:
        at.grad[...] = grad
    return value
