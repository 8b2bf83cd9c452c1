"""Losses of predicted numbers."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import numpy as np

from framework.core.arguments import number
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.losses.base import LossOptions
from framework.losses.elementwise import Elementwise, positive
from framework.losses.targets import require


class _SquaredError(Elementwise):
    """``factor * (p - y)**2``, whose sum and gradient share one array of residuals."""

    factor: ClassVar[float]

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``factor * (p - y)**2``."""
        residual = y_pred - y_true
        losses: Array = self.factor * residual * residual
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``2 * factor * (p - y)``."""
        return 2 * self.factor * (y_pred - y_true)

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum of squares, its divisor and the gradient."""
        if sample_weight is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, out=out)
        residual = np.subtract(y_pred, y_true, out)
        flat = residual.ravel()
        divisor = (flat.size if self.reduction == "mean" else 1) / self.factor
        total = flat.dot(flat)
        return total, divisor, np.multiply(residual, scalar(2 / divisor, residual.dtype), residual)


class HalfSquaredError(_SquaredError, aliases=("sse",)):
    r"""Half the squared error; "sse" is the name of the tutorial.

    .. math:: l = \frac{1}{2} (p - y)^2, \qquad \frac{dl}{dp} = p - y

    Shapes: `y_true` and `y_pred` (n, outputs). ``reduction="mean"`` averages over batch and outputs: half of
    `MeanSquaredError`. Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 5.11.
    """

    replayable = True
    factor = 0.5


class MeanSquaredError(_SquaredError, aliases=("mse",)):
    r"""Squared error, as Keras and PyTorch define it.

    .. math:: l = (p - y)^2, \qquad \frac{dl}{dp} = 2 (p - y)

    Shapes: `y_true` and `y_pred` (n, outputs). Source: Hastie, Tibshirani & Friedman, *The Elements of
    Statistical Learning* (2009), eq. 2.9.
    """

    replayable = True
    factor = 1.0


class MeanAbsoluteError(Elementwise, aliases=("mae",)):
    r"""Absolute error; the median minimizes it.

    .. math:: l = |p - y|, \qquad \frac{dl}{dp} = \operatorname{sign}(p - y)

    Shapes: `y_true` and `y_pred` (n, outputs). The slope at ``p = y`` is 0. Source: Hastie, Tibshirani &
    Friedman, *The Elements of Statistical Learning* (2009), section 10.6.
    """

    replayable = True

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``|p - y|``."""
        losses: Array = np.abs(y_pred - y_true)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``sign(p - y)``."""
        slopes: Array = np.sign(y_pred - y_true)
        return slopes


class Huber(Elementwise):
    r"""Squared for small residuals, absolute for large ones.

    .. math::
        l = \begin{cases} r^2 / 2 & |r| \le \delta \\ \delta (|r| - \delta / 2) & |r| > \delta \end{cases},
        \qquad r = p - y, \qquad \frac{dl}{dp} = \max(-\delta, \min(r, \delta))

    Shapes: `y_true` and `y_pred` (n, outputs). Source: Huber, "Robust Estimation of a Location Parameter"
    (1964); half of Hastie, Tibshirani & Friedman (2009), eq. 10.23.

    Parameters
    ----------
    delta : float, default 1
        The size of a residual where the loss changes from squared to absolute, in units of y.
    """

    replayable = True

    def __init__(self, delta: float = 1.0, **common: Unpack[LossOptions]) -> None:
        self.delta = delta
        super().__init__(**common)

    def check(self) -> None:
        """Raise unless ``delta`` is a positive number."""
        super().check()
        number(self.delta, "delta", self, above=0)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``c (|r| - c / 2)`` with ``c = min(|r|, delta)``, which is both branches."""
        size = np.abs(y_pred - y_true)
        clipped = np.minimum(size, scalar(self.delta, size.dtype))
        losses: Array = clipped * (size - 0.5 * clipped)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``r`` clipped to ``-delta .. delta``."""
        residual = y_pred - y_true
        delta = scalar(self.delta, residual.dtype)
        slopes: Array = np.clip(residual, -delta, delta)
        return slopes


class LogCosh(Elementwise):
    r"""Logarithm of the hyperbolic cosine: about ``r**2 / 2`` near 0 and ``|r| - log 2`` far from it.

    .. math:: l = \log\cosh r = |r| + \log\tfrac{1 + e^{-2|r|}}{2}, \qquad r = p - y, \qquad \frac{dl}{dp} = \tanh r

    Shapes: `y_true` and `y_pred` (n, outputs). Source: Green, "Bayesian reconstructions from emission tomography
    data using a modified EM algorithm" (1990), where it is the potential of a prior.
    """

    replayable = True

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``|r| + log(1 + (exp(-2|r|) - 1) / 2)``, which is exact for small ``r`` too."""
        size = np.abs(y_pred - y_true)
        losses: Array = size + np.log1p(0.5 * np.expm1(-2 * size))
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``tanh(p - y)``."""
        slopes: Array = np.tanh(y_pred - y_true)
        return slopes


class Poisson(Elementwise):
    r"""Negative log-likelihood of counts ``y`` under a Poisson distribution of mean ``p``, without ``log y!``.

    .. math:: l = p - y \log p, \qquad \frac{dl}{dp} = 1 - \frac{y}{p}

    Shapes: `y_true` and `y_pred` (n, outputs), ``y >= 0``. In the logarithm and the quotient, ``p`` is raised to the
    machine epsilon of its dtype where it is less (Keras adds 1e-7 to it). Source: McCullagh & Nelder, *Generalized
    Linear Models* (1989), section 6.2.
    """

    replayable = True
    expects = "positive"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``p - y log p``."""
        losses: Array = y_pred - y_true * np.log(positive(y_pred))
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``1 - y / p``."""
        return 1 - y_true / positive(y_pred)

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return targets of shape (n, *output_shape); ValueError if one is negative."""
        y = super().check_targets(y, output_shape, dtype)
        require(y >= 0, y, "poisson needs counts of 0 or more", "use mean_squared_error for numbers of either sign")
        return y


class Quantile(Elementwise):
    r"""Pinball loss; the ``tau`` quantile minimizes it.

    .. math::
        l = \max(\tau (y - p), (\tau - 1)(y - p)), \qquad
        \frac{dl}{dp} = \begin{cases} -\tau & p < y \\ 1 - \tau & p > y \end{cases}

    Shapes: `y_true` and `y_pred` (n, outputs). The slope at ``p = y`` is 0; ``tau=0.5`` is half the absolute
    error. Source: Koenker & Bassett, "Regression Quantiles" (1978), section 3.

    Parameters
    ----------
    tau : float, default 0.5
        The quantile to predict, between 0 and 1.
    """

    replayable = True

    def __init__(self, tau: float = 0.5, **common: Unpack[LossOptions]) -> None:
        self.tau = tau
        super().__init__(**common)

    def check(self) -> None:
        """Raise unless ``tau`` is a number between 0 and 1."""
        super().check()
        number(self.tau, "tau", self, above=0, below=1)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return the larger of ``tau * (y - p)`` and ``(tau - 1) * (y - p)``."""
        residual = y_true - y_pred
        return np.maximum(float(self.tau) * residual, float(self.tau - 1) * residual)

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``1 - tau`` above the target, ``-tau`` below it."""
        tau = scalar(self.tau, y_pred.dtype)
        slopes: Array = (y_pred > y_true) * (1 - tau) - (y_pred < y_true) * tau
        return slopes
