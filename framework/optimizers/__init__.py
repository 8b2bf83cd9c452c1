"""Optimizers: how a vector of parameters follows a vector of gradients."""

from framework.optimizers.base import Optimizer
from framework.optimizers.sgd import SGD

__all__ = ["SGD", "Optimizer"]
