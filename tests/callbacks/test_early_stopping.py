"""Early stopping with a baseline and a warm-up: written-out histories, and resumed runs."""

from contextlib import suppress

import numpy as np
import pytest

from framework import Callback, Checkpoint, Dense, EarlyStopping, Model
from framework.engine.weights import joined

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
Y = X[:, :1] - X[:, 1:]
NAN = float("nan")


class Script(Callback):
    """Enters values into the history, and keeps the weights after each epoch."""

    def __init__(self, values):
        self.values, self.weights = values, {}

    def on_epoch_end(self, epoch, logs=None):
        logs["figure"] = self.values[epoch]
        self.weights[epoch + 1] = joined(self.model.network.views)


def model():
    return Model([Dense(3, "tanh"), Dense(1)], seed=0)


CASES = [
    # options, values, epoch of the stop, best epoch
    ({"patience": 2, "baseline": 1.0}, [5, 4, 3, 0.9, 0.8, 0.7], 2, 2),
    ({"patience": 3, "baseline": 1.0}, [5, 4, 0.9, 0.95, 0.8, 0.7], None, 6),
    ({"patience": 2, "baseline": 1.0}, [0.9, 5, 0.8, 4, 4, 0.1], 5, 3),
    ({"patience": 1, "baseline": 1.0}, [1.0, 0.5, 0.4, 0.3, 0.2, 0.1], 1, 1),
    ({"patience": 0, "baseline": 1.0}, [2.0, 0.5, 0.4, 0.3, 0.2, 0.1], 1, 1),
    ({"patience": 1, "baseline": 1.0, "min_delta": 0.5}, [0.6, 0.1, 0.1, 0.1, 0.1, 0.1], 1, 1),
    ({"patience": 2, "baseline": 0.0, "mode": "max"}, [-3, -2, 1, 1, 1, 1], 2, 2),
    ({"patience": 2, "baseline": 2.0, "mode": "max"}, [3, 1, 2.5, 1, 1, 1], 3, 1),
    ({"patience": 2, "baseline": 1.0}, [NAN, NAN, 0.1, 0.1, 0.1, 0.1], 2, None),
    ({"patience": 1, "start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 5, 4),
    ({"patience": 2, "start_from_epoch": 2}, [0.1, 0.2, 3, 2, 2.5, 2.6], 6, 4),
    ({"patience": 1, "start_from_epoch": 6}, [1, 2, 3, 4, 5, 6], None, None),
    ({"patience": 1, "start_from_epoch": 1, "baseline": 2.5}, [1, 2, 3, 4, 5, 6], 3, 2),
    ({"patience": 2, "start_from_epoch": 2, "baseline": 2.5}, [1, 1, 3, 2.9, 1, 1], 4, 4),
]


@pytest.mark.parametrize(("options", "values", "stopped", "best"), CASES)
def test_written_out(options, values, stopped, best):
    stopping, script = EarlyStopping("figure", **{"mode": "min"} | options), Script(values)
    net = model().fit(X, Y, epochs=6, callbacks=[script, stopping])
    assert (stopping.stopped_epoch, stopping.best_epoch) == (stopped, best)
    last = net.history.epoch[-1]
    assert last == (stopped or 6)
    np.testing.assert_array_equal(joined(net.network.views), script.weights[best or last])


@pytest.mark.parametrize(("options", "values", "stopped", "best"), CASES)
@pytest.mark.parametrize("killed", [1, 2, 3, 4])
def test_a_resumed_run_stops_where_it_would_have(tmp_path, options, values, stopped, best, killed):
    class Kill(Callback):
        comes_last = True

        def on_epoch_end(self, epoch, logs=None):
            if epoch + 1 == killed:
                raise ZeroDivisionError

    def run(*callbacks):
        stopping = EarlyStopping("figure", **{"mode": "min"} | options)
        saving = Checkpoint(tmp_path / "run")
        return model().fit(X, Y, epochs=6, callbacks=[Script(values), stopping, saving, *callbacks]), stopping

    with suppress(ZeroDivisionError):  # unless it stops before
        run(Kill())
    net, stopping = run()
    assert (stopping.stopped_epoch, stopping.best_epoch) == (stopped, best)
    assert net.history.epoch[-1] == (stopped or 6)


def test_the_epochs_of_earlier_fits_count_as_a_warm_up():
    stopping, script = EarlyStopping("figure", mode="min", start_from_epoch=2), Script([1, 2, 3, 4, 5, 6])
    net = model().fit(X, Y, epochs=2)
    net.fit(X, Y, epochs=4, callbacks=[script, stopping])
    assert (stopping.best_epoch, stopping.stopped_epoch) == (3, 4)


def test_a_wrong_name_is_told_in_the_warm_up():
    with pytest.raises(ValueError, match="monitors 'lost', which is not measured; did you mean 'loss'"):
        model().fit(X, Y, epochs=3, callbacks=[EarlyStopping("lost", mode="min", start_from_epoch=2)])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"baseline": "low"}, TypeError, "EarlyStopping: baseline must be a number, got 'low'"),
        ({"baseline": NAN}, ValueError, "EarlyStopping: baseline must be a finite number"),
        ({"start_from_epoch": -1}, ValueError, "start_from_epoch must be at least 0, got -1"),
        ({"start_from_epoch": 1.5}, TypeError, "start_from_epoch must be an integer"),
    ],
)
def test_arguments_are_checked(arguments, error, words):
    with pytest.raises(error, match=words):
        EarlyStopping(**arguments)


def test_an_array_cannot_be_monitored():
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = (X[:, 0] > 0).astype(int)
    model = Model([Dense(1, "sigmoid")], loss="binary_crossentropy", metrics=["confusion_matrix"], seed=0)
    for monitor in ("confusion_matrix", "val_confusion_matrix"):
        stop = EarlyStopping(monitor, mode="max")
        with pytest.raises(ValueError, match=f"monitors '{monitor}', which is an array"):
            model.fit(X, y, validation_split=0.2, callbacks=[stop])
