"""The record of a fit."""

import copy
import json
import math
import pickle
from collections.abc import Mapping

import matplotlib
import numpy as np
import pytest

from framework import Dense, LambdaCallback, Model
from framework.engine.history import History

matplotlib.use("Agg")


def recorded(*rows, start=1):
    history = History()
    for epoch, logs in enumerate(rows, start=start):
        history.append(epoch, logs)
    return history


def test_a_history_is_a_mapping_of_lists():
    history = recorded({"loss": 2, "mae": np.float32(0.5)}, {"loss": np.float64(1.0), "mae": np.array(0.25)})
    assert issubclass(type(history), Mapping)
    assert dict(history) == {"loss": [2.0, 1.0], "mae": [0.5, 0.25]}
    assert all(type(value) is float for values in history.values() for value in values)
    assert history.epoch == [1, 2]
    assert len(history) == 2
    assert list(history) == ["loss", "mae"]
    assert "loss" in history
    assert "val_loss" not in history


def test_a_name_missing_in_some_epochs_has_nan_there():
    history = recorded({"loss": 3.0}, {"loss": 2.0, "val_loss": 2.5}, {"loss": 1.0})
    np.testing.assert_array_equal(history["val_loss"], [math.nan, 2.5, math.nan])
    assert history["loss"] == [3.0, 2.0, 1.0]


def test_a_failed_append_changes_nothing():
    history = recorded({"loss": 3.0})
    with pytest.raises(ValueError, match="could not convert"):
        history.append(2, {"val_loss": 1.0, "loss": "high"})
    assert history == recorded({"loss": 3.0})


def test_epochs_may_start_at_any_number():
    history = recorded({"loss": 1.0}, {"loss": 0.5}, start=5)
    assert history.epoch == [5, 6]


@pytest.mark.parametrize("copied", [History.copy, copy.deepcopy, lambda h: pickle.loads(pickle.dumps(h))])
def test_copies_share_nothing(copied):
    history = recorded({"loss": 1.0}, {"loss": math.nan})
    twin = copied(history)
    assert twin == history
    twin.append(3, {"loss": 0.1, "mae": 0.2})
    assert history == recorded({"loss": 1.0}, {"loss": math.nan})


def test_round_trip_through_strict_json():
    history = recorded({"loss": 0.1}, {"loss": math.nan, "val_loss": math.inf}, {"loss": -math.inf, "val_loss": 1 / 3})
    text = json.dumps(history.to_dict(), allow_nan=False)
    again = History.from_dict(json.loads(text))
    assert again == history
    assert again.epoch == [1, 2, 3]
    np.testing.assert_array_equal(again["val_loss"], [math.nan, math.inf, 1 / 3])
    assert all(type(value) is float for value in again["val_loss"])
    again.append(4, {"loss": 0.0})
    assert len(history["loss"]) == 3


def test_from_dict_refuses_lists_of_different_lengths():
    with pytest.raises(ValueError, match="history of 2 epochs has 1 values of 'loss'"):
        History.from_dict({"epoch": [1, 2], "values": {"loss": [0.5]}})


def test_equality():
    history = recorded({"loss": 1.0})
    assert history == recorded({"loss": 1.0})
    assert history != recorded({"loss": 1.5})
    assert history != recorded({"loss": 1.0}, start=2)
    assert history != recorded({"val_loss": 1.0})
    assert history != [1.0]
    with pytest.raises(TypeError, match="unhashable"):
        hash(history)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match=r"did you mean 'loss'.*Known: loss, val_loss"):
        recorded({"loss": 1.0, "val_loss": 1.0})["losss"]
    assert recorded({"loss": 1.0}).get("mae") is None


def test_repr():
    assert repr(History()) == "<History: 0 epochs>"
    assert repr(recorded({"loss": 1.0})) == "<History: 1 epoch, loss=1>"
    two = recorded({"loss": 1.0, "val_loss": 1.0}, {"loss": 0.123456, "val_loss": 2e-7})
    assert repr(two) == "<History: 2 epochs, loss=0.1235, val_loss=2e-07>"


def test_plot_draws_the_chosen_curves_over_the_epochs():
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    try:
        history = recorded({"loss": 1.0, "mae": 0.5}, {"loss": 0.5, "mae": 0.4})
        assert history.plot(ax=ax, names=["mae"]) is ax
        (line,) = ax.get_lines()
        np.testing.assert_array_equal(line.get_xydata(), [[1, 0.5], [2, 0.4]])
    finally:
        plt.close(fig)


def test_a_history_is_what_pandas_makes_a_table_of():
    history = recorded({"loss": 3.0}, {"loss": 2.0, "val_loss": 2.5}, start=4)
    assert issubclass(History, dict)  # of another mapping, pandas takes the names for rows
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(history, index=history.epoch)
    assert list(table.columns) == ["loss", "val_loss"]
    assert list(table.index) == [4, 5]
    np.testing.assert_array_equal(table.to_numpy(), [[3.0, math.nan], [2.0, 2.5]])
    assert pandas.DataFrame(history).shape == (2, 2)
    history.append(6, {"loss": 1.0})
    assert len(table) == 2


def test_json_and_dict_methods_see_the_values():
    history = recorded({"loss": 2.0}, {"loss": 1.0})
    assert json.loads(json.dumps(history)) == {"loss": [2.0, 1.0]}
    assert history == recorded(*[{"loss": value} for value in history["loss"]])
    assert {**history} == {"loss": [2.0, 1.0]}


def test_a_metric_that_is_an_array_is_named():
    X = np.linspace(-1, 1, 20).reshape(-1, 1)
    net = Model([Dense(1, "sigmoid")], loss="binary_crossentropy", metrics=["confusion_matrix", "per_label_f1"], seed=0)
    net.fit(X, X > 0, validation_data=(X, X > 0))
    history = net.history
    assert list(history) == ["loss", "val_loss"]
    names = ("confusion_matrix", "per_label_f1", "val_confusion_matrix", "val_per_label_f1")
    assert set(history.arrays) == set(names)
    for name in names:
        with pytest.raises(KeyError, match=rf"{name}' is an array.*evaluate\(X, y\)\['{name.removeprefix('val_')}'\]"):
            history[name]
    with pytest.raises(KeyError, match=r"framework\.plots\.plot_confusion_matrix draws it"):
        history["confusion_matrix"]
    assert repr(history).endswith("; arrays, not kept: " + ", ".join(sorted(names)) + ">")
    assert pickle.loads(pickle.dumps(history)) == history.copy() == history
    net.metrics = ["accuracy"]
    net.fit(X, X > 0)
    assert "arrays" not in repr(net.history)
    with pytest.raises(KeyError, match="history has no 'confusion_matrix'"):
        net.history["confusion_matrix"]


@pytest.mark.parametrize("value", [np.arange(3), "high", None, [1.0]])
def test_a_callback_that_logs_no_number_is_told(value):
    def log(epoch, logs):
        logs["weights"] = value

    X = np.linspace(-1, 1, 8).reshape(-1, 1)
    with pytest.raises((TypeError, ValueError), match="the logs of an epoch hold numbers, got 'weights': "):
        Model([Dense(1)]).fit(X, X, callbacks=[LambdaCallback(on_epoch_end=log)])
