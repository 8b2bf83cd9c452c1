"""Whatever the run of a file holds, resuming it succeeds or raises CheckpointError, and then nothing has changed."""

import json
import random
import zipfile

import numpy as np
import pytest

import framework as f
from framework.callbacks import Callback, Checkpoint, EarlyStopping, ReduceLROnPlateau, WeightAveraging
from framework.saving import archive
from framework.saving.archive import CheckpointError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]])
JUNK = [
    None,
    True,
    -1,
    0,
    3,
    10**12,
    2**70,
    10**400,
    1e308,
    0.5,
    "",
    "params",
    "nan",
    [],
    [1],
    {},
    {"dict": []},
    [[[]]],
]
JUNK += [{"float": "nan"}, {"float": "inf"}, {"tuple": []}, {"tuple": ["EarlyStopping", {"dict": []}]}]
JUNK += [{"family": "Layer", "name": "dense"}, {"family": "Layer", "name": "dense", "arguments": {"units": 3}}]
JUNK += [
    {"stored": "params", "scalar": False},
    {"array": "<f8", "shape": [1], "base64": "AAAAAAAA8D8=", "scalar": False},
]


class Mine(Callback):
    """Remembers whatever it is given, and cannot work with most of it."""

    counts = [0, 0]

    def on_train_begin(self, logs=None):
        self.counts = [0, 0]

    def on_epoch_end(self, epoch, logs=None):
        self.counts[epoch % 2] += 1

    def state(self):
        return {"counts": list(self.counts)}

    def restore(self, state):
        first, second = state["counts"]
        self.counts = [first + 0, second + 0]


def callbacks():
    return [EarlyStopping(patience=4), ReduceLROnPlateau(patience=1), WeightAveraging(0.9), Mine()]


def model():
    return f.Model([f.Dense(4, "tanh"), f.Dense(1)], optimizer=f.SGD(0.02), seed=3)


def resume(path, network, *more, epochs=4):
    given = [*callbacks(), Checkpoint(path), *more]
    return network.fit(X, Y, epochs=epochs, batch_size=8, validation_split=0.2, callbacks=given)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    path = tmp_path_factory.mktemp("honest") / "run"
    resume(path, model(), epochs=3)
    return path


def places(value, path=()):
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def forged(honest, path, where, value, *, drop=False):
    document, arrays = archive.read(honest)
    at = document
    for key in where[:-1]:
        at = at[key]
    if drop:
        del at[where[-1]]
    else:
        at[where[-1]] = value
    archive.write(path, document, arrays)


def test_an_honest_run_goes_on(honest, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(honest.read_bytes())
    assert resume(path, model()).history.epoch == [1, 2, 3, 4]


def test_junk_anywhere_in_a_run_raises_nothing_but_checkpoint_error(honest, tmp_path):
    with zipfile.ZipFile(honest) as file:
        run = json.loads(file.read(archive.DOCUMENT))["run"]
    wheres = [where for where in places(run, ("run",)) if len(where) > 1 and where[1] != "config"]
    assert len(wheres) > 80
    path, rng, refusals = tmp_path / "run", random.Random(7), 0
    network = model().build(3)
    before, config = network.network.params.copy(), repr(network)
    for where in wheres:
        for i, junk in enumerate(rng.sample(JUNK, 4)):
            forged(honest, path, where, junk, drop=i == 3)
            given = callbacks()
            try:
                trained = model().fit(
                    X, Y, epochs=4, batch_size=8, validation_split=0.2, callbacks=[*given, Checkpoint(path)]
                )
                assert np.isfinite(trained.network.params).all(), (where, junk)
            except CheckpointError:
                refusals += 1
                with pytest.raises(CheckpointError):
                    resume(path, network)
                assert network.network.params.tobytes() == before.tobytes(), (where, junk)
                assert repr(network) == config
                assert network.history.epoch == []
    assert refusals > 2 * len(wheres)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("model", "arguments", "layers", 0, "arguments", "units"), 5),
        (("model", "arguments", "optimizer", "name"), "adam"),
        (("model", "arguments", "loss"), "mae"),
        (("state", "input_shape"), [4]),
        (("state", "history", "dict", 0, 1), [1, 2]),
    ],
)
def test_a_model_that_does_not_fit_its_run_is_refused(honest, tmp_path, where, value):
    path, network = tmp_path / "run", model().build(3)
    forged(honest, path, where, value)
    before, config = network.network.params.copy(), repr(network)
    with pytest.raises(CheckpointError):
        resume(path, network)
    assert network.network.params.tobytes() == before.tobytes()
    assert (repr(network), network.history.epoch) == (config, [])


def test_a_callback_that_fails_to_go_back_leaves_all_as_it_was(honest, tmp_path):
    class Failing(Callback):
        def state(self):
            return {"value": 1}

        def restore(self, state):
            raise KeyError("mine")

    path, network = tmp_path / "run", model().build(3)
    with pytest.raises(ZeroDivisionError):
        resume(path, network, Failing(), Kill())
    network, before = model().build(3), model().build(3).network.params
    with pytest.raises(CheckpointError, match="Failing cannot go back to what it remembers: 'mine'"):
        resume(path, network, Failing())
    assert network.network.params.tobytes() == before.tobytes()
    assert network.history.epoch == []


class Kill(Callback):
    comes_last = True

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise ZeroDivisionError
