"""The file of a complete run holds the final model, and a longer run still goes on from the weights in training."""

from collections.abc import Callable

import numpy as np
import pytest

import framework as f
from framework.callbacks import Callback, Checkpoint, EarlyStopping, TimeLimit, WeightAveraging

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.sin(X.sum(axis=1, keepdims=True)) + 0.3 * RNG.normal(size=(40, 1))

FINALS: dict[str, Callable[[], list[Callback]]] = {
    "best, stopped": lambda: [EarlyStopping(patience=2)],
    "best, not stopped": lambda: [EarlyStopping(patience=50)],
    "averages": lambda: [WeightAveraging(0.9)],
    "averages after the checkpoint": lambda: [WeightAveraging(0.9), EarlyStopping("loss", patience=50)],
    "averages of a layer that is frozen meanwhile": lambda: [WeightAveraging(0.9), Freezing()],
    "nothing": list,
}


class Freezing(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[0].trainable = epoch % 3 == 0


class Stop(Exception):
    """Stands in for a kill."""


class StopAfter(Callback):
    comes_last = True

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            raise Stop


def run(path, callbacks, epochs=12, **arguments):
    layers = [f.Dense(5, "tanh"), f.BatchNormalization(), f.Dense(1)]
    network = f.Model(layers, optimizer=f.Adam(0.1), seed=3, **arguments)
    saving = [Checkpoint(path)] if path else []
    fit = {"epochs": epochs, "batch_size": 7, "validation_split": 0.3, "callbacks": [*saving, *callbacks]}
    return network.fit(X, Y, **fit)


def same(one, other):
    assert one.network.params.tobytes() == other.network.params.tobytes()
    assert one.history == other.history


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("final", FINALS)
def test_the_file_of_a_complete_run_holds_the_final_model(tmp_path, final, dtype):
    path = tmp_path / "run"
    network = run(path, FINALS[final](), dtype=dtype)
    same(f.Model.load(path), network)
    same(run(None, FINALS[final](), dtype=dtype), network)
    content = path.read_bytes()
    same(run(path, FINALS[final](), dtype=dtype), network)
    assert path.read_bytes() == content


@pytest.mark.parametrize("final", FINALS)
def test_a_longer_run_goes_on_from_the_weights_in_training(tmp_path, final):
    path = tmp_path / "run"
    run(path, FINALS[final](), epochs=5)
    network = run(path, FINALS[final](), epochs=12)
    same(network, run(None, FINALS[final](), epochs=12))
    same(f.Model.load(path), network)


@pytest.mark.parametrize("final", FINALS)
@pytest.mark.parametrize("before_the_end", [0, 1, 2])
def test_a_run_that_is_killed_ends_with_the_same_file(tmp_path, monkeypatch, final, before_the_end):
    path, whole = tmp_path / "run", run(tmp_path / "whole", FINALS[final]())
    monkeypatch.setattr(Checkpoint, "on_train_end", lambda self, logs=None: None)  # as in a process that is killed
    with pytest.raises(Stop):
        run(path, [*FINALS[final](), StopAfter(whole.history.epoch[-1] - before_the_end)])
    monkeypatch.undo()
    same(run(path, FINALS[final]()), whole)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_run_at_its_time_limit_has_the_best_model_and_goes_on(tmp_path):
    def callbacks():
        limit = TimeLimit(1e-9)
        limit.on_batch_end = lambda batch, logs=None: None  # type: ignore[method-assign]
        return [EarlyStopping(patience=50), limit]

    path = tmp_path / "run"
    for epochs in range(1, 6):
        network = run(path, callbacks())
        assert network.history.epoch[-1] == epochs
        same(f.Model.load(path), network)
    same(run(path, [EarlyStopping(patience=50)]), run(None, [EarlyStopping(patience=50)]))


def test_an_interrupted_run_keeps_the_file_of_its_last_whole_epoch(tmp_path):
    class Interrupt(Callback):
        def on_batch_end(self, batch, logs=None):
            if len(self.model.history.epoch) == 6 and batch == 2:
                raise KeyboardInterrupt

    path, callbacks = tmp_path / "run", FINALS["averages"]
    with pytest.raises(KeyboardInterrupt):
        run(path, [*callbacks(), Interrupt()])
    same(run(path, callbacks()), run(None, callbacks()))
