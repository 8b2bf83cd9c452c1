"""The interface of a peer."""

from __future__ import annotations

from typing import ClassVar

from benchmarks.workloads import Array, Workload


class Peer:
    """One way to train the network of one workload.

    Attributes
    ----------
    note : str
        How it differs from the others, for the report.
    """

    note: ClassVar[str] = ""

    def __init__(self, work: Workload) -> None:
        self.work = work

    def tune(self) -> None:
        """Choose the fastest of equivalent forms by trial, after the first run and before the timed ones."""

    def fit(self) -> float:
        """Train from the workload's initial values, and return the last epoch's mean of losses before each step."""
        raise NotImplementedError

    def predict(self, X: Array) -> Array:
        """Return outputs as a NumPy array, from the network of the last `fit` or, before any, of the initial values."""
        raise NotImplementedError
