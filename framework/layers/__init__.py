"""Layers: one small module for each family; ``base`` holds `Layer`, `Parameter` and `Context`."""

from framework.layers.activate import Activate
from framework.layers.base import Context, Layer, Parameter
from framework.layers.combinators import Add, Concatenate, Residual
from framework.layers.cross import FeatureCross
from framework.layers.dense import Dense
from framework.layers.dropout import AlphaDropout, Dropout, GaussianDropout
from framework.layers.embedding import Embedding
from framework.layers.noise import GaussianNoise
from framework.layers.normalization import BatchNormalization, LayerNormalization, RMSNormalization
from framework.layers.reshape import Flatten, Reshape
from framework.layers.sequential import Sequential

__all__ = [
    "Activate",
    "Add",
    "AlphaDropout",
    "BatchNormalization",
    "Concatenate",
    "Context",
    "Dense",
    "Dropout",
    "Embedding",
    "FeatureCross",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Layer",
    "LayerNormalization",
    "Parameter",
    "RMSNormalization",
    "Reshape",
    "Residual",
    "Sequential",
]
