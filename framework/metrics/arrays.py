"""Conversion of targets and predictions for the metrics: columns of float64, classes, weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array


def columns(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Array, Array, Array]:
    """Return targets, predictions and weights as arrays (n, outputs), (n, outputs) and (n,).

    Integer labels for several outputs stay (n,).

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred, np.float64)
    n = len(y_pred)
    y_pred = y_pred.reshape(n, int(np.prod(y_pred.shape[1:])))
    labels = y_true.ndim == 1 and y_pred.shape[1] > 1
    if len(y_true) != n or not (labels or y_true.size == y_pred.size):
        raise ValueError(f"y_true has shape {y_true.shape}, which does not fit predictions of shape {y_pred.shape}")
    y_true = _labels(y_true, y_pred.shape[1]) if labels else y_true.astype(np.float64).reshape(y_pred.shape)
    weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if weight.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), got {weight.shape}")
    return y_true, y_pred, weight


def numeric(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Array, Array, Array]:
    """Return targets and predictions (n, outputs) and weights (n,); ValueError for integer labels."""
    y_true, y_pred, weight = columns(y_true, y_pred, sample_weight)
    if y_true.ndim == 1:
        raise ValueError(f"targets of shape {y_true.shape} do not fit predictions of shape {y_pred.shape}")
    return y_true, y_pred, weight


def classes(y_true: Array, y_pred: Array, threshold: float | None, cut: float) -> tuple[Array, Array, int]:
    """Return true and predicted classes (n,) of `columns`, and how many classes there are.

    One column holds two classes: targets are 0 and 1 or -1 and +1, and predictions above `threshold` are class 1; None
    means 0 for targets -1 and +1, else `cut`. With several columns, the largest is the class.
    """
    outputs = y_pred.shape[1]
    if outputs > 1:
        return true_class(y_true), y_pred.argmax(axis=1), outputs
    if threshold is None:
        threshold = 0.0 if (y_true < 0).any() else cut
    return positive(y_true).astype(np.intp), (y_pred[:, 0] > threshold).astype(np.intp), 2


def true_class(y_true: Array) -> Array:
    """Return the class (n,) of integer labels (n,) or one-hot rows (n, K)."""
    if y_true.ndim == 1:
        return y_true
    several = (y_true >= 0).all(axis=1) & (y_true.sum(axis=1) > 1.5)
    if several.any():
        row = int(several.argmax())
        raise ValueError(f"row {row} of y_true belongs to several classes: expected one-hot rows or integer labels")
    return np.asarray(y_true.argmax(axis=1))


def positive(y_true: Array) -> Array:
    """Return which targets (n,) of one column are class 1; labels are 0 and 1, or -1 and +1."""
    return np.asarray(y_true[:, 0] > 0.5)


def mean(values: Array, weight: Array) -> Array:
    """Return the weighted mean over the samples, axis 0; NaN if all weights are 0."""
    total = weight.sum()
    return np.asarray(weight @ values / total) if total else np.full(values.shape[1:], np.nan)


def _labels(y: Array, outputs: int) -> Array:
    wrong = (y != np.floor(y)) | (y < 0) | (y >= outputs)
    if wrong.any():
        raise ValueError(
            f"y_true must hold labels 0 to {outputs - 1} for {outputs} outputs, got {y[wrong][0].item()!r}"
        )
    return y.astype(np.intp)
