"""Learning rates that change: each a pure function of the number of steps (batches) already made."""

from framework.schedules.base import Schedule
from framework.schedules.cycles import Cosine, OneCycle, WarmUp
from framework.schedules.decay import Exponential, InverseTime, Piecewise, Polynomial, Step

__all__ = [
    "Cosine",
    "Exponential",
    "InverseTime",
    "OneCycle",
    "Piecewise",
    "Polynomial",
    "Schedule",
    "Step",
    "WarmUp",
]
