"""Conversion of targets and predictions for the metrics: columns of float64, classes, ratios."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array


def columns(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return targets and predictions as arrays (n, outputs) of float64; integer labels for several outputs stay (n,).

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred, np.float64)
    n = len(y_pred)
    if y_pred.ndim != 2:
        y_pred = y_pred.reshape(n, int(np.prod(y_pred.shape[1:])))
    labels = y_true.ndim == 1 and y_pred.shape[1] > 1
    if len(y_true) != n or not (labels or y_true.size == y_pred.size):
        raise ValueError(f"y_true has shape {y_true.shape}, which does not fit predictions of shape {y_pred.shape}")
    y_true = _labels(y_true, y_pred.shape[1]) if labels else np.asarray(y_true, np.float64).reshape(y_pred.shape)
    return y_true, y_pred


def numeric(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return targets and predictions (n, outputs) as float64; ValueError for integer labels of several outputs."""
    y_true, y_pred = columns(y_true, y_pred)
    if y_true.ndim == 1:
        raise ValueError(
            f"targets of shape {y_true.shape} do not fit predictions of shape {y_pred.shape}: a metric of numbers "
            "needs a target for each output, such as one-hot rows"
        )
    return y_true, y_pred


def true_class(y_true: Array) -> Array:
    """Return the class (n,) of integer labels (n,), of one-hot rows (n, K), or of rows of -1 with one +1.

    In rows of probabilities, the likeliest is the class.
    """
    if y_true.ndim == 1:
        return y_true
    several = np.count_nonzero(y_true > 0.5, axis=1) > 1
    odd = several | (y_true.max(axis=1, initial=-1) <= 0)
    if odd.any():
        row = int(odd.argmax())
        classes = "several classes" if several[row] else "no class"
        raise ValueError(
            f"row {row} of y_true belongs to {classes}: expected one-hot rows or integer labels; metrics of several "
            "labels for each sample are binary_accuracy, subset_accuracy and hamming_loss"
        )
    return np.asarray(y_true.argmax(axis=1))


def ratio(total: Any, weight: Any) -> Any:
    """Return ``total / weight``, in the shape of `total`; NaN if the weight is 0."""
    return total / weight if weight else np.full(np.shape(total), np.nan)


def _labels(y: Array, outputs: int) -> Array:
    if y.dtype.kind in "iu" and not (y.size and (y.min() < 0 or y.max() >= outputs)):
        return y
    wrong = (y != np.floor(y)) | (y < 0) | (y >= outputs)
    if wrong.any():
        raise ValueError(
            f"y_true must hold labels 0 to {outputs - 1} for {outputs} outputs, got {y[wrong][0].item()!r}"
        )
    return y.astype(np.intp)
