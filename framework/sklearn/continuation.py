"""Refusal to go on with a network that is no longer the one described."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.messages import shown
from framework.layers import Layer
from framework.losses import Loss
from framework.model import Model


def refuse_another_network(model: Model, layers: list[Layer], loss: Loss, initial_bias_counts: bool) -> None:
    """Raise ValueError unless `model` has these layers and this loss.

    Parameters
    ----------
    model : Model
        The one that training would go on with.
    layers : list of Layer
        Those that the estimator's arguments describe now.
    loss : Loss
    initial_bias_counts : bool
        Whether that of the last layer was given; otherwise it followed from the targets.
    """
    if not initial_bias_counts:
        layers[-1].set_params(bias_initializer=getattr(model.layers[-1], "bias_initializer", "zeros"))
    changed = _change(model.layers, layers, "layers") or _change(model.loss, loss, "loss")
    if changed:
        raise ValueError(
            f"warm_start and partial_fit go on with the network of the last fit, but {changed}: set it back, or start "
            "anew with fit and warm_start=False"
        )


def _change(before: Any, after: Any, where: str) -> str:
    """Return in words where two descriptions differ; "" if they stand for the same."""
    component = before if isinstance(before, Component) else after
    if isinstance(component, Component):
        family: Any = next(cls for cls in type(component).__mro__ if Component in cls.__bases__)
        stand_for = [family.of(spec) if isinstance(spec, str) else spec for spec in (before, after)]
        if type(stand_for[0]) is type(stand_for[1]):
            old, new = (each.get_params(deep=False) for each in stand_for)
            return next(filter(None, (_change(old[name], new[name], f"{where}.{name}") for name in old)), "")
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return next(filter(None, (_change(old, new, f"{where}[{i}]") for i, (old, new) in pairs)), "")
    elif before is after or np.array_equal(before, after):
        return ""
    return f"{where} was {shown(before)} and is {shown(after)} now"
