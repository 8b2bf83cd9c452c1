"""Observers of a fit that may steer it."""

from framework.callbacks.base import HOOKS, Callback, CallbackList, StopTraining, checked_callbacks
from framework.callbacks.checkpoint import Checkpoint
from framework.callbacks.logs import CSVLogger, LambdaCallback
from framework.callbacks.monitor import Monitor
from framework.callbacks.rates import LearningRateLogger, ReduceLROnPlateau
from framework.callbacks.stopping import EarlyStopping, TerminateOnNaN, TimeLimit
from framework.callbacks.trained_model import TrainedModel
from framework.callbacks.weight_averaging import WeightAveraging

__all__ = [
    "HOOKS",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "Checkpoint",
    "EarlyStopping",
    "LambdaCallback",
    "LearningRateLogger",
    "Monitor",
    "ReduceLROnPlateau",
    "StopTraining",
    "TerminateOnNaN",
    "TimeLimit",
    "TrainedModel",
    "WeightAveraging",
    "checked_callbacks",
]
