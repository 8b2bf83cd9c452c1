"""Metrics of predicted numbers; several outputs are averaged, as in scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.metrics.arrays import mean, numeric
from framework.metrics.base import Metric


class MeanAbsoluteError(Metric, name="mae", aliases=("mean_absolute_error",)):
    r"""Mean absolute error, :math:`\operatorname{mean} |y - p|`, in units of y.

    Shapes: `y_true` and `y_pred` (n, outputs). Source: scikit-learn, ``mean_absolute_error``.
    """

    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the mean over samples and outputs."""
        y, p, w = numeric(y_true, y_pred, sample_weight)
        return float(mean(np.abs(y - p), w).mean())


class MeanSquaredError(Metric, name="mse", aliases=("mean_squared_error",)):
    r"""Mean squared error, :math:`\operatorname{mean} (y - p)^2`, in squared units of y.

    Shapes: `y_true` and `y_pred` (n, outputs). Source: scikit-learn, ``mean_squared_error``.
    """

    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the mean over samples and outputs."""
        y, p, w = numeric(y_true, y_pred, sample_weight)
        return float(mean((y - p) ** 2, w).mean())


class RootMeanSquaredError(Metric, name="rmse", aliases=("root_mean_squared_error",)):
    r"""Root mean squared error, :math:`\sqrt{\operatorname{mean} (y - p)^2}`, in units of y.

    Shapes: `y_true` and `y_pred` (n, outputs); the root is that of each output, and the roots are averaged (Keras has
    one root over all outputs). Source: scikit-learn, ``root_mean_squared_error``.
    """

    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the mean of the outputs' roots."""
        y, p, w = numeric(y_true, y_pred, sample_weight)
        return float(np.sqrt(mean((y - p) ** 2, w)).mean())


class MeanAbsolutePercentageError(Metric, name="mape", aliases=("mean_absolute_percentage_error",)):
    r"""Mean absolute percentage error, :math:`\operatorname{mean} |y - p| / |y|`, as a fraction: 0.1 is 10 %.

    Shapes: `y_true` and `y_pred` (n, outputs); ``|y|`` is raised to the machine epsilon of float64 where it is less.
    Source: scikit-learn, ``mean_absolute_percentage_error``.
    """

    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the mean over samples and outputs."""
        y, p, w = numeric(y_true, y_pred, sample_weight)
        return float(mean(np.abs(y - p) / np.maximum(np.abs(y), np.finfo(np.float64).eps), w).mean())


class R2(Metric):
    r"""Coefficient of determination, the share of the variance of y that is predicted.

    .. math:: R^2 = 1 - \frac{\sum_i w_i (y_i - p_i)^2}{\sum_i w_i (y_i - \bar y)^2}

    Shapes: `y_true` and `y_pred` (n, outputs); averaged over the outputs. 1 is perfect, 0 is as good as the mean of
    y. For a constant y it is 1 if the prediction is perfect, else 0. Source: scikit-learn, ``r2_score``.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the mean of the outputs' values."""
        y, p, w = numeric(y_true, y_pred, sample_weight)
        return _explained(mean((y - p) ** 2, w), y, w)


class ExplainedVariance(Metric):
    r"""Share of the variance of y that is explained: `R2` without a penalty for a constant offset.

    .. math:: 1 - \frac{\operatorname{Var}(y - p)}{\operatorname{Var}(y)}

    Shapes: `y_true` and `y_pred` (n, outputs); averaged over the outputs. For a constant y it is 1 if the residuals
    are constant, else 0. Source: scikit-learn, ``explained_variance_score``.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the mean of the outputs' values."""
        y, p, w = numeric(y_true, y_pred, sample_weight)
        return _explained(_variance(y - p, w), y, w)


def _variance(values: Array, w: Array) -> Array:
    counted = values[w > 0]
    # Rounding can make the mean of equal numbers another number, and would leave a variance to divide by.
    constant = (counted == counted[:1]).all(axis=0)
    return np.where(constant, 0.0, mean((values - mean(values, w)) ** 2, w))


def _explained(unexplained: Array, y: Array, w: Array) -> float:
    if not w.any():
        return float("nan")
    variance = _variance(y, w)
    missed = np.where(unexplained == 0, 0.0, 1.0)
    np.divide(unexplained, variance, missed, where=variance > 0)
    return float(1 - missed.mean())
