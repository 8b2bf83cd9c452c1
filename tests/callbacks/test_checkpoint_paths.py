"""What users see of checkpoints: paths, and the progress of a run that goes on."""

import io
import sys

import numpy as np
import pytest

import framework as f
from framework.callbacks import Checkpoint

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]])


def model():
    return f.Model([f.Dense(4, "tanh"), f.Dense(1)], seed=3)


@pytest.mark.parametrize("made", [Checkpoint, f.CSVLogger])
@pytest.mark.parametrize("name", ["{epoch:02d}-{val_loss:.2f}.npz", "run-{epoch}", "{val_accuracy}", "{run}-{r2:.3f}"])
def test_what_keras_would_fill_in_is_refused(made, name):
    with pytest.raises(ValueError, match=r"would stay as it is: only '\{run\}' is filled in"):
        made(name)
    made("{run}/{1f2e}/{a b}.npz")


def test_two_callbacks_do_not_write_to_one_file(tmp_path):
    path = tmp_path / "run.npz"
    saving = Checkpoint(path)
    for other in (Checkpoint(path, save_best_only=True, monitor="loss"), f.CSVLogger(tmp_path / "." / "run.npz")):
        for both in ([saving, other], [other, saving]):
            with pytest.raises(ValueError, match=r"would both write to .*run\.npz': give each a path of its own"):
                model().fit(X, Y, callbacks=both)
    assert not path.exists()
    for epochs in (1, 2):
        model().fit(X, Y, epochs=epochs, callbacks=[saving, f.CSVLogger(tmp_path / "log.csv")])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_of_a_resumed_run_counts_what_is_left(tmp_path, monkeypatch):
    def shown(epochs):
        monkeypatch.setattr(sys, "stderr", Terminal())
        model().fit(X, Y, epochs=epochs, batch_size=8, callbacks=[Checkpoint(tmp_path / "run")], verbose=1)
        return sys.stderr.getvalue()

    assert "100%" in (text := shown(3))
    assert "15/15" in text
    assert "100%" in (text := shown(5))
    assert "10/10" in text
