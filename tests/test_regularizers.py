"""Penalties and constraints: values, gradients, and both in training."""

from __future__ import annotations

import numpy as np
import pytest

from framework import Callback, Dense, Model
from framework.constraints import Constraint, MaxNorm, NonNegative, UnitNorm
from framework.optimizers import SGD
from framework.regularizers import L1, L1L2, L2, Orthogonal, Regularizer

pytestmark = pytest.mark.usefixtures("strict_floats")

REGULARIZERS = [cls for cls in Regularizer.components() if cls.__module__.startswith("framework.")]
CONSTRAINTS = [cls for cls in Constraint.components() if cls.__module__.startswith("framework.")]
SHAPES = [(4,), (1, 1), (3, 5), (5, 3), (2, 3, 2)]


def test_values(rng):
    w = rng.normal(size=(3, 4))
    rows = [float(np.sum(row @ row)) for row in w]
    assert L1(0.3)(w) == pytest.approx(0.3 * sum(abs(x) for x in w.flat))
    assert L2(0.3)(w) == pytest.approx(0.3 * sum(rows))
    assert L1L2(0.2, 0.3)(w) == pytest.approx(L1(0.2)(w) + L2(0.3)(w))
    expected = sum((w[i] @ w[j] - (i == j)) ** 2 for i in range(3) for j in range(3))
    assert Orthogonal(0.3)(w) == pytest.approx(0.3 * expected)
    assert Orthogonal(0.3)(w.T) == pytest.approx(0.3 * expected)


def test_arguments():
    assert [repr(cls(strength=0.3)) for cls in (L1, L2, Orthogonal)] == [
        "L1(strength=0.3)",
        "L2(strength=0.3)",
        "Orthogonal(strength=0.3)",
    ]
    assert repr(L1L2(l1=0.2, l2=0.3)) == "L1L2(l1=0.2, l2=0.3)"


def test_names():
    names = {"l1": L1, "l2": L2, "l1_l2": L1L2, "orthogonal": Orthogonal}
    assert {name: type(Regularizer.of(name)) for name in names} == names
    others = {"max_norm": MaxNorm, "non_negative": NonNegative, "unit_norm": UnitNorm}
    assert {name: type(Constraint.of(name)) for name in others} == others


@pytest.mark.parametrize("cls", REGULARIZERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
class TestEveryRegularizer:
    def test_gradient_is_that_of_the_penalty(self, cls, shape, rng):
        w, regularizer, h = rng.normal(size=shape), cls(), 1e-5
        expected = np.empty(shape)
        for at in np.ndindex(shape):
            up, down = w.copy(), w.copy()
            up[at] += h
            down[at] -= h
            expected[at] = (regularizer(up) - regularizer(down)) / (2 * h)
        np.testing.assert_allclose(regularizer.gradient(w), expected, rtol=1e-6, atol=1e-9)

    def test_memory_order_and_dtype(self, cls, shape, rng):
        w, regularizer = rng.normal(size=shape), cls()
        turned = np.asfortranarray(w)
        turned.flags.writeable = False
        assert regularizer(turned) == pytest.approx(regularizer(w))
        np.testing.assert_allclose(regularizer.gradient(turned), regularizer.gradient(w), rtol=1e-12)
        single = regularizer.gradient(w.astype(np.float32))
        assert (single.dtype, single.shape) == (np.float32, shape)
        assert isinstance(regularizer(w.astype(np.float32)), float)


def test_orthogonal_is_least_where_rows_are(rng):
    for shape in ((3, 5), (5, 3), (4, 4)):
        Q = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))[0]
        Q = Q if shape[0] >= shape[1] else Q.T
        assert Orthogonal(1.0)(Q) == pytest.approx(0, abs=1e-12)
        np.testing.assert_allclose(Orthogonal(1.0).gradient(Q), 0, atol=1e-12)


@pytest.mark.parametrize("cls", REGULARIZERS, ids=lambda cls: cls.__name__)
def test_arguments_are_checked(cls):
    for name in cls().get_params():
        with pytest.raises(ValueError, match=f"{cls.__name__}: {name} must be a finite number at least 0, got -1"):
            cls(**{name: -1})
        with pytest.raises(TypeError, match=f"{cls.__name__}: {name} must be a number"):
            cls(**{name: "a"})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestConstraints:
    def test_non_negative(self, dtype):
        w = np.array([[-1, 0.5], [2, -0.0]], dtype)
        np.testing.assert_array_equal(NonNegative()(w), [[0, 0.5], [2, 0]])
        assert NonNegative()(w).dtype == dtype

    def test_max_norm_works_on_rows(self, dtype):
        w = np.array([[3, 4], [0.3, 0.4], [0, 0]], dtype)
        np.testing.assert_allclose(MaxNorm(1)(w), [[0.6, 0.8], [0.3, 0.4], [0, 0]], rtol=1e-6)
        assert MaxNorm(1)(w).dtype == dtype

    def test_unit_norm_works_on_rows(self, dtype):
        w = np.array([[3, 4], [0.3, -0.4], [0, 0]], dtype)
        np.testing.assert_allclose(UnitNorm()(w), [[0.6, 0.8], [0.6, -0.8], [0, 0]], rtol=1e-6)
        assert UnitNorm()(w).dtype == dtype

    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    @pytest.mark.parametrize("cls", CONSTRAINTS, ids=lambda cls: cls.__name__)
    def test_a_projection_done_twice_is_done_once(self, cls, shape, dtype, rng):
        w = (3 * rng.normal(size=shape)).astype(dtype)
        kept = w.copy()
        once = cls()(w)
        np.testing.assert_array_equal(w, kept)
        assert (once.shape, once.dtype) == (shape, dtype)
        np.testing.assert_allclose(cls()(once), once, rtol=1e-6)


def test_norms_are_those_of_rows_and_of_the_whole_where_there_is_one_axis():
    np.testing.assert_allclose(UnitNorm()(np.array([3.0, 4.0])), [0.6, 0.8])
    w = np.ones((2, 3, 3)) * [[[1.0]], [[2.0]]]
    np.testing.assert_allclose(UnitNorm()(w), np.full((2, 3, 3), 1 / 3))


def test_max_norm_checks_its_argument():
    with pytest.raises(ValueError, match="MaxNorm: max_value must be a finite number above 0, got 0"):
        MaxNorm(0)


class TestInTraining:
    def model(self, **arguments):
        layers = [Dense(4, "tanh", **arguments), Dense(1, bias_regularizer="l1")]
        return Model(layers, optimizer=SGD(0.1, momentum=0.9), seed=4).build(3)

    @pytest.fixture
    def data(self, rng):
        return rng.normal(size=(20, 3)), rng.normal(size=(20, 1))

    def test_the_loss_includes_the_penalty(self, data):
        model = self.model(weight_regularizer=L2(0.1), bias_regularizer="l1_l2")
        plain = self.model()
        plain.set_weights(model.get_weights())

        W, b, _, c = model.get_weights()
        penalty = L2(0.1)(W) + L1L2()(b) + L1()(c)
        values = model.evaluate(*data)
        assert values["penalty"] == pytest.approx(penalty)
        assert values["loss"] - values["penalty"] == pytest.approx(plain.evaluate(*data)["loss"] - L1()(c))

        expected = [L2(0.1).gradient(W), L1L2().gradient(b)]
        differences = [a - b for a, b in zip(model.gradients(*data), plain.gradients(*data), strict=True)]
        np.testing.assert_allclose(differences[0], expected[0], atol=1e-14)
        np.testing.assert_allclose(differences[1], expected[1], atol=1e-14)

        model.fit(*data, validation_data=data, epochs=3, batch_size=20)
        assert set(model.history) >= {"loss", "penalty", "val_loss", "val_penalty"}
        assert model.history["loss"][0] == pytest.approx(values["loss"])
        assert model.history["penalty"][0] == pytest.approx(penalty)
        assert model.history["val_penalty"][0] == pytest.approx(model.history["penalty"][1])

    def test_a_regularizer_shrinks(self, data):
        norms = []
        for strength in (0.0, 0.1):
            model = self.model(weight_regularizer=L2(strength)).fit(*data, epochs=30)
            norms.append(np.linalg.norm(model.get_weights()[0]))
        assert norms[1] < 0.9 * norms[0]

    def test_constraints_hold_after_every_step(self, data):
        class Check(Callback):
            steps = 0

            def on_batch_end(self, batch, logs=None):
                W, b = (self.model.network.view(name) for name in ("0.W", "0.b"))
                assert (np.linalg.norm(W, axis=1) <= 0.5 + 1e-12).all()
                assert (b >= 0).all()
                self.steps += 1

        check = Check()
        model = self.model(weight_constraint=MaxNorm(0.5), bias_constraint="non_negative")
        model.fit(*data, epochs=5, batch_size=6, callbacks=[check])
        assert check.steps == 20
        model.train_on_batch(*data)
        assert (np.linalg.norm(model.get_weights()[0], axis=1) <= 0.5 + 1e-12).all()

    @pytest.mark.parametrize("name", ["weight_regularizer", "bias_regularizer"])
    def test_an_unknown_regularizer_is_refused_at_once(self, name):
        with pytest.raises(ValueError, match=r"unknown regularizer 'l3'\. Known: l1, l1_l2"):
            Dense(3, **{name: "l3"})
        with pytest.raises(TypeError, match="expected a Regularizer, its name or its class, got"):
            Dense(3, **{name: 0.1})

    @pytest.mark.parametrize("name", ["weight_constraint", "bias_constraint"])
    def test_an_unknown_constraint_is_refused_at_once(self, name):
        with pytest.raises(ValueError, match="unknown constraint 'max_norms'; did you mean 'max_norm'"):
            Dense(3, **{name: "max_norms"})
