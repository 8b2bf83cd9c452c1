"""Regularizers: penalties on parameters, added to the loss."""

from __future__ import annotations

import numpy as np

from framework.core.arguments import number
from framework.core.component import Component
from framework.core.types import Array


class Regularizer(Component):
    """Base of regularizers: a penalty that is added to the loss. A subclass defines `__call__` and `gradient`."""

    def __call__(self, parameter: Array) -> float:
        """Return the penalty on `parameter`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, parameter)")

    def gradient(self, parameter: Array) -> Array:
        """Return the penalty's gradient, in the shape of `parameter`."""
        raise NotImplementedError(f"{type(self).__name__} must define gradient(self, parameter)")


RegularizerLike = str | Regularizer | type[Regularizer]  # see `Component.of`


class L1(Regularizer):
    """``strength * sum |w|``, which drives values to exactly 0. The gradient is ``strength * sign(w)``, 0 at 0.

    Source: Tibshirani 1996, "Regression shrinkage and selection via the lasso".

    Parameters
    ----------
    strength : float
    """

    def __init__(self, strength: float = 0.01) -> None:
        self.strength = strength
        self.check()

    def check(self) -> None:
        number(self.strength, "strength", self, least=0)

    def __call__(self, parameter: Array) -> float:
        return float(self.strength * np.abs(parameter).sum())

    def gradient(self, parameter: Array) -> Array:
        return np.multiply(np.sign(parameter), float(self.strength))


class L2(Regularizer):
    """``strength * sum w^2``, without a half, as in Keras. The gradient is ``2 * strength * w``.

    An optimizer's coupled ``weight_decay`` of ``2 * strength`` has the same gradient, but is not part of the reported
    loss. Source: Hoerl & Kennard 1970, "Ridge regression".

    Parameters
    ----------
    strength : float
    """

    def __init__(self, strength: float = 0.01) -> None:
        self.strength = strength
        self.check()

    def check(self) -> None:
        number(self.strength, "strength", self, least=0)

    def __call__(self, parameter: Array) -> float:
        w = parameter.ravel("K")
        return float(self.strength * w.dot(w))

    def gradient(self, parameter: Array) -> Array:
        return np.multiply(parameter, float(2 * self.strength))


class L1L2(Regularizer):
    """``l1 * sum |w| + l2 * sum w^2``: `L1` and `L2` together.

    Source: Zou & Hastie 2005, "Regularization and variable selection via the elastic net", eq. 3.

    Parameters
    ----------
    l1, l2 : float
        The two strengths: that of the absolute values, and that of the squares.
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
    """``strength * ||W W^T - I||^2``, the squared Frobenius norm: rows of length 1 at right angles to each other.

    All axes after the first count as one. If there are more units than inputs, rows cannot all be at right angles, and
    the columns are penalized: ``W^T W``. The gradient is ``4 * strength * (W W^T - I) W``. Keras sums the absolute
    cosines between rows instead, and leaves their lengths free.
    Source: Bansal et al. 2018, "Can we gain more from orthogonality regularizations in training deep CNNs?", eq. 1.

    Parameters
    ----------
    strength : float
    """

    def __init__(self, strength: float = 0.01) -> None:
        self.strength = strength
        self.check()

    def check(self) -> None:
        number(self.strength, "strength", self, least=0)

    def __call__(self, parameter: Array) -> float:
        excess = self._excess(_wide(parameter)).ravel()
        return float(self.strength * excess.dot(excess))

    def gradient(self, parameter: Array) -> Array:
        W = _wide(parameter)
        gradient: Array = self._excess(W).dot(W)
        gradient *= 4 * self.strength
        rows = len(parameter) if parameter.ndim > 1 else 1
        return (gradient if len(W) == rows else gradient.T).reshape(parameter.shape)

    def _excess(self, W: Array) -> Array:
        """Return W W^T - I."""
        gram: Array = W.dot(W.T)
        np.fill_diagonal(gram, gram.diagonal() - 1)
        return gram


def _wide(parameter: Array) -> Array:
    """Return `parameter` as a matrix, a row for each unit; transposed if it would be higher than wide."""
    W = parameter.reshape(len(parameter) if parameter.ndim > 1 else 1, -1)
    return W if W.shape[0] <= W.shape[1] else W.T
