"""A training step on batches of one kind, recorded from one of them: `RecordedStep`."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from framework.core.traceable import traceable
from framework.core.types import Array
from framework.engine.contents import same
from framework.engine.objective import Objective
from framework.engine.passes import Pass
from framework.engine.replay.call import Call
from framework.engine.replay.player import Play, compile_tape
from framework.engine.replay.policy import Policy, Replay
from framework.engine.replay.recording import Recording
from framework.engine.replay.traced import BranchChanged, untraced
from framework.engine.segments import Segment, bind, compare, differs, go_on, record, unassigned, untrace
from framework.engine.tree import components_of

LONGEST_WAIT = 8  # batches on which the loss takes another branch than in the recording


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
    x_dtype, x_bytes, y_dtype
        The dtype and the size of `x`, and the dtype of `y`, which other batches must have, too.
    total, divisor : ndarray, 0-d, or number
        The loss is their quotient.
    prediction : ndarray, shape (n, *output_shape)
        Overwritten by the next batch.
    """

    tape: list[Play]
    x_bytes: int
    x: Array
    y: Array
    weight: Array
    prediction: Array
    total: Array
    divisor: Any
    at: Pass
    _forwards: list[Segment]
    _backwards: list[Segment]
    _loss_calls: list[Call]
    _grad: Array
    _traced: bool

    def __init__(self, policy: Policy, n: int, widest: int, parameters: int) -> None:
        self.replay = Replay(policy, n, widest, parameters)
        self._waited = 0

    def put(self, x: Array, y: Array, weight: Array | None) -> None:
        """Put a batch where it is played."""
        self.x[...] = x
        self.y[...] = y
        if weight is not None:
            self.weight[...] = weight

    def value(self) -> float:
        """Return the loss."""
        return float(self.total.item()) / float(self.divisor)

    def record(self, at: Pass, objective: Objective, x: Array, y: Array, weight: Array | None) -> None:
        """Make the step on a batch, gradients included and penalties left out, and record it."""
        self.at = at
        self.x, self.y = x.copy(), y.copy()
        self.x_dtype, self.x_bytes, self.y_dtype = x.dtype, x.nbytes, y.dtype
        self.weight = None if weight is None else weight.copy()  # type: ignore[assignment]
        self._forwards, self._backwards, self._loss_calls, self._waited = [], [], [], 0
        with self.replay.recording() as recording:
            out = record(recording, at.forwards, recording.trace(self.x), self._forwards, at.network)
            self.prediction = recording.keep(out)
            start = len(recording.calls)
            grad = self._record_loss(recording, objective, out)
            self._grad, self._loss_calls = untraced(grad), recording.calls[start:]
            record(recording, at.backwards, grad, self._backwards, at.network, len(self._forwards) + 1)
        self.tape = self.replay.tape or []

    def compare(self, objective: Objective, x: Array, y: Array, weight: Array | None) -> tuple[float, Array]:
        """Make the step on a batch, each part both as it is written and played; return the loss and the prediction.

        If the loss takes another branch than when it was recorded, the recording is kept for the next batch.
        """
        self.put(x, y, weight)
        prediction, problem = compare(self._forwards)
        waits = False
        value, grad = objective.value_and_gradient(self.at, self.y, prediction, self.weight)
        if problem is None and self._traced:
            grad = grad.copy()
            try:
                for play in compile_tape(self._loss_calls):
                    play()
                if self.value() != value or not same(self._grad, grad) or self.at.network.touched():
                    problem = differs(objective.loss)
            except BranchChanged:
                waits = True
        if problem is None:
            self._grad[...] = grad
            _, problem = compare(self._backwards)
        else:
            self.at.go_back(grad)
        if problem is None and waits:
            self._waited += 1
            if self._waited == LONGEST_WAIT:
                self.replay.start_over()
        else:
            self.replay.judge(problem)
            if problem is None:
                self.bind()
        return value, prediction

    def go_on(self, place: int, objective: Objective) -> tuple[float, Array]:
        """Run what comes after a segment as it is written; return the loss and the prediction.

        The forward pass, the loss and the backward pass are numbered through.
        """
        self.bind()
        behind = place - len(self._forwards)
        if behind < 0:
            prediction = go_on(self._forwards[place + 1 :], self._forwards[place].output)
            value, grad = objective.value_and_gradient(self.at, self.y, prediction, self.weight)
            self.at.go_back(grad)
            return value, prediction
        go_on(self._backwards[behind:], self._backwards[behind - 1].output if behind else self._grad)
        return self.value(), self.prediction

    def bind(self) -> None:
        """Let the layers' contexts refer to what is played."""
        bind(self._forwards)
        bind(self._backwards)

    def _record_loss(self, recording: Recording, objective: Objective, prediction: Any) -> Any:
        has_logits = self.at.forwards[-1][1].replayable or not objective.fused
        self._traced = traceable(objective.loss) and has_logits
        if not self._traced:
            return self._loss_as_written(recording, objective, prediction)
        start = len(recording.calls)
        try:
            return self._traced_loss(recording, objective, prediction)
        except Exception as error:
            del recording.calls[start:]
            self._traced = False
            grad = self._loss_as_written(recording, objective, prediction)
            name = type(objective.loss).__name__
            recording.refuse(f"{name} does not work on the arrays of a recording: {type(error).__name__}: {error}")
            return grad
        finally:
            recording.branches = False
            untrace(components_of([objective.loss]), recording)

    def _traced_loss(self, recording: Recording, objective: Objective, prediction: Any) -> Any:
        y, weight, logits, out = (
            cast(Any, None if array is None else recording.trace(array))
            for array in (self.y, self.weight, self.at.logits, self.at.grad)
        )
        recording.branches = True
        total, divisor, grad = objective.loss.sum_and_gradient(y, prediction, weight, logits, out)
        name = type(objective.loss).__name__
        self.total = recording.keep(recording.checked(total, name))
        self.divisor = recording.keep(divisor)
        return recording.checked(grad, name)

    def _loss_as_written(self, recording: Recording, objective: Objective, prediction: Any) -> Any:
        self.total, self.divisor = np.zeros(()), 1.0
        # A layer that is played leaves its logits where they were recorded, whatever its context has come to refer to.
        at = Logits(self.at) if self.at.forwards[-1][1].replayable else self.at
        inputs = (objective, at, self.y, self.prediction, self.weight)
        self.total[...] = value_into_gradient(*inputs)
        recording.add(Call(value_into_gradient, inputs, (self.total,)))
        recording.add(Call(unassigned, (self.at.network, len(self._forwards))))
        return recording.trace(self.at.grad)


class Logits:
    """The part of a pass that a loss needs, as it is now.

    Parameters
    ----------
    at : Pass
    """

    def __init__(self, at: Pass) -> None:
        self.logits, self.grad = at.logits, at.grad


def value_into_gradient(
    objective: Objective, at: Pass | Logits, y: Array, prediction: Array, weight: Array | None
) -> float:
    """Return the loss, and write its gradient into ``at.grad``."""
    value, grad = objective.value_and_gradient(at, y, prediction, weight)
    if grad is not at.grad:
        at.grad[...] = grad
    return value
