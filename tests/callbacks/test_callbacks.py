from __future__ import annotations

import csv
import logging
import time
from typing import Any

import numpy as np
import pytest

from framework import SGD, Dense, Model, Schedule
from framework.callbacks import (
    HOOKS,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateLogger,
    ReduceLROnPlateau,
    StopTraining,
    TimeLimit,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
Y = X[:, :1] - X[:, 1:]


def model(**options: Any) -> Model:
    return Model([Dense(3, "tanh"), Dense(1)], seed=0, **options)


class Recorder(Callback):
    """Writes down each hook that is called, with its arguments."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.calls.append(("train_begin", logs))

    def on_train_end(self, logs: Any = None) -> None:
        self.calls.append(("train_end", logs))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(("epoch_begin", epoch, logs))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(("epoch_end", epoch, dict(logs)))

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(("batch_end", batch, sorted(logs)))

    def names(self) -> list[str]:
        return [call[0] for call in self.calls]


class Script(Callback):
    """Puts given values into the logs, epoch by epoch, as if they had been measured."""

    def __init__(self, name: str, values: list[float]) -> None:
        self.name, self.values = name, values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs[self.name] = self.values[epoch]


def test_hooks_come_in_order_with_keras_arguments() -> None:
    recorder = Recorder()
    net = model().fit(X, Y, epochs=2, batch_size=10, callbacks=[recorder])
    epoch = ["epoch_begin", "batch_end", "batch_end", "epoch_end"]
    assert recorder.names() == ["train_begin", *epoch, *epoch, "train_end"]
    assert recorder.calls[1:4] == [("epoch_begin", 0, {}), ("batch_end", 0, ["loss"]), ("batch_end", 1, ["loss"])]
    assert [call[2]["loss"] for call in recorder.calls if call[0] == "epoch_end"] == net.history["loss"]
    assert recorder.model is net
    assert (recorder.params["epochs"], recorder.params["last_epoch"], recorder.params["steps"]) == (2, 2, 2)


def test_what_a_callback_adds_to_logs_reaches_the_history_and_those_after_it() -> None:
    before, after = Recorder(), Recorder()
    net = model().fit(X, Y, epochs=2, callbacks=[before, Script("mine", [3.0, 4.0]), after])
    assert net.history["mine"] == [3.0, 4.0]
    assert "mine" not in before.calls[3][2]
    assert [call[2]["mine"] for call in after.calls if call[0] == "epoch_end"] == [3.0, 4.0]


def test_the_history_is_complete_in_on_epoch_end() -> None:
    seen = []
    net = model()
    history = net.build(2).history
    last = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((history.epoch[-1], history["loss"][-1])))
    net.fit(X, Y, epochs=3, callbacks=[last])
    assert seen == list(zip(net.history.epoch, net.history["loss"], strict=True))


def test_a_callback_that_comes_last_is_called_after_those_behind_it() -> None:
    class Last(Recorder):
        comes_last = True

    order: list[str] = []
    last = Last()
    last.on_epoch_end = lambda epoch, logs=None: order.append("last")  # type: ignore[method-assign]
    model().fit(X, Y, callbacks=[last, LambdaCallback(on_epoch_end=lambda epoch, logs: order.append("first"))])
    assert order == ["first", "last"]


def test_on_train_end_is_called_whatever_fails() -> None:
    recorder, second = Recorder(), Recorder()

    def fail(*_: Any) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        model().fit(X, Y, callbacks=[LambdaCallback(on_train_end=fail), recorder])
    with pytest.raises(KeyError, match="mine"):
        model().fit(X, Y, callbacks=[second, LambdaCallback(on_batch_end=fail)])
    with pytest.raises(KeyError, match="mine"):
        model().fit(X, Y, callbacks=[LambdaCallback(on_train_begin=fail), never := Recorder()])
    assert recorder.names()[-1] == second.names()[-1] == "train_end"
    assert never.calls == []


@pytest.mark.parametrize("hook", ["on_batch_end", "on_epoch_begin", "on_epoch_end", "on_train_end"])
def test_an_exception_in_a_hook_leaves_the_last_whole_step(hook: str) -> None:
    def fail(*arguments: Any) -> None:
        if hook == "on_train_end" or arguments[0] == 1:
            raise KeyError("mine")

    steps = {"on_batch_end": 2, "on_epoch_begin": 4, "on_epoch_end": 8, "on_train_end": 8}[hook]
    net = model(optimizer=SGD(0.1, momentum=0.9))
    with pytest.raises(KeyError, match="mine"):
        net.fit(X, Y, epochs=2, batch_size=5, callbacks=[LambdaCallback(**{hook: fail})])
    wanted: list[Any] = []
    whole = model(optimizer=SGD(0.1, momentum=0.9))
    keep = LambdaCallback(on_batch_end=lambda batch, logs: wanted.append(whole.network.params.copy()))
    whole.fit(X, Y, epochs=2, batch_size=5, callbacks=[keep])
    assert net.optimizer_.step == steps
    assert net.network.params.tolist() == wanted[steps - 1].tolist()
    net.fit(X, Y)


def test_stop_training_ends_after_the_epoch_and_stop_at_once() -> None:
    net = model()
    stop = LambdaCallback(on_batch_end=lambda batch, logs: setattr(net, "stop_training", True))
    net.fit(X, Y, epochs=5, batch_size=5, callbacks=[stop])
    assert (net.history.epoch, net.optimizer_.step) == ([1], 4)

    def at_once(batch: int, logs: Any) -> None:
        if batch == 2:
            raise StopTraining("enough")

    net.fit(X, Y, epochs=5, batch_size=5, callbacks=[LambdaCallback(on_batch_end=at_once), recorder := Recorder()])
    assert (net.history.epoch, net.optimizer_.step, net.stop_training) == ([1], 7, True)
    assert recorder.names()[-1] == "train_end"
    net.fit(X, Y)
    assert not net.stop_training


def test_callbacks_do_not_change_what_is_learned() -> None:
    plain = model().fit(X, Y, epochs=3, validation_split=0.25)
    quiet = [Recorder(), LearningRateLogger(), EarlyStopping(patience=9, restore_best_weights=False), TimeLimit(1e6)]
    watched = model().fit(X, Y, epochs=3, validation_split=0.25, callbacks=quiet)
    assert watched.network.params.tolist() == plain.network.params.tolist()
    assert watched.history["loss"] == plain.history["loss"]


def test_gradients_of_the_last_step_can_be_looked_at() -> None:
    norms = []
    net = model()
    look = LambdaCallback(on_batch_end=lambda batch, logs: norms.append(float(abs(net.network.grads).sum())))
    net.fit(X, Y, callbacks=[look])
    assert min(norms) > 0


@pytest.mark.parametrize(
    ("options", "values", "stopped", "best"),
    [
        ({"patience": 2}, [3, 2, 2.5, 2.4, 1], 4, 2),
        ({"patience": 0}, [3, 2, 2.5, 2.4, 1], 3, 2),
        ({"patience": 1}, [3, 3, 2, 1, 0], 2, 1),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.6, 2.4, 2.3, 2.2], 5, 3),
        ({"patience": 1, "mode": "max"}, [1, 2, 1.5, 3, 4], 3, 2),
        ({"patience": 2}, [3, float("nan"), float("nan"), 1, 1], 3, 1),
        ({"patience": 3}, [5, 4, 3, 2, 1], None, 5),
    ],
)
def test_early_stopping(options: Any, values: list[float], stopped: int | None, best: int) -> None:
    stopping = EarlyStopping("figure", **{"mode": "min"} | options)
    net, weights = model(), []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(net.network.params.copy()))
    net.fit(X, Y, epochs=5, callbacks=[Script("figure", values), keep, stopping])
    assert (stopping.stopped_epoch, stopping.best_epoch) == (stopped, best)
    assert stopping.best == values[best - 1]
    assert net.history.epoch[-1] == (stopped or 5)
    assert net.network.params.tolist() == weights[best - 1].tolist()


def test_early_stopping_without_restoring_keeps_the_last_weights() -> None:
    stopping = EarlyStopping("figure", mode="min", restore_best_weights=False)
    net, weights = model(), []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(net.network.params.copy()))
    net.fit(X, Y, epochs=5, callbacks=[Script("figure", [1, 2, 3, 4, 5]), keep, stopping])
    assert net.network.params.tolist() == weights[1].tolist()


def test_best_weights_are_restored_when_a_later_hook_fails() -> None:
    net, weights = model(), []

    def fail(epoch: int, logs: Any) -> None:
        weights.append(net.network.params.copy())
        if epoch == 2:
            raise KeyError("mine")

    stopping = EarlyStopping("figure", patience=9, mode="min")
    with pytest.raises(KeyError):
        net.fit(X, Y, epochs=3, callbacks=[Script("figure", [1, 2, 3]), stopping, LambdaCallback(on_epoch_end=fail)])
    assert net.network.params.tolist() == weights[0].tolist()


def test_best_weights_find_their_places_when_layers_are_frozen_meanwhile() -> None:
    net, weights = model(), []

    def freeze(epoch: int, logs: Any) -> None:
        weights.append(net.get_weights())
        net.layers[0].trainable = epoch != 1

    stopping = EarlyStopping("figure", patience=9, mode="min")
    net.fit(X, Y, epochs=3, callbacks=[Script("figure", [1, 2, 3]), LambdaCallback(on_epoch_end=freeze), stopping])
    assert all(np.array_equal(best, now) for best, now in zip(weights[0], net.get_weights(), strict=True))
    assert not np.array_equal(weights[0][1], weights[1][1])
    assert np.array_equal(weights[1][1], weights[2][1])


def test_mode_auto_knows_losses_and_metrics() -> None:
    classes = (Y > 0).astype(int)
    for monitor, less in {"val_loss": True, "loss": True, "val_accuracy": False, "accuracy": False}.items():
        stopping = EarlyStopping(monitor, patience=9)
        net = Model([Dense(1, "sigmoid")], loss="binary_crossentropy", metrics=["accuracy"], seed=0)
        net.fit(X, classes, epochs=3, validation_split=0.25, callbacks=[stopping])
        best = min if less else max
        assert stopping.best == best(net.history[monitor])
    stopping = EarlyStopping("val_mae", patience=9)
    net = model(metrics=["mae"]).fit(X, Y, epochs=3, validation_split=0.25, callbacks=[stopping])
    assert stopping.best == min(net.history["val_mae"])


def test_mode_auto_asks_where_it_cannot_know() -> None:
    def mine(y_true: Any, y_pred: Any) -> float:
        return 1.0

    with pytest.raises(ValueError, match='mode="min" or mode="max"'):
        model(metrics=[mine]).fit(X, Y, callbacks=[EarlyStopping("mine")])
    stopping = EarlyStopping("mine", mode="max")
    model(metrics=[mine]).fit(X, Y, callbacks=[stopping])
    assert stopping.best == 1.0


@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_a_figure_that_is_not_measured_is_named_with_those_that_are(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"'val_loss', which is not measured: give fit validation_data"):
        model().fit(X, Y, callbacks=[kind()])
    with pytest.raises(ValueError, match=r"'val_los', which is not measured.*did you mean 'val_loss'"):
        model().fit(X, Y, validation_split=0.5, callbacks=[kind("val_los", mode="min")])


@pytest.mark.parametrize(
    ("options", "values", "rates"),
    [
        ({"patience": 1}, [5, 5, 4, 4, 4], [1, 0.5, 0.5, 0.25, 0.125]),
        ({"patience": 2}, [5, 5, 5, 5, 5], [1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 1, "cooldown": 1}, [5, 5, 5, 5, 5], [1, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 1, "min_learning_rate": 0.3}, [5, 5, 5, 5, 5], [1, 0.5, 0.3, 0.3, 0.3]),
        ({"patience": 1, "min_delta": 0.5}, [5, 4.8, 4.4, 4.2, 3], [1, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 1, "mode": "max"}, [1, 2, 2, 3, 3], [1, 1, 0.5, 0.5, 0.25]),
    ],
)
def test_reduce_on_plateau(options: Any, values: list[float], rates: list[float]) -> None:
    reduce = ReduceLROnPlateau("figure", factor=0.5, **{"mode": "min"} | options)
    net = model(optimizer=SGD(1.0))
    net.fit(X, Y, epochs=5, batch_size=20, callbacks=[Script("figure", values), reduce, LearningRateLogger()])
    assert net.history["learning_rate"] == pytest.approx(rates)
    assert net.learning_rate == rates[-1]
    assert net.optimizer.learning_rate == 1.0


def test_reduce_on_plateau_refuses_schedules() -> None:
    class _Halving(Schedule):
        def __call__(self, step: int) -> float:
            return 0.1 / (1 + step)

    net = model(optimizer=SGD(_Halving()))
    with pytest.raises(ValueError, match="number as learning rate"):
        net.fit(X, Y, validation_split=0.5, callbacks=[ReduceLROnPlateau()])
    assert not net.built
    net.fit(X, Y, epochs=2, batch_size=5, callbacks=[LearningRateLogger()])
    assert net.history["learning_rate"] == pytest.approx([0.1 / 4, 0.1 / 8])


def test_the_rate_can_be_set_during_a_fit() -> None:
    net = model(optimizer=SGD(0.5))
    halve = LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(net, "learning_rate", 0.5 / (epoch + 1)))
    net.fit(X, Y, epochs=2, callbacks=[halve, LearningRateLogger()])
    assert net.history["learning_rate"] == [0.5, 0.25]
    assert net.optimizer_.rate == 0.25


def read(path: Any) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_csv_logger(tmp_path: Any) -> None:
    path = tmp_path / "log.csv"
    path.write_text("old")
    net = model(metrics=["mae"]).fit(X, Y, epochs=2, callbacks=[CSVLogger(path)])
    assert read(path)[0] == ["epoch", "loss", "mae"]
    assert [[float(cell) for cell in row] for row in read(path)[1:]] == [
        list(row) for row in zip(net.history.epoch, net.history["loss"], net.history["mae"], strict=True)
    ]
    net.fit(X, Y, callbacks=[CSVLogger(path, append=True)])
    assert [row[0] for row in read(path)] == ["epoch", "1", "2", "3"]
    net.fit(X, Y, callbacks=[CSVLogger(path)])
    assert [row[0] for row in read(path)] == ["epoch", "4"]


def test_csv_logger_appends_to_the_columns_that_are_there(tmp_path: Any) -> None:
    path = tmp_path / "log.csv"
    path.write_text("loss,epoch,other\r\n1.0,1,2.0\r\n")
    model(metrics=["mae"]).fit(X, Y, callbacks=[CSVLogger(path, append=True)])
    assert read(path)[0] == ["loss", "epoch", "other"]
    assert read(path)[2][1:] == ["1", ""]


def test_csv_logger_has_each_epoch_on_disk_when_it_is_done(tmp_path: Any) -> None:
    path, seen = tmp_path / "log.csv", []
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(len(read(path))))
    model().fit(X, Y, epochs=2, callbacks=[CSVLogger(path), look])
    assert seen == [2, 3]


def test_csv_logger_leaves_files_alone_if_there_was_no_epoch(tmp_path: Any) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("old")
    model().fit(X, Y, epochs=0, callbacks=[CSVLogger(old), CSVLogger(new)])
    assert old.read_text() == "old"
    assert not new.exists()


def test_time_limit_ends_within_an_epoch() -> None:
    net = model()
    slow = LambdaCallback(on_batch_end=lambda batch, logs: time.sleep(0.02))
    begin = time.monotonic()
    net.fit(X, Y, epochs=1000, batch_size=1, callbacks=[slow, TimeLimit(0.1)])
    assert 0.1 <= time.monotonic() - begin < 2
    assert 1 <= net.optimizer_.step < 20
    assert net.stop_training
    assert net.history.epoch == []


def test_time_limit_between_epochs_keeps_the_whole_epoch() -> None:
    net = model().fit(X, Y, epochs=10**6, batch_size=20, callbacks=[TimeLimit(0.05)])
    assert net.history.epoch[-1] == net.optimizer_.step


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_time_limit_refuses(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        TimeLimit(seconds)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: EarlyStopping(mode="less"), ValueError, "mode"),
        (lambda: EarlyStopping(patience=-1), ValueError, "patience"),
        (lambda: EarlyStopping(patience=1.5), TypeError, "patience"),
        (lambda: EarlyStopping(min_delta=-1), ValueError, "min_delta"),
        (lambda: ReduceLROnPlateau(factor=1), ValueError, "factor"),
        (lambda: ReduceLROnPlateau(factor=0), ValueError, "factor"),
        (lambda: ReduceLROnPlateau(min_learning_rate=-1), ValueError, "min_learning_rate"),
        (lambda: ReduceLROnPlateau(cooldown=-1), ValueError, "cooldown"),
        (lambda: TimeLimit("1"), TypeError, "seconds"),
        (lambda: LambdaCallback(on_epoch_end=3), TypeError, "on_epoch_end"),
        (lambda: LambdaCallback(on_epoch_stop=print), TypeError, "no hook 'on_epoch_stop'; did you mean 'on_epoch_"),
    ],
)
def test_arguments_are_checked_when_made(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_batch_begin", "on_test_end"])
def test_a_hook_that_would_never_be_called_is_refused(hook: str) -> None:
    with pytest.raises(TypeError, match=f"{hook} would never be called.*Known: on_train_begin"):
        type("Mine", (Callback,), {hook: lambda self, batch, logs=None: None})


def test_lambda_callback_knows_each_hook() -> None:
    calls: list[str] = []
    functions = {hook: lambda *_, hook=hook: calls.append(hook) for hook in HOOKS}
    model().fit(X, Y, callbacks=[LambdaCallback(**functions), LambdaCallback(on_train_end=None)])
    assert calls == [HOOKS[0], HOOKS[2], HOOKS[4], HOOKS[3], HOOKS[1]]


def test_a_callback_of_your_own_may_tolerate_divergence() -> None:
    class Patient(Callback):
        tolerates_divergence = True

    net = Model([Dense(1)], optimizer=SGD(1e200), seed=0)
    with pytest.raises(FloatingPointError):
        net.fit(X, Y, epochs=100, callbacks=[Callback()])
    assert net.fit(X, Y, epochs=100, callbacks=[Patient()]).stop_training


def test_a_callback_can_be_used_again() -> None:
    stopping = EarlyStopping("figure", patience=1, mode="min")
    first = model().fit(X, Y, epochs=5, callbacks=[Script("figure", [1, 2, 3, 4, 5]), stopping])
    second = model().fit(X, Y, epochs=5, callbacks=[Script("figure", [3, 2, 2, 4, 5]), stopping])
    assert (first.history.epoch[-1], second.history.epoch[-1]) == (2, 3)


@pytest.mark.parametrize("callback", [EarlyStopping("figure", mode="min"), ReduceLROnPlateau("figure", mode="min")])
def test_what_is_remembered_can_be_kept_and_restored(callback: Any) -> None:
    model().fit(X, Y, epochs=2, callbacks=[Script("figure", [3, 4]), callback])
    kept = callback.state()
    model().fit(X, Y, epochs=1, callbacks=[Script("figure", [1]), callback])
    assert callback.state() != kept or callback.best == 1
    callback.restore(kept)
    assert callback.best == 3
    assert callback.best_epoch == 1


def test_nothing_is_printed_and_what_happens_is_logged(capfd: Any, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG, logger="framework"):
        model().fit(X, Y, epochs=5, callbacks=[Script("figure", [1, 2, 3, 4, 5]), EarlyStopping("figure", mode="min")])
    assert capfd.readouterr() == ("", "")
    assert {record.name for record in caplog.records} == {"framework"}
    assert "epoch 1" in caplog.text
    assert "no better figure than 1" in caplog.text
