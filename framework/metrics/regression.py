"""Metrics of predicted numbers; several outputs are averaged, as in scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.metrics.arrays import numeric, ratio
from framework.metrics.sums import SumMetric


class _MeanError(SumMetric):
    """The mean over samples and outputs of an error."""

    greater_is_better = False

    def errors(self, y: Array, p: Array) -> Array:
        """Return the error of each target, (n, outputs)."""
        raise NotImplementedError

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return the sum of each output's errors, and of the weights."""
        return sample_weight @ self.errors(*numeric(y_true, y_pred)), sample_weight.sum()

    def from_sums(self, errors: Array, weight: Any) -> float:
        """Return the mean over samples and outputs."""
        return float(ratio(errors, weight).mean())


class MeanAbsoluteError(_MeanError, name="mae", aliases=("mean_absolute_error",)):
    r"""Mean absolute error, :math:`\operatorname{mean} |y - p|`, in units of y.

    Shapes: `y_true` and `y_pred` (n, outputs). Source: scikit-learn, ``mean_absolute_error``.
    """

    def errors(self, y: Array, p: Array) -> Array:
        """Return ``|y - p|``."""
        return np.asarray(np.abs(y - p))


class MeanSquaredError(_MeanError, name="mse", aliases=("mean_squared_error",)):
    r"""Mean squared error, :math:`\operatorname{mean} (y - p)^2`, in squared units of y.

    Shapes: `y_true` and `y_pred` (n, outputs). Source: scikit-learn, ``mean_squared_error``.
    """

    def errors(self, y: Array, p: Array) -> Array:
        """Return ``(y - p)^2``."""
        return np.asarray((y - p) ** 2)


class RootMeanSquaredError(_MeanError, name="rmse", aliases=("root_mean_squared_error",)):
    r"""Root mean squared error, :math:`\sqrt{\operatorname{mean} (y - p)^2}`, in units of y.

    Shapes: `y_true` and `y_pred` (n, outputs); the root is that of each output, and the roots are averaged (Keras has
    one root over all outputs). Source: scikit-learn, ``root_mean_squared_error``.
    """

    def errors(self, y: Array, p: Array) -> Array:
        """Return ``(y - p)^2``."""
        return np.asarray((y - p) ** 2)

    def from_sums(self, errors: Array, weight: Any) -> float:
        """Return the mean of the outputs' roots."""
        return float(np.sqrt(ratio(errors, weight)).mean())


class MeanAbsolutePercentageError(_MeanError, name="mape", aliases=("mean_absolute_percentage_error",)):
    r"""Mean absolute percentage error, :math:`\operatorname{mean} |y - p| / |y|`, as a fraction: 0.1 is 10 %.

    Shapes: `y_true` and `y_pred` (n, outputs); ``|y|`` is raised to the machine epsilon of float64 where it is less.
    Source: scikit-learn, ``mean_absolute_percentage_error``.
    """

    def errors(self, y: Array, p: Array) -> Array:
        """Return ``|y - p| / |y|``."""
        return np.asarray(np.abs(y - p) / np.maximum(np.abs(y), np.finfo(np.float64).eps))


class R2(SumMetric, aliases=("r2_score", "r_squared", "coefficient_of_determination")):
    r"""Coefficient of determination, the share of the variance of y that is predicted.

    .. math:: R^2 = 1 - \frac{\sum_i w_i (y_i - p_i)^2}{\sum_i w_i (y_i - \bar y)^2}

    Shapes: `y_true` and `y_pred` (n, outputs); averaged over the outputs. 1 is perfect, 0 is as good as the mean of
    y. For a constant y it is 1 if the prediction is perfect, else 0. Source: scikit-learn, ``r2_score``.
    """

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return the sum of each output's squared residuals, and the moments of the targets."""
        y, p = numeric(y_true, y_pred)
        return sample_weight @ (y - p) ** 2, *_moments(y, sample_weight)

    def merge(self, first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
        """Add the squares, and merge the moments."""
        return first[0] + second[0], *_merged(first[1:], second[1:])

    def from_sums(self, residuals: Array, *moments: Any) -> float:
        """Return the mean of the outputs' values."""
        return _explained(residuals, moments)


class ExplainedVariance(SumMetric, aliases=("explained_variance_score",)):
    r"""Share of the variance of y that is explained: `R2` without a penalty for a constant offset.

    .. math:: 1 - \frac{\operatorname{Var}(y - p)}{\operatorname{Var}(y)}

    Shapes: `y_true` and `y_pred` (n, outputs); averaged over the outputs. For a constant y it is 1 if the residuals
    are constant, else 0. Source: scikit-learn, ``explained_variance_score``.
    """

    def sums(self, y_true: Any, y_pred: Any, sample_weight: Array) -> tuple[Any, ...]:
        """Return the moments of the residuals and those of the targets."""
        y, p = numeric(y_true, y_pred)
        return *_moments(y - p, sample_weight), *_moments(y, sample_weight)

    def merge(self, first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
        """Merge both moments."""
        half = len(first) // 2
        return *_merged(first[:half], second[:half]), *_merged(first[half:], second[half:])

    def from_sums(self, *moments: Any) -> float:
        """Return the mean of the outputs' values."""
        half = len(moments) // 2
        return _explained(_squares(*moments[:half]), moments[half:])


def _moments(values: Array, weight: Array) -> tuple[Any, ...]:
    """Return the weight of the samples and, of each output, the mean, the sum of squares about it, least and largest.

    A sum of squares about 0 would lose the variance of numbers that are large beside their spread.
    """
    total = weight.sum()
    if not total:
        nothing = np.zeros(values.shape[1])
        return total, nothing, nothing, nothing + np.inf, nothing - np.inf
    mean = weight @ values / total
    counted = values if weight.all() else values[weight > 0]
    return total, mean, weight @ (values - mean) ** 2, counted.min(axis=0), counted.max(axis=0)


def _merged(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the moments of two sets of samples together.

    Source: Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979).
    """
    (w1, mean1, squares1, low1, high1), (w2, mean2, squares2, low2, high2) = first, second
    total = w1 + w2
    share, apart = w2 / total if total else 0.0, mean2 - mean1
    squares = squares1 + squares2 + apart**2 * (w1 * share)
    return total, mean1 + apart * share, squares, np.minimum(low1, low2), np.maximum(high1, high2)


def _squares(weight: Any, mean: Array, squares: Array, low: Array, high: Array) -> Array:
    """Return the sum of squares about the mean.

    Rounding can make the mean of equal numbers another number, and would leave a variance to divide by.
    """
    return np.where(low == high, 0.0, squares)


def _explained(unexplained: Array, moments: tuple[Any, ...]) -> float:
    """Return 1 minus the quotients of two sums of squares, averaged over the outputs."""
    if not moments[0]:
        return float("nan")
    squares = _squares(*moments)
    missed = np.where(unexplained == 0, 0.0, 1.0)
    np.divide(unexplained, squares, missed, where=squares > 0)
    return float(1 - missed.mean())
