"""Initializers: distributions, shapes, seeds, and refused arguments."""

from math import pi, sqrt

import numpy as np
import pytest

from framework.initializers import (
    Constant,
    Initializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Values,
    fans,
)

NEEDS_ARGUMENTS = {"constant": Constant(0.3), "values": None}
INITIALIZERS = [NEEDS_ARGUMENTS.get(c.component_name) or c() for c in Initializer.components() if c is not Values]
each = pytest.mark.parametrize("initializer", INITIALIZERS, ids=repr)


def rng(seed=0):
    return np.random.default_rng(seed)


@each
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (5,), (1, 1), (2, 3, 4), [2, 3]], ids=str)
def test_shape_and_dtype(initializer, shape):
    values = initializer(shape, rng())
    assert values.shape == tuple(shape)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert values.flags.writeable


@each
def test_seed_alone_decides(initializer):
    np.random.seed(1)  # noqa: NPY002 - the global state must not matter
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = initializer((6, 5), rng(3))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.testing.assert_array_equal(initializer((6, 5), rng(3)), first)
    if initializer.component_name not in ("zeros", "ones", "constant"):
        generator = rng(3)
        assert (initializer((6, 5), generator) != initializer((6, 5), generator)).any()


def test_constants():
    assert (Initializer.of("zeros")((2, 3), rng()) == 0).all()
    assert (Initializer.of("ones")((2, 3), rng()) == 1).all()
    assert (Constant(-2.5)((2, 3), rng()) == -2.5).all()


# A normal distribution cut at 2 has the variance 1 - 4 density(2) / P(|x| < 2).
TRUNCATED = sqrt(1 - 4 * 0.05399096651318806 / 0.9544997361036416)
UNITS, INPUTS = 300, 100
DISTRIBUTIONS = [
    # initializer, mean, standard deviation, largest distance from the mean, fourth moment / variance^2
    ("random_normal", 0, 0.05, None, 3),
    (RandomNormal(2, 0.5), 2, 0.5, None, 3),
    ("random_uniform", 0, 0.1 / sqrt(12), 0.05, 9 / 5),
    (RandomUniform(1, 4), 2.5, 3 / sqrt(12), 1.5, 9 / 5),
    ("truncated_normal", 0, 0.05 * TRUNCATED, 0.1, 2.3683),
    (TruncatedNormal(-1, 2), -1, 2 * TRUNCATED, 4, 2.3683),
    ("glorot_normal", 0, sqrt(2 / (UNITS + INPUTS)), None, 3),
    ("glorot_uniform", 0, sqrt(2 / (UNITS + INPUTS)), sqrt(6 / (UNITS + INPUTS)), 9 / 5),
    ("he_normal", 0, sqrt(2 / INPUTS), None, 3),
    ("he_uniform", 0, sqrt(2 / INPUTS), sqrt(6 / INPUTS), 9 / 5),
    ("lecun_normal", 0, sqrt(1 / INPUTS), None, 3),
    ("lecun_uniform", 0, sqrt(1 / INPUTS), sqrt(3 / INPUTS), 9 / 5),
]


def test_every_distribution_is_tested():
    tested = {Initializer.of(row[0]).component_name for row in DISTRIBUTIONS}
    assert tested | {"zeros", "ones", "constant", "values", "orthogonal"} == set(Initializer.names())


@pytest.mark.parametrize(("initializer", "mean", "std", "limit", "kurtosis"), DISTRIBUTIONS)
@pytest.mark.parametrize("seed", [0, 1])
def test_statistics(initializer, mean, std, limit, kurtosis, seed):
    w = Initializer.of(initializer)((UNITS, INPUTS), rng(seed)) - mean
    bound = 4.5 / sqrt(w.size)  # 4.5 standard errors
    assert abs(w.mean()) < bound * std
    assert abs((w**2).mean() / std**2 - 1) < bound * sqrt(kurtosis - 1)
    assert (w**4).mean() / std**4 == pytest.approx(kurtosis, abs=0.2)
    if limit:
        assert np.abs(w).max() <= limit
        assert np.abs(w).max() > 0.99 * limit
    assert abs((w > 0).mean() - 0.5) < bound / 2


def test_fans():
    assert fans((3, 5)) == (5, 3)
    assert fans((3, 5, 2)) == (10, 3)
    assert fans((7,)) == (7, 7)


def test_no_spread_and_no_elements():
    assert (RandomNormal(3, 0)((2, 2), rng()) == 3).all()
    assert (TruncatedNormal(3, 0)((2, 2), rng()) == 3).all()
    for name in ("truncated_normal", "glorot_uniform", "he_normal"):
        assert Initializer.of(name)((0, 3), rng()).shape == (0, 3)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 4), (7,)], ids=str)
@pytest.mark.parametrize("gain", [1.0, -1.0, 2.5])
def test_orthogonal(shape, gain):
    Q = Orthogonal(gain)(shape, rng()).reshape(shape[0], -1)
    product = Q @ Q.T if Q.shape[0] <= Q.shape[1] else Q.T @ Q
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-14 * gain**2 * 10)


def test_orthogonal_prefers_no_direction():
    generator = rng(0)
    angles = np.array([np.arctan2(*Orthogonal()((2, 2), generator)[:, 0]) for _ in range(2000)])
    in_quadrants = np.histogram(angles, bins=4, range=(-pi, pi))[0]
    assert np.abs(in_quadrants - 500).max() < 4.5 * sqrt(2000 * 0.25 * 0.75)


@pytest.mark.parametrize(
    "values",
    [
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([[1, 2], [3, 4]], np.int32),
        np.array([[1, 2], [3, 4]], np.float32),
        [[1, 2], [3, 4]],
        ((1, 2), (3, 4)),
    ],
    ids=repr,
)
def test_array_is_used_as_it_is(values):
    initializer = Initializer.of(values)
    assert initializer.component_name == "values"
    assert isinstance(initializer, Values)
    assert initializer.values is values
    w = initializer((2, 2), rng())
    assert w.dtype == np.float64
    np.testing.assert_array_equal(w, [[1, 2], [3, 4]])
    w[...] = 0
    np.testing.assert_array_equal(initializer((2, 2), rng()), [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Values([1, 2])((3,), rng()), ValueError, r"\(2,\).*\(3,\)"),
        (lambda: Values([[1.0]])((1,), rng()), ValueError, r"\(1, 1\).*\(1,\)"),
        (lambda: Initializer.of([[1, 2], [3]]), ValueError, "array of numbers"),
        (lambda: Initializer.of(["1"]), TypeError, "real numbers"),
        (lambda: Initializer.of([1j]), TypeError, "real numbers"),
        (lambda: Initializer.of([1.0, float("nan")]), ValueError, "finite"),
        (lambda: Initializer.of(0.5), TypeError, "expected an Initializer"),
        (lambda: Initializer.of("he_norml"), ValueError, "did you mean 'he_normal'"),
        (lambda: Initializer.of("constant"), ValueError, r"Constant\(value=...\)"),
        (lambda: Constant("1"), TypeError, "value must be a number, got '1'"),
        (lambda: Constant(float("inf")), ValueError, "value must be a finite number, got inf"),
        (lambda: RandomNormal(stddev=-1), ValueError, "RandomNormal: stddev .* at least 0, got -1"),
        (lambda: RandomNormal(mean=float("nan")), ValueError, "mean .* got nan"),
        (lambda: TruncatedNormal(stddev=float("nan")), ValueError, "TruncatedNormal: stddev .* got nan"),
        (lambda: TruncatedNormal(stddev=None), TypeError, "stddev must be a number, got None"),
        (lambda: RandomUniform(minval=1, maxval=0), ValueError, "minval 1 is above maxval 0"),
        (lambda: RandomUniform(maxval=True), TypeError, "maxval"),
        (lambda: Orthogonal(gain="big"), TypeError, "gain"),
        (lambda: RandomNormal().set_params(stddev=-1), ValueError, "stddev"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.usefixtures("restored_registry")
def test_your_own_initializer_is_known_by_its_name():
    class Diagonal(Initializer):
        def __call__(self, shape, rng):
            return np.eye(*shape)

    np.testing.assert_array_equal(Initializer.of("diagonal")((2, 3), rng()), np.eye(2, 3))
