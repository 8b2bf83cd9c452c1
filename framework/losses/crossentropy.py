"""Cross-entropies: losses of predicted probabilities of classes, or of their logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.core.arguments import number
from framework.core.arrays import as_float
from framework.core.scalars import ONE
from framework.core.types import Array
from framework.losses.base import Loss
from framework.losses.crossentropy_formulas import from_sigmoid, from_softmax, row_numbers, sigmoid, softmax
from framework.losses.elementwise import Elementwise, positive
from framework.losses.targets import class_labels, fitting, require


class BinaryCrossentropy(Elementwise):
    r"""Negative log-likelihood of two classes, 0 and 1, given the probability ``p`` of class 1.

    .. math::
        l = -c y \log p - (1 - y) \log(1 - p), \qquad
        \frac{dl}{dp} = \frac{1 - y}{1 - p} - \frac{c y}{p}, \qquad
        \frac{dl}{dz} = (1 - y) p - c y (1 - p) \text{ for } p = \sigma(z)

    where ``c`` is `pos_weight`, or 1, so that ``dl/dz = p - y``. With several outputs, each is a label of its own: a
    sample may have none, one or several.

    Shapes: `y_true` and `y_pred` (n, outputs), ``0 <= y <= 1``. After a sigmoid, or with `from_logits`, the loss is
    computed from the logits ``z``, ``l = (1 - y) s(z) + c y s(-z)`` with ``s(z) = max(z, 0) + log(1 + exp(-|z|))``,
    exact at any size. Otherwise ``p`` is clipped to ``eps .. 1 - eps`` with the machine epsilon of its dtype, and the
    slope is that at the clipped ``p``.
    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 5.21 and 4.91; PyTorch,
    ``BCEWithLogitsLoss``, for `pos_weight`.

    Parameters
    ----------
    reduction : {"mean", "sum"}
    from_logits : bool, default False
        The outputs are logits: end the model with ``Dense(1)``. Then `predict` returns logits, which are above 0 for
        class 1.
    pos_weight : float or sequence of float, optional
        How much more a label of 1 counts than one of 0; a number, or one for each output.

    Examples
    --------
    >>> from framework.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy(pos_weight=[3.0, 1.0])([[1, 0]], [[0.5, 0.5]]), 4)  # (3 + 1) / 2 * log 2
    1.3863
    """

    replayable = True
    classifies = True
    expects = "probabilities"
    link = "sigmoid"

    def __init__(
        self,
        reduction: str = "mean",
        *,
        from_logits: bool = False,
        pos_weight: float | Sequence[float] | Array | None = None,
    ) -> None:
        self.from_logits = from_logits
        self.pos_weight = pos_weight
        super().__init__(reduction)

    def check(self) -> None:
        """Raise unless ``pos_weight`` holds numbers of 0 or more."""
        super().check()
        if self.pos_weight is not None:
            for weight in _listed(self.pos_weight):
                number(weight, "pos_weight", self, least=0)

    @property
    def threshold(self) -> float:  # type: ignore[override]  # for other losses, it does not depend on an argument
        """0 for logits, 0.5 for probabilities."""
        return 0.0 if self.from_logits else 0.5

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-c y log p - (1 - y) log(1 - p)``."""
        y, p = y_true, _inside(y_pred)
        losses: Array = -self._weighted(y) * np.log(p) - (1 - y) * np.log1p(-p)
        return losses

    def slopes(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``(1 - y) / (1 - p) - c y / p``."""
        y, p = y_true, _inside(y_pred)
        slopes: Array = self._slopes_from_logits(y, p) / (p * (1 - p))
        return slopes

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return the mean (or sum) over the outputs of each sample, (n,)."""
        return (self.per_sample_from_logits if self.from_logits else super().per_sample)(y_true, y_pred)

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of that mean (or sum) with respect to each output."""
        if self.from_logits:
            return self.gradient_from_logits(y_true, sigmoid(y_pred))
        return super().gradient(y_true, y_pred)

    def per_sample_from_logits(self, y_true: Array, logits: Array) -> Array:
        """Return the losses at the logits, averaged (or summed) over the outputs, (n,)."""
        return self._over_outputs(self._values_from_logits(y_true, logits))

    def gradient_from_logits(self, y_true: Array, y_pred: Array, out: Array | None = None) -> Array:
        """Return ``(1 - y) p - c y (1 - p)``, divided by the number of outputs for a mean."""
        gradient = self._slopes_from_logits(y_true, y_pred, out)
        return np.divide(gradient, self._outputs(y_pred), gradient)

    def _values_from_logits(self, y: Array, z: Array) -> Array:
        log_term = np.log1p(np.exp(-np.abs(z)))
        losses: Array
        if self.pos_weight is None:
            losses = z * ((z > 0) - y) + log_term
        else:  # weighted for the two labels, so that nothing cancels
            below, above = 1 - y, self._weighted(y)
            losses = below * np.maximum(z, 0) + above * np.maximum(-z, 0) + (below + above) * log_term
        return losses

    def _slopes_from_logits(self, y: Array, p: Array, out: Array | None = None) -> Array:
        minuend, subtrahend = (p, y) if self.pos_weight is None else ((1 - y) * p, self._weighted(y) * (1 - p))
        slopes: Array = np.subtract(minuend, subtrahend, out)
        return slopes

    def _weighted(self, y: Array) -> Array:
        """Return ``c y``."""
        return y if self.pos_weight is None else y * np.asarray(self.pos_weight, y.dtype)

    def sum_and_gradient(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        logits: Array | None = None,
        out: Array | None = None,
    ) -> tuple[Any, Any, Array]:
        """Return the sum of the losses, its divisor and the gradient; without weights, from logits in one buffer."""
        if self.from_logits:
            y_pred, logits = sigmoid(y_pred), y_pred
        if logits is None or sample_weight is not None or self.pos_weight is not None:
            return super().sum_and_gradient(y_true, y_pred, sample_weight, logits, out)
        divisor = self._divisor(y_pred.size)
        total, gradient = from_sigmoid(y_true, y_pred, logits, 1 / divisor, out)
        return total, divisor, gradient

    def check_targets(self, y: Array, output_shape: tuple[int, ...], dtype: Any) -> Array:
        """Return targets of shape (n, *output_shape); ValueError if one is not between 0 and 1."""
        y = super().check_targets(y, output_shape, dtype)
        weights: Any = self.pos_weight
        if np.ndim(weights) and np.shape(weights) != tuple(output_shape):
            given, labels = len(weights), ", ".join(map(str, output_shape))
            who = f"{type(self).__name__}: pos_weight has {given} numbers"
            raise ValueError(f"{who}, but a sample has {labels} labels: give one number for each, or one for all")
        fix = "for labels -1 and +1 use (y + 1) / 2" if y.size and y.min() == -1 else "use labels 0 and 1"
        require((y >= 0) & (y <= 1), y, "binary_crossentropy needs targets between 0 and 1", fix)
        return y


class CategoricalCrossentropy(Loss):
    r"""Negative log-likelihood of one class out of K, given the probabilities ``p`` of the classes.

    .. math::
        l = -\sum_k y_k \log p_k, \qquad \frac{\partial l}{\partial p_k} = -\frac{y_k}{p_k}, \qquad
        \frac{\partial l}{\partial z_k} = p_k - y_k \text{ for } p = \operatorname{softmax}(z)

    Shapes: `y_pred` (n, K); `y_true` integer labels 0 .. K - 1 of shape (n,), or rows of probabilities (n, K), such
    as one-hot rows. After a softmax, or with `from_logits`, the loss is computed from the logits ``z``,
    ``l = log(sum_k exp z_k) - sum_k y_k z_k``, exact at any size. Otherwise ``p`` is raised to the machine epsilon of
    its dtype where it is less; rows are not normalized.
    Source: Bishop, *Pattern Recognition and Machine Learning* (2006), eq. 4.108 and 4.109.

    Parameters
    ----------
    reduction : {"mean", "sum"}
    from_logits : bool, default False
        The outputs are logits: end the model with ``Dense(K)``. Then `predict` returns logits, of which the largest is
        that of the likeliest class.
    """

    replayable = True
    classifies = True
    expects = "distribution"
    link = "softmax"

    def __init__(self, reduction: str = "mean", *, from_logits: bool = False) -> None:
        self.from_logits = from_logits
        super().__init__(reduction)

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-log p`` of the true class, or its mean under the target's probabilities, (n,)."""
        if self.from_logits:
            return self.per_sample_from_logits(y_true, y_pred)
        if y_true.ndim == 1:
            return -np.log(positive(y_pred[_true_class(y_true)]))
        return _dot_rows(-y_true, np.log(positive(y_pred)))

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return ``-y / p``, or ``p - y`` for logits."""
        if self.from_logits:
            return self.gradient_from_logits(y_true, softmax(y_pred))
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
        if self.from_logits:
            y_pred, logits = softmax(y_pred), y_pred
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


def _listed(weights: Any) -> list[Any]:
    """Return one number or several of them as a list."""
    if isinstance(weights, np.ndarray):
        return list(weights.ravel())
    return list(weights) if isinstance(weights, list | tuple) else [weights]


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
