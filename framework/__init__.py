"""A neural-network framework in NumPy: every decision an object that can be swapped, subclassed and tested alone."""

from framework.activations import Activation
from framework.callbacks import Callback
from framework.component import Component
from framework.history import History
from framework.initializers import Initializer
from framework.layers import Activate, Context, Dense, Dropout, Flatten, Layer, Parameter, Sequential
from framework.losses import Loss
from framework.metrics import Metric
from framework.model import Model
from framework.network import Network
from framework.optimizers import SGD, Optimizer
from framework.regularizers import Constraint, Regularizer
from framework.schedules import Schedule

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Activate",
    "Activation",
    "Callback",
    "Component",
    "Constraint",
    "Context",
    "Dense",
    "Dropout",
    "Flatten",
    "History",
    "Initializer",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Network",
    "Optimizer",
    "Parameter",
    "Regularizer",
    "Schedule",
    "Sequential",
]
