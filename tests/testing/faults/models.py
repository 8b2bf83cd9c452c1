import numpy as np

from faults import FAULTS, RIGHT
from faults.layer_gradients import Accumulates, CentersOverBatch, WrongSign
from faults.layer_state import GlobalRandomness, OwnGenerator
from faults.layers import Mask
from faults.losses import ForgetsTwo
from framework import Dense, Dropout, Model
from framework.testing import check_model

rng = np.random.default_rng(0)
DATA = {"X": rng.normal(size=(11, 3)), "y": rng.normal(size=(11, 2))}


def add(words, layers, **arguments):
    def build():
        return Model(layers, **arguments)

    build.__name__ = "ModelOf" + "".join(getattr(layer, "__name__", type(layer).__name__) for layer in layers)
    if words is None:
        RIGHT.append((build, check_model, DATA))
    else:
        FAULTS.append((build, check_model, DATA, words))


add(None, [Dense(4, "tanh"), Mask(), Dense(2)])
add(None, [Dense(4, "relu"), Dropout(0.2), Dense(2)], optimizer="adam")
add("gradients: 0.W.*sign is wrong", [Dense(4, "tanh"), WrongSign(), Dense(2)])
add("gradients: 1.s", [Dense(4, "tanh"), Accumulates(), Dense(2)])
add("gradients.*factor 2", [Dense(4, "tanh"), Dense(2)], loss=ForgetsTwo())
add("depends on the others", [Dense(4, "tanh"), CentersOverBatch(), Dense(2)])
add("global random state", [Dense(4, "tanh"), GlobalRandomness(), Dense(2)])
add("same call gives other gradients", [Dense(4, "tanh"), OwnGenerator(), Dense(2)])
