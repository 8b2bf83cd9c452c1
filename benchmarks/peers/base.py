"""What a peer must be able to do."""

from __future__ import annotations

from typing import ClassVar

from benchmarks.workloads import Array, Workload


class Peer:
    """One way to train the network of one workload.

    Attributes
    ----------
    note : str
        What it does otherwise than the others, for the report.
    """

    note: ClassVar[str] = ""

    def __init__(self, work: Workload) -> None:
        self.work = work

    def tune(self) -> None:
        """Choose among equivalent forms by trying them, after the first run and before the others."""

    def fit(self) -> float:
        """Train from the workload's first values and return the last epoch's mean loss, measured before each step."""
        raise NotImplementedError

    def predict(self, X: Array) -> Array:
        """Return outputs for NumPy rows as a NumPy array, with the network of the last `fit` or of the first values."""
        raise NotImplementedError
