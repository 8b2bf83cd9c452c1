"""Training allocates nothing that grows with the number of steps, and no array of the batch's size in a step."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from framework import Activation, Dense, Layer, Model, Optimizer

KILOBYTES = 1024
NUMPY_BUFFER = 0 if np.lib.NumpyVersion(np.__version__) >= "2.3.0" else 64 * KILOBYTES  # in which it casts numbers
NETWORKS = {
    "tanh": (["tanh", "tanh"], "tanh", "half_squared_error"),
    "relu": (["relu", "relu"], "linear", "mean_squared_error"),
    "sigmoid": (["sigmoid", "sigmoid"], "sigmoid", "binary_crossentropy"),
    "softmax": (["relu", "tanh"], "softmax", "categorical_crossentropy"),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Outside of `fit`, the threads of BLAS make these steps ten times as slow on a busy machine."""
    with threadpool_limits(1, user_api="blas"):
        yield


def peak_and_rest(call: Callable[[], object]) -> tuple[int, int]:
    """Return the bytes that were allocated at most during a call, and those that stay after it."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before, after - before


def steps(kind: str, optimizer: str, batch: int, width: int, inputs: int = 2) -> Callable[[int], None]:
    """Return a function that makes a number of training steps on one batch, warmed up."""
    hidden, output, loss = NETWORKS[kind]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, inputs), np.float32)
    y = rng.integers(0, 2, batch)
    layers = [*(Dense(width, activation) for activation in hidden), Dense(3 if kind == "softmax" else 1, output)]
    model = Model(layers, loss=loss, optimizer=Optimizer.named(optimizer)(1e-4), seed=0)
    model.fit(x, y, batch_size=batch)
    network, loss_, optimizer_ = model.network, model.loss_, model.optimizer_
    y = loss_.check_targets(y, network.output_shape, network.dtype)

    def make(count: int) -> None:
        for _ in range(count):
            at = network.training_pass(len(x))
            _, grad = model.state.objective.value_and_gradient(at, y, at.forward(x), None)
            at.backward(grad)
            optimizer_.apply(network.trainable_params, network.trainable_grads)

    make(50)
    return make


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_memory_does_not_grow_with_the_number_of_steps(kind, optimizer):
    make = steps(kind, optimizer, batch=10, width=8)
    peak_of_few, _ = peak_and_rest(lambda: make(100))
    peak_of_many, rest = peak_and_rest(lambda: make(1000))
    assert abs(peak_of_many - peak_of_few) < 2 * KILOBYTES
    assert rest < 2 * KILOBYTES


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_no_array_of_the_size_of_a_batch_is_allocated_in_a_step(kind, optimizer):
    make = steps(kind, optimizer, batch=128, width=512, inputs=128)
    one_array = 128 * 512 * np.dtype(np.float32).itemsize
    peak, _ = peak_and_rest(lambda: make(5))
    assert peak < one_array / 4  # not even of bool


def played(layers: list[object], batch: int, inputs: int, loss: str = "mse") -> Callable[[int], None]:
    """Return a function that makes a number of steps on one batch as `fit` makes them, recorded before."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, inputs), np.float32)
    layers = [Dense(inputs), *layers, Dense(3)]
    model = Model(layers, loss=loss, optimizer="adam", seed=0, dtype="float32").build(inputs)
    y = model.loss_.check_targets(rng.uniform(0.1, 0.9, (batch, 3)), (3,), np.dtype(np.float32))
    step, optimizer, network = model.state.step, model.optimizer_, model.network

    def make(count: int) -> None:
        for _ in range(count):
            step(x, y)
            optimizer.apply(network.trainable_params, network.trainable_grads)

    make(40)
    assert step.problem(x, y) is None
    return make


LAYERS = [
    "batch_normalization",
    "layer_normalization",
    "rms_normalization",
    "dropout",
    "feature_cross",
    "gaussian_noise",
]


@pytest.mark.parametrize("layer", [*Activation.names(), *LAYERS])
def test_a_played_step_allocates_nothing_whatever_the_layer(layer):
    make = played([layer], batch=128, inputs=512)
    one_array = 128 * 512 * np.dtype(np.float32).itemsize
    peak_of_few, _ = peak_and_rest(lambda: make(2))
    peak_of_many, rest = peak_and_rest(lambda: make(50))
    assert peak_of_many < one_array / 4 + NUMPY_BUFFER
    assert abs(peak_of_many - peak_of_few) < 16 * KILOBYTES  # NumPy has buffers of its own, of 32 KB
    assert rest < 2 * KILOBYTES


def test_the_layers_above_are_layers():
    assert all(Layer.known(name) for name in LAYERS)


def test_a_fit_needs_no_more_memory_for_more_epochs():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((1000, 2), np.float32), rng.standard_normal(1000).astype(np.float32)
    model = Model([Dense(8, "tanh"), Dense(1)], optimizer="adam", seed=0).fit(X, y, batch_size=10)
    of_few, _ = peak_and_rest(lambda: model.fit(X, y, batch_size=10, epochs=2))
    of_many, rest = peak_and_rest(lambda: model.fit(X, y, batch_size=10, epochs=20))
    assert of_many - of_few < 8 * KILOBYTES  # in 1,800 steps more; each epoch leaves two numbers in the history
    assert rest < 12 * KILOBYTES
