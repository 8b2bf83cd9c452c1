"""The playground's data: shapes, ranges, seeds, and untouched global random states."""

# ruff: noqa: NPY002 - the global state is what is tested

import random
import subprocess
import sys

import numpy as np
import plygdata
import pytest

from framework.datasets import NAMES, load

CLASSIFICATION = ("gauss", "circle", "xor", "spiral")


def test_names_are_those_of_playground_data():
    assert set(NAMES) == {value for name, value in vars(plygdata.DatasetType).items() if not name.startswith("_")}


@pytest.mark.parametrize("name", NAMES)
def test_shapes_types_and_ranges(name):
    X_train, y_train, X_valid, y_valid = load(name, train_ratio=0.8)
    n = 500 if name in CLASSIFICATION else 1200
    assert X_train.shape == (0.8 * n, 2)
    assert y_train.shape == (0.8 * n, 1)
    assert X_valid.shape == (0.2 * n, 2)
    assert y_valid.shape == (0.2 * n, 1)
    for array in (X_train, y_train, X_valid, y_valid):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.base is None
    X, y = np.concatenate([X_train, X_valid]), np.concatenate([y_train, y_valid])
    assert len(np.unique(X, axis=0)) >= n - 1  # both arms of the spiral begin at the origin
    assert np.abs(X).max() <= 6
    if name in CLASSIFICATION:
        assert sorted(np.unique(y)) == [-1, 1]
    else:
        assert y.min() < -0.9
        assert y.max() > 0.9
        assert np.abs(y).max() <= 1.2


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("reg-plane", lambda X: X.sum(axis=1) / 10),
        ("xor", lambda X: np.sign(X[:, 0] * X[:, 1])),
        ("circle", lambda X: np.where(np.hypot(*X.T) < 2.5, 1, -1)),
    ],
)
def test_targets_belong_to_their_inputs(name, target):
    X_train, y_train, X_valid, y_valid = load(name, seed=3)
    np.testing.assert_allclose(y_train[:, 0], target(X_train), atol=1e-12)
    np.testing.assert_allclose(y_valid[:, 0], target(X_valid), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_seed_and_noise_determine_the_data(name):
    first = load(name, noise=0.1, seed=5)
    random.random(), np.random.random()
    for a, b in zip(first, load(name, noise=0.1, seed=5), strict=True):
        np.testing.assert_array_equal(a, b)
    for other in (load(name, noise=0.1, seed=6), load(name, noise=0.2, seed=5)):
        assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert not np.array_equal(load(name, seed=None)[0], load(name, seed=None)[0])


def test_same_data_as_playground_data_itself_after_seeding():
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        random.seed(7)
        np.random.seed(7)
        expected = plygdata.split_data(plygdata.generate_data("gauss", 0.3), training_size=0.6)
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
    for a, b in zip(load("gauss", noise=0.3, train_ratio=0.6, seed=7), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("seed", [11, None])
def test_global_random_states_are_left_alone(monkeypatch, fails, seed):
    def failing(*args, **kwargs):
        random.random(), np.random.random()
        raise RuntimeError("no data")

    if fails:
        monkeypatch.setattr(plygdata, "split_data", failing)
    np.random.normal()  # leaves a second value waiting in the state
    python_state, numpy_state = random.getstate(), np.random.get_state()
    if fails:
        with pytest.raises(RuntimeError, match="no data"):
            load("spiral", noise=0.1, seed=seed)
    else:
        load("spiral", noise=0.1, seed=seed)
    assert random.getstate() == python_state
    for a, b in zip(np.random.get_state(), numpy_state, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("ratio", [0.001, 0.25, 1.0])
def test_train_ratio(ratio):
    X_train, y_train, X_valid, y_valid = load("reg-gauss", train_ratio=ratio)
    assert len(X_train) == len(y_train) == round(1200 * ratio)
    assert X_valid.shape == (1200 - len(X_train), 2)
    assert y_valid.shape == (1200 - len(X_train), 1)


@pytest.mark.parametrize("variant", ["reg_plane", "REG-Plane", "RegressPlane", plygdata.DatasetType.RegressPlane])
def test_spellings_of_a_name(variant):
    np.testing.assert_array_equal(load(variant)[0], load("reg-plane")[0])


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown data set 'spirale'; did you mean 'spiral' ") as error:
        load("spirale")
    assert all(name in str(error.value) for name in NAMES)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"noise": -0.1}, ValueError, "noise must be from 0 to 0.5, got -0.1"),
        ({"noise": 0.51}, ValueError, "noise must be from 0 to 0.5"),
        ({"noise": float("nan")}, ValueError, "noise must be from 0 to 0.5"),
        ({"noise": "0.1"}, TypeError, "noise must be a number, got '0.1'"),
        ({"train_ratio": 0}, ValueError, "train_ratio must be above 0 and at most 1, got 0"),
        ({"train_ratio": 1.1}, ValueError, "train_ratio must be above 0"),
        ({"train_ratio": None}, TypeError, "train_ratio must be a number"),
    ],
)
def test_arguments_out_of_range(arguments, error, message):
    with pytest.raises(error, match=message):
        load("gauss", **arguments)


def test_importing_the_module_imports_neither_matplotlib_nor_playground_data():
    code = "import sys, framework.datasets; sys.exit(any(name in sys.modules for name in ('matplotlib', 'plygdata')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
