"""Losses, which training minimizes."""

from __future__ import annotations

from framework.losses.base import Loss
from framework.losses.crossentropy import BinaryCrossentropy, CategoricalCrossentropy
from framework.losses.elementwise import Elementwise
from framework.losses.hinge import Hinge
from framework.losses.regression import (
    HalfSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Elementwise",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "Quantile",
]
