"""What may watch and steer a fit."""

from framework.callbacks.base import HOOKS, Callback, CallbackList, StopTraining, checked_callbacks
from framework.callbacks.logs import CSVLogger, LambdaCallback
from framework.callbacks.monitor import Monitor
from framework.callbacks.rates import LearningRateLogger, ReduceLROnPlateau
from framework.callbacks.stopping import EarlyStopping, TerminateOnNaN, TimeLimit

__all__ = [
    "HOOKS",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateLogger",
    "Monitor",
    "ReduceLROnPlateau",
    "StopTraining",
    "TerminateOnNaN",
    "TimeLimit",
    "checked_callbacks",
]
