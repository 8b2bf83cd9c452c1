"""Metrics of predicted scores and probabilities of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.arguments import integer
from framework.metrics.arrays import columns, mean, positive, true_class
from framework.metrics.base import Metric


class TopK(Metric, aliases=("top_k_accuracy",)):
    """Share of the samples whose class is among the `k` with the highest scores.

    Shapes: `y_pred` (n, K) with one-hot rows or integer labels (n,). A class that ties with the k-th is among
    them. Source: Keras, ``TopKCategoricalAccuracy``; scikit-learn, ``top_k_accuracy_score`` (which differs in ties).

    Parameters
    ----------
    k : int, default 5
        The number of classes that may be guessed for a sample.
    """

    def __init__(self, k: int = 5) -> None:
        self.k = k
        self.check()

    def check(self) -> None:
        """Raise unless ``k`` is a positive integer."""
        integer(self.k, "k", self, least=1)

    def label(self) -> str:
        """Return ``"top_5_accuracy"`` for ``k=5``."""
        return f"top_{self.k}_accuracy"

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the weighted share."""
        y, p, w = columns(y_true, y_pred, sample_weight)
        if p.shape[1] == 1:
            raise ValueError(f"{self.label()} needs a score for each class, got predictions of shape {p.shape}")
        own = p[np.arange(len(p)), true_class(y)]
        return float(mean((p > own[:, np.newaxis]).sum(axis=1) < self.k, w))


class AUC(Metric):
    r"""Area under the ROC curve: the chance that a member of class 1 scores above one of class 0; a tie counts half.

    .. math:: \frac{\sum_{i \in 1, j \in 0} w_i w_j ([p_i > p_j] + [p_i = p_j] / 2)}{\sum_{i \in 1, j \in 0} w_i w_j}

    Shapes: `y_pred` (n, 1) with labels 0 and 1 or -1 and +1, or (n, 2) with one-hot rows or integer labels. NaN if
    a class has no members. Source: Hanley & McNeil, "The Meaning and Use of the Area under a ROC Curve" (1982);
    scikit-learn, ``roc_auc_score``.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the area, between 0 and 1."""
        y, p, w = columns(y_true, y_pred, sample_weight)
        if p.shape[1] > 2:
            raise ValueError(f"auc needs two classes, got predictions of shape {p.shape}")
        ones = positive(y) if p.shape[1] == 1 else true_class(y) == 1
        scores, rank = np.unique(p[:, -1], return_inverse=True)
        above = np.bincount(rank, w * ones, len(scores))
        below = np.bincount(rank, w * ~ones, len(scores))
        pairs = above.sum() * below.sum()
        return float(above @ (below.cumsum() - below / 2) / pairs) if pairs else float("nan")


class LogLoss(Metric):
    r"""Negative log-likelihood of the classes, :math:`-\operatorname{mean} \log p_{\text{true class}}`.

    Shapes: `y_pred` (n, 1), probabilities of class 1, with labels 0 and 1 or -1 and +1; or (n, K), rows of
    probabilities, with rows (n, K) that sum to 1 or integer labels. Probabilities are clipped to ``eps .. 1 - eps``
    with the machine epsilon of their dtype. Source: scikit-learn, ``log_loss``.
    """

    greater_is_better = False
    needs_probabilities = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        eps = _eps(y_pred)
        y, p, w = columns(y_true, y_pred, sample_weight)
        p = np.clip(p, eps, 1 - eps)
        if y.ndim == 1:
            return float(mean(-np.log(p[np.arange(len(p)), y]), w))
        if p.shape[1] == 1:
            p, y = np.hstack([1 - p, p]), np.maximum(y, 0)
            y = np.hstack([1 - y, y])
        return float(mean(-(y * np.log(p)).sum(axis=1), w))


def _eps(y_pred: Any) -> float:
    dtype = np.asarray(y_pred).dtype
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)
