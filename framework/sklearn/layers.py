"""The layers of a network, made from an estimator's `layers` and `output`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.activations import Activation
from framework.core.messages import shown
from framework.core.types import Array
from framework.engine.outputs import BUILT_IN
from framework.layers import Activate, Dense, Layer


def hidden_layers(layers: Any) -> list[Layer]:
    """Return the hidden layers, one for each item of `layers`: a layer, an activation, a name or a width.

    A bare width is a `Dense` layer with relu. If an activation follows before the next `Dense` layer, as in
    ``[64, "batch_normalization", "tanh"]``, the layer is linear instead.
    """
    if _is_width(layers):
        layers = [layers]
    if isinstance(layers, str) or not isinstance(layers, Sequence | np.ndarray):
        raise TypeError(f"layers must be a list of layers, widths or names, got {shown(layers)}")
    made: list[Layer] = []
    activated = False
    for item in reversed(layers):
        if not _is_width(item):
            made.append(Layer.of(item))
            activated = isinstance(made[-1], Activate) or (activated and not isinstance(made[-1], Dense))
        elif activated:
            made.append(Dense(int(item)))
            activated = False
        else:
            made.append(Dense(int(item), "relu"))
    last = made[0] if made else None
    if isinstance(last, Dense | Activate) and Activation.of(last.activation).component_name == "softmax":
        warnings.warn(
            "layers are the hidden layers, and the output layer follows: leave out the one with softmax at the end",
            stacklevel=2,
        )
    return made[::-1]


def output_layer(
    given: Any, units: int, activation: str, y: Array, weight: Array | None, logits_of: str | None = None
) -> Layer:
    """Return the output layer: `given` if it is a layer, else one with `given` or, by default, `activation`.

    If the outputs are logits, `logits_of` names the activation that the loss applies to them.

    The initial bias is the one from which the activation makes the mean of the targets `y` where inputs are 0, so that
    training spends no steps on learning that mean. Source: Lin et al. 2017, "Focal loss for dense object detection",
    section 3.3, for the initial bias of a rare class.
    """
    if isinstance(given, Layer):
        return given
    # A user's class may have taken over the name of the default.
    chosen = BUILT_IN[activation]() if given is None else Activation.of(given)
    start = STARTS.get(logits_of or chosen.component_name)
    return Dense(units, chosen, bias_initializer="zeros" if start is None else start(_means(y, weight, units), len(y)))


def _means(y: Array, weight: Array | None, units: int) -> Array:
    """Return the mean of each target, (units,), for rows (n, units) or for class indices (n,)."""
    if y.ndim == 1:
        return np.bincount(y, weight, units) / (len(y) if weight is None else weight.sum())
    with np.errstate(over="ignore"):  # the loss will report that such targets are too large
        return np.asarray(np.average(y, axis=0, weights=weight))


def _logit(p: Array, n: int) -> Array:
    p = (n * np.clip(p, 0, 1) + 1) / (
        n + 2
    )  # Laplace's rule of succession: a class that has not occurred is not impossible
    return np.asarray(np.log(p) - np.log1p(-p))


def _log(p: Array, n: int) -> Array:
    return np.asarray(np.log((n * np.maximum(p, 0) + 1) / (n + len(p))))


def _log_of_positive(mean: Array, n: int) -> Array:
    return np.asarray(np.log(np.maximum(mean, 1 / n)))


# The initial bias as a function of the means of n targets, by the name of the activation.
STARTS: dict[str, Callable[[Array, int], Array]] = {
    "exponential": _log_of_positive,
    "linear": lambda mean, n: mean,
    "sigmoid": _logit,
    "softmax": _log,
}


def _is_width(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool)
