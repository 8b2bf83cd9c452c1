"""Losses of predicted classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.arrays import as_float
from framework.core.scalars import ONE
from framework.core.types import Array
from framework.losses.base import Loss
from framework.losses.crossentropy_formulas import from_sigmoid, from_softmax, row_numbers
from framework.losses.elementwise import Elementwise, positive
from framework.losses.targets import class_labels, fitting, require


class BinaryCrossentropy(Elementwise):
    r"""Negative log-likelihood of two classes, 0 and 1, given the probability ``p`` of class 1.

    .. math::
        l = -y \log p - (1 - y) \log(1 - p), \qquad \frac{dl}{dp} = \frac{p - y}{p (1 - p)}, \qquad
        \frac{dl}{dz} = p - y \text{ for } p = \sigma(z)

    Shapes: `y_true` and `y_pred` (n, outputs), ``0 <= y <= 1``. After a sigmoid the loss is computed from the logits
    ``z``, ``l = max(z, 0) - y z + log(1 + exp(-|z|))``, exact at any size. Otherwise ``p`` is clipped to
    ``eps .. 1 - eps`` with the machine epsilon of its dtype, and the slope is that at the clipped ``p``.
    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 5.21 and 4.91.
    """

    replayable = True
    classifies = True
    link = "sigmoid"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y log p - (1 - y) log(1 - p)``."""
        y, p = y_true, _inside(y_pred)
        losses: Array = -y * np.log(p) - (1 - y) * np.log1p(-p)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``(p - y) / (p (1 - p))``."""
        y, p = y_true, _inside(y_pred)
        slopes: Array = (p - y) / (p * (1 - p))
        return slopes

    def per_sample_from_logits(self, y_true: Array, logits: Array) -> Array:
        """Return ``max(z, 0) - y z + log(1 + exp(-|z|))``, averaged (or summed) over the outputs, (n,)."""
        y, z = y_true, logits
        return self._over_outputs(z * ((z > 0) - y) + np.log1p(np.exp(-np.abs(z))))

    def gradient_from_logits(self, y_true: Array, y_pred: Array, out: Array | None = None) -> Array:
        """Return ``p - y``, divided by the number of outputs for a mean."""
        gradient = np.subtract(y_pred, y_true, out)
        return np.divide(gradient, self._outputs(y_pred), gradient)

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum of the losses, its divisor and the gradient; without weights, from logits in one buffer."""
        if logits is None or sample_weight is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        divisor = self._divisor(y_pred.size)
        total, gradient = from_sigmoid(y_true, y_pred, logits, 1 / divisor, out)
        return total, divisor, gradient

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
    as one-hot rows. After a softmax the loss is computed from the logits ``z``, ``l = log(sum_k exp z_k) -
    sum_k y_k z_k``, exact at any size. Otherwise ``p`` is raised to the machine epsilon of its dtype where it is less;
    rows are not normalized.
    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 4.108 and 4.109.
    """

    replayable = True
    classifies = True
    link = "softmax"

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-log p`` of the true class, or its mean under the target's probabilities, (n,)."""
        if y_true.ndim == 1:
            return -np.log(positive(y_pred[_true_class(y_true)]))
        return _dot_rows(-y_true, np.log(positive(y_pred)))

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y / p``."""
        if y_true.ndim == 2:
            return -y_true / positive(y_pred)
        gradient, true_class = np.zeros_like(y_pred), _true_class(y_true)
        gradient[true_class] = -1 / positive(y_pred[true_class])
        return gradient

    def per_sample_from_logits(self, y_true: Array, logits: Array) -> Array:
        """Return ``log(sum_k exp z_k) - z`` of the true class, or its mean as in `per_sample`, (n,)."""
        z = logits - logits.max(axis=1, keepdims=True)  # cancels below, and keeps exp(z) finite
        log_sum = np.log(np.exp(z).sum(axis=1))
        if y_true.ndim == 1:
            return log_sum - z[_true_class(y_true)]  # type: ignore[no-any-return]
        return _dot_rows(y_true, log_sum[:, np.newaxis] - z)

    def gradient_from_logits(self, y_true: Array, y_pred: Array, out: Array | None = None) -> Array:
        """Return ``p - y``."""
        if y_true.ndim == 2:
            return np.subtract(y_pred, y_true, out)
        gradient = np.positive(y_pred, out)
        gradient[_true_class(y_true)] -= ONE[gradient.dtype]
        return gradient

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum of the losses, its divisor and the gradient; without weights, after a softmax, in one buffer.

        As long as no ``p`` has underflowed, ``-log p`` is as exact as the loss from the logits, and cheaper.
        """
        if logits is None or sample_weight is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        divisor = self._divisor(len(y_pred))
        total, gradient, underflowed = from_softmax(y_true, y_pred, 1 / divisor, out)
        if underflowed:
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
            return class_labels(y.reshape(-1), output_shape[0])
        y = as_float(fitting(y, output_shape), dtype, "y")
        need = "categorical_crossentropy needs rows of probabilities"
        require((y >= 0) & (y <= 1), y, need, "use one-hot rows, or integer labels of shape (n,)")
        totals = y.sum(axis=1)
        require(abs(totals - 1) < 1e-3, totals, f"{need} that sum to 1 (below, y is their sum)", "divide by the sum")
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


def _inside(p: Array) -> Array:
    """Return `p` clipped to ``eps .. 1 - eps``, where both logarithms are finite."""
    eps = np.finfo(p.dtype).eps
    return np.clip(p, eps, 1 - eps)


def _true_class(labels: Array) -> tuple[Array, Array]:
    """Return the index of the true class in each row: ``p[_true_class(y)]`` is (n,)."""
    return row_numbers(len(labels)), labels


def _dot_rows(a: Array, b: Array) -> Array:
    """Return the dot product of each row of `a` with that row of `b`, (n,)."""
    return np.einsum("nk,nk->n", a, b)  # type: ignore[no-any-return]
