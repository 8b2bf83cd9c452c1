"""Loss and gradients of one batch: forward pass, loss and backward pass, as they are written or played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, Protocol

from framework.core.component import Component
from framework.core.types import Array
from framework.engine.network import Network
from framework.engine.objective import Objective
from framework.engine.passes import Pass
from framework.engine.replay.traced import BranchChanged
from framework.engine.segments import AssignedMeanwhile

ASSIGNMENTS = Component.assignments


class Observer(Protocol):
    """What may look at each batch of a fit between its gradients and its update."""

    def add(self, y: Array, prediction: Array, weight: Array | None) -> None:
        """Look at a batch; the arrays are overwritten by the next one."""


class LossGuard(Protocol):
    """What is asked when a loss is large or not finite, before the parameters are updated."""

    large: float

    def before_update(self, loss: float) -> None:
        """Prepare for the worst, or raise."""


class Step:
    """``loss = step(x, y, weight)`` fills ``network.grads`` for one batch: all of a training step but the update.

    The second batch of a kind (size, form of the targets, weighted or not) is recorded. On the third, the loss and the
    layers that are not built in are compared with ordinary code. If they agree to the last bit, later ones are played:
    see `Recording` and `Policy`. Even then, layers and losses that are not `replayable` run as ordinary code. What is
    assigned to a component takes effect in the next step.

    Parameters
    ----------
    network : Network
    objective : Objective

    Attributes
    ----------
    observer : Observer or None
        Is shown targets, predictions and weights of each batch.
    guard : LossGuard or None
        Is asked where a loss is large.
    follow : callable
        Is called if something was assigned to a component since the network was last in step with its layers.
    """

    def __init__(self, network: Network, objective: Objective) -> None:
        self.network = network
        self.objective = objective
        self.observer: Observer | None = None
        self._guard: LossGuard | None = None
        self._large = inf
        self.follow: Callable[[], None] = network.sync
        network.depends_on(objective.loss)

    @property
    def guard(self) -> LossGuard | None:
        return self._guard

    @guard.setter
    def guard(self, guard: LossGuard | None) -> None:
        self._guard, self._large = guard, inf if guard is None else guard.large

    def check_next(self) -> None:
        """Have the outputs of the next batch checked before its update, if it is not known that they fit the loss."""
        if self.objective.unknown is not None:
            self.observer = _FirstOutputs(self, self.observer)

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """Leave observer and guard out in a ``with`` block: for batches that are not those of a fit."""
        observer, guard = self.observer, self.guard
        self.observer = self.guard = None
        self.check_next()
        try:
            yield
        finally:
            self.observer, self.guard = observer, guard

    def __getstate__(self) -> dict[str, Any]:
        return {"network": self.network, "objective": self.objective}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __call__(self, x: Array, y: Array, weight: Array | None = None) -> float:
        """Return the loss on a batch, without penalties, and fill the gradients, with those of the penalties."""
        network = self.network
        if ASSIGNMENTS.number != network.seen:  # a data source, a schedule, a metric may have set something
            self._notice()
        recorded = network.bound.played.get((len(x), y.ndim, weight is None))
        if recorded is None:
            value, prediction = self._not_played(x, y, weight)
        elif x.dtype is not recorded.x_dtype or x.nbytes != recorded.x_bytes or y.dtype is not recorded.y_dtype:
            # An override's: it would be cast or broadcast.
            value, prediction = self.as_written(x, y, weight)
        else:
            recorded.x[...] = x
            recorded.y[...] = y
            if weight is not None:
                recorded.weight[...] = weight
            prediction = recorded.prediction
            try:
                for play in recorded.tape:
                    play()
                if network.regularized:
                    network.regularize()
                value = recorded.total.item() / (recorded.divisor if weight is None else float(recorded.divisor))
            except BranchChanged:  # only losses branch: the forward pass is done
                recorded.bind()
                value = self._after_forward(recorded.at, recorded.y, prediction, recorded.weight)
            except AssignedMeanwhile as error:  # by a layer or loss of your own, in the middle of this step
                value, prediction = recorded.go_on(error.place, self.objective)
                network.regularize()
        if self.observer is not None:
            self.observer.add(y, prediction, weight)
        if not -self._large < value < self._large and self._guard is not None:
            self._guard.before_update(value)
        return value

    def _notice(self) -> None:
        number = ASSIGNMENTS.number  # read first: an assignment by another thread in the meantime counts
        if self.network.touched():
            self.follow()
        self.network.seen = number

    def as_written(self, x: Array, y: Array, weight: Array | None = None) -> tuple[float, Array]:
        """Return loss and predictions, and fill the gradients, without recordings."""
        at = self.network.training_pass(len(x))
        prediction = at.forward(x)  # forward_prop
        return self._after_forward(at, y, prediction, weight), prediction

    def _after_forward(self, at: Pass, y: Array, prediction: Array, weight: Array | None) -> float:
        value, grad = self.objective.value_and_gradient(at, y, prediction, weight)
        at.backward(grad)  # back_prop
        return value

    def _not_played(self, x: Array, y: Array, weight: Array | None) -> tuple[float, Array]:
        bound, kind = self.network.bound, (len(x), y.ndim, weight is None)
        recorded = bound.steps.get(kind) or bound.new_step(kind)
        if recorded.replay.tape is not None:
            if x.dtype is not recorded.x_dtype or x.nbytes != recorded.x_bytes or y.dtype is not recorded.y_dtype:
                return self.as_written(x, y, weight)
            value, prediction = recorded.compare(self.objective, x, y, weight)
            if recorded.replay.trusted:
                bound.played[kind] = recorded
        elif recorded.replay.due():
            recorded.record(self.network.training_pass(len(x)), self.objective, x, y, weight)
            value, prediction = recorded.value(), recorded.prediction
        else:
            return self.as_written(x, y, weight)
        self.network.regularize()
        return value, prediction

    def problem(self, x: Array, y: Array, weight: Array | None = None) -> str | None:
        """Return why batches like this one are not played from a recording; None if they are, or will be."""
        recorded = self.network.bound.steps.get((len(x), y.ndim, weight is None))
        return None if recorded is None else recorded.replay.problem


class _FirstOutputs:
    """An observer that checks the outputs of one batch, and leaves."""

    def __init__(self, step: Step, after: Observer | None) -> None:
        self.step, self.after = step, after

    def add(self, y: Array, prediction: Array, weight: Array | None) -> None:
        self.step.observer = self.after
        self.step.objective.check_outputs(y, prediction)
        if self.after is not None:
            self.after.add(y, prediction, weight)
