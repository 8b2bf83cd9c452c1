"""The task of a model, classes, labels or numbers, which its metrics have to know: `task_of`."""

from __future__ import annotations

from framework.core.types import Shape
from framework.losses import CategoricalCrossentropy, Loss
from framework.losses.elementwise import Elementwise


def task_of(loss: Loss, output_shape: Shape) -> str:
    """Return "binary", "multiclass" or "multilabel" for a loss of classes, else "regression".

    A loss of classes that judges each of several outputs by itself is one for several labels of a sample. It is
    "classification" for a user's own loss of several outputs, which may be for one class or for several labels: the
    targets decide.
    """
    if not loss.classifies:
        return "regression"
    if output_shape == (1,):
        return "binary"
    if isinstance(loss, Elementwise):
        return "multilabel"
    return "multiclass" if isinstance(loss, CategoricalCrossentropy) else "classification"
