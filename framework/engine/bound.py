"""Passes and recordings of a network in its present form: `Bound`."""

from __future__ import annotations

from framework.engine.passes import BoundLayers, Pass, Prediction
from framework.engine.recorded_step import RecordedStep
from framework.engine.replay.policy import Policy

KEPT_BATCH_SIZES = 8
# A fit makes thousands of steps of one kind; recording a prediction takes as long as some dozens of them.
STEPS_BEFORE = 2
PREDICTIONS_BEFORE = 16

Kind = tuple[int, int, bool]


class Bound:
    """The passes and recordings of a network, which hold its vectors and its components' arguments.

    When a vector or an argument changes, this object is replaced as a whole, so nothing in it can be stale.

    Parameters
    ----------
    network : Network
    step_policy, prediction_policy : Policy
        When to record a training step, and a prediction. They are handed on to the object that replaces this one.

    Attributes
    ----------
    training : dict of (int, bool) to Pass
        By batch size, and by whether they return the gradient of the inputs.
    idle : dict of int to list of Prediction
        By batch size, those that no thread is using.
    steps : dict of (batch size, axes of the targets, without weights) to RecordedStep
    played : dict of the same to RecordedStep
        Those that are played from a tape.
    """

    def __init__(self, network: BoundLayers, step_policy: Policy, prediction_policy: Policy) -> None:
        self.network = network
        self._step_policy, self._prediction_policy = step_policy, prediction_policy
        step_policy.forget()
        prediction_policy.forget()
        self.training: dict[tuple[int, bool], Pass] = {}
        self.idle: dict[int, list[Prediction]] = {}
        self.steps: dict[Kind, RecordedStep] = {}
        self.played: dict[Kind, RecordedStep] = {}

    def training_pass(self, n: int, needs_input_grad: bool) -> Pass:
        """Return the training pass for batches of `n`."""
        key = n, needs_input_grad
        at = self.training.get(key)
        if at is None:
            if len(self.training) >= KEPT_BATCH_SIZES:
                self.training.clear()
            at = self.training[key] = Pass(self.network, n, True, needs_input_grad)
        return at

    def prediction(self, n: int) -> Prediction:
        """Return a prediction for batches of `n` that no other thread is using; hand it back with `release`."""
        try:
            return self.idle[n].pop()
        except (KeyError, IndexError):
            return Prediction(self.network, n, self._prediction_policy)

    def release(self, prediction: Prediction) -> None:
        """Let others use a prediction."""
        n = prediction.at.n
        if n not in self.idle and len(self.idle) >= KEPT_BATCH_SIZES:
            self.idle = {}
        self.idle.setdefault(n, []).append(prediction)

    def new_step(self, kind: Kind) -> RecordedStep:
        """Return a new step for batches of a kind."""
        network = self.network
        step = self.steps[kind] = RecordedStep(self._step_policy, kind[0], network.widest, network.params.size)
        return step
