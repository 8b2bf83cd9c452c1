"""Learning rate schedules: pure functions of the number of steps made, one step for each batch."""

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
