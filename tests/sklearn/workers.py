"""A program like a user's: classes of ``__main__`` used by name in estimators that train in two processes.

It prints what one process and two have found, as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from framework import Activation, Callback, Dense, Initializer, Layer, Loss, Metric, Model, Optimizer, Parameter
from framework.sklearn import NeuralClassifier, NeuralRegressor

X = np.random.default_rng(0).normal(size=(90, 3))
Y = X @ [1.0, 2.0, 3.0]


class Sine(Activation):
    def __init__(self, frequency=1.0):
        self.frequency = frequency

    def __call__(self, z):
        return np.sin(self.frequency * z)

    def derivative(self, z, a):
        return self.frequency * np.cos(self.frequency * z)


class Cauchy(Loss):
    def per_sample(self, y_true, y_pred):
        return np.log1p((y_pred - y_true) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        residual = y_pred - y_true
        return 2 * residual / (1 + residual**2) / y_pred.shape[1]


class Ternary(Initializer):
    def __call__(self, shape, rng):
        return rng.integers(-1, 2, shape) / 2.0


class Descent(Optimizer, aliases=["plain_descent"]):
    def __init__(self, learning_rate=0.02, **common):
        super().__init__(learning_rate, **common)

    def update(self, params, grads):
        params -= self.rate * grads


class Within(Metric):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return float(np.average((np.abs(y_true - y_pred) < 1).all(axis=1), weights=sample_weight))


class Gain(Layer):
    def __init__(self, twice=False, **common):
        super().__init__(**common)
        self.twice = twice

    def output_shape(self, input_shape):
        return (input_shape[0] * (1 + self.twice),)

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ternary")}  # a name that no argument holds

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


class ReLU(Activation, registered=False):
    """Has the name of a built-in class, and is not registered."""

    def __call__(self, z):
        return -z

    def derivative(self, z, a):
        return -np.ones_like(z)


class Tanh(ReLU, name="minus", aliases=["negative"]):
    """Has the class name of a built-in class, and another name."""


class Sigmoid(Activation):
    """Takes over the name of a built-in class."""

    def __call__(self, z):
        return z / 3

    def derivative(self, z, a):
        return np.full_like(z, 1 / 3)


def cubic():
    class Cubic(Activation):
        def __call__(self, z):
            return z + z**3 / 10

        def derivative(self, z, a):
            return 1 + 0.3 * z**2

    return Cubic


class Mine(Model):
    def __init__(self, layers, *, scale=2.0, **common):
        super().__init__(layers, **common)
        self.scale = scale

    def train_step(self, x, y, weight=None):
        return super().train_step(self.scale * x, y, weight)


class Estimator(NeuralRegressor):
    def __init__(self, layers=(4,), *, epochs=2, random_state=0, loss="cauchy"):
        super().__init__(layers, epochs=epochs, random_state=random_state, loss=loss)


class Watched(Callback):
    def __init__(self, names=("relu", "tanh")):
        self.names = names

    def on_train_end(self, logs=None):
        self.classes = [type(Activation.of(name)).__module__ for name in self.names]


cubic()
LAYERS: list[Any] = [Dense(6, "sine", weight_initializer="ternary"), "gain", Dense(4, "cubic")]
TAKEN: list[Any] = [Dense(6, "relu"), ReLU(), Dense(6, "tanh"), Tanh(), Dense(3, "negative"), Dense(3, "sigmoid")]


def scores(n_jobs):
    common = {"epochs": 4, "random_state": 0}
    regressor = NeuralRegressor(LAYERS, loss="cauchy", optimizer="plain_descent", **common)
    taken = NeuralRegressor(TAKEN, callbacks=[Watched()], **common)
    model = Mine([*LAYERS, Dense(1)], loss="cauchy", optimizer="descent", metrics=["within"], seed=0)
    grid = {"loss": ["cauchy", "mse"], "layers__0__activation": ["sine", "relu", "sigmoid"]}
    search = GridSearchCV(NeuralRegressor(LAYERS, **common), grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, Y)
    classes = GridSearchCV(
        NeuralClassifier([Dense(4)], **common), {"layers__0__activation": ["cubic", "tanh"]}, cv=2, n_jobs=n_jobs
    ).fit(X, Y > 0)
    fits = cross_validate(taken, X, Y, cv=2, n_jobs=n_jobs, return_estimator=True)
    return {
        "by name": cross_val_score(regressor, X, Y, cv=2, n_jobs=n_jobs, error_score="raise").tolist(),
        "model": cross_val_score(model, X, Y, cv=2, n_jobs=n_jobs, error_score="raise").tolist(),
        "estimator": cross_val_score(Estimator(LAYERS), X, Y, cv=2, n_jobs=n_jobs, error_score="raise").tolist(),
        "names taken": fits["test_score"].tolist(),
        "built-in there": [estimator.callbacks_[0].classes for estimator in fits["estimator"]],
        "search": search.cv_results_["mean_test_score"].tolist(),
        "classifier": classes.cv_results_["mean_test_score"].tolist(),
        "built-in here": [type(Activation.of(name)).__module__ for name in ("relu", "tanh")],
    }


if __name__ == "__main__":
    json.dump([scores(None), scores(2)], sys.stdout)
