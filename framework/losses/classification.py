"""Losses of predicted classes."""

from __future__ import annotations

from functools import lru_cache
from math import log
from typing import Any

import numpy as np

from framework.core.scalars import ONE, scalar
from framework.core.types import Array
from framework.losses.base import Loss
from framework.losses.elementwise import Elementwise, positive
from framework.losses.targets import as_float, fitting, require


class BinaryCrossentropy(Elementwise):
    r"""Negative log-likelihood of two classes, 0 and 1, given the probability ``p`` of class 1.

    .. math::
        l = -y \log p - (1 - y) \log(1 - p), \qquad \frac{dl}{dp} = \frac{p - y}{p (1 - p)}, \qquad
        \frac{dl}{dz} = p - y \text{ for } p = \sigma(z)

    Shapes: `y_true` and `y_pred` (n, outputs), ``0 <= y <= 1``. After a sigmoid it is computed from the logits,
    ``l = max(z, 0) - y z + log(1 + exp(-|z|))``, exact at any size. Otherwise ``p`` is clipped to ``eps .. 1 - eps``
    with the machine epsilon of its dtype, and the slope is the one at the clipped ``p``.
    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 5.21 and 4.91.
    """

    replayable = True
    classifies = True
    link = "sigmoid"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y log p - (1 - y) log(1 - p)``."""
        p = _inside(y_pred)
        losses: Array = -y_true * np.log(p) - (1 - y_true) * np.log1p(-p)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``(p - y) / (p (1 - p))``."""
        p = _inside(y_pred)
        slopes: Array = (p - y_true) / (p * (1 - p))
        return slopes

    def per_sample_from_logits(self, y_true: Array, logits: Array) -> Array:
        """Return ``max(z, 0) - y z + log(1 + exp(-|z|))``, meaned (or summed) over the outputs, (n,)."""
        return self._over_outputs(logits * ((logits > 0) - y_true) + np.log1p(np.exp(-np.abs(logits))))

    def gradient_from_logits(self, y_true: Array, y_pred: Array, out: Array | None = None) -> Array:
        """Return ``p - y``, divided by the number of outputs for a mean."""
        gradient = np.subtract(y_pred, y_true, out)
        return np.divide(gradient, self._divisor(y_pred[0].size if len(y_pred) else 1), gradient)

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum of the losses, its divisor and its derivative; from `logits` in one go."""
        if logits is None or sample_weight is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        divisor = self._divisor(y_pred.size)
        part = np.copysign(logits, -ONE[logits.dtype], out)
        np.log1p(np.exp(part, part), part)
        total = part.sum()
        np.subtract(logits > 0, y_true, part)
        total = total + part.ravel().dot(logits.ravel())
        np.subtract(y_pred, y_true, part)
        return total, divisor, np.multiply(part, scalar(1 / divisor, part.dtype), part)

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return targets of shape (n, *output_shape); ValueError if one is not between 0 and 1."""
        y = super().check_targets(y, output_shape, dtype)
        fix = "for labels -1 and +1 use (y + 1) / 2" if y.size and y.min() == -1 else "use labels 0 and 1"
        require((y >= 0) & (y <= 1), y, "binary_crossentropy needs targets between 0 and 1", fix)
        return y


class CategoricalCrossentropy(Loss):
    r"""Negative log-likelihood of one class out of K, given the probabilities ``p`` of the classes.

    .. math::
        l = -\sum_k y_k \log p_k, \qquad \frac{\partial l}{\partial p_k} = -\frac{y_k}{p_k}, \qquad
        \frac{\partial l}{\partial z_k} = p_k - y_k \text{ for } p = \operatorname{softmax}(z)

    Shapes: `y_pred` (n, K); `y_true` integer labels 0 .. K - 1 of shape (n,), or rows of probabilities (n, K), such
    as one-hot rows. After a softmax it is computed from the logits (log-sum-exp), exact at any size. Otherwise
    ``p`` is not less than the machine epsilon of its dtype; rows are not normalised.
    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 4.108 and 4.109.
    """

    replayable = True
    classifies = True
    link = "softmax"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-log p`` of the true class (n,), or its mean under the target's probabilities."""
        if y_true.ndim == 1:
            return -np.log(positive(y_pred[_rows(len(y_true)), y_true]))
        return _dot_rows(-y_true, np.log(positive(y_pred)))

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y / p``."""
        if y_true.ndim == 2:
            return -y_true / positive(y_pred)
        gradient = np.zeros_like(y_pred)
        true_class = _rows(len(y_true)), y_true
        gradient[true_class] = -1 / positive(y_pred[true_class])
        return gradient

    def per_sample_from_logits(self, y_true: Array, logits: Array) -> Array:
        """Return ``log(sum_k exp z_k) - z`` of the true class, (n,)."""
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(shifted).sum(axis=1))
        if y_true.ndim == 1:
            return log_sum - shifted[_rows(len(y_true)), y_true]  # type: ignore[no-any-return]
        return _dot_rows(y_true, log_sum[:, np.newaxis] - shifted)

    def gradient_from_logits(self, y_true: Array, y_pred: Array, out: Array | None = None) -> Array:
        """Return ``p - y``."""
        if y_true.ndim == 2:
            return np.subtract(y_pred, y_true, out)
        gradient = np.positive(y_pred, out)
        gradient[_rows(len(y_true)), y_true] -= ONE[gradient.dtype]
        return gradient

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum of the losses, its divisor and its derivative; from `logits` in one go."""
        if logits is None or sample_weight is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        divisor, dtype = self._divisor(len(y_pred)), y_pred.dtype
        share = scalar(1 / divisor, dtype)
        if y_true.ndim == 2:
            p = y_pred
            total = _log(p).ravel().dot(-y_true.ravel())
            gradient = np.subtract(y_pred, y_true, out)
            np.multiply(gradient, share, gradient)
        else:
            true_class = _rows(len(y_true)), y_true
            p = y_pred[true_class]
            total = _log(p).dot(_minus_ones(len(p), dtype))
            gradient = np.multiply(y_pred, share, out)
            gradient[true_class] = (p - ONE[dtype]) * share
        # Where each sample's loss is below that of the smallest p, no p can be as small.
        if (y_true.ndim == 2 or not total < scalar(_SURELY_EXACT[dtype], dtype)) and not (
            p.size and p.min() > _TINY[dtype]
        ):
            total = self.per_sample_from_logits(y_true, logits).sum()
        return total, divisor, gradient

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return labels (n,) as integers, or rows of probabilities (n, K) of the floating `dtype`."""
        if len(output_shape) != 1 or output_shape[0] < 2:
            raise ValueError(
                f"categorical_crossentropy needs one output for each class, but the model's output has shape "
                f"(n, {', '.join(map(str, output_shape))}): use Dense(2), or binary_crossentropy for a single output"
            )
        if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            return _labels(y.reshape(-1), output_shape[0])
        y = as_float(fitting(y, output_shape), dtype)
        what = "categorical_crossentropy needs rows of probabilities"
        require((y >= 0) & (y <= 1), y, what, "use one-hot rows, or integer labels of shape (n,)")
        totals = y.sum(axis=1)
        require(abs(totals - 1) < 1e-3, totals, f"{what} that sum to 1 (below, y is their sum)", "divide by the sum")
        return y


class Hinge(Elementwise):
    r"""Hinge loss of a support vector machine, for labels -1 and +1.

    .. math:: l = \max(0, 1 - y p), \qquad \frac{dl}{dp} = \begin{cases} -y & y p < 1 \\ 0 & y p \ge 1 \end{cases}

    Shapes: `y_true` and `y_pred` (n, outputs), ``y`` -1 or +1; the sign of ``p`` is the class. Source: Cortes &
    Vapnik, "Support-Vector Networks" (1995), section 3, where it is the slack.
    """

    replayable = True
    classifies = True
    threshold = 0.0

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``max(0, 1 - y p)``."""
        losses: Array = np.maximum(1 - y_true * y_pred, 0)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y`` inside the margin, 0 outside."""
        return -y_true * (y_true * y_pred < 1)

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return targets of shape (n, *output_shape); ValueError if one is neither -1 nor +1."""
        y = super().check_targets(y, output_shape, dtype)
        fix = "for labels 0 and 1 use 2 * y - 1" if ((y == 0) | (y == 1)).all() else "one label for each class"
        require(abs(y) == 1, y, "hinge needs labels -1 and +1", fix)
        return y


# Below this a float loses digits, and with them its logarithm.
_TINY = {np.dtype(name): float(np.finfo(name).tiny) for name in ("float32", "float64")}
_SURELY_EXACT = {dtype: -log(tiny) for dtype, tiny in _TINY.items()}


def _log(p: Array) -> Array:
    return np.log(np.maximum(p, scalar(_TINY[p.dtype], p.dtype)))


def _inside(p: Array) -> Array:
    eps = np.finfo(p.dtype).eps
    return np.clip(p, eps, 1 - eps)


@lru_cache(maxsize=64)
def _rows(n: int) -> Array:
    rows = np.arange(n)
    rows.flags.writeable = False
    return rows


@lru_cache(maxsize=64)
def _minus_ones(n: int, dtype: Any) -> Array:
    return np.full(n, -1, dtype)


def _dot_rows(a: Array, b: Array) -> Array:
    return np.einsum("nk,nk->n", a, b)  # type: ignore[no-any-return]


def _labels(y: Array, classes: int) -> Array:
    what = f"categorical_crossentropy needs integer labels 0 to {classes - 1} for {classes} outputs"
    require(y == np.floor(y), y, what, "number the classes, or give rows of probabilities of shape (n, K)")
    first, last = (y.min(), y.max()) if y.size else (0, 0)
    if first == 1 and last == classes:
        fix = "count from 0: use y - 1"
    elif first == -1 and last == 1:
        fix = "for labels -1 and +1 use (y + 1) / 2"
    else:
        fix = f"number the classes from 0, or give the model an output for each: Dense({int(last) + 1})"
    require((y >= 0) & (y < classes), y, what, fix)
    return y.astype(np.intp)
