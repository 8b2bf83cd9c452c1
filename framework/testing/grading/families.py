"""The families that have a check: names in any spelling, and what each check accepts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from framework.activations import Activation
from framework.constraints import Constraint
from framework.core.component import Component
from framework.core.messages import name_key
from framework.initializers import Initializer
from framework.layers.base import Layer
from framework.losses import Loss
from framework.metrics import Metric
from framework.model import Model
from framework.optimizers import Optimizer
from framework.regularizers import Regularizer
from framework.schedules import Schedule
from framework.testing.activations.check import check_activation
from framework.testing.constraints import check_constraint
from framework.testing.initializers.check import check_initializer
from framework.testing.layers.check import check_layer
from framework.testing.losses.check import check_loss
from framework.testing.metrics.check import check_metric
from framework.testing.models.check import check_model
from framework.testing.optimizers.check import check_optimizer
from framework.testing.regularizers import check_regularizer
from framework.testing.schedules.check import check_schedule

CHECKS: dict[type[Component], Callable[..., None]] = {
    Activation: check_activation,
    Constraint: check_constraint,
    Initializer: check_initializer,
    Layer: check_layer,
    Loss: check_loss,
    Metric: check_metric,
    Model: check_model,
    Optimizer: check_optimizer,
    Regularizer: check_regularizer,
    Schedule: check_schedule,
}
NAMES = [family.__name__ for family in CHECKS]


def family_of(cls: type[Any]) -> type[Component] | None:
    """Return the family that a class belongs to; None if it has no check."""
    return next((family for family in CHECKS if issubclass(cls, family)), None)


def family_named(name: str) -> type[Component]:
    """Return the family called `name`, in any spelling: ``"Layer"``, ``"layers"``, ``"losses"``; raise KeyError."""
    key = name_key(str(name))
    for family in CHECKS:
        word = name_key(family.__name__)
        if key in (word, word + "s", word + "es"):
            return family
    raise KeyError(name)


def options_of(family: type[Component]) -> tuple[str, ...]:
    """Return the names of the options of a family's check."""
    return tuple(inspect.signature(CHECKS[family]).parameters)[1:]
