"""Types that every room uses: arrays, shapes, logs, and what may be given where a component is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.core.component import Component

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
Logs = dict[str, float]

# A component's name, an instance of it, or its class; see `Component.of`.
ComponentLike = str | Component | type[Component]
ActivationLike = ComponentLike
LossLike = ComponentLike
OptimizerLike = ComponentLike
RegularizerLike = ComponentLike
ConstraintLike = ComponentLike
InitializerLike = ComponentLike | Array | Sequence[Any]  # an array, or nested lists of numbers, is taken as it is
MetricLike = ComponentLike | Callable[..., Any]
LayerLike = ComponentLike | Sequence[Any]  # a list of layers is a `Sequential`
