"""The gradients of one batch: forward pass, loss and backward pass, as they are written or played from a recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.engine.network import KEPT_BATCH_SIZES, Network
from framework.engine.passes import LONGEST_WAIT, RECORDED_ELEMENTS, Arguments, Pass
from framework.engine.replay.recording import Recording
from framework.engine.replay.traced import Changed
from framework.losses import Loss

Key = tuple[int, int, bool]


class Step:
    """``loss = step(x, y, weight)`` fills ``network.grads`` for one batch.

    The second batch of a size is recorded, and those that come after it are played: see `Recording`. Layers, and
    losses, that are not `replayable` are then called as they are. What is computed is the same to the last bit. When an
    argument of a component is set, recordings are made anew, each time after twice as many batches.

    Parameters
    ----------
    network : Network
    loss : Loss

    Attributes
    ----------
    prediction : ndarray, shape (n, *output_shape)
        That of the last batch, overwritten by the next.
    """

    prediction: Array

    def __init__(self, network: Network, loss: Loss) -> None:
        self.network = network
        self.loss = loss
        self._wait = 2
        self._forget()

    def _forget(self) -> None:
        self._recorded: dict[Key, _Recorded] = {}
        self._seen: dict[Key, int] = {}
        self._problems: dict[Key, str] = {}
        self._arguments = Arguments(self.network, self.loss)
        self._regularized = bool(self.network.regularized)

    def __getstate__(self) -> dict[str, Any]:
        return {"network": self.network, "loss": self.loss}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def refresh(self) -> None:
        """Forget recordings if an argument of a component was set since; call where that may have happened."""
        if not self._arguments.hold():
            self._forget()
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    def __call__(self, x: Array, y: Array, weight: Array | None = None) -> float:
        """Return the loss on a batch, without penalties, and fill the gradients, with those of the penalties."""
        recorded = self._recorded.get((len(x), y.ndim, weight is None))
        if recorded is None:
            return self._not_recorded(x, y, weight)
        recorded.x[...] = x
        recorded.y[...] = y
        if weight is not None:
            recorded.weight[...] = weight  # type: ignore[index]
        self.prediction = recorded.prediction
        try:
            for call in recorded.calls:
                call()
        except Changed:  # only losses branch: forward has been made
            return self._after_forward(recorded.at, recorded.y, recorded.prediction, recorded.weight)
        if self._regularized:
            self.network.regularize()
        total: float = recorded.total.item()
        return total / recorded.divisor if weight is None else total / float(recorded.divisor)

    def _not_recorded(self, x: Array, y: Array, weight: Array | None) -> float:
        key = len(x), y.ndim, weight is None
        seen = self._seen[key] = self._seen.get(key, 0) + 1
        if seen != self._wait:
            return self.plain(x, y, weight)
        if len(x) * self.network.widest > RECORDED_ELEMENTS:
            self._problems[key] = f"a batch of {len(x)} is so large that it would gain little"
            return self.plain(x, y, weight)
        if len(self._recorded) >= KEPT_BATCH_SIZES:
            self._problems[key] = f"there are more than {KEPT_BATCH_SIZES} kinds of batches"
            return self.plain(x, y, weight)
        recorded = _Recorded(self.network, self.loss, x, y, weight)
        if recorded.problem is not None:
            self._problems[key] = recorded.problem
        else:
            self._recorded[key] = recorded
        self.prediction = recorded.prediction
        if self._regularized:
            self.network.regularize()
        return float(recorded.total.item()) / float(recorded.divisor)

    def problem(self, x: Array, y: Array, weight: Array | None = None) -> str | None:
        """Return why batches like this one are not played from a recording; None if they are, or will be."""
        return self._problems.get((len(x), y.ndim, weight is None))

    def plain(self, x: Array, y: Array, weight: Array | None = None) -> float:
        """Do the same without recordings."""
        self.prediction = prediction = self.network.forward(x, training=True)  # forward_prop
        return self._after_forward(self.network.active, y, prediction, weight)

    def _after_forward(self, at: Pass, y: Array, prediction: Array, weight: Array | None) -> float:
        self.network.active = at
        value, grad = self.loss.value_and_gradient(y, prediction, weight, at.sums, at.grad)
        self.network.backward(grad)  # back_prop
        return value


class _Recorded:
    """A step that is made and recorded on one batch.

    Attributes
    ----------
    x, y, weight : ndarray
        Where the values of another batch are put before ``calls`` are played.
    total, divisor : ndarray, 0-d, or number
        The loss is their quotient.
    """

    total: Array
    divisor: Any

    def __init__(self, network: Network, loss: Loss, x: Array, y: Array, weight: Array | None) -> None:
        self.at = network.training_pass(len(x))
        self.x, self.y, self.weight = x.copy(), y.copy(), None if weight is None else weight.copy()
        self.recording = Recording()
        try:
            self._record(network, loss)
        finally:
            self.calls = self.recording.close()
        self.problem = self.recording.problem

    def _record(self, network: Network, loss: Loss) -> None:
        recording = self.recording
        out = self.at.record(recording, self.at.forwards, recording.watch(self.x))
        self.prediction: Array = recording.keep(out)
        recorded_to_the_end = self.at.forwards[-1][1].replayable
        if loss.replayable and (recorded_to_the_end or not network.fused):
            grad = self._recorded_loss(loss, out)
        else:
            grad = self._plain_loss(loss)
        self.at.record(recording, self.at.backwards, grad)

    def _recorded_loss(self, loss: Loss, prediction: Any) -> Any:
        watch = self.recording.watch
        y, weight, sums = (None if array is None else watch(array) for array in (self.y, self.weight, self.at.sums))
        self.recording.branches = True
        total, divisor, grad = loss.sum_and_gradient(y, prediction, weight, sums, watch(self.at.grad))  # type: ignore[arg-type]
        self.recording.branches = False
        name = type(loss).__name__
        self.total = self.recording.keep(self.recording.checked(total, name))
        self.divisor = self.recording.keep(divisor)
        return self.recording.checked(grad, name)

    def _plain_loss(self, loss: Loss) -> Any:
        at = self.at
        self.total, self.divisor = np.zeros(()), 1.0

        def call() -> None:
            self.total[()], grad = loss.value_and_gradient(self.y, self.prediction, self.weight, at.sums, at.grad)
            if grad is not at.grad:
                at.grad[...] = grad

        call()
        self.recording.calls.append(call)
        return self.recording.watch(at.grad)
