"""Files are written over regular files only, and the same way by everything that writes."""

import os
import socket
import stat

import numpy as np
import pytest

import framework as f
from framework.callbacks import Checkpoint, CSVLogger, LambdaCallback
from framework.saving import atomic_write
from framework.saving.archive import CheckpointError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = X[:, :1]


def fitted(*callbacks):
    return f.Model([f.Dense(1)], seed=0).fit(X, Y, epochs=2, callbacks=list(callbacks))


def never(epoch, logs):
    raise AssertionError("training has begun")


NEVER = LambdaCallback(on_epoch_begin=never)

WRITERS = {
    "save": lambda path: fitted().save(path),
    "save_weights": lambda path: fitted().save_weights(path),
    "Checkpoint": lambda path: fitted(Checkpoint(path), NEVER),
    "Checkpoint, resume=False": lambda path: fitted(Checkpoint(path, resume=False), NEVER),
    "CSVLogger": lambda path: fitted(CSVLogger(path), NEVER),
    "CSVLogger, append=True": lambda path: fitted(CSVLogger(path, append=True), NEVER),
    "check_writable": atomic_write.check_writable,
}


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


OTHERS = {
    "pipe": (os.mkfifo, "is a named pipe"),
    "socket": (make_socket, "is a socket"),
    "folder": (os.mkdir, "is a folder"),
    "device": (lambda path: os.symlink("/dev/null", path), "is a device"),
}


@pytest.mark.parametrize("through_a_link", [False, True])
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", OTHERS)
def test_only_regular_files_are_replaced(tmp_path, monkeypatch, kind, writer, through_a_link):
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    make, words = OTHERS[kind]
    make("other")
    path = tmp_path / "other"
    if through_a_link:
        (tmp_path / "link").symlink_to("other")
        path = tmp_path / "link"
    before = os.lstat("other"), os.stat("other").st_mode
    with pytest.raises(OSError, match=words) as error:
        WRITERS[writer](path)
    assert error.value.filename == str(path)
    after = os.lstat("other"), os.stat("other").st_mode
    assert (before[0].st_ino, before[0].st_mode, before[1]) == (after[0].st_ino, after[0].st_mode, after[1])
    assert set(os.listdir(tmp_path)) <= {"other", "link"}


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_devices_stay_what_they_are(device):
    if not os.path.exists(device) or stat.S_ISREG(os.stat(device).st_mode):
        pytest.skip(f"there is no such device as {device}")
    mode = os.stat(device).st_mode
    with pytest.raises(OSError, match="is a device"):
        fitted().save(device)
    assert os.stat(device).st_mode == mode


@pytest.mark.parametrize("writer", WRITERS)
def test_a_read_only_file_is_not_replaced(tmp_path, monkeypatch, writer):
    path = tmp_path / "file"
    path.write_bytes(b"mine")
    path.chmod(0o444)
    access = os.access
    # A superuser may write everywhere, so the answer is given here.
    monkeypatch.setattr(os, "access", lambda at, mode: mode != os.W_OK and access(at, mode))
    with pytest.raises(PermissionError, match="read-only"):
        WRITERS[writer](path)
    assert path.read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("writer", ["save", "save_weights", "Checkpoint", "CSVLogger", "CSVLogger, append=True"])
@pytest.mark.parametrize("exists", [False, True])
def test_a_link_stays_and_its_file_is_written(tmp_path, monkeypatch, writer, exists):
    monkeypatch.setattr(NEVER, "on_epoch_begin", lambda epoch, logs: None)
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "file", tmp_path / "link"
    link.symlink_to(target)
    if exists and "Checkpoint" not in writer:
        target.touch()
    WRITERS[writer](link)
    assert link.is_symlink()
    assert target.stat().st_size > 20
    assert os.listdir(tmp_path / "folder") == ["file"]


def test_a_circle_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=r"link|loop"):
        fitted().save(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for load in (f.Model.load, fitted().load_weights):
        with pytest.raises(CheckpointError, match="is a named pipe"):
            load(tmp_path / "pipe")
        with pytest.raises(CheckpointError, match="is a device"):
            load("/dev/zero")
