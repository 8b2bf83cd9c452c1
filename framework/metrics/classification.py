"""Metrics of predicted classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.arguments import number
from framework.core.messages import shown
from framework.core.types import Array
from framework.metrics.arrays import classes, columns, mean
from framework.metrics.base import Metric

AVERAGES = ("binary", "macro", "micro")


class _Thresholded(Metric):
    """A metric of classes; of one output, predictions above `threshold` are class 1.

    Parameters
    ----------
    threshold : float, optional
        None: 0 for labels -1 and +1, else the threshold of the model's loss, 0.5 by default.
    """

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = threshold
        self.check()

    def check(self) -> None:
        """Raise unless ``threshold`` is None or a finite number."""
        if self.threshold is not None:
            number(self.threshold, "threshold", self)

    def _confusion(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Array:
        true, predicted, count = classes(*columns(y_true, y_pred, sample_weight)[:2], self.threshold, self.cut)
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        return np.bincount(count * true + predicted, weights, minlength=count * count).reshape(count, count)


class Accuracy(_Thresholded):
    """Share of the samples whose class is predicted correctly.

    Shapes: `y_pred` (n, 1) with labels 0 and 1 or -1 and +1; or (n, K), the largest column being the class, with
    one-hot rows or integer labels (n,). Source: scikit-learn, ``accuracy_score``.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the weighted share."""
        y, p, w = columns(y_true, y_pred, sample_weight)
        true, predicted, _ = classes(y, p, self.threshold, self.cut)
        return float(mean(true == predicted, w))


class ConfusionMatrix(_Thresholded):
    """Counts, or sums of weights, of the samples of class i (row) predicted as class j (column): an array (K, K).

    Shapes: as for `Accuracy`; one output has two classes. Source: scikit-learn, ``confusion_matrix``.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Array:
        """Return the counts, or the sums of the weights if they are given."""
        return self._confusion(y_true, y_pred, sample_weight)


class _Averaged(_Thresholded):
    """A ratio of counts of true and false predictions, for one class or averaged over the classes.

    Parameters
    ----------
    average : {"binary", "macro", "micro"}
        "binary": of class 1 out of two. "macro": averaged over the classes that occur among targets or predictions.
        "micro": of the counts, summed over the classes.
    threshold : float, optional
        None: 0 for labels -1 and +1, else the threshold of the model's loss, 0.5 by default.
    """

    def __init__(self, average: str = "binary", threshold: float | None = None) -> None:
        self.average = average
        super().__init__(threshold)

    def check(self) -> None:
        """Raise ValueError unless ``average`` is one of the three."""
        super().check()
        if self.average not in AVERAGES:
            expected = ", ".join(map(repr, AVERAGES))
            raise ValueError(f"{type(self).__name__}: average must be one of {expected}, got {shown(self.average)}")

    def label(self) -> str:
        """Return the name, after the kind of average unless it is "binary"."""
        return self.component_name if self.average == "binary" else f"{self.average}_{self.component_name}"

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return numerators and denominators from the counts of each class: hits, true members, predicted members."""
        raise NotImplementedError

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the ratio, 0 where its denominator is 0."""
        confusion = self._confusion(y_true, y_pred, sample_weight)
        hits, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
        chosen = np.flatnonzero(true + predicted)
        if self.average == "binary":
            if len(confusion) != 2:
                raise ValueError(
                    f"{self.component_name} of {len(confusion)} classes needs an average: "
                    f"write {type(self).__name__}(average='macro') or 'micro'"
                )
            chosen = np.array([1])
        if self.average == "micro":
            hits, true, predicted = (count.sum(keepdims=True) for count in (hits, true, predicted))
            chosen = np.array([0])
        numerator, denominator = self.ratio(hits[chosen], true[chosen], predicted[chosen])
        ratios = np.divide(numerator, denominator, np.zeros(len(numerator)), where=denominator > 0)
        return float(ratios.mean()) if len(ratios) else 0.0


class Precision(_Averaged):
    r"""Share of the predicted members of a class that belong to it, :math:`TP / (TP + FP)`.

    Shapes: as for `Accuracy`. Source: scikit-learn, ``precision_score``.
    """

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return the hits and the predicted members."""
        return hits, predicted


class Recall(_Averaged):
    r"""Share of the members of a class that are predicted, :math:`TP / (TP + FN)`.

    Shapes: as for `Accuracy`. Source: scikit-learn, ``recall_score``.
    """

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return the hits and the true members."""
        return hits, true


class F1(_Averaged):
    r"""Harmonic mean of precision and recall, :math:`2 TP / (2 TP + FP + FN)`.

    Shapes: as for `Accuracy`. Source: scikit-learn, ``f1_score``.
    """

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return twice the hits, and the sum of true and predicted members."""
        return 2 * hits, true + predicted
