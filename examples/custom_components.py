"""Write an activation, an initializer, a loss, an optimizer and a layer of your own; check each, and use it by name."""

import numpy as np

from framework import Activation, Dense, Initializer, Layer, Loss, Model, Optimizer, Parameter
from framework.datasets import load
from framework.testing import check_activation, check_initializer, check_layer, check_loss, check_optimizer


class Sine(Activation):
    """f(z) = sin(z)."""

    def __call__(self, z):
        return np.sin(z)

    def derivative(self, z, a):
        return np.cos(z)


class Spread(Initializer):
    """Evenly spaced values from -1 / 2 to 1 / 2, in random order."""

    def __call__(self, shape, rng):
        return rng.permutation(np.linspace(-0.5, 0.5, np.prod(shape, dtype=int))).reshape(shape)


class Cauchy(Loss):
    """The sum over the outputs of log(1 + (p - y)^2): outliers have little influence."""

    def per_sample(self, y_true, y_pred):
        return np.log1p((y_pred - y_true) ** 2).sum(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / (1 + (y_pred - y_true) ** 2)


class HeavyBall(Optimizer):
    """Polyak's momentum: v = 0.9 v - rate * grads, params += v."""

    slots = ("v",)

    def update(self, params, grads):
        self.v *= 0.9
        self.v -= self.rate * grads
        params += self.v


class Gain(Layer):
    """Scale each feature: y = s * x, (n, inputs) -> (n, inputs)."""

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, "ones")}

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


def main() -> None:
    check_activation(Sine())
    check_initializer(Spread())
    check_loss(Cauchy())
    check_optimizer(HeavyBall())
    check_layer(Gain(), input_shape=(3,))
    print("All five pass their checks: shapes, dtypes and gradients against central differences.")

    X_train, y_train, X_valid, y_valid = load("reg-gauss")
    layers = ["gain", Dense(12, "sine", "spread"), Dense(1, weight_initializer="spread")]
    model = Model(layers, loss="cauchy", optimizer="heavy_ball", metrics=["r2"], seed=0)
    model.fit(X_train, y_train, epochs=60, batch_size=10, validation_data=(X_valid, y_valid), verbose=20)
    print(f"R2 on validation data, with all five of them: {model.score(X_valid, y_valid):.3f}")


if __name__ == "__main__":
    main()
