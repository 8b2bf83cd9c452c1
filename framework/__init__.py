"""A neural-network framework in NumPy: every decision an object that can be swapped, subclassed and tested alone."""

import logging

from framework.activations import Activation
from framework.callbacks import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateLogger,
    ReduceLROnPlateau,
    StopTraining,
    TerminateOnNaN,
    TimeLimit,
    WeightAveraging,
)
from framework.constraints import Constraint
from framework.core.component import Component
from framework.data.block_shuffle import BlockShuffle
from framework.engine.history import History
from framework.engine.network import Network
from framework.initializers import Initializer
from framework.layers import (
    Activate,
    Add,
    AlphaDropout,
    BatchNormalization,
    Concatenate,
    Context,
    Dense,
    Dropout,
    Embedding,
    FeatureCross,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    Layer,
    LayerNormalization,
    Parameter,
    Reshape,
    Residual,
    RMSNormalization,
    Sequential,
)
from framework.losses import Loss
from framework.metrics import Metric
from framework.model import Model
from framework.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    Lion,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
)
from framework.regularizers import Regularizer
from framework.saving.archive import CheckpointError
from framework.schedules import Schedule

logging.getLogger("framework").addHandler(logging.NullHandler())

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "AMSGrad",
    "Activate",
    "Activation",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Add",
    "AlphaDropout",
    "BatchNormalization",
    "BlockShuffle",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "Component",
    "Concatenate",
    "Constraint",
    "Context",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "FeatureCross",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "History",
    "Initializer",
    "LambdaCallback",
    "Layer",
    "LayerNormalization",
    "LearningRateLogger",
    "Lion",
    "Loss",
    "Metric",
    "Model",
    "NAdam",
    "Network",
    "Optimizer",
    "Parameter",
    "RAdam",
    "RMSNormalization",
    "RMSprop",
    "ReduceLROnPlateau",
    "Regularizer",
    "Reshape",
    "Residual",
    "Schedule",
    "Sequential",
    "StopTraining",
    "TerminateOnNaN",
    "TimeLimit",
    "WeightAveraging",
]
