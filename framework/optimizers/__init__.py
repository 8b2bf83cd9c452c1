"""Optimizers: rules that change a vector of parameters by a vector of gradients."""

from framework.optimizers.adam import Adam, AdamW, AMSGrad
from framework.optimizers.adam_variants import Adamax, NAdam, RAdam
from framework.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from framework.optimizers.base import Optimizer
from framework.optimizers.lion import Lion
from framework.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
]
