"""Layers: one small file per family; ``base`` holds `Layer`, `Parameter` and `Context`."""

from framework.layers.activate import Activate
from framework.layers.base import Context, Layer, Parameter
from framework.layers.dense import Dense
from framework.layers.dropout import Dropout
from framework.layers.flatten import Flatten
from framework.layers.sequential import Sequential

__all__ = ["Activate", "Context", "Dense", "Dropout", "Flatten", "Layer", "Parameter", "Sequential"]
