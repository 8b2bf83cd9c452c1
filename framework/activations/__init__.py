"""Activations: functions of a layer's weighted sums, with their derivatives."""

from framework.activations.base import Activation
from framework.activations.gated import GELU, Mish, SiLU, Softplus
from framework.activations.outputs import Exponential, Linear, Softmax
from framework.activations.rectifiers import ELU, SELU, LeakyReLU, ReLU
from framework.activations.sigmoidal import HardSigmoid, Sigmoid, Softsign, Tanh

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Exponential",
    "HardSigmoid",
    "LeakyReLU",
    "Linear",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]
