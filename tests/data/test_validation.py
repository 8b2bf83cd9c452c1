"""When a fit validates, and what follows from epochs without validation."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest

from framework import Adam, Checkpoint, Dense, EarlyStopping, Model
from framework.callbacks import CSVLogger, LambdaCallback, ReduceLROnPlateau
from framework.data.validation import Validation, checked_frequency
from framework.plots import plot_history

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X[:, :1] ** 2
VALID = X[:9] + 0.1, Y[:9]


def model(**options: Any) -> Model:
    return Model([Dense(4, "tanh"), Dense(1)], optimizer=Adam(0.05), metrics=["mae"], seed=0, **options)


def fitted(epochs: int = 9, **options: Any) -> Model:
    return model().fit(X, Y, **({"epochs": epochs, "validation_data": VALID} | options))


def measured(net: Model, name: str = "val_loss") -> list[int]:
    return [epoch for epoch, value in zip(net.history.epoch, net.history[name], strict=True) if np.isfinite(value)]


FREQUENCIES = [
    (1, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (2, [2, 4, 6, 8]),
    (3, [3, 6, 9]),
    (np.int64(4), [4, 8]),
    (9, [9]),
    ([1, 2, 8], [1, 2, 8]),
    ((9,), [9]),
    ({5, 3, 40}, [3, 5]),
    (range(2, 5), [2, 3, 4]),
    (np.array([7, 7]), [7]),
]


@pytest.mark.parametrize(("frequency", "epochs"), FREQUENCIES, ids=repr)
def test_the_epochs_that_are_validated(frequency: Any, epochs: list[int]) -> None:
    every, net = fitted(), fitted(validation_freq=frequency)
    for name in ("val_loss", "val_mae"):
        assert measured(net, name) == epochs
        assert [net.history[name][epoch - 1] for epoch in epochs] == [
            every.history[name][epoch - 1] for epoch in epochs
        ]
    assert net.history["loss"] == every.history["loss"]
    assert net.network.params.tolist() == every.network.params.tolist()


def test_epochs_are_counted_over_the_whole_training() -> None:
    options: Any = {"validation_data": VALID, "validation_freq": 3}
    net = model().fit(X, Y, epochs=4, **options).fit(X, Y, epochs=5, **options)
    assert measured(net) == [3, 6, 9]
    assert net.history == fitted(validation_freq=3).history
    later = model().fit(X, Y, epochs=9, initial_epoch=4, **options)
    assert measured(later) == [6, 9]


@pytest.mark.parametrize("frequency", [1, 2, 5, 7, frozenset({1, 3, 4, 9, 12})])
def test_due_epochs_are_those_that_are_due_one_by_one(frequency: Any) -> None:
    validation = Validation(None, frequency, 1)
    for first in range(12):
        for last in range(first, 14):
            due = [epoch for epoch in range(first, last) if validation.is_due(epoch)]
            assert list(validation.due_between(first, last)) == due
    numbers = range(1, 30) if isinstance(frequency, int) else frequency
    wanted = {n - 1 for n in numbers if not isinstance(frequency, int) or n % frequency == 0}
    assert {epoch for epoch in range(29) if validation.is_due(epoch)} == wanted
    assert len(Validation(None, 10**9, 1).due_between(0, 10**12)) == 1000


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *[(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError), ("2", TypeError), (None, TypeError)],
        *[([], ValueError), ([0], ValueError), ([1.5], TypeError), (["a"], TypeError), ({1: 2, "a": 3}, TypeError)],
    ],
)
def test_bad_frequencies(value: Any, error: Any) -> None:
    with pytest.raises(error, match="validation_freq"):
        checked_frequency(value)
    net = model()
    with pytest.raises(error, match="validation_freq"):
        net.fit(X, Y, validation_data=VALID, validation_freq=value)
    assert not net.built


def test_a_frequency_of_nothing_is_refused() -> None:
    for given in ([(X, Y)], [X, Y]):
        source = (given,) if len(given) == 1 else given
        with pytest.raises(ValueError, match=r"validation_freq=2.*give validation_data or validation_split"):
            model().fit(*source, validation_freq=2)
    assert measured(model().fit(X, Y, epochs=4, validation_split=0.3, validation_freq=2)) == [2, 4]


def test_a_stream_is_told_the_epochs_that_are_validated() -> None:
    told = []

    class Source(list[Any]):
        def set_epoch(self, epoch: int) -> None:
            told.append(epoch)

    fitted(validation_data=Source([VALID]), validation_freq=4)
    assert told == [3, 7]


def test_early_stopping_counts_validated_epochs_only() -> None:
    values = {2: 1.0, 4: 0.5, 6: 0.6, 8: 0.7, 10: 0.8}
    seen: list[int] = []

    class Given(LambdaCallback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(epoch + 1)
            assert ("val_loss" in logs) == ((epoch + 1) % 2 == 0)
            if epoch + 1 in values:
                logs["val_loss"] = values[epoch + 1]

    stopping = EarlyStopping(patience=2)
    net = fitted(20, validation_freq=2, callbacks=[Given(), stopping])
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (0.5, 4, 8)
    assert seen[-1] == 8
    weights = fitted(4, validation_freq=2).network.params
    assert net.network.params.tolist() == weights.tolist()


def test_the_learning_rate_waits_for_validated_epochs() -> None:
    values = iter([1.0, 1.0, 1.0, 0.5, 0.5, 0.5])
    given = LambdaCallback(on_epoch_end=lambda e, logs: "val_loss" in logs and logs.update(val_loss=next(values)))
    rates: list[float] = []
    seen = LambdaCallback(on_epoch_end=lambda e, logs: rates.append(net.learning_rate))
    net = model()
    callbacks = [given, ReduceLROnPlateau(patience=2, cooldown=1, factor=0.5), seen]
    net.fit(X, Y, epochs=12, validation_data=VALID, validation_freq=2, callbacks=callbacks)
    assert rates == [0.05] * 5 + [0.025] * 6 + [0.0125]


def test_the_best_epoch_is_saved_among_the_validated_ones(tmp_path: Any) -> None:
    path = tmp_path / "best.npz"
    best = Checkpoint(path, save_best_only=True)
    net = fitted(validation_freq=2, callbacks=[best])
    values = {epoch: net.history["val_loss"][epoch - 1] for epoch in (2, 4, 6, 8)}
    assert best.best_epoch == min(values, key=values.__getitem__)
    assert Model.load(path).history.epoch[-1] == best.best_epoch


@pytest.mark.parametrize("name", ["val_los", "val_accuracy"])
def test_a_value_that_is_never_measured_is_found_in_the_first_validated_epoch(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}', which is not measured"):
        fitted(validation_freq=2, callbacks=[EarlyStopping(name, mode="min")])
    with pytest.raises(ValueError, match="'los', which is not measured"):
        fitted(validation_freq=2, callbacks=[EarlyStopping("los", mode="min")])


@pytest.mark.parametrize("streamed", [False, True])
def test_a_resumed_run_validates_in_the_same_epochs(tmp_path: Any, streamed: bool) -> None:
    def run(epochs: int, name: str) -> tuple[Model, EarlyStopping]:
        stopping = EarlyStopping(patience=3, restore_best_weights=False)
        callbacks = [stopping, ReduceLROnPlateau(patience=1), Checkpoint(tmp_path / name)]
        data = [VALID] if streamed else VALID
        net = model().fit(X, Y, epochs=epochs, validation_data=data, validation_freq=2, callbacks=callbacks)
        return net, stopping

    whole, stopping = run(9, "whole.npz")
    for epochs in (1, 4, 5, 9):
        resumed, again = run(epochs, "parts.npz")
    assert resumed.history == whole.history
    assert resumed.network.params.tolist() == whole.network.params.tolist()
    assert resumed.learning_rate == whole.learning_rate
    assert (again.best, again.best_epoch, again.waited) == (stopping.best, stopping.best_epoch, stopping.waited)


def test_a_log_has_columns_for_later_validation(tmp_path: Any) -> None:
    path = tmp_path / "log.csv"
    net = fitted(4, validation_freq=2, callbacks=[CSVLogger(path)])
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [row["val_loss"] for row in rows] == [
        "",
        str(net.history["val_loss"][1]),
        "",
        str(net.history["val_loss"][3]),
    ]


def test_a_curve_connects_the_validated_epochs() -> None:
    axes = plot_history(fitted(validation_freq=3).history)
    assert axes.lines[0].get_xdata().tolist() == list(range(1, 10))
    assert axes.lines[1].get_xdata().tolist() == [3, 6, 9]
    single = plot_history(fitted(validation_freq=[4]).history)
    assert single.lines[1].get_marker() == "o"


@pytest.mark.parametrize("verbose", [1, 2])
def test_lines_of_progress_leave_out_what_was_not_measured(verbose: int, capfd: Any) -> None:
    fitted(4, validation_freq=4, verbose=verbose)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("[Epoch")]
    assert "val_loss" not in lines[0]
    assert "val_loss" in lines[-1]
    assert "nan" not in "".join(lines)


@pytest.mark.parametrize(
    ("data", "is_stream"),
    [
        ([X[:9], Y[:9]], False),
        ((X[:9].tolist(), Y[:9].tolist()), False),
        ((list(X[:9]), Y[:9]), False),
        ([(X[:4], Y[:4]), (X[4:9], Y[4:9])], True),
        (((X[:4], Y[:4]), (X[4:9], Y[4:9])), True),
        ([[X[:9], Y[:9]]], True),
        ((X[:9], Y[:9], None), False),
    ],
)
def test_arrays_and_batches_are_told_apart(data: Any, is_stream: bool) -> None:
    wanted = fitted(2, validation_data=(X[:9], Y[:9])).history["val_loss"]
    assert fitted(2, validation_data=data).history["val_loss"] == pytest.approx(wanted, rel=1e-12)


def test_validation_without_weights_beside_weighted_training() -> None:
    batches = [(X[:20], Y[:20], np.arange(20.0)), (X[20:], Y[20:])]
    w = np.concatenate([np.arange(20.0), np.ones(10)])
    net = model().fit(X, Y, sample_weight=np.ones(30), validation_data=batches)
    wanted = model().fit(X, Y, validation_data=(X, Y, w))
    for name in ("val_loss", "val_mae"):
        assert net.history[name] == pytest.approx(wanted.history[name])
