"""Targets of class metrics, read in every way that they allow: classes or labels, 0 and 1 or -1 and +1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self

import numpy as np

from framework.core.types import Array
from framework.metrics.arrays import columns
from framework.metrics.base import Accumulator


class ClassMetric(Protocol):
    """The part of a metric of classes that says how it may read targets.

    Attributes
    ----------
    reads : str or None
        The only task it reads targets for, "multiclass" or "multilabel"; None if it does as the model.
    threshold : float or None
        Where predictions are cut into two classes, whatever the targets.
    """

    threshold: float | None
    task: str | None
    cut: float
    signed: bool

    @property
    def reads(self) -> str | None: ...

    def label(self) -> str: ...

    def cut_at(self, cut: float, task: str | None = None) -> Self: ...


class ByTargets:
    """The samples seen so far, read in every way that their targets allow.

    What targets mean can depend on all of them. Rows with a single 1 may be classes, until one with two labels comes.
    Targets of 1 may be half of 0 and 1, cut at 0.5, or of -1 and +1, cut at 0. So there is an accumulator for each
    reading. Samples that rule a reading out end it, and the value does not depend on the order in which they come.

    A metric without a model, or with a loss of numbers, takes only targets that are classes: 0 and 1, or -1 and +1, or
    rows of probabilities.

    Parameters
    ----------
    metric : Metric
        Of classes.
    accumulator : callable
        Makes the accumulator of one reading, given a copy of the metric that knows its task and where to cut.
    """

    def __init__(self, metric: Any, accumulator: Callable[[Any], Accumulator]) -> None:
        self.metric: ClassMetric = metric
        self.accumulator = accumulator
        self.readings: dict[tuple[str, bool], Accumulator] = {}
        self.strict = metric.task in (None, "regression")
        self.signed = self.zeros = False

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add some samples to the readings that are left."""
        y, p = columns(y_true, y_pred)
        if not self.readings:
            self._open(y.ndim == 1, p.shape[1])
        if y.ndim == 2 and y.size:
            self._rule_out(y)
        refusals = []
        for reading, samples in list(self.readings.items()):
            try:
                samples.add(y, y_pred, sample_weight)
            except ValueError as refusal:  # another reading may suit: areas of labels, but not of many classes
                refusals.append(refusal)
                del self.readings[reading]
        if not self.readings:
            raise refusals[0]

    def value(self) -> Any:
        """Return the metric of all samples; ValueError if there are none."""
        if not self.readings:
            raise ValueError(f"{self.metric.label()} of no samples")
        return next(iter(self.readings.values())).value()

    def _open(self, labels: bool, outputs: int) -> None:
        """Start all readings that the model and the metric allow."""
        metric = self.metric
        if metric.reads == "multilabel" and (labels or metric.task == "multiclass"):
            raise ValueError(
                f"{metric.label()} is for several labels for each sample, but the targets are one class of {outputs}: "
                "use a metric of classes, such as accuracy or macro_f1"
            )
        if metric.reads == "multilabel" or (metric.reads is None and outputs > 1 and metric.task == "multilabel"):
            tasks: tuple[str, ...] = ("multilabel",)
        elif outputs == 1:
            tasks = ("binary",)
        elif metric.reads is None and metric.task in ("regression", "classification"):
            tasks = ("multiclass", "multilabel")
        else:
            tasks = ("multiclass",)
        for task in tasks:
            cuts = {False: metric.cut}
            if task != "multiclass" and metric.threshold is None and metric.cut:
                cuts[True] = 0.0
                if metric.signed:  # the first reading is that of targets of 1 alone
                    cuts = {True: 0.0, False: metric.cut}
            for signed, cut in cuts.items():
                self.readings[task, signed] = self.accumulator(metric.cut_at(cut, task))

    def _rule_out(self, y: Array) -> None:
        """End the readings that do not suit the targets `y`."""
        self.signed = self.signed or bool(y.min() < 0)
        self.zeros = self.zeros or bool((y == 0).any())
        if self.strict:
            self._check(y)
        if len(self.readings) == 1:
            return
        out: set[tuple[str, bool]] = set()
        if self.signed:
            out |= {(task, False) for task, signed in self.readings if signed}
        elif self.zeros:
            out |= {(task, True) for task, signed in self.readings if signed}
        tasks = {task for task, _ in self.readings}
        if len(tasks) == 2:
            one = np.count_nonzero(y > 0, axis=1) == 1 if self.signed else abs(y.sum(axis=1) - 1) < 1e-3
            if not one.all():
                out.add(("multiclass", False))
        self.readings = {reading: kept for reading, kept in self.readings.items() if reading not in out}

    def _check(self, y: Array) -> None:
        """Raise ValueError unless all targets are 0 and 1, or -1 and +1."""
        tasks = [task for task, _ in self.readings]
        if "multiclass" in tasks and (y >= 0).all() and not (abs(y.sum(axis=1) - 1) >= 1e-3).any():
            if ((y > 0) & (y < 1)).any():  # probabilities of classes, of which the likeliest is meant
                self.readings = {reading: kept for reading, kept in self.readings.items() if reading[0] == "multiclass"}
            return
        fine = abs(y) == 1
        if not self.signed:
            fine |= y == 0
        if not fine.all() or (self.signed and self.zeros):
            found = "both" if fine.all() else f"{y[~fine][0]:g}"
            raise ValueError(
                f"{self.metric.label()} is for classes: it needs targets of 0 and 1, or of -1 and +1, got {found}; "
                "for targets that are numbers use r2, mae or rmse; your own loss of classes sets classifies = True"
            )
