"""Penalties on parameters."""

from __future__ import annotations

import numpy as np

from framework.core.arguments import number
from framework.core.component import Component
from framework.core.types import Array


class Regularizer(Component):
    """Base of regularizers: a penalty that is added to the loss. A subclass writes the two methods."""

    def __call__(self, parameter: Array) -> float:
        """Return the penalty on `parameter`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, parameter)")

    def gradient(self, parameter: Array) -> Array:
        """Return the penalty's gradient, in the shape of `parameter`."""
        raise NotImplementedError(f"{type(self).__name__} must define gradient(self, parameter)")


class L1(Regularizer):
    """``l1 * sum |w|``, which drives values to 0; the gradient at 0 is taken as 0.

    Source: Tibshirani 1996, "Regression shrinkage and selection via the lasso".

    Parameters
    ----------
    l1 : float
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = l1
        self.check()

    def check(self) -> None:
        number(self.l1, "l1", self, least=0)

    def __call__(self, parameter: Array) -> float:
        return float(self.l1 * np.abs(parameter).sum())

    def gradient(self, parameter: Array) -> Array:
        return np.multiply(np.sign(parameter), float(self.l1))


class L2(Regularizer):
    """``l2 * sum w^2``, without a half, as in Keras: the gradient is ``2 * l2 * w``.

    An optimizer's coupled ``weight_decay`` of ``2 * l2`` has the same gradient, but stays out of the reported loss.
    Source: Hoerl & Kennard 1970, "Ridge regression".

    Parameters
    ----------
    l2 : float
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = l2
        self.check()

    def check(self) -> None:
        number(self.l2, "l2", self, least=0)

    def __call__(self, parameter: Array) -> float:
        w = parameter.ravel("K")
        return float(self.l2 * w.dot(w))

    def gradient(self, parameter: Array) -> Array:
        return np.multiply(parameter, float(2 * self.l2))


class L1L2(Regularizer):
    """``l1 * sum |w| + l2 * sum w^2``: `L1` and `L2` together.

    Source: Zou & Hastie 2005, "Regularization and variable selection via the elastic net", eq. 3.

    Parameters
    ----------
    l1, l2 : float
    """

    def __init__(self, l1: float = 0.01, l2: float = 0.01) -> None:
        self.l1 = l1
        self.l2 = l2
        self.check()

    def check(self) -> None:
        number(self.l1, "l1", self, least=0)
        number(self.l2, "l2", self, least=0)

    def __call__(self, parameter: Array) -> float:
        return L1(self.l1)(parameter) + L2(self.l2)(parameter)

    def gradient(self, parameter: Array) -> Array:
        return L1(self.l1).gradient(parameter) + L2(self.l2).gradient(parameter)


class Orthogonal(Regularizer):
    """``factor * ||W W^T - I||^2``, the squared Frobenius norm: rows of length 1 at right angles to each other.

    (units, ...) -> the axes after the first count as one. Where there are more units than inputs rows cannot all be
    at right angles, and columns are meant: ``W^T W``. The gradient is ``4 * factor * (W W^T - I) W``. Keras' differs:
    it sums the absolute cosines between rows and leaves their lengths free.
    Source: Bansal et al. 2018, "Can we gain more from orthogonality regularizations in training deep CNNs?", eq. 1.

    Parameters
    ----------
    factor : float
    """

    def __init__(self, factor: float = 0.01) -> None:
        self.factor = factor
        self.check()

    def check(self) -> None:
        number(self.factor, "factor", self, least=0)

    def __call__(self, parameter: Array) -> float:
        excess = self._excess(_wide(parameter)).ravel()
        return float(self.factor * excess.dot(excess))

    def gradient(self, parameter: Array) -> Array:
        W = _wide(parameter)
        gradient: Array = self._excess(W).dot(W)
        gradient *= 4 * self.factor
        rows = len(parameter) if parameter.ndim > 1 else 1
        return (gradient if len(W) == rows else gradient.T).reshape(parameter.shape)

    def _excess(self, W: Array) -> Array:
        """Return W W^T - I."""
        gram: Array = W.dot(W.T)
        np.fill_diagonal(gram, gram.diagonal() - 1)
        return gram


def _wide(parameter: Array) -> Array:
    """Return `parameter` as a matrix, a row for each unit, or its transpose if that is the wider of the two."""
    W = parameter.reshape(len(parameter) if parameter.ndim > 1 else 1, -1)
    return W if W.shape[0] <= W.shape[1] else W.T
