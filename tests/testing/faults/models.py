import numpy as np

from faults import FAULTS, RIGHT
from faults.layer_gradients import Accumulates, CentersOverBatch, WrongSign
from faults.layer_state import GlobalRandomness, OwnGenerator
from faults.layers import Mask
from faults.losses import ForgetsTwo
from framework import (
    SGD,
    Activate,
    Activation,
    Constraint,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Metric,
    Model,
    Optimizer,
    Parameter,
    Regularizer,
    Schedule,
)
from framework.testing import check_model

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(11, 3)), rng.normal(size=(11, 2))
COUNTS = {"X": rng.integers(0, 7, (12, 4)), "y": np.eye(3)[np.arange(12) % 3]}


def add(words, layers, cls=Model, data=None, **arguments):
    """Add a model that the check must refuse with these words, or, without any, accept."""

    def build():
        return cls(layers, **arguments)

    options = {"X": X, "y": Y} if data is None else data
    names = "".join(getattr(layer, "__name__", type(layer).__name__) for layer in layers)
    build.__name__ = f"{cls.__name__}Of{names}"
    if words is None:
        RIGHT.append((build, check_model, options))
    else:
        FAULTS.append((build, check_model, options, words))


class Product(Layer, registered=False):
    def forward(self, ctx, x):
        self.x = x
        return x * x

    def backward(self, ctx, grad):
        return 2 * grad * self.x


class Logarithm(Layer, registered=False):
    def forward(self, ctx, x):
        ctx.x = x
        return np.log(x)

    def backward(self, ctx, grad):
        return grad / ctx.x


class Size(Layer, registered=False):
    def forward(self, ctx, x):
        ctx.sign = np.sign(x)
        return np.abs(x)

    def backward(self, ctx, grad):
        return grad * ctx.sign


class Cube(Activation, registered=False):
    def __call__(self, z):
        return z**3

    def derivative(self, z, a):
        return 3 * z


class Climbing(Optimizer, registered=False):
    def update(self, params, grads):
        params += self.rate * grads


class Counting(Schedule, registered=False):
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate
        self.calls = 0

    def __call__(self, step):
        self.calls += 1
        return self.learning_rate / self.calls


class HalfOfL2(Regularizer, registered=False):
    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return parameter.copy()


class Halving(Constraint, registered=False):
    def __call__(self, parameter):
        return parameter / 2


class NoWeights(Metric, registered=False):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return float(np.abs(y_true - y_pred).mean())


class Counts(Layer, registered=False):
    """Training differs from inference in what it writes alone, which is dropped while it is frozen."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"passes": Parameter(1, trainable=False)}

    def forward(self, ctx, x):
        if ctx.training:
            ctx.passes[...] += 1
        return x

    def backward(self, ctx, grad):
        return grad


class Widths(Model, registered=False):
    """Layers that the constructor makes of its arguments."""

    def __init__(self, widths=(4, 3), outputs=2, **common):
        self.widths, self.outputs = widths, outputs
        super().__init__([*(Dense(width, "tanh") for width in widths), Dense(outputs)], **common)


twice = Product()
add(None, (5, 2), cls=Widths)
add(None, [Dense(4, "tanh"), Counts(trainable=False), Counts(), Dense(2)])
add(None, [Dense(4, "tanh"), Mask(), Dense(2)])
add(None, [Dense(4, "relu"), Dropout(0.2), Dense(2)], optimizer="adam")
add(None, [Dense(4, "softmax"), Logarithm(), Dense(2)])  # right for what it is given here
add(None, [Dense(4, "relu", bias_initializer=[-1.0, -1, -1, 0.5]), Size(), Dense(2)])  # most of its inputs are 0
add(None, [Embedding(7, 2), Flatten(), Dense(3, "softmax")], data=COUNTS, loss="categorical_crossentropy")
add(None, [Dense(4, trainable=False), Dense(2)], optimizer=SGD(0.1, weight_decay=0.1), dtype="float32")
add(None, [Activate("tanh")], data={"X": X, "y": X})  # nothing to learn
add("WrongSign.*sign is wrong", [Dense(4, "tanh"), WrongSign(), Dense(2)])
add("layer 1, Accumulates", [Dense(4, "tanh"), Accumulates(), Dense(2)])
add("the loss, ForgetsTwo.*factor 2", [Dense(4, "tanh"), Dense(2)], loss=ForgetsTwo())
add("depends on the others", [Dense(4, "tanh"), CentersOverBatch(), Dense(2)])
add("global random state", [Dense(4, "tanh"), GlobalRandomness(), Dense(2)])
add("OwnGenerator.*not from ctx.rng", [Dense(4, "tanh"), OwnGenerator(), Dense(2)])
add(r"layer 1, Product.*state: self\.x", [Dense(3), twice, Dense(3), twice, Dense(2)])
add("an activation, Cube", [Dense(4, Cube()), Dense(2)])
add("the optimizer, Climbing.*sign", [Dense(2)], optimizer=Climbing())
add("the schedule, Counting.*self.calls", [Dense(2)], optimizer=SGD(Counting()))
add("the regularizer of 0.W, HalfOfL2.*factor 2", [Dense(2, weight_regularizer=HalfOfL2())])
add("the constraint of 0.W, Halving", [Dense(2, weight_constraint=Halving())])
add("the metric 'no_weights', NoWeights.*weights are ignored", [Dense(2)], metrics=[NoWeights()])
