"""The same seed gives the same bits, whatever else happens during a fit."""

import io
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout

import numpy as np
import pytest

import framework as f
from framework.callbacks import Callback, EarlyStopping, LambdaCallback
from framework.callbacks.checkpoint import Checkpoint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = np.sin(X.sum(axis=1, keepdims=True))


def model(dtype):
    layers = [f.Dense(6, "tanh"), f.BatchNormalization(), f.Dropout(0.3), f.GaussianNoise(0.1), f.Dense(1)]
    return f.Model(layers, optimizer=f.Adam(0.01), seed=5, dtype=dtype)


def fitted(dtype, **arguments):
    return model(dtype).fit(X, Y, **({"epochs": 4, "batch_size": 8} | arguments))


class Asks(Callback):
    """Ask the model for everything that must not change the numbers that training draws."""

    def on_batch_end(self, batch, logs=None):
        self.model.predict(X[: 3 + batch])
        self.model.gradients(X[:5], Y[:5])

    def on_epoch_end(self, epoch, logs=None):
        self.model.evaluate(X, Y)
        self.model.score(X, Y)
        self.model.summary()
        np.random.default_rng().normal(size=3)


OBSERVATIONS = {
    "nothing": lambda path: {},
    "validation": lambda path: {"validation_data": (X[:9], Y[:9])},
    "calls": lambda path: {"callbacks": [Asks()]},
    "early stopping": lambda path: {"callbacks": [EarlyStopping("loss", patience=50, restore_best_weights=False)]},
    "checkpoint": lambda path: {"callbacks": [Checkpoint(path / "run")]},
    "hooks": lambda path: {"callbacks": [LambdaCallback(on_batch_end=lambda batch, logs: None)]},
    "lines": lambda path: {"verbose": 2},
    "bar": lambda path: {"verbose": 1},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_observing_a_fit_changes_no_bit(tmp_path, observation, dtype):
    with redirect_stdout(io.StringIO()):
        observed = fitted(dtype, **OBSERVATIONS[observation](tmp_path))
    assert observed.network.params.tobytes() == fitted(dtype).network.params.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_epochs_equal_many_fits(dtype):
    one = model(dtype)
    for _ in range(4):
        one.fit(X, Y, batch_size=8)
    assert one.network.params.tobytes() == fitted(dtype).network.params.tobytes()


def test_the_global_random_states_are_neither_read_nor_written():
    params = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        before = random.getstate(), np.random.get_state()[1].tobytes()  # noqa: NPY002
        params.append(fitted(np.float64, validation_split=0.2).network.params.tobytes())
        assert (random.getstate(), np.random.get_state()[1].tobytes()) == before  # noqa: NPY002
    assert params[0] == params[1]


SCRIPT = """
import numpy as np, framework as f
rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)); Y = np.sin(X.sum(axis=1, keepdims=True))
layers = [f.Dense(6, "tanh"), f.BatchNormalization(), f.Dropout(0.3), f.GaussianNoise(0.1), f.Dense(1)]
model = f.Model(layers, optimizer=f.Adam(0.01), seed=5).fit(X, Y, epochs=4, batch_size=8)
print(model.network.params.tobytes().hex())
"""


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_gives_the_same_bits(hash_seed):
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)}
    output = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    assert output.stdout.strip() == fitted(np.float64).network.params.tobytes().hex()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_eight_threads_predict_the_same_bits_as_one(dtype):
    network = fitted(dtype)
    inputs = [RNG.normal(size=(1 + i % 7 * 40, 3)).astype(dtype) for i in range(56)]
    alone = [network.predict(x).tobytes() for x in inputs]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            assert [y.tobytes() for y in threads.map(network.predict, inputs)] == alone
