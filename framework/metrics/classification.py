"""Metrics of predicted classes and labels: shares that are right, and the confusion matrix."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from framework.core.arguments import number
from framework.core.types import Array
from framework.metrics.arrays import columns, ratio, true_class
from framework.metrics.base import Accumulator
from framework.metrics.sums import SumMetric, Sums
from framework.metrics.targets import ByTargets


class ClassSumMetric(SumMetric, registered=False):
    """A metric of classes or labels; predictions above `threshold` are class 1, or have the label.

    Parameters
    ----------
    threshold : float, optional
        None: 0 for labels -1 and +1, else the threshold of the model's loss, 0.5 by default.
    """

    reads: ClassVar[str | None] = None

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = threshold
        self.check()

    def check(self) -> None:
        """Raise unless ``threshold`` is None or a finite number."""
        if self.threshold is not None:
            number(self.threshold, "threshold", self)

    def accumulator(self) -> Accumulator:
        """Return what adds up the sums, for each way in which the targets can be meant."""
        return ByTargets(self, Sums)

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return `label_sums` if the task is "multilabel", else `class_sums`."""
        y, p = columns(y_true, y_pred)
        cut = self.cut if self.threshold is None else self.threshold
        if self.task == "multilabel":
            return self.label_sums(y > 0.5, p > cut, sample_weight)
        if p.shape[1] == 1:
            return self.class_sums((y[:, 0] > 0.5).astype(np.intp), (p[:, 0] > cut).astype(np.intp), 2, sample_weight)
        return self.class_sums(true_class(y), p.argmax(axis=1), p.shape[1], sample_weight)

    def class_sums(self, true: Array, predicted: Array, count: int, weight: Array) -> tuple[Any, ...]:
        """Return the sums, given the true and the predicted of `count` classes, (n,)."""
        raise NotImplementedError

    def label_sums(self, true: Array, predicted: Array, weight: Array) -> tuple[Any, ...]:
        """Return the sums, given which labels each sample has and which are predicted, (n, K) of bools."""
        raise NotImplementedError


class _Share(ClassSumMetric):
    """A weighted share of classes or labels."""

    def from_sums(self, counted: Any, weight: Any) -> float:
        """Return the share, NaN if no sample has a weight."""
        return float(ratio(counted, weight))


class _Right(_Share):
    """The share that is predicted correctly."""

    def class_sums(self, true: Array, predicted: Array, count: int, weight: Array) -> tuple[Any, ...]:
        """Return the weights of the samples whose class is right, and of all."""
        return weight @ (true == predicted), weight.sum()

    def label_sums(self, true: Array, predicted: Array, weight: Array) -> tuple[Any, ...]:
        """Return the weights of the labels that are right, and of all."""
        return weight @ np.count_nonzero(true == predicted, axis=1), weight.sum() * true.shape[1]


class Accuracy(_Right, aliases=("acc", "accuracy_score")):
    """Share of the samples whose class is predicted correctly; with several labels for each sample, of the labels.

    Shapes: `y_pred` (n, 1) with labels 0 and 1 or -1 and +1; or (n, K), the largest column being the class, with
    one-hot rows or integer labels (n,). Source: scikit-learn, ``accuracy_score``.

    Outputs (n, K) have several labels for each sample if the model's loss judges each output by itself, as binary
    cross-entropy and hinge do. The value is then 1 minus the `HammingLoss`: Keras, ``BinaryAccuracy``. With a loss of
    numbers, such as a squared error, targets (n, K) are classes if each row has exactly one 1, else labels.
    `SubsetAccuracy` counts the samples with all labels right, `CategoricalAccuracy` takes one class for each sample.

    Raises
    ------
    ValueError
        For targets that are neither classes nor labels, if the loss is one of numbers; in `fit`, before the first step.
    """


class BinaryAccuracy(_Right):
    """Share of the labels that are predicted correctly, each output being a label of its own.

    Shapes: `y_true` and `y_pred` (n, K), labels 0 and 1 or -1 and +1. Source: Keras, ``BinaryAccuracy``; 1 minus
    scikit-learn's ``hamming_loss``.
    """

    reads = "multilabel"


class CategoricalAccuracy(_Right, aliases=("sparse_categorical_accuracy",)):
    """Share of the samples whose class is predicted correctly, whatever the loss: the class is the largest output.

    For sigmoid outputs with one-hot rows, where "accuracy" is that of the labels. Shapes: as for `Accuracy`. Source:
    Keras, ``CategoricalAccuracy`` and ``SparseCategoricalAccuracy``.
    """

    reads = "multiclass"


class SubsetAccuracy(_Share, aliases=("exact_match", "exact_match_ratio")):
    """Share of the samples that have all of their labels predicted correctly.

    Shapes: `y_true` and `y_pred` (n, K), labels 0 and 1 or -1 and +1. Source: scikit-learn, ``accuracy_score`` of
    several labels.
    """

    reads = "multilabel"

    def label_sums(self, true: Array, predicted: Array, weight: Array) -> tuple[Any, ...]:
        """Return the weights of the samples whose labels are all right, and of all."""
        return weight @ (true == predicted).all(axis=1), weight.sum()


class HammingLoss(_Share, aliases=("hamming", "hamming_distance")):
    """Share of the labels that are predicted wrongly.

    Shapes: `y_true` and `y_pred` (n, K), labels 0 and 1 or -1 and +1. Source: scikit-learn, ``hamming_loss``.
    """

    greater_is_better = False
    reads = "multilabel"

    def label_sums(self, true: Array, predicted: Array, weight: Array) -> tuple[Any, ...]:
        """Return the weights of the labels that are wrong, and of all."""
        return weight @ np.count_nonzero(true != predicted, axis=1), weight.sum() * true.shape[1]


class ConfusionMatrix(ClassSumMetric):
    """Counts, or sums of weights, of the samples of class i (row) predicted as class j (column): an array (K, K).

    Shapes: as for `Accuracy`; one output has two classes. With several labels for each sample, an array (K, 2, 2): the
    matrix of each label, without (0) and with it (1). A history keeps no arrays; `evaluate` returns it, and
    `framework.plots.plot_confusion_matrix` draws it. Source: scikit-learn, ``confusion_matrix`` and
    ``multilabel_confusion_matrix``.
    """

    def class_sums(self, true: Array, predicted: Array, count: int, weight: Array) -> tuple[Any, ...]:
        """Return the matrix."""
        counts = np.bincount(count * true + predicted, weight, minlength=count * count)
        return (counts.reshape(count, count).astype(weight.dtype),)

    def label_sums(self, true: Array, predicted: Array, weight: Array) -> tuple[Any, ...]:
        """Return the matrix of each label."""
        pairs = [[weight @ (t & p) for p in (~predicted, predicted)] for t in (~true, true)]
        return (np.moveaxis(np.array(pairs), 2, 0),)

    def from_sums(self, matrix: Array) -> Array:
        """Return the counts, or the sums of the weights if they are given."""
        return matrix
