"""Components as in the README, with types: ``mypy --strict`` accepts them.

Some operations of NumPy's arrays have the type Any; ``np.asarray`` around them makes it an array again.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from framework import (
    Activation,
    Callback,
    Constraint,
    Context,
    Initializer,
    Layer,
    Loss,
    Metric,
    Model,
    Optimizer,
    Parameter,
    Regularizer,
    Schedule,
)

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


class Sine(Activation):
    def __init__(self, frequency: float = 1.0) -> None:
        self.frequency = frequency

    def __call__(self, z: Array) -> Array:
        return np.sin(self.frequency * z)

    def derivative(self, z: Array, a: Array) -> Array:
        return self.frequency * np.cos(self.frequency * z)


class Sharing(Activation):
    """Not elementwise."""

    def __call__(self, z: Floats) -> Floats:
        return np.asarray(z - z.mean(axis=1, keepdims=True))

    def backward(self, grad: Floats, z: Floats, a: Floats) -> Floats:
        return np.asarray(grad - grad.mean(axis=1, keepdims=True))


class Cubic(Activation):
    def __call__(self, z: Array, out: Array | None = None) -> Array:
        return np.power(z, 3, out)

    def derivative(self, z: Array, a: Array, out: Array | None = None) -> Array:
        return np.multiply(3, np.square(z), out)

    def backward(self, grad: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        return np.multiply(grad, self.derivative(z, a), out)


class Ternary(Initializer):
    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        return rng.integers(-1, 2, shape) / 2.0


class Cauchy(Loss):
    def __init__(self, scale: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.scale = scale

    def per_sample(self, y_true: Array, y_pred: Array) -> Array:
        return np.asarray(np.log1p((y_pred - y_true) ** 2).mean(axis=1))

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        residual = y_pred - y_true
        return np.asarray(2 * residual / (1 + residual**2) / y_pred.shape[1])


class HeavyBall(Optimizer):
    slots = ("v",)

    def __init__(self, learning_rate: float | Schedule = 0.01, friction: float = 0.1, **common: Any) -> None:
        super().__init__(learning_rate, **common)
        self.friction = friction

    def update(self, params: Array, grads: Array) -> None:
        self.v *= 1 - self.friction
        self.v -= self.rate * grads
        params += self.v


class Gain(Layer):
    def __init__(self, start: str = "ones", **common: Any) -> None:
        super().__init__(**common)
        self.start = start

    def parameters(self, input_shape: tuple[int, ...]) -> dict[str, Parameter]:
        return {"s": Parameter(input_shape, self.start)}

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def memory(self, input_shape: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
        return {}

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx: Context, grad: Array) -> Array:
        ctx.ds[...] = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


class UntypedContext(Layer):
    """A context of any type, and arrays of floats."""

    def forward(self, ctx: Any, x: Floats) -> Floats:
        return 2 * x

    def backward(self, ctx: Any, grad: Floats) -> Floats:
        return 2 * grad


class Within(Metric):
    greater_is_better = True

    def __init__(self, tolerance: float = 0.1) -> None:
        self.tolerance = tolerance

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
        near = (np.abs(y_true - y_pred) <= self.tolerance).all(axis=1)
        return float(np.average(near, weights=sample_weight))


class RowSum(Regularizer):
    def __init__(self, strength: float = 0.01) -> None:
        self.strength = strength

    def __call__(self, parameter: Array) -> float:
        return float(self.strength * (parameter.sum(axis=1) ** 2).sum())

    def gradient(self, parameter: Array) -> Array:
        sums = parameter.sum(axis=1, keepdims=True)
        return np.asarray(2 * self.strength * sums.repeat(parameter.shape[1], axis=1))


class Box(Constraint):
    def __init__(self, size: float = 1.0) -> None:
        self.size = size

    def __call__(self, parameter: Array) -> Array:
        return np.clip(parameter, -self.size, self.size)


class SquareRoot(Schedule):
    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def __call__(self, step: int) -> float:
        return self.learning_rate / math.sqrt(1 + step)


class GradientNorm(Callback):
    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.norms: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        norm = float(np.linalg.norm(self.model.network.grads))
        self.norms.append(norm)
        if logs is not None:
            logs["gradient_norm"] = norm
        if norm < 1e-3:
            self.model.stop_training = True


class Accumulating(Model):
    kept: tuple[Array, ...] = ()

    def train_step(self, x: Array, y: Array, weight: Array | None = None) -> float:
        loss = self.compute_gradients(x, y, weight)
        self.kept = (*self.kept, self.network.trainable_grads.copy())
        if len(self.kept) == 4:
            self.optimizer_.apply(self.network.trainable_params, np.mean(self.kept, axis=0))
            self.kept = ()
        return loss


class Adversarial(Model):
    def train_step(self, x: Array, y: Array, weight: Array | None = None) -> float:
        at = self.network.training_pass(len(x), needs_input_grad=True)
        _, grad = self.loss_.value_and_gradient(y, at.forward(x), weight, at.logits)
        return super().train_step(x + 0.1 * np.sign(at.backward(grad)), y, weight)


def largest_error(y_true: Array, y_pred: Array) -> float:
    return float(np.abs(y_true - y_pred).max())
