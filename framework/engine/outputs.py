"""The outputs of a network, and the losses that can be computed from them: the one place that knows both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from framework.activations import Activation, Softmax
from framework.core.component import Component
from framework.core.types import Array, Shape
from framework.engine.tree import PlacedLayer
from framework.layers.activate import Activate
from framework.layers.base import Layer
from framework.layers.combinators import Concatenate
from framework.layers.dense import Dense
from framework.layers.dropout import AlphaDropout, Dropout, GaussianDropout
from framework.layers.noise import GaussianNoise
from framework.layers.reshape import Flatten, Reshape
from framework.layers.sequential import Sequential
from framework.losses import Loss

# A user's class may reuse a built-in name for a different function.
BUILT_IN = {activation.component_name: activation for activation in Activation.components()}
LAYER_METHODS = ("forward", "backward", "bind", "children", "memory", "run", "run_back")
RETURNING = ("forward", "bind", "memory")  # what decides which values a layer returns
NOISE = (AlphaDropout, Dropout, GaussianDropout, GaussianNoise)
ACTIVATION_METHODS = ("__call__", "derivative", "backward")
# A built-in activation is known by what it makes of these. In one row, so that a softmax shows itself: they sum to 1.
TRIED = np.array([[-1e4, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 1e4]])
TOLERANCE = 1e-3

SIGNED = ("signed", "logits", "signed logits")

NEEDS = {
    "positive": "outputs of 0 or more",
    "signed": "outputs of either sign",
    "logits": "logits",
    "signed logits": "logits, of either sign",
    "probabilities": "probabilities, each between 0 and 1",
    "distribution": "probabilities that sum to 1 for each sample",
}


def runs_as(component: Component, base: type[Any], methods: Sequence[str] = LAYER_METHODS) -> bool:
    """Return whether the methods that compute are those of the built-in class `base`, overridden nowhere."""
    cls = type(component)
    own = vars(component).keys()
    return isinstance(component, base) and all(
        name not in own and getattr(cls, name, None) is getattr(base, name, None) for name in methods
    )


def passes_on(layer: Layer) -> bool:
    """Return whether a layer's outputs and gradients are those of the last layer inside it, unchanged."""
    return runs_as(layer, Sequential)


def activation_of(layer: Layer) -> Activation | None:
    """Return the built-in activation that a layer ends in; None if there is none, or if a method is the user's own."""
    if not (runs_as(layer, Dense) or runs_as(layer, Activate)):
        return None
    activation = Activation.of(layer.activation)  # type: ignore[attr-defined]
    base = BUILT_IN.get(activation.component_name)
    built_in = type(activation) is base and runs_as(activation, base, ACTIVATION_METHODS)
    return activation if built_in else None


def own_activation_of(layer: Layer) -> Activation | None:
    """Return the activation whose values a layer returns, if it is the user's own or the layer has its own backward."""
    if activation_of(layer) is not None or not any(runs_as(layer, kind, RETURNING) for kind in (Dense, Activate)):
        return None
    activation: Activation = Activation.of(layer.activation)  # type: ignore[attr-defined]
    return activation


def last_layer(layers: Sequence[Any]) -> Layer:
    """Return the last of `layers`, or the one inside it whose outputs it passes on."""
    last: Layer = Layer.of(layers[-1])
    return last_layer(last.layers) if passes_on(last) else last  # type: ignore[attr-defined]


def output_activation(layers: Sequence[Any]) -> str | None:
    """Return the name of the built-in activation that ends `layers`; None if they end in anything else."""
    activation = activation_of(last_layer(layers))
    return None if activation is None else activation.component_name


def expected_of(loss: Loss) -> str:
    """Return what a loss needs of the outputs: a key of `NEEDS`, or "numbers"."""
    if not loss.from_logits:
        return loss.expects
    return "logits" if loss.expects == "distribution" else "signed logits"


def is_known(loss: Loss, root: PlacedLayer) -> bool:
    """Return whether the outputs of a network are known to fit a loss.

    Raises
    ------
    ValueError
        If they are known not to fit it.
    """
    for at in root:
        _check_units(at)
    expected = expected_of(loss)
    if expected == "numbers":
        return True
    endings = list(_endings(root))
    own = own_activation_of(_in_series(root)[-1].layer)
    # A user's own may be meant for some inputs only: outside the range that a loss needs, it is no proof. But one that
    # never changes its sign, from -1e4 to 1e4, returns no logits.
    tried = endings if own is None or expected not in SIGNED else [(own, True)]
    for activation, whole in tried:
        if not _may_be(activation, expected, whole):
            found = f"the model ends in the activation {activation.component_name!r}"
            shape = root.layer.output_shape(root.input_shape)
            raise ValueError(f"{_name(loss)} needs {NEEDS[expected]}, but {found}: {_fix(loss, shape)}")
    several_labels = expected == "probabilities" and any(isinstance(each, Softmax) for each, _ in endings)
    return [whole for _, whole in endings] == [True] and not several_labels


def check_values(loss: Loss, y: Array, prediction: Array, root: PlacedLayer) -> None:
    """Raise ValueError if a batch of outputs is not what `loss` needs; NaN is left to others.

    It is for outputs of which `is_known` knows nothing.
    """
    expected, last = expected_of(loss), _in_series(root)[-1]
    who, where = f"{_name(loss)} needs {NEEDS.get(expected)}", f"the outputs of {last.layer.label()}"
    fix = _fix(loss, prediction.shape[1:])
    if expected in ("positive", "probabilities", "distribution"):
        highest = np.inf if expected == "positive" else 1 + TOLERANCE
        wrong = prediction[(prediction < -TOLERANCE) | (prediction > highest)]
        if wrong.size:
            raise ValueError(f"{who}, but {where} hold {wrong[0]:.4g}: {fix}")
    if expected not in ("distribution", "logits", "probabilities"):
        return
    sums = prediction.sum(axis=-1)
    off = sums[np.abs(sums - 1) > TOLERANCE]
    if expected == "distribution" and off.size:
        raise ValueError(f"{who}, but {where} sum to {off[0]:.4g}: {fix}")
    if expected == "logits" and prediction.size and prediction.min() >= 0 and not off.size:
        raise ValueError(f"{who}, but {where} sum to 1, so that a softmax would be applied twice: {fix}")
    softmax = isinstance(activation_of(last.layer), Softmax)
    if expected == "probabilities" and softmax and np.any(np.abs(y.sum(axis=-1) - 1) > TOLERANCE):
        problem = "the outputs of the softmax sum to 1 for each sample and these labels do not"
        raise ValueError(f"{who} on its own, but {problem}: {fix}")


def require_probabilities(who: str, loss: Loss, root: PlacedLayer) -> None:
    """Raise ValueError if the outputs of a network cannot be probabilities, which `who` needs of them."""
    wrong = [each.component_name for each, whole in _endings(root) if not _may_be(each, "probabilities", whole)]
    if loss.from_logits or wrong:
        found = "logits" if loss.from_logits else f"those of the activation {wrong[0]!r}"
        fix = "end the model in sigmoid or softmax, without from_logits, or leave this metric out"
        raise ValueError(f"{who} needs probabilities, but the outputs are {found}: {fix}")


def _check_units(at: PlacedLayer) -> None:
    activation = activation_of(at.layer)
    if isinstance(activation, Softmax) and at.layer.output_shape(at.input_shape)[-1:] == (1,):
        fix = 'write Dense(1, "sigmoid") for two classes, or Dense(2, "softmax")'
        raise ValueError(f"{at.layer.label()}: a softmax over one unit is always 1, so nothing can be learned: {fix}")


def _in_series(root: PlacedLayer) -> list[PlacedLayer]:
    """Return the layers that follow one another in `root`, those of series inside it included."""
    if not (root.children and passes_on(root.layer)):
        return [root]
    return [at for child in root.children for at in _in_series(child)]


def _endings(root: PlacedLayer) -> Iterator[tuple[Activation, bool]]:
    """Yield the built-in activations that return the outputs, and whether these are just what one of them returned."""
    whole, reshaped = True, False
    for at in reversed(_in_series(root)):
        if any(runs_as(at.layer, kind) for kind in (Flatten, Reshape)):
            reshaped = True
        elif any(runs_as(at.layer, kind) for kind in NOISE):
            whole = False
        elif runs_as(at.layer, Concatenate):
            yield from ((each, False) for branch in at.children for each, _ in _endings(branch))
            return
        else:
            if (activation := activation_of(at.layer)) is not None:
                yield activation, whole and not (reshaped and isinstance(activation, Softmax))  # which goes by rows
            return


def _may_be(activation: Activation, expected: str, whole: bool) -> bool:
    """Return whether what an activation returns, or what is made of it if not `whole`, may be what is expected."""
    with np.errstate(all="ignore"):
        try:
            values = activation(TRIED)
        except Exception:  # one of the user's own may be for other shapes
            return True
    if not np.isfinite(values).all():
        return True
    lowest, highest = values.min(), values.max()
    bounded = lowest >= 0 and highest <= 1
    fits = {
        "positive": lowest >= 0,
        "signed": lowest < 0 < highest or not whole,
        "logits": not bounded or not whole,
        "signed logits": lowest < 0 < highest or not whole,
        "probabilities": bounded,
        "distribution": bounded and (abs(values.sum() - 1) < TOLERANCE or not whole),
    }
    return bool(fits[expected])


def _name(loss: Loss) -> str:
    return loss.component_name + ("(from_logits=True)" if loss.from_logits else "")


def _fix(loss: Loss, shape: Shape) -> str:
    """Return what to write instead, for outputs of this shape."""
    units, expected = shape[-1] if shape else 1, expected_of(loss)
    if loss.from_logits:
        return f"write Dense({units}), or leave from_logits=True out"
    if expected == "signed":
        return f'write Dense({units}) or Dense({units}, "tanh")'
    if expected == "positive":
        return f'write Dense({units}, "exponential") or Dense({units}, "softplus")'
    sigmoid, softmax = f'Dense({units}, "sigmoid")', f'Dense({max(2, units)}, "softmax")'
    logits = f" or {type(loss).__name__}(from_logits=True) if the outputs are logits," if loss.link is not None else ""
    if expected == "probabilities":
        return f"write {sigmoid},{logits} or categorical_crossentropy with {softmax}"
    labels = " if a sample may have several labels" if units > 1 else ""
    return f"write {softmax},{logits} or binary_crossentropy with {sigmoid}{labels}"
