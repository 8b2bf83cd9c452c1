"""A guard around the training loop for losses and weights that are no longer finite."""

from __future__ import annotations

import logging
from math import inf, isfinite, sqrt
from types import TracebackType
from typing import Self

import numpy as np

from framework.core.types import Array
from framework.engine.step import Step
from framework.training.trainable import Trainable

logger = logging.getLogger("framework")

KEPT_EVERY = 16  # steps, at least


def no_overflow_warnings() -> np.errstate:
    """Return a context without NumPy's floating-point warnings; an error that the user set to raise still does."""
    return np.errstate(**{kind: "ignore" for kind, action in np.geterr().items() if action == "warn"})  # type: ignore[arg-type]


class Diverged(FloatingPointError):
    """The loss or the weights are no longer finite."""


class DivergenceGuard:
    """A context in which the last finite weights and optimizer slots are kept, to go back to when training diverges.

    They are copied before every update whose loss is at least `large`, as a loss usually is before it overflows. So
    watching costs one comparison per step, and a divergence costs only the step that caused it. More steps are lost
    if the loss stays small while the gradient is not finite: all those since the last copy between epochs. Such a
    copy is made after each epoch, or after several if they have few steps.

    Parameters
    ----------
    model : Model
    tolerated : bool
        Whether a divergence ends the fit quietly instead of raising `Diverged`.

    Attributes
    ----------
    large : float
        The square root of the largest number of the network's dtype.
    """

    def __init__(self, model: Trainable, tolerated: bool) -> None:
        self.model = model
        self.tolerated = tolerated
        self.large = sqrt(float(np.finfo(model.network.dtype).max))
        self.keep()

    def __enter__(self) -> Self:
        """Watch the losses of all steps."""
        self.model.state.step.guard = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Put the last finite values back if a FloatingPointError, such as `Diverged`, ended the block."""
        self.model.state.step.guard = None
        if not isinstance(error, FloatingPointError):
            return False
        self._go_back()
        if self.tolerated:
            self.model.stop_training = True
            logger.warning("training stopped: %s", error)
        return self.tolerated

    def keep(self) -> bool:
        """Remember the present weights and slots if the weights are finite; return whether they are."""
        network = self.model.network
        if not all_finite(network.params):
            return False
        self._optimizer = self.model.optimizer_
        self._params, self._slots = network.params.copy(), self._optimizer.state()
        self._layout = network.layout
        return True

    def begin_epoch(self, epoch: int) -> None:
        """Call before each epoch."""
        self._epoch, self._first_step = epoch, self.model.optimizer_.step

    def before_update(self, loss: float) -> None:
        """Keep a copy before an update with a large `loss`; raise `Diverged` if the loss is not finite."""
        if not isfinite(loss):
            step = self.model.optimizer_.step - self._first_step + 1
            raise Diverged(_message(f"the loss became {loss}", f"epoch {self._epoch + 1}, step {step}"))
        self.keep()

    def end_epoch(self) -> None:
        """Call after each epoch; Diverged if the weights are not finite."""
        due = self.model.optimizer_.step - self._slots["step"] >= KEPT_EVERY
        if not (self.keep() if due else all_finite(self.model.network.params)):
            where = f"the last step of epoch {self._epoch + 1}"
            raise Diverged(_message("the weights became infinite or nan", where))

    def _go_back(self) -> None:
        """Put back what was kept, unless all that there is now is finite."""
        network, optimizer = self.model.network, self.model.optimizer_
        present = optimizer.state()
        vectors = [network.params, *(present[slot] for slot in optimizer.slots)]
        if not all(all_finite(vector) for vector in vectors):
            network.params[...] = self._params[network.layout.moved_from(self._layout)]
            if optimizer is not self._optimizer:  # a hook has given another one: it starts over
                self.model.state.bind_optimizer()
                return
            optimizer.restore(self.model.state.moved_slots(self._slots, self._layout))


class FiniteLoss:
    """A context in which a step with a loss that is not finite makes no update, and raises FloatingPointError."""

    large = inf

    def __init__(self, step: Step) -> None:
        self.step = step

    def __enter__(self) -> None:
        """Watch the losses of all steps."""
        self.step.guard = self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self.step.guard = None

    def before_update(self, loss: float) -> None:
        """Raise: the loss is not finite."""
        raise FloatingPointError(f"the loss is {loss}; no step was made")


def all_finite(vector: Array) -> bool:
    """Return whether all elements of a vector are finite."""
    with np.errstate(all="ignore"):
        return isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def _message(what: str, where: str) -> str:
    return (
        f"{what} in {where}; the model keeps its last finite weights. "
        "Try a smaller learning rate, clip_norm in the optimizer, or inputs scaled to about -1..1"
    )
