"""Safe files: what is saved comes back whole; what is damaged, forged or foreign does not come at all."""

import errno
import io
import json
import os
import random
import resource
import shutil
import stat
import subprocess
import sys
import time
import tracemalloc
import zipfile
from contextlib import contextmanager
from hashlib import sha256

import numpy as np
import pytest

import framework as f
from framework.saving import archive, atomic_write, safetensors
from framework.saving.archive import CheckpointError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3)).astype(np.float32)
Y = np.tanh(X @ np.array([[1.0], [-2.0], [0.5]], np.float32))


def fitted(optimizer=None, dtype=None, epochs=2):
    layers = [f.Dense(4, "tanh"), f.Dropout(0.3), [f.Dense(3), "relu"], f.Dense(1, trainable=True)]
    model = f.Model(layers, optimizer=optimizer or f.SGD(0.05, momentum=0.9), metrics=["mae"], seed=7, dtype=dtype)
    return model.fit(X, Y, epochs=epochs, batch_size=5, validation_split=0.25)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A file of a fitted model."""
    path = tmp_path_factory.mktemp("honest") / "model.npz"
    fitted().save(path)
    f.Model.load(path)  # what a first load imports and caches is not memory that a file claims
    return path


def same(model, other):
    assert repr(model) == repr(other)
    assert model.network.params.dtype == other.network.params.dtype
    assert model.network.params.tobytes() == other.network.params.tobytes()
    assert model.history == other.history
    ours, theirs = model.optimizer_.state(), other.optimizer_.state()
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert [rng.bit_generator.state for rng in model.state.streams.values()] == [
        rng.bit_generator.state for rng in other.state.streams.values()
    ]


# What comes back


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", f.Optimizer.components())
def test_a_loaded_model_goes_on_as_the_saved_one_would(tmp_path, optimizer, dtype):
    model = fitted(optimizer(), dtype)
    model.save(tmp_path / "model.npz")
    twin = f.Model.load(tmp_path / "model.npz")
    same(model, twin)
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))
    for each in (model, twin):
        each.fit(X, Y, epochs=3, batch_size=7, validation_split=0.25)
    same(model, twin)


def test_a_model_without_a_seed_keeps_its_split_and_streams(tmp_path):
    model = f.Model([f.Dense(3), f.Dropout(0.5), f.Dense(1)]).fit(X, Y, validation_split=0.25)
    model.save(tmp_path / "model.npz")
    twin = f.Model.load(tmp_path / "model.npz")
    for each in (model, twin):
        each.fit(X, Y, epochs=2, validation_split=0.25)
    same(model, twin)


def test_what_was_set_since_the_last_fit_is_saved(tmp_path):
    model = fitted()
    model.learning_rate = 0.01
    model.layers[0].trainable = False
    model.optimizer.momentum = 0.5
    model.save(tmp_path / "model.npz")
    twin = f.Model.load(tmp_path / "model.npz")
    same(model, twin)
    assert twin.learning_rate == 0.01
    assert twin.optimizer_.get_params()["momentum"] == 0.5
    frozen = twin.network.view("0.W").copy()
    for each in (model, twin):
        each.fit(X, Y, epochs=2)
    same(model, twin)
    np.testing.assert_array_equal(twin.network.view("0.W"), frozen)


def test_an_unbuilt_model_keeps_its_arguments(tmp_path):
    model = f.Model([f.Dense(2), "relu"], loss="mse", seed=1)
    model.save(tmp_path / "model.npz")
    twin = f.Model.load(tmp_path / "model.npz")
    assert repr(twin) == repr(model)
    assert not twin.built


def test_saving_twice_gives_the_same_bytes_and_changes_nothing(tmp_path):
    model = fitted()
    for name in ("one", "two"):
        model.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    f.Model.load(tmp_path / "one").save(tmp_path / "three")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "three").read_bytes()
    same(model, fitted())


def test_numpy_reads_the_file_and_it_says_where_everything_lies(honest):
    model = f.Model.load(honest)
    with np.load(honest, allow_pickle=False) as file:
        params, document = file["params"], json.loads(file["checkpoint.json"])
        np.testing.assert_array_equal(file["slots.velocity"], model.optimizer_.state()["velocity"])
    np.testing.assert_array_equal(params, model.network.params)
    for entry in document["state"]["layout"]:
        part = params[entry["start"] :][: np.prod(entry["shape"], dtype=int)]
        values = part.reshape(entry["shape"][::-1]).T if entry["transposed"] else part.reshape(entry["shape"])
        np.testing.assert_array_equal(values, model.network.view(entry["name"]))
    assert document["format"] == "playground-framework"
    assert document["version"] == 3
    assert document["written_with"]["numpy"] == np.__version__
    assert document["written_with"]["threads"] >= 1


class Shifted(f.Activation, registered=False):
    def __call__(self, z, out=None):
        return np.add(z, 1, out)

    def derivative(self, z, a, out=None):
        return np.ones_like(z)


def test_a_class_of_ones_own_is_passed_or_named(tmp_path):
    path = tmp_path / "model.npz"
    f.Model([f.Dense(2, Shifted())], seed=0).build(3).save(path)
    with pytest.raises(CheckpointError, match=r"unknown activation 'shifted'.*classes="):
        f.Model.load(path)
    assert type(f.Model.load(path, [Shifted]).layers[0].activation) is Shifted
    with pytest.raises(TypeError, match="classes must be classes of components"):
        f.Model.load(path, [print])  # type: ignore[list-item]


@pytest.mark.usefixtures("restored_registry")
@pytest.mark.parametrize(
    ("layers", "family", "name"),
    [
        (lambda: [f.Dense(2, "named")], f.Activation, "named"),
        (lambda: ["named", f.Dense(2)], f.Activation, "named"),
        (lambda: [f.Residual([f.Dense(3), "named"])], f.Activation, "named"),
        (lambda: [f.Dense(2, weight_initializer="drawn")], f.Initializer, "drawn"),
    ],
)
def test_a_class_of_ones_own_that_stands_by_name_is_passed_or_named(tmp_path, monkeypatch, layers, family, name):
    class Named(f.Activation):
        def __call__(self, z):
            return z + 1

        def derivative(self, z, a):
            return np.ones_like(z)

    class Drawn(f.Initializer):
        def __call__(self, shape, rng):
            return rng.uniform(size=shape)

    path = tmp_path / "model.npz"
    model = f.Model(layers(), seed=0).build(3)
    model.save(path)
    del family._registry[name]
    with pytest.raises(CheckpointError, match=rf"unknown {family.__name__.lower()} '{name}'.*[Ii]mport.*classes="):
        f.Model.load(path)
    loaded = f.Model.load(path, [Named, Drawn])
    np.testing.assert_array_equal(loaded.predict([[1.0, 2.0, 3.0]]), model.predict([[1.0, 2.0, 3.0]]))
    assert loaded.fit([[1.0, 2.0, 3.0]], np.ones((1, loaded.network.output_shape[0]))).built


def test_load_of_a_subclass_wants_that_subclass(tmp_path, honest):
    class Mine(f.Model):
        pass

    try:
        with pytest.raises(CheckpointError, match="holds a Model, not a Mine"):
            Mine.load(honest)
        Mine([f.Dense(1)]).save(tmp_path / "mine")
        assert type(f.Model.load(tmp_path / "mine")) is Mine
    finally:
        del f.Model._registry["mine"]


def test_a_function_cannot_be_saved_and_the_old_file_stays(tmp_path, honest):
    path = shutil.copy(honest, tmp_path / "model.npz")
    with pytest.raises(TypeError, match=r"metrics\[0\]"):
        f.Model([f.Dense(1)], metrics=[lambda y_true, y_pred: 0.0]).save(path)
    assert path.read_bytes() == honest.read_bytes()
    assert os.listdir(tmp_path) == ["model.npz"]


# Writing


def test_the_path_is_taken_as_given(tmp_path):
    for name in ("model", "model.npz", "model.ckpt"):
        fitted().save(str(tmp_path / name))
    assert sorted(os.listdir(tmp_path)) == ["model", "model.ckpt", "model.npz"]


def test_permissions_are_those_of_a_normal_file_or_of_the_old_one(tmp_path):
    before = os.umask(0o027)
    try:
        fitted().save(tmp_path / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(0o604)
    fitted().save(tmp_path / "old")
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o604


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    fitted().save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    same(f.Model.load(tmp_path / "folder" / "file"), fitted())


def test_a_full_disk_leaves_the_old_file(tmp_path, honest):
    path = shutil.copy(honest, tmp_path / "model.npz")
    large = f.Model([f.Dense(300), f.Dense(1)], seed=0).build(300)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            large.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == honest.read_bytes()
    assert os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_moment_leaves_the_old_file(tmp_path, honest, monkeypatch, call, error):
    path = shutil.copy(honest, tmp_path / "model.npz")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(atomic_write.os, call, fail)  # type: ignore[attr-defined]
    with pytest.raises(type(error)):
        fitted(epochs=1).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == honest.read_bytes()
    assert os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("none/model.npz", FileNotFoundError, "its folder does not exist"),
        ("", IsADirectoryError, "is a folder"),
        ("file/model.npz", FileNotFoundError, "its folder does not exist"),
    ],
)
def test_a_path_that_cannot_be_written_is_named(tmp_path, path, error, words):
    (tmp_path / "file").touch()
    for call in (fitted().save, atomic_write.check_writable):
        with pytest.raises(error, match=words) as caught:
            call(tmp_path / path)
        assert caught.value.filename == str(tmp_path / path)
    assert os.listdir(tmp_path) == ["file"]


def test_leftovers_of_the_dead_are_removed_and_only_those(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    machine, here = atomic_write._machine(), os.getpid()
    gone = [f".model.npz.{machine}.{dead.pid}.0a.tmp", f".model.npz.{machine}.{here}.0b.tmp", ".model.npz.0.1.0c.tmp"]
    kept = [f".model.npz.{machine}.1.0d.tmp", f".model.npz.0.{dead.pid}.0e.tmp", f".other.{machine}.{dead.pid}.0f.tmp"]
    kept += ["model.npz.tmp", ".model.npz.tmp"]
    for name in gone + kept:
        (tmp_path / name).touch()
    os.utime(tmp_path / gone[-1], (time.time() - 2 * atomic_write.DAY,) * 2)
    fitted().save(tmp_path / "model.npz")
    assert set(os.listdir(tmp_path)) == {*kept, "model.npz"}


# Damaged, forged and foreign files


def sealed(content):
    """Return `content`, with an end that is no seal or a wrong one, with the right one."""
    body = content[: -archive.SEAL_SIZE]
    return body + archive.SEAL + sha256(body).hexdigest().encode()


def rewritten(path, change=lambda entries: entries, **arguments):
    """Return the bytes of a sealed archive with changed entries ``[(name, bytes), ...]``."""
    with zipfile.ZipFile(path) as file:
        entries = [(name, file.read(name)) for name in file.namelist()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **arguments) as file:
        file.comment = b" " * archive.SEAL_SIZE
        for name, content in change(entries):
            file.writestr(zipfile.ZipInfo(name), content, arguments.get("compression"))
    return sealed(buffer.getvalue())


def with_document(path, change):
    def changed(entries):
        document = json.loads(entries[0][1])
        document = change(document) or document
        return [(entries[0][0], json.dumps(document).encode()), *entries[1:]]

    return rewritten(path, changed)


def with_array(name, **other):
    """Return a change that gives the array `name` another header, or other elements."""

    def change(entries):
        def one(content):
            array = np.load(io.BytesIO(content))
            if "array" in other:
                buffer = io.BytesIO()
                np.save(buffer, other["array"](array), allow_pickle=True)
                return buffer.getvalue()
            for old, new in other["header"](array):
                header = content[:127].replace(old.encode(), new.encode()).rstrip().ljust(127)
                assert header != content[:127]
                content = header + content[127:]
            return content

        return [(entry, one(content) if entry == f"{name}.npy" else content) for entry, content in entries]

    return change


def test_resealing_and_rewriting_alone_change_nothing(tmp_path, honest):
    assert sealed(honest.read_bytes()) == honest.read_bytes()
    (tmp_path / "again").write_bytes(rewritten(honest))
    same(f.Model.load(tmp_path / "again"), f.Model.load(honest))


def put(*keys, value):
    def change(document):
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value

    return change


def drop(*keys):
    def change(document):
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]

    return change


FORGED = {
    "shape too large": (with_array("params", header=lambda a: [(f"({a.size},)", "(999999999999,)")]), "claims float32"),
    "shape of many axes": (with_array("params", header=lambda a: [(f"({a.size},)", "(9,9,9,9,9)")]), "claims float32"),
    "negative shape": (with_array("params", header=lambda a: [(f"({a.size},)", "(-1,)")]), "no array of plain numbers"),
    "wider dtype": (with_array("params", header=lambda a: [("<f4", "<f8")]), "claims float64"),
    "integer parameters": (with_array("params", header=lambda a: [("<f4", "<i4")]), "parameters are int32"),
    "unknown dtype": (with_array("params", header=lambda a: [("<f4", "<f1")]), "data type"),
    "objects": (with_array("params", array=lambda a: np.array([print, 1], object)), "no array of plain numbers"),
    "text": (with_array("params", array=lambda a: a.astype("U9")), "no array of plain numbers"),
    "Fortran order": (with_array("params", array=lambda a: np.asfortranarray(a.reshape(5, -1))), "no array of plain"),
    "code in the header": (with_array("params", header=lambda a: [("'<f4'", "print")]), "no array of plain numbers"),
    "too short a vector": (with_array("params", array=lambda a: a[:-1]), "have 35 parameters, got a vector of shape"),
    "a matrix": (with_array("params", array=lambda a: a.reshape(1, -1)), "have 35 parameters, got a vector of shape"),
    "double parameters": (with_array("params", array=lambda a: np.tile(a, 2)), "have 35 parameters"),
    "short slots": (with_array("slots.velocity", array=lambda a: a[:1]), "slots of shapes"),
    "no document": (lambda entries: entries[1:], "has no checkpoint.json"),
    "no parameters": (lambda entries: [e for e in entries if e[0] != "params.npy"], "no array 'params'"),
    "no slots": (lambda entries: entries[:2], "a config cannot hold"),
    "an array too many": (
        lambda entries: [*entries, ("more.npy", entries[1][1])],
        "nothing refers to its array 'more'",
    ),
    "text that is no JSON": (lambda entries: [(entries[0][0], b"{"), *entries[1:]], "no checkpoint"),
    "NaN in JSON": (lambda entries: [(entries[0][0], b'{"format": NaN}'), *entries[1:]], "holds NaN"),
    "a list in JSON": (lambda entries: [(entries[0][0], b"[]"), *entries[1:]], "holds no object"),
    "endless nesting": (lambda entries: [(entries[0][0], b"[" * 100_000), *entries[1:]], "no checkpoint"),
    "a digit too many": (
        lambda entries: [(entries[0][0], b'{"a": ' + b"9" * 9999 + b"}"), *entries[1:]],
        "no checkpoint",
    ),
}
DOCUMENTS = {
    "other format": (put("format", value="keras"), "not one of this framework's files"),
    "newer version": (put("version", value=4), "format version 4, this framework reads 3"),
    "older version": (
        put("version", value=1),
        "format version 1, this framework reads 3: load it with the version that wrote it",
    ),
    "no model": (put("model", value=None), "describes no model"),
    "a layer for a model": (put("model", value={"family": "Layer", "name": "flatten", "arguments": {}}), "no model"),
    "class of a model": (drop("model", "arguments"), "describes no model"),
    "unknown layer": (
        put("model", "arguments", "layers", 0, "name", value="dence"),
        "unknown layer 'dence'; did you mean",
    ),
    "unknown family": (put("model", "arguments", "loss", value={"family": "os", "name": "x"}), "unknown family"),
    "wider layer": (put("model", "arguments", "layers", 0, "arguments", "units", value=5), "parameters, got a vector"),
    "gigantic layer": (put("model", "arguments", "layers", 0, "arguments", "units", value=10**12), "got a vector"),
    "other units of one size": (put("state", "layout", 0, "shape", value=[3, 4]), r"layout\[0\].shape\[0\] is 4"),
    "gigantic input": (put("state", "input_shape", value=[10**12]), "got a vector of shape"),
    "negative input": (put("state", "input_shape", value=[-3]), "input_shape must be at least 1"),
    "seed": (put("model", "arguments", "seed", value=-1), "seed must be at least 0"),
    "missing key": (drop("state", "random"), "the state must have input_shape"),
    "extra key": (put("more", value=1), "the document must have format"),
    "other optimizer": (
        put("state", "optimizer", value={"family": "Optimizer", "name": "adam", "arguments": {}}),
        "Adam",
    ),
    "step": (put("state", "slots", "dict", 0, 1, value=-1), "step must be at least 0"),
    "step of text": (put("state", "slots", "dict", 0, 1, value="1"), "step must be an integer"),
    "history": (put("state", "history", "dict", 1, 1, "dict", 0, 1, value=[1.0]), "history of 2 epochs has 1 values"),
    "history of text": (put("state", "history", "dict", 1, 1, "dict", 0, 1, value=["a", "b"]), "could not convert"),
    "stream missing": (drop("state", "random", "dict", 1), "random streams"),
    "generator": (put("state", "random", "dict", 0, 1, "dict", 0, 1, value="MT19937"), "PCG64"),
    "generator state": (
        put("state", "random", "dict", 0, 1, "dict", 1, 1, "dict", 0, 1, value=2**200),
        "cannot be loaded",
    ),
    "split": (put("state", "split", "dict", 0, 1, value="x"), "cannot be loaded"),
    "run": (put("run", value={"finished": True}), "the run must have"),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_entries_are_refused(tmp_path, honest, case):
    change, words = FORGED[case]
    refused(tmp_path, rewritten(honest, change), words)


@pytest.mark.parametrize("case", DOCUMENTS)
def test_forged_documents_are_refused(tmp_path, honest, case):
    change, words = DOCUMENTS[case]
    refused(tmp_path, with_document(honest, change), words)


@contextmanager
def memory_traced():
    """Give a function that tells the peak of what was allocated since its last call."""

    def peak():
        now, highest = tracemalloc.get_traced_memory()
        before, base[0] = base[0], now
        tracemalloc.reset_peak()
        return highest - before

    tracemalloc.start()
    base = [0]
    try:
        yield peak
    finally:
        tracemalloc.stop()


def refused(tmp_path, content, words):
    path = tmp_path / "forged.npz"
    path.write_bytes(content)
    peaks = []
    for _ in range(2):  # a table of Python's own, as of interned strings, may grow at the first: once, and by as much
        with memory_traced() as peak:
            with pytest.raises(CheckpointError, match=words) as caught:
                f.Model.load(path)
            peaks.append(peak())
    assert min(peaks) < 4 * len(content) + 50_000
    assert str(path) in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_forged_directories_are_refused(tmp_path, honest):
    refused(tmp_path, rewritten(honest, lambda entries: [*entries, entries[-1]]), "is there twice")
    refused(tmp_path, rewritten(honest, compression=zipfile.ZIP_DEFLATED), "is compressed or encrypted")
    bomb = rewritten(honest, lambda entries: [*entries, ("bomb.npy", bytes(10**8))], compression=zipfile.ZIP_DEFLATED)
    refused(tmp_path, bomb, "is compressed or encrypted")

    content = bytearray(honest.read_bytes())
    last = content.rindex(b"PK\x01\x02")
    for offset, words in ((20, "claims"), (24, "claims"), (16, "checksum"), (42, "does not begin where"), (46, "name")):
        forged = bytearray(content)
        forged[last + offset] ^= 0x40
        refused(tmp_path, sealed(bytes(forged)), words)

    directory = content.index(b"PK\x01\x02")
    hidden = content[:directory] + b"hidden" + content[directory:]
    at = len(hidden) - archive.SEAL_SIZE - 6
    hidden[at : at + 4] = (directory + 6).to_bytes(4, "little")
    refused(tmp_path, sealed(bytes(hidden)), "bytes that belong to no entry")
    refused(tmp_path, sealed(b"PK\x03\x04" + bytes(content)), "does not begin where")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not begin as a .npz file"),
        (b"PK", "does not begin as a .npz file"),
        (b"PK\x03\x04", "cut off or from another program"),
        (b"PK\x03\x04" + archive.SEAL + b"0" * 64, "is damaged"),
        (sealed(b"PK\x03\x04" + bytes(100)), "is no checkpoint: File is not a zip file"),
        (b"\x80\x04\x95 a pickle", "does not begin as a .npz file"),
        (b"x,y\n" * 1000, "does not begin as a .npz file"),
    ],
)
def test_foreign_files_are_refused(tmp_path, content, words):
    refused(tmp_path, content, words)


def test_foreign_archives_are_refused(tmp_path):
    np.savez(tmp_path / "arrays.npz", params=np.zeros(3))
    refused(tmp_path, (tmp_path / "arrays.npz").read_bytes(), "cut off or from another program")
    np.savez_compressed(tmp_path / "objects.npz", params=np.array([print], object))
    refused(tmp_path, (tmp_path / "objects.npz").read_bytes(), "cut off or from another program")


def test_a_missing_file_and_a_folder_are_what_python_calls_them(tmp_path):
    with pytest.raises(FileNotFoundError):
        f.Model.load(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        f.Model.load(tmp_path)


def mutant(content, rng):
    """Return `content` with one random damage."""
    data = bytearray(content)
    at, length = rng.randrange(len(data)), rng.choice([1, 2, 8, 64, 512])
    kind = rng.randrange(8)
    if kind <= 2:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 3:
        data[at : at + length] = rng.randbytes(length)
    elif kind == 4:
        del data[at:]
    elif kind == 5:
        del data[at : at + length]
    elif kind == 6:
        data[at:at] = rng.choice([rng.randbytes(length), bytes(length), data[at : at + length]])
    else:
        start = rng.randrange(len(data))
        data[at : at + length] = data[start : start + length]
    return bytes(data)


def test_no_mutant_loads_or_raises_anything_else_or_allocates_much(tmp_path, honest):
    content, path, rng = honest.read_bytes(), tmp_path / "mutant.npz", random.Random(0)
    f.Model.load(honest)
    mutants = [data for data in (mutant(content, rng) for _ in range(4000)) if data != content]
    assert len(mutants) > 3900
    with memory_traced() as peak:
        for data in mutants:
            path.write_bytes(data)
            peak()
            with pytest.raises(CheckpointError):
                f.Model.load(path)
            assert peak() < 2 * len(content)


def test_no_mutant_of_a_large_file_allocates_twice_its_size(tmp_path):
    path = tmp_path / "large.npz"
    f.Model([f.Dense(500)], optimizer="adam", seed=0).build(500).save(path)
    content, rng = path.read_bytes(), random.Random(1)
    mutants = [mutant(content, rng) for _ in range(20)]
    mutants += [sealed(data) for data in mutants]
    with memory_traced() as peak:
        for data in mutants:
            if data != content:
                path.write_bytes(data)
                peak()
                with pytest.raises(CheckpointError):
                    f.Model.load(path)
                assert peak() < 2 * len(content)


def test_a_sealed_mutant_raises_nothing_but_checkpoint_error(tmp_path, honest):
    content, path, rng = honest.read_bytes(), tmp_path / "mutant.npz", random.Random(2)
    end = len(content) - archive.SEAL_SIZE
    refusals = 0
    for _ in range(1500):
        path.write_bytes(sealed(mutant(content[:end], rng) + content[end:]))
        try:
            f.Model.load(path)
        except CheckpointError:
            refusals += 1
    assert refusals > 1200


JUNK = [None, True, -1, 0, 3, 10**12, 2**70, 1e308, "", "params", "Dense", [], [1], {}, {"family": "Layer"}, [[[]]]]


def places(value, path=()):
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def test_a_document_with_junk_anywhere_raises_nothing_but_checkpoint_error(tmp_path, honest):
    with zipfile.ZipFile(honest) as file:
        paths = list(places(json.loads(file.read(archive.DOCUMENT))))[1:]
    path, rng, refusals = tmp_path / "junk.npz", random.Random(3), 0
    with memory_traced() as peak:
        for i, where in enumerate(paths * 2):
            change = drop(*where) if i % 5 == 0 else put(*where, value=rng.choice(JUNK))
            path.write_bytes(with_document(honest, change))
            peak()
            try:
                f.Model.load(path)
            except CheckpointError:
                refusals += 1
            assert peak() < 200_000, where
    assert refusals > len(paths) / 2


# Weights alone


def test_weights_as_safetensors(tmp_path):
    from safetensors.numpy import load_file

    model, other = fitted(), f.Model.load_weights
    model.save_weights(tmp_path / "weights.safetensors")
    tensors = load_file(tmp_path / "weights.safetensors")
    assert set(tensors) == {"0.W", "0.b", "2.0.W", "2.0.b", "3.W", "3.b"}
    assert tensors["0.W"].shape == (4, 3)
    for name, view in model.network.views.items():
        np.testing.assert_array_equal(tensors[name], view)
    other = fitted(epochs=1)
    other.load_weights(tmp_path / "weights.safetensors")
    np.testing.assert_array_equal(other.network.params, model.network.params)


def test_safetensors_gives_arrays_in_the_order_of_the_names(tmp_path):
    arrays = {"b": np.arange(3.0), "a": np.ones((2, 2), np.float32)}
    safetensors.save(arrays, tmp_path / "weights")
    for names in (["a", "b"], ["b", "a"]):
        loaded = safetensors.load(tmp_path / "weights", names)
        for name, array in zip(names, loaded, strict=True):
            np.testing.assert_array_equal(array, arrays[name])
    for names in (["a"], ["a", "b", "c"], []):
        with pytest.raises(CheckpointError, match="it has a, b; this model has"):
            safetensors.load(tmp_path / "weights", names)


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    from safetensors.numpy import save

    model = fitted()
    before = model.network.params.copy()
    fitting = {name: np.zeros(view.shape, np.float32) for name, view in model.network.views.items()}
    missing = {name: array for name, array in fitting.items() if name != "3.b"}
    for content, words in [
        (save(missing), r"it has 0.W, 0.b.*; this model has"),
        (save({**fitting, "4.b": np.zeros(1)}), "it has"),
        (save({**fitting, "3.W": np.zeros((3, 1))}), r"3.W has shape \(1, 3\), got"),
        (save({**fitting, "3.b": np.array([np.nan])}), "3.b holds nan"),
        (save(fitting)[:-1], "cannot be loaded"),
        (b"", "cannot be loaded"),
    ]:
        (tmp_path / "weights").write_bytes(content)
        with pytest.raises(CheckpointError, match=words):
            model.load_weights(tmp_path / "weights")
    np.testing.assert_array_equal(model.network.params, before)
