"""Metrics of predicted scores and probabilities of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.arguments import integer
from framework.core.types import Array
from framework.metrics.arrays import columns, ratio, true_class
from framework.metrics.base import Accumulator, Metric
from framework.metrics.sums import SumMetric, Sums
from framework.metrics.targets import ByTargets

KERAS_TOP_K = ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy")


class TopK(SumMetric, aliases=("top_k_accuracy", "top_5_accuracy", "top_k_accuracy_score", *KERAS_TOP_K)):
    """Share of the samples whose class is among the `k` with the highest scores.

    Shapes: `y_pred` (n, K) with one-hot rows or integer labels (n,). A class that ties with the k-th is among
    them. Source: Keras, ``TopKCategoricalAccuracy``; scikit-learn, ``top_k_accuracy_score`` (which differs in ties).

    Parameters
    ----------
    k : int, default 5
        The number of classes that may be guessed for a sample.
    """

    reads = "multiclass"
    threshold = None

    def __init__(self, k: int = 5) -> None:
        self.k = k
        self.check()

    def check(self) -> None:
        """Raise unless ``k`` is a positive integer."""
        integer(self.k, "k", self, least=1)

    def label(self) -> str:
        """Return ``"top_5_accuracy"`` for ``k=5``."""
        return f"top_{self.k}_accuracy"

    def accumulator(self) -> Accumulator:
        """Return what adds up the sums, of targets that are classes."""
        return ByTargets(self, Sums)

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return the weights of the samples whose class is among the highest, and of all."""
        y, p = columns(y_true, y_pred)
        if p.shape[1] == 1:
            raise ValueError(f"{self.label()} needs a score for each class, got predictions of shape {p.shape}")
        own = p[np.arange(len(p)), true_class(y)]
        return sample_weight @ ((p > own[:, np.newaxis]).sum(axis=1) < self.k), sample_weight.sum()

    def from_sums(self, counted: Any, weight: Any) -> float:
        """Return the weighted share."""
        return float(ratio(counted, weight))


class AUC(Metric, aliases=("roc_auc", "roc_auc_score", "auroc")):
    r"""Area under the ROC curve: the chance that a member of class 1 scores above one of class 0; a tie counts half.

    .. math:: \frac{\sum_{i \in 1, j \in 0} w_i w_j ([p_i > p_j] + [p_i = p_j] / 2)}{\sum_{i \in 1, j \in 0} w_i w_j}

    It compares all samples, so the scores of an epoch are kept in memory, in their dtype, with a byte for each class,
    and the weights if there are any.

    Shapes: `y_pred` (n, 1) with labels 0 and 1 or -1 and +1, or (n, 2) with one-hot rows or integer labels. With
    several labels for each sample (see `Accuracy`), (n, K): the mean of the labels' areas. NaN if a class has no
    members, or all of them weigh 0. Source: Hanley & McNeil, "The Meaning and Use of the Area under a ROC Curve"
    (1982); scikit-learn, ``roc_auc_score``.
    """

    reads = None
    threshold = 0.0  # of no account: an area cuts nothing

    def accumulator(self) -> Accumulator:
        """Return what keeps the scores, for each way in which the targets can be meant."""
        return ByTargets(self, _Scores)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the area, between 0 and 1."""
        samples = self.accumulator()
        samples.add(y_true, y_pred, sample_weight)
        return float(samples.value())


class _Scores:
    """The scores of the samples seen so far, and which of them belong to class 1 or have the label."""

    def __init__(self, metric: AUC) -> None:
        self.metric = metric
        self.parts: list[tuple[Array, Array, Array]] = []

    def add(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Keep copies of the scores."""
        y, p = columns(y_true, y_pred)
        if self.metric.task == "multiclass":
            if p.shape[1] > 2:
                raise ValueError(f"auc needs two classes, got predictions of shape {p.shape}")
            y, p = true_class(y)[:, np.newaxis], p[:, 1:]
        n = len(p)
        weight = np.ones(1) if sample_weight is None else np.array(sample_weight, np.float64)
        if weight.shape != (n,) and sample_weight is not None:
            raise ValueError(f"sample_weight must have shape ({n},), got {weight.shape}")
        dtype = np.asarray(y_pred).dtype
        self.parts.append((y > 0.5, p.astype(dtype if dtype.kind == "f" else np.float64), np.broadcast_to(weight, n)))

    def value(self) -> float:
        """Return the area, averaged over the labels."""
        ones, scores, weight = (np.concatenate([part[i] for part in self.parts]) for i in range(3))
        areas = [_area(ones[:, k], scores[:, k], weight) for k in range(scores.shape[1])]
        return sum(areas) / len(areas)


def _area(ones: Array, scores: Array, weight: Array) -> float:
    values, rank = np.unique(scores, return_inverse=True)
    above = np.bincount(rank, weight * ones, len(values))
    below = np.bincount(rank, weight * ~ones, len(values))
    pairs = above.sum() * below.sum()
    return float(above @ (below.cumsum() - below / 2) / pairs) if pairs else float("nan")


class LogLoss(SumMetric, aliases=("cross_entropy", "nll", "negative_log_likelihood")):
    r"""Negative log-likelihood of the classes, :math:`-\operatorname{mean} \log p_{\text{true class}}`.

    Shapes: `y_pred` (n, 1), probabilities of class 1, with labels 0 and 1 or -1 and +1; or (n, K), rows of
    probabilities, with rows (n, K) that sum to 1 or integer labels. With several labels for each sample (see
    `Accuracy`), (n, K) probabilities of the labels; the mean over the labels is taken. Probabilities are clipped to
    ``eps .. 1 - eps`` with the machine epsilon of their dtype. Source: scikit-learn, ``log_loss``.
    """

    greater_is_better = False
    needs_probabilities = True

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return the sum of the samples' losses, and of the weights."""
        y, p = columns(y_true, y_pred)
        eps = _eps(y_pred)
        if p.size and (p.min() < -eps or p.max() > 1 + 4 * eps):
            worst = p.flat[int(np.argmax(np.abs(p - 0.5)))]
            raise ValueError(f"log_loss needs probabilities, between 0 and 1, got the prediction {worst:g}")
        return sample_weight @ self._losses(y, np.clip(p, eps, 1 - eps)), sample_weight.sum()

    def from_sums(self, losses: Any, weight: Any) -> float:
        """Return the weighted mean."""
        return float(ratio(losses, weight))

    def _losses(self, y: Array, p: Array) -> Array:
        """Return the losses of the samples, (n,)."""
        if y.ndim == 1:
            return np.asarray(-np.log(p[np.arange(len(p)), y]))
        several = self.task == "multilabel"
        if p.shape[1] == 1 and not several:
            y = np.where(y == -1, 0, y)
        if not ((y >= 0) & (y <= 1)).all():
            raise ValueError(
                f"log_loss is for classes: it needs targets between 0 and 1, got {y.min():g} to {y.max():g}"
            )
        if several or p.shape[1] == 1:
            return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)).mean(axis=1))
        if (abs(y.sum(axis=1) - 1) > 1e-3).any():
            raise ValueError("log_loss needs rows of probabilities that sum to 1, or integer labels (n,)")
        return np.asarray(-(y * np.log(p)).sum(axis=1))


def _eps(y_pred: Any) -> float:
    dtype = np.asarray(y_pred).dtype
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)
