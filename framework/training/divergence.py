"""What is kept in case that training diverges."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from framework.core.types import Array
from framework.engine.network import Network
from framework.optimizers import Optimizer

KEPT_EVERY = 16  # steps, at least


def no_overflow_warnings() -> np.errstate:
    """Return a context without NumPy's warnings of what is noticed here anyway; where it is to raise, it does."""
    return np.errstate(**{kind: "ignore" for kind, action in np.geterr().items() if action == "warn"})  # type: ignore[arg-type]


class Diverged(FloatingPointError):
    """The loss or the weights are no longer finite."""


class LastFinite:
    """The last finite weights and optimizer slots, to go back to when training diverges.

    They are copied before every step whose loss is `large`, which is where losses go before they overflow. So a
    divergence costs no more than the step that caused it, and watching for it one comparison a step. Only where
    the loss stays small and the gradient is not finite are more steps lost: those since the copy that is made
    after each epoch, after every few where epochs are of a few steps.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer

    Attributes
    ----------
    large : float
        The square root of the largest number of the network's dtype.
    """

    def __init__(self, network: Network, optimizer: Optimizer) -> None:
        self.network = network
        self.large = sqrt(float(np.finfo(network.dtype).max))
        self.keep(optimizer)

    def keep(self, optimizer: Optimizer) -> bool:
        """Remember the present weights and slots if the weights are finite; return whether they are."""
        if not all_finite(self.network.params):
            return False
        self._params, self._slots = self.network.params.copy(), optimizer.state()
        return True

    def step(self, loss: float, optimizer: Optimizer, epoch: int, step: int) -> None:
        """Call before a step with a large `loss`; Diverged if it is not finite."""
        if not isfinite(loss):
            raise Diverged(_message(f"the loss became {loss}", f"epoch {epoch + 1}, step {step + 1}"))
        self.keep(optimizer)

    def end_of_epoch(self, optimizer: Optimizer, epoch: int) -> None:
        """Call after each epoch; Diverged if the weights are not finite."""
        due = optimizer.step - self._slots["step"] >= KEPT_EVERY
        if not (self.keep(optimizer) if due else all_finite(self.network.params)):
            raise Diverged(_message("the weights became infinite or nan", f"the last step of epoch {epoch + 1}"))

    def go_back(self, optimizer: Optimizer) -> None:
        """Put back what was kept, unless all that there is now is finite."""
        present = optimizer.state()
        vectors = [self.network.params, *(present[slot] for slot in optimizer.slots)]
        if not all(all_finite(vector) for vector in vectors):
            self.network.params[...] = self._params
            optimizer.restore(self._slots)


def all_finite(vector: Array) -> bool:
    """Return whether all elements of a vector are finite."""
    with np.errstate(all="ignore"):
        return isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def _message(what: str, where: str) -> str:
    return (
        f"{what} in {where}; the model keeps its last finite weights. "
        "Try a smaller learning rate, clip_norm in the optimizer, or inputs scaled to about -1..1"
    )
