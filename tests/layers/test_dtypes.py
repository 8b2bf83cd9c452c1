"""Components whose results are float64 in a network of float32, as those of ``np.sqrt(2) * z``: correct, but slow."""

import numpy as np
import pytest

from framework import (
    Activation,
    Add,
    AlphaDropout,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    FeatureCross,
    GaussianDropout,
    GaussianNoise,
    Layer,
    LayerNormalization,
    Model,
    Residual,
    RMSNormalization,
)

BESIDE = (
    lambda: Dense(4, "tanh"),
    lambda: "softmax",
    lambda: FeatureCross(),
    lambda: BatchNormalization(),
    lambda: LayerNormalization(),
    lambda: RMSNormalization(),
    lambda: Dropout(0.3),
    lambda: AlphaDropout(0.3),
    lambda: GaussianDropout(0.3),
    lambda: GaussianNoise(0.1),
    lambda: Residual([Dense(4, "relu")]),
    lambda: Concatenate(["linear", Dense(2)]),
    lambda: Add(["linear", Dense(4)]),
)


class Times(Activation, registered=False):
    """z times a factor, whose type decides the dtype of the results."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, z):
        return self.factor * z

    def derivative(self, z, a):
        return self.factor * np.ones_like(z)


class Scale(Layer, registered=False):
    def __init__(self, factor, **common):
        super().__init__(**common)
        self.factor = factor

    def forward(self, ctx, x):
        return x * self.factor

    def backward(self, ctx, grad):
        return grad * self.factor


def trained(make, factor):
    data = np.random.default_rng(0)
    X = data.standard_normal((20, 4), np.float32)
    layers = [Dense(4, Times(factor)), Scale(factor), make(), Scale(factor), Dense(3, Times(factor)), Dense(1)]
    model = Model(layers, loss="mse", optimizer="sgd", seed=0, dtype="float32")
    model.fit(X, X[:, :1], epochs=3, batch_size=5, verbose=0)
    return model.predict(X)


@pytest.mark.parametrize("make", BESIDE, ids=lambda make: type(Layer.of(make())).__name__)
def test_float64_between_layers_of_float32_trains_as_float32(make):
    slow, usual = trained(make, np.float64(1.25)), trained(make, 1.25)
    assert usual.dtype == slow.dtype == np.float32
    np.testing.assert_allclose(slow, usual, rtol=1e-3, atol=1e-4)
