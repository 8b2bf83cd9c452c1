"""Killed runs go on as if nothing had happened."""

import errno
import os
import random
import select
import signal
import subprocess
import sys

import killed
import numpy as np
import pytest
from killed import RUNS, digest, train

import framework as f
from framework.callbacks import Callback, Checkpoint, EarlyStopping, ReduceLROnPlateau, TimeLimit, checkpoint
from framework.saving import model_file
from framework.saving.archive import CheckpointError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]])


class Stop(Exception):
    """Stands in for a kill within this process."""


class StopAfter(Callback):
    """End everything after an epoch, as a kill would, before or after the checkpoint is written."""

    def __init__(self, epoch, before=False):
        self.epoch = epoch
        self.comes_last = not before  # type: ignore[misc]

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            raise Stop


def model(**arguments):
    arguments = {"optimizer": f.SGD(0.02, momentum=0.9), "seed": 3} | arguments
    return f.Model([f.Dense(5, "tanh"), f.Dropout(0.2), f.Dense(1)], **arguments)


def run(path, *callbacks, epochs=8, network=None, saving=None, **arguments):
    network = network or model()
    saving = Checkpoint(path) if saving is None else saving
    return network.fit(X, Y, epochs=epochs, batch_size=7, callbacks=[saving, *callbacks], **arguments)


def same(one, other):
    assert one.network.params.tobytes() == other.network.params.tobytes()
    assert one.history == other.history


# Kills


class Server:
    """Processes that train, forked from one that has imported everything."""

    def __init__(self):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, killed.__file__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0, "env": environment}
        self.process = subprocess.Popen(command, **pipes)

    def life(self, name, path, seconds):
        """Train until killed after so many seconds; return the digest of a run that ended before, else None."""
        say, hear = self.process.stdin, self.process.stdout
        say.write(f"{name} {path}\n".encode())
        pid = int(hear.readline())
        select.select([hear], [], [], seconds)
        os.kill(pid, signal.SIGKILL)
        say.write(b"\n")
        line = hear.readline().decode().split()
        if line[0] == "ended":
            assert int(line[1]) == -signal.SIGKILL
            return None
        hear.readline()
        return line[1]


@pytest.mark.parametrize("name", RUNS)
def test_a_run_killed_at_any_moment_ends_in_the_same_bits(tmp_path, name):
    expected, path, rng = digest(train(name)), tmp_path / "run.npz", random.Random(name)
    assert digest(train(name, path)) == expected
    log = path.with_suffix(".npz.csv").read_bytes()
    path.unlink()
    server = Server()
    kills = ends = reached = 0
    with server.process:
        while kills < 20 or not ends:
            ended = server.life(name, path, rng.uniform(0, 0.25) if kills < 40 else 60)
            if ended:
                assert ended == expected
                assert server.life(name, path, 60) == expected
                assert sorted(os.listdir(tmp_path)) == ["run.npz", "run.npz.csv"]
                assert path.with_suffix(".npz.csv").read_bytes() == log
                path.unlink()
                ends, reached = ends + 1, 0
                continue
            kills += 1
            if path.exists():
                epoch = f.Model.load(path).history.epoch[-1]
                assert epoch >= reached
                reached = epoch
    assert kills >= 20


# Resuming


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("epoch", [1, 4, 7])
@pytest.mark.parametrize("arguments", [{}, {"every": 3}, {"save_best_only": True}], ids=repr)
def test_a_resumed_run_ends_in_the_same_bits(tmp_path, epoch, before, arguments):
    def once(path, *stops):
        watching = [EarlyStopping(patience=3), ReduceLROnPlateau(patience=1, factor=0.5)]
        saving = Checkpoint(path, **arguments)
        return run(path, *watching, *stops, saving=saving, validation_split=0.3)

    whole = once(tmp_path / "whole")
    for _ in range(2):  # which stops at the same epoch again only if it is not past it
        with pytest.raises(Stop):
            once(tmp_path / "run", StopAfter(epoch, before))
        if epoch == 7 or before or arguments:
            break
        epoch += 1
    same(once(tmp_path / "run"), whole)
    assert whole.history.epoch[-1] <= 8


def test_a_checkpoint_changes_nothing(tmp_path):
    same(run(tmp_path / "run", validation_split=0.2), model().fit(X, Y, epochs=8, batch_size=7, validation_split=0.2))


class Count(Callback):
    def __init__(self):
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch + 1)


def test_a_finished_run_does_nothing_more_and_a_longer_one_goes_on(tmp_path):
    done = run(tmp_path / "run", epochs=5)
    content, count = (tmp_path / "run").read_bytes(), Count()
    same(run(tmp_path / "run", count, epochs=5), done)
    assert count.epochs == []
    assert (tmp_path / "run").read_bytes() == content
    same(run(tmp_path / "run", count, epochs=8), run(tmp_path / "whole", epochs=8))
    assert count.epochs == [6, 7, 8]


def test_the_last_epoch_is_saved_whatever_every_is(tmp_path):
    run(tmp_path / "run", saving=Checkpoint(tmp_path / "run", every=3), epochs=5)
    assert f.Model.load(tmp_path / "run").history.epoch == [1, 2, 3, 4, 5]


def test_a_run_that_stopped_early_stays_so(tmp_path):
    def once(count):
        stopping = EarlyStopping("loss", patience=2, min_delta=0.2)
        return run(tmp_path / "run", stopping, count, epochs=50), stopping

    first, (done, stopping) = Count(), once(Count())
    again, resumed = once(first)
    assert first.epochs == []
    assert again.stop_training
    assert len(done.history.epoch) < 50
    same(again, done)
    best = np.concatenate([weight.ravel() for weight in done.get_weights()])
    np.testing.assert_array_equal(stopping.best_weights, best)
    assert (resumed.best, resumed.stopped_epoch) == (stopping.best, stopping.stopped_epoch)


def test_a_run_at_its_time_limit_goes_on_later(tmp_path):
    limit = TimeLimit(1e-9)
    limit.on_batch_end = lambda batch, logs=None: None  # type: ignore[method-assign]
    for epochs in ([1], [1, 2], [1, 2, 3]):
        assert run(tmp_path / "run", limit).history.epoch == epochs
    same(run(tmp_path / "run"), run(tmp_path / "whole"))


def test_one_process_may_fit_again(tmp_path):
    saving = Checkpoint(tmp_path / "run")
    network = run(None, saving=saving, epochs=3)
    run(None, saving=saving, epochs=5, network=network)
    same(network, run(tmp_path / "whole", epochs=8))
    assert len(f.Model.load(tmp_path / "run").history.epoch) == 8


def test_two_fits_with_two_paths_resume_in_the_second(tmp_path):
    def both(folder, *stops):
        network = run(folder / "first", epochs=3)
        return run(folder / "second", *stops, epochs=5, network=network)

    (tmp_path / "whole").mkdir()
    with pytest.raises(Stop):
        both(tmp_path, StopAfter(6))
    same(both(tmp_path), both(tmp_path / "whole"))


def test_a_saved_model_is_no_run_and_training_goes_on_from_it_once_it_is_loaded(tmp_path):
    run(tmp_path / "other", epochs=4).save(tmp_path / "run")
    refused(tmp_path, CheckpointError, "holds a model saved by itself; Model.load gets it back")
    same(run(tmp_path / "run", network=f.Model.load(tmp_path / "run"), epochs=4), run(tmp_path / "whole"))


class Steering(Callback):
    """Changes everything that a callback may change."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            self.model.optimizer.learning_rate *= 0.5
        if epoch == 3:
            self.model.layers[0].trainable = False
            self.model.learning_rate = 0.007
        if epoch == 4:
            self.model.network.view("2.b")[...] = 0.25
        if epoch == 5:
            self.model.layers[0].trainable = True


@pytest.mark.parametrize("epoch", range(2, 8))
def test_what_callbacks_change_is_kept(tmp_path, epoch):
    whole = run(tmp_path / "whole", Steering())
    with pytest.raises(Stop):
        run(tmp_path / "run", Steering(), StopAfter(epoch))
    hidden, optimizer = f.Dense(5, "tanh"), f.SGD(0.02, momentum=0.9)
    network = f.Model([hidden, f.Dropout(0.2), f.Dense(1)], optimizer=optimizer, seed=3)
    same(run(tmp_path / "run", Steering(), network=network), whole)
    assert network.layers[0] is hidden
    assert network.optimizer is optimizer
    assert optimizer.learning_rate == 0.01
    assert network.learning_rate == 0.007


class Batches:
    """A source with another order in each epoch."""

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        order = np.random.default_rng(getattr(self, "epoch", 0)).permutation(40)
        return iter([(X[rows], Y[rows]) for rows in np.array_split(order, 5)])


def test_a_stream_goes_on_at_its_epoch(tmp_path):
    def once(path, *stops):
        return model().fit(Batches(), epochs=6, callbacks=[Checkpoint(path), *stops])

    with pytest.raises(Stop):
        once(tmp_path / "run", StopAfter(3))
    same(once(tmp_path / "run"), once(tmp_path / "whole"))


def test_a_model_without_a_seed_resumes_too(tmp_path):
    with pytest.raises(Stop):
        run(tmp_path / "run", StopAfter(3), network=model(seed=None))
    saved = f.Model.load(tmp_path / "run")
    resumed = run(tmp_path / "run", network=model(seed=None))
    same(saved.fit(X, Y, epochs=5, batch_size=7), resumed)


def test_a_split_without_a_seed_cannot_be_resumed_and_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"validation_split needs a model with a seed: Model\(..., seed=0\)"):
        run(tmp_path / "run", network=model(seed=None), validation_split=0.2)
    saving = Checkpoint(tmp_path / "run", resume=False)
    run(None, saving=saving, network=model(seed=None), validation_split=0.2)


def test_without_resume_the_file_is_replaced(tmp_path):
    run(tmp_path / "run", epochs=5)
    run(None, saving=Checkpoint(tmp_path / "run", resume=False), network=model(seed=8), epochs=2)
    assert f.Model.load(tmp_path / "run").seed == 8


def test_the_best_epoch_is_kept(tmp_path):
    network = run(None, saving=Checkpoint(tmp_path / "run", save_best_only=True, monitor="loss"), epochs=9)
    best = int(np.argmin(network.history["loss"]))
    assert f.Model.load(tmp_path / "run").history["loss"] == network.history["loss"][: best + 1]


# Refusals


def refused(tmp_path, error, words, network=None, *callbacks, saving=None, **arguments):
    """A fit fails before its first epoch; model and file are as they were."""
    network, count = network or model(), Count()
    before = network.network.params.copy() if network.built else None
    files = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(error, match=words):
        run(tmp_path / "run", *callbacks, count, network=network, saving=saving, **arguments)
    assert count.epochs == []
    assert files == {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert network.history.epoch == []
    if before is None:
        assert not network.built
    else:
        np.testing.assert_array_equal(network.network.params, before)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    run(tmp_path / "run", epochs=2)
    where = "is a checkpoint of another model: "
    refused(tmp_path, CheckpointError, f"{where}the model.seed is 4", model(seed=4))
    refused(tmp_path, CheckpointError, f"{where}the model.loss is 'mse'", model(loss="mse").build(3))
    refused(tmp_path, CheckpointError, r"optimizer.learning_rate is 0.1 .* and 0.02", model(optimizer=f.SGD(0.1, 0.9)))
    layers = [f.Dense(6, "tanh"), f.Dropout(0.2), f.Dense(1)]
    other = f.Model(layers, optimizer=f.SGD(0.02, momentum=0.9), seed=3)
    refused(tmp_path, CheckpointError, r"layers\[0\].units is 6 .* here and 5 .* there in the file", other)
    saving = Checkpoint(tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"the shape of its inputs\[0\] is 2"):
        model().fit(X[:, :2], Y, callbacks=[saving])
    with pytest.raises(CheckpointError, match="its dtype is 'float32'"):
        model().fit(X.astype(np.float32), Y, callbacks=[saving])


def test_a_damaged_checkpoint_is_refused(tmp_path):
    run(tmp_path / "run", epochs=2)
    content = bytearray((tmp_path / "run").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "run").write_bytes(content)
    refused(tmp_path, CheckpointError, "is damaged")
    refused(tmp_path, CheckpointError, "is damaged", model().build(3))


def test_what_a_callback_remembers_finds_it_again(tmp_path):
    run(tmp_path / "run", EarlyStopping("loss"), epochs=2)
    refused(tmp_path, CheckpointError, "holds what a callback EarlyStopping remembers.*Give another path")
    network = run(tmp_path / "run", ReduceLROnPlateau("loss"), EarlyStopping("loss", patience=9), epochs=4)
    assert network.history.epoch == [1, 2, 3, 4]


def test_a_path_that_cannot_be_written_fails_before_training(tmp_path):
    (tmp_path / "folder").mkdir()
    for path, error in (("none/run", FileNotFoundError), ("folder", IsADirectoryError)):
        refused(tmp_path, error, path, saving=Checkpoint(tmp_path / path))


def test_a_model_that_cannot_be_written_fails_before_training(tmp_path):
    refused(tmp_path, TypeError, r"metrics\[0\]", model(metrics=[lambda y_true, y_pred: 0.0]))


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        Checkpoint(tmp_path / "run", every=0)
    with pytest.raises(TypeError, match="every must be an integer"):
        Checkpoint(tmp_path / "run", every=1.5)
    with pytest.raises(TypeError, match=r"path must be a str or a path, got None"):
        Checkpoint(None)
    saving = Checkpoint(tmp_path / "run", save_best_only=True)
    with pytest.raises(ValueError, match="Checkpoint monitors 'val_loss', which is not measured"):
        run(None, saving=saving)


def test_a_full_disk_ends_the_fit_with_the_old_file_and_a_usable_model(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    network = run(tmp_path / "run", epochs=2)
    content = (tmp_path / "run").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path / "run", epochs=2, network=network)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["run"]
    assert (tmp_path / "run").read_bytes() == content
    assert network.history.epoch == [1, 2, 3]
    same(run(tmp_path / "run", epochs=1, network=network), run(tmp_path / "whole", epochs=4))


def test_the_screen_says_that_a_run_goes_on_or_is_finished(tmp_path, capsys, monkeypatch):
    run(tmp_path / "run", epochs=2)
    assert capsys.readouterr() == ("", "")
    run(tmp_path / "run", epochs=3)
    assert capsys.readouterr() == ("", f"Checkpoint: going on from epoch 2 of {tmp_path / 'run'}\n")
    run(tmp_path / "run", epochs=3)
    finished = f"Checkpoint: {tmp_path / 'run'} holds a finished run of"
    assert capsys.readouterr() == ("", f"{finished} 3 epochs: nothing to do\n")
    run(tmp_path / "run", StopAtEnd(), epochs=4)
    capsys.readouterr()
    run(tmp_path / "run", StopAtEnd(), epochs=9)
    assert capsys.readouterr().err == f"{finished} 4 epochs, which a callback ended: nothing to do\n"
    monkeypatch.setattr(checkpoint, "environment", lambda: {"threads": 512})
    monkeypatch.setattr(model_file, "environment", lambda: {"threads": 512})
    run(tmp_path / "run", StopAtEnd(), epochs=9)
    assert "the last bits may differ" in capsys.readouterr().err


class StopAtEnd(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True
