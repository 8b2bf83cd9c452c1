"""Each epoch of a run stands in its log once, however often the run is stopped."""

import csv
from contextlib import suppress

import numpy as np
import pytest

import framework as f
from framework.callbacks import Callback, Checkpoint, CSVLogger, LambdaCallback, LearningRateLogger

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]])


class Stop(Exception):
    """Stands in for a kill."""


class StopAt(Callback):
    """Ends everything in an epoch: before the log and the checkpoint are written, between them, or after both."""

    def __init__(self, epoch, last):
        self.epoch = epoch
        self.comes_last = last  # type: ignore[misc]

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            raise Stop


class Dotted(Callback):
    """Adds a value to every third epoch, and a text."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch % 3 == 2:
            logs["dotted"] = epoch / 7


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def epochs(path):
    return [row[0] for row in rows(path)]


def model(**arguments):
    return f.Model([f.Dense(4, "tanh"), f.Dense(1)], optimizer=f.SGD(0.02), seed=3, metrics=["mae"], **arguments)


def run(folder, *stops, epochs=9, append=False, where="before", saving=None, network=None, y=Y):
    log = CSVLogger(folder / "log.csv", append=append)
    kinds = {
        "before": lambda stop: [stop, Dotted(), log, LearningRateLogger()],
        "after": lambda stop: [Dotted(), log, LearningRateLogger(), stop],
        "last": lambda stop: [LearningRateLogger(), Dotted(), log, stop],
    }
    saves = [] if saving is None else [Checkpoint(folder / "run", **saving)]
    stop = LambdaCallback() if not stops else StopAt(stops[0], where == "last")
    fit = {"epochs": epochs, "batch_size": 8, "validation_split": 0.2}
    return (network or model()).fit(X, y, callbacks=[*saves, *kinds[where](stop)], **fit)


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("where", ["before", "after", "last"])
@pytest.mark.parametrize("saving", [{}, {"every": 3}, {"every": 100}, {"save_best_only": True}], ids=repr)
@pytest.mark.parametrize("torn", [0, 1, 9])
def test_each_epoch_stands_in_the_file_once(tmp_path, append, where, saving, torn):
    (tmp_path / "whole").mkdir()
    whole = run(tmp_path / "whole", append=append, where=where, saving=saving)
    expected = (tmp_path / "whole" / "log.csv").read_bytes()
    log = tmp_path / "log.csv"
    assert epochs(tmp_path / "whole" / "log.csv") == ["epoch", *"123456789"]
    for stop in (1, 3, 5, 9):
        with suppress(Stop):  # unless it goes on from a later epoch
            run(tmp_path, stop, append=append, where=where, saving=saving)
        if torn and log.exists():
            log.write_bytes(log.read_bytes()[:-torn])
    resumed = run(tmp_path, append=append, where=where, saving=saving)
    assert resumed.history == whole.history
    assert log.read_bytes() == expected


@pytest.mark.parametrize("append", [False, True])
def test_lost_lines_come_back_from_the_history(tmp_path, append):
    (tmp_path / "whole").mkdir()
    run(tmp_path / "whole", append=append, where="last", saving={})
    expected = rows(tmp_path / "whole" / "log.csv")
    for content in (None, "", "epoch", "epoch,loss\r\n", "junk", "a,b\r\n1,2\r\n"):
        for stop in (4, 9):
            with pytest.raises(Stop):
                run(tmp_path, stop, append=append, where="last", saving={})
            log = tmp_path / "log.csv"
            log.unlink()
            if content is not None and not (append and "," not in content):
                log.write_text(content, newline="")
            run(tmp_path, append=append, where="last", saving={})
            found = rows(log)
            if append and content == "a,b\r\n1,2\r\n":
                assert found[0] == ["a", "b"]
            else:
                assert sorted(found[0]) == sorted(expected[0])
                order = [found[0].index(name) for name in expected[0]]
                assert [[row[i] for i in order] for row in found] == expected
            for path in tmp_path.glob("[rl]*"):
                path.unlink()


@pytest.mark.parametrize("stop", [1, 2, 4, 5])
@pytest.mark.parametrize("saving", [None, {}, {"every": 3}], ids=repr)
@pytest.mark.parametrize("where", ["before", "after", "last"])
def test_what_other_runs_wrote_stays_before_it(tmp_path, stop, saving, where):
    run(tmp_path, y=-Y, epochs=4, append=True)
    before = rows(tmp_path / "log.csv")
    with pytest.raises(Stop):
        run(tmp_path, stop, append=True, where=where, saving=saving)
    run(tmp_path, append=True, where=where, saving=saving)
    found = rows(tmp_path / "log.csv")
    width = len(before[1])
    assert [row[:width] for row in found[1:5]] == before[1:]
    assert [row[0] for row in found] == ["epoch", *"1234", *"123456789"]


def test_a_run_that_is_equal_only_at_first_is_appended_whole(tmp_path):
    run(tmp_path, append=True, epochs=6)

    def change(epoch, logs):
        net.learning_rate = 0.02 if epoch < 3 else 0.5

    net = model()
    log, steer = CSVLogger(tmp_path / "log.csv", append=True), LambdaCallback(on_epoch_begin=change)
    net.fit(X, Y, epochs=6, batch_size=8, validation_split=0.2, callbacks=[steer, Dotted(), log])
    assert epochs(tmp_path / "log.csv") == ["epoch", *"123456", *"123456"]
    assert [float(row[1]) for row in rows(tmp_path / "log.csv")[7:]] == net.history["loss"]


def test_a_finished_run_writes_the_lines_that_are_missing(tmp_path):
    run(tmp_path, saving={})
    expected = rows(tmp_path / "log.csv")
    (tmp_path / "log.csv").unlink()
    run(tmp_path, saving={})
    found = rows(tmp_path / "log.csv")
    assert [[row[found[0].index(name)] for name in expected[0]] for row in found] == expected


def test_a_second_fit_logs_its_own_epochs(tmp_path):
    network = run(tmp_path, epochs=3)
    run(tmp_path, epochs=2, network=network)
    assert epochs(tmp_path / "log.csv") == ["epoch", "4", "5"]
    run(tmp_path, epochs=2, network=network, append=True)
    assert epochs(tmp_path / "log.csv") == ["epoch", "4", "5", "6", "7"]


def test_columns_that_come_later_are_added(tmp_path):
    run(tmp_path, where="after")
    found = rows(tmp_path / "log.csv")
    assert found[0] == ["epoch", "loss", "mae", "val_loss", "val_mae", "dotted"]
    assert [row[-1] for row in found[1:]] == ["", "", repr(2 / 7), "", "", repr(5 / 7), "", "", repr(8 / 7)]
    assert all(len(row) == 6 for row in found)


def test_a_line_without_an_end_is_not_glued_to_the_next(tmp_path):
    (tmp_path / "log.csv").write_text("loss,epoch\n0.5,1")
    run(tmp_path, epochs=1, append=True)
    assert [row[1] for row in rows(tmp_path / "log.csv")] == ["epoch", "1", "1"]


def test_a_file_that_is_no_table_is_not_appended_to(tmp_path):
    (tmp_path / "log.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"log.csv' is no CSV file"):
        run(tmp_path, append=True)
    assert (tmp_path / "log.csv").read_bytes() == b"\xff\xfe\x00"
    run(tmp_path, epochs=1)
    assert epochs(tmp_path / "log.csv") == ["epoch", "1"]


def test_a_refused_fit_leaves_the_file_alone(tmp_path):
    run(tmp_path, saving={})
    content = (tmp_path / "log.csv").read_bytes()
    with pytest.raises(f.saving.archive.CheckpointError):
        run(tmp_path, saving={}, y=-Y)
    assert (tmp_path / "log.csv").read_bytes() == content


def test_each_run_has_a_log_of_its_own(tmp_path):
    for y in (Y, -Y, Y):
        log = CSVLogger(tmp_path / "log-{run}.csv")
        model().fit(X, y, epochs=2, callbacks=[log])
        assert epochs(log.file) == ["epoch", "1", "2"]
    assert len(list(tmp_path.iterdir())) == 2
