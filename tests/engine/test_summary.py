"""What a model prints: its summary, and how a fit goes on."""

import io
import sys

import numpy as np
import pytest

from framework import SGD, BatchNormalization, Callback, Dense, Model, Sequential
from framework.callbacks.progress import line

X, Y = np.arange(12.0).reshape(6, 2) / 12, np.arange(6.0).reshape(6, 1) / 6


def fitted(**arguments):
    return Model([Dense(1, "identity", "zeros")], optimizer=SGD(0.1)).fit(X, Y, **arguments)


class Stopping(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 4


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_summary_is_a_table_with_totals():
    layers = [Dense(3, "sigmoid", name="hidden"), Sequential([Dense(2, use_bias=False), "relu"]), Dense(1)]
    text = Model(layers).build(2).summary()
    rows = [row.split() for row in text.splitlines()]
    assert rows[0] == ["Layer", "Output", "shape", "Parameters"]
    assert rows[2] == ["0", "Dense", "'hidden'", "(sigmoid)", "(n,", "3)", "9"]
    assert rows[4][-3:] == ["(n,", "2)", "6"]
    assert rows[6] == ["2", "Dense", "(n,", "1)", "3"]
    assert text.splitlines()[-1] == "Total: 18 parameters (float64, 0.1 KiB), inputs (n, 2)"
    assert len({len(row) for row in text.splitlines()[:2]}) == 1


@pytest.mark.parametrize(
    ("units", "dtype", "size"),
    [
        (1023, "float64", "1023.0 KiB"),
        (1024, "float64", "1.0 MiB"),
        (3072, "float32", "1.5 MiB"),
        (1, "float32", "0.5 KiB"),
    ],
)
def test_summary_has_the_memory_in_units_of_1024(units, dtype, size):
    assert f"({dtype}, {size})" in Model([Dense(units)], dtype=dtype).build(127).summary()


def test_summary_counts_what_is_frozen():
    text = Model([Dense(3, trainable=False), Dense(1)], dtype="float32").build(2).summary()
    assert text.endswith("Total: 13 parameters, 9 not trainable (float32, 0.1 KiB), inputs (n, 2)")


def test_summary_shows_what_is_frozen_now():
    inner = Sequential([Dense(2), "relu"])
    model = Model([Dense(3, "tanh"), inner, BatchNormalization(), Dense(1)]).build(2)
    before = model.summary()
    assert "frozen" not in before
    assert before.endswith("Total: 28 parameters, 4 not trainable (float64, 0.2 KiB), inputs (n, 2)")
    model.layers[0].trainable = inner.trainable = model.layers[2].trainable = False
    rows = model.summary().splitlines()
    frozen = [row.split()[0] for row in rows if "(frozen)" in row]
    assert frozen == ["0", "1", "1.0", "2"]
    assert "0 Dense (tanh) (frozen)" in rows[2]
    assert "Total: 28 parameters, 25 not trainable" in rows[-1]
    assert model.network.layout.trainable == 3
    model.layers[0].trainable = inner.trainable = model.layers[2].trainable = True
    assert model.summary() == before


def test_line_has_the_tutorials_form():
    logs = {"loss": 0.0123456789, "mae": 1234567.0, "val_loss": 2e-9}
    assert line(10, 100, logs) == "[Epoch 10/100] train_loss: 0.0123457, mae: 1.23457e+06, val_loss: 2e-09"


def epochs_printed(text):
    return [int(row.removeprefix("[Epoch ").split("/")[0]) for row in text.splitlines()]


def test_verbose_0_is_silent(capfd):
    fitted(epochs=3)
    fitted(epochs=3, verbose=False)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("epochs", "verbose", "expected"), [(10, 5, [1, 5, 10]), (7, 3, [1, 3, 6, 7]), (1, 10, [1]), (2, 100, [1, 2])]
)
def test_verbose_n_prints_the_first_every_nth_and_the_last_epoch(epochs, verbose, expected, capsys):
    fit = fitted(epochs=epochs, verbose=verbose)
    text = capsys.readouterr().out
    assert epochs_printed(text) == expected
    assert text.splitlines()[-1].startswith(f"[Epoch {epochs}/{epochs}] train_loss: {fit.history['loss'][-1]:.6g} (")


def test_a_fit_that_goes_on_prints_the_epochs_of_the_whole(capsys):
    model = fitted(epochs=3)
    model.fit(X, Y, epochs=4, verbose=5)
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("]")[0] for row in rows] == ["[Epoch 4/7", "[Epoch 5/7", "[Epoch 7/7"]


def test_a_fit_that_stops_early_prints_its_last_epoch(capsys):
    fitted(epochs=50, verbose=10, callbacks=[Stopping()])
    assert epochs_printed(capsys.readouterr().out) == [1, 5]


@pytest.mark.parametrize("epochs", [1, 9, 19, 100, 995])
def test_verbose_1_does_not_flood_a_log(epochs, capsys):
    assert not sys.stderr.isatty()
    fitted(epochs=epochs, verbose=1)
    out, err = capsys.readouterr()
    printed = epochs_printed(out)
    assert err == ""
    assert {1, epochs} <= set(printed)
    assert len(printed) <= 12


def test_verbose_1_shows_a_bar_on_a_terminal(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit = fitted(epochs=4, batch_size=2, verbose=1)
    last = terminal.getvalue().rstrip().split("\r")[-1]
    assert "Epoch 4/4: 100%" in last
    assert "12/12" in last  # three steps in each of four epochs
    assert f"loss={fit.history['loss'][-1]:.4g}" in last
    assert capsys.readouterr().out == ""


def test_a_bar_over_a_source_of_unknown_length_counts_its_steps(monkeypatch):
    class Source:
        def __iter__(self):
            yield from [(X, Y)] * 3

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    Model([Dense(1)]).fit(Source(), epochs=2, verbose=1)
    assert "6step" in terminal.getvalue().rstrip().split("\r")[-1].replace(" ", "")
