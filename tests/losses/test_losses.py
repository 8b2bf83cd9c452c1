"""Losses: every registered one against its definition, and each error of its targets."""

from __future__ import annotations

import copy
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.activations import Activation
from framework.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Elementwise,
    HalfSquaredError,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)

pytestmark = pytest.mark.usefixtures("strict_floats")

REFERENCES = json.loads((Path(__file__).parents[1] / "references" / "losses.json").read_text(encoding="utf-8"))["cases"]
LOSSES = [cls for cls in Loss.components() if cls.__module__.startswith("framework.")]
CANONICAL = [cls for cls in LOSSES if cls.link is not None]
REDUCTIONS = ("mean", "sum")


def batch(loss, rng, n=6, outputs=3, dtype=np.float64):
    """Return targets that `loss` accepts and predictions inside its domain, away from kinks."""
    p = rng.uniform(0.1, 0.9, (n, outputs))
    for y in (p + rng.choice([-1, 1], p.shape) * rng.uniform(0.2, 2, p.shape), 2.0 * (p > 0.4) - 1, p[:, ::-1]):
        try:
            return loss.check_targets(y.copy(), p.shape[1:], dtype), p.astype(dtype)
        except ValueError:
            continue
    return loss.check_targets(rng.integers(0, outputs, n), p.shape[1:], dtype), p.astype(dtype)


def central(f, x, h=1e-6):
    """Return the gradient of the number f(x) by central differences."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        moved = x.copy()
        moved[i] = x[i] + h
        above = f(moved)
        moved[i] = x[i] - h
        gradient[i] = (above - f(moved)) / (2 * h)
    return gradient


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("cls", LOSSES)
class TestEveryLoss:
    def test_gradient_is_that_of_the_value(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        y, p = batch(loss, rng)
        weight = rng.uniform(0, 2, len(p))
        for w in (None, weight):
            value, gradient = loss.value_and_gradient(y, p, w)
            assert value == pytest.approx(loss.value(y, p, w), rel=1e-12)
            expected = central(lambda q, w=w: loss.value(y, q, w), p)
            np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
        expected = central(lambda q: loss.per_sample(y, q).sum(), p)
        np.testing.assert_allclose(loss.gradient(y, p), expected, rtol=1e-6, atol=1e-8)

    def test_weights_are_repetition(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        y, p = batch(loss, rng, n=4)
        times = np.array([2, 0, 1, 3])
        value, gradient = loss.value_and_gradient(y, p, times.astype(float))
        again = np.repeat(np.arange(4), times)
        repeated, parts = loss.value_and_gradient(y[again], p[again])
        assert value == pytest.approx(repeated, rel=1e-12)
        expected = np.zeros_like(p)
        np.add.at(expected, again, parts)
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)

    def test_totals_add_up_over_uneven_parts(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        y, p = batch(loss, rng, n=11)
        weight = rng.uniform(0, 2, 11)
        parts = [slice(0, 4), slice(4, 5), slice(5, 11)]
        for w in (None, weight):
            totals = [loss.total(y[part], p[part], None if w is None else w[part]) for part in parts]
            total, total_weight = np.sum(totals, axis=0)
            whole = total / total_weight if reduction == "mean" else total
            assert whole == pytest.approx(loss.value_and_gradient(y, p, w)[0], rel=1e-12)
            assert total_weight == pytest.approx(11 if w is None else w.sum())

    def test_no_weight_at_all_is_zero(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        y, p = batch(loss, rng)
        value, gradient = loss.value_and_gradient(y, p, np.zeros(len(p)))
        assert value == 0
        assert not gradient.any()

    def test_buffers_and_inputs(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        for dtype in (np.float32, np.float64):
            for outputs in (2, 3):
                y, p = batch(loss, rng, outputs=outputs, dtype=dtype)
                y.flags.writeable = p.flags.writeable = False
                weight = rng.uniform(0, 2, len(p)).astype(dtype)
                for w in (None, weight):
                    value, expected = loss.value_and_gradient(y, p, w)
                    poisoned = np.full_like(p, np.nan)
                    again, gradient = loss.value_and_gradient(y, p, w, out=poisoned)
                    assert again == value
                    np.testing.assert_array_equal(gradient, expected)
                    assert gradient.dtype == expected.dtype == dtype
                    assert gradient.shape == p.shape
                    strided, _ = loss.value_and_gradient(y, np.asfortranarray(p), w)
                    assert strided == pytest.approx(value, rel=1e-6)

    def test_extremes_are_finite(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        for dtype in (np.float32, np.float64):
            y, _ = batch(loss, rng, n=2, outputs=2, dtype=dtype)
            for size in (1e4, 1.0, 0.0):
                p = np.array([[-size, size], [size, -size]], dtype)
                value, gradient = loss.value_and_gradient(y, p)
                assert np.isfinite(value)
                assert np.isfinite(gradient).all()

    def test_arguments_survive(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        y, p = batch(loss, rng)
        value = loss(y, p)
        namespace = {cls.__name__: cls}
        for other in (loss.clone(), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss)), eval(repr(loss), namespace)):
            assert other.get_params() == loss.get_params()
            assert other(y, p) == value

    def test_one_sample(self, cls, reduction, rng):
        loss = cls(reduction=reduction)
        y, p = batch(loss, rng, n=1)
        assert loss.value_and_gradient(y, p)[0] == pytest.approx(float(loss.per_sample(y, p)[0]))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("cls", CANONICAL)
class TestCanonicalPairs:
    def targets(self, cls, rng, n, outputs, dtype=np.float64):
        """Return hard and soft targets, and labels where these are accepted."""
        hard = np.eye(outputs, dtype=dtype)[rng.integers(0, outputs, n)]
        soft = rng.dirichlet(np.ones(outputs), n).astype(dtype)
        return [hard, soft, hard.argmax(axis=1)] if cls is CategoricalCrossentropy else [hard, soft]

    def test_equals_the_way_through_the_activation(self, cls, reduction, rng):
        loss, activation = cls(reduction=reduction), Activation.of(cls.link)
        z = 2 * rng.normal(size=(5, 3))
        a = activation(z)
        for y in self.targets(cls, rng, 5, 3):
            for w in (None, rng.uniform(0, 2, 5)):
                value, gradient = loss.value_and_gradient(y, a, w, logits=z, out=np.full_like(z, np.nan))
                through, grad = loss.value_and_gradient(y, a, w)
                assert value == pytest.approx(through, rel=1e-12)
                assert loss.value(y, a, w, logits=z) == pytest.approx(through, rel=1e-12)
                np.testing.assert_allclose(gradient, activation.backward(grad, z, a), rtol=1e-10, atol=1e-14)
                np.testing.assert_array_equal(loss.value_and_gradient(y, a, w, logits=z)[1], gradient)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_exact_at_any_logits(self, cls, reduction, dtype, rng):
        loss, activation = cls(reduction=reduction), Activation.of(cls.link)
        z = np.array([[1e4, -1e4], [-1e4, 1e4], [95.0, -95.0], [0.0, 1e4]], dtype)
        a = activation(z)
        z.flags.writeable = a.flags.writeable = False
        y = np.array([[0, 1], [0, 1], [0, 1], [1, 0]], dtype)
        per_sample = {"sigmoid": [20000, 0, 190, np.log(2) + 1e4], "softmax": [20000, 0, 190, 1e4]}[cls.link]
        divisor = 4 * (2 if cls is BinaryCrossentropy else 1) if reduction == "mean" else 1
        for w in (None, np.ones(4, dtype)):
            value, gradient = loss.value_and_gradient(y, a, w, logits=z)
            assert value == pytest.approx(sum(per_sample) / divisor, rel=1e-6 if dtype == np.float32 else 1e-14)
            np.testing.assert_allclose(gradient, (a - y) / divisor, rtol=1e-6)
            assert gradient.dtype == dtype
            total, weight = loss.total(y, a, w, z)
            assert total / (weight if reduction == "mean" else 1) == pytest.approx(value, rel=1e-6)

    def test_small_losses_keep_their_digits(self, cls, reduction):
        loss, activation = cls(reduction="sum"), Activation.of(cls.link)
        z = np.array([[15.0, -15.0]])
        value, _ = loss.value_and_gradient(np.array([[1.0, 0.0]]), activation(z), logits=z)
        expected = {"sigmoid": 2 * np.log1p(np.exp(-15.0)), "softmax": np.log1p(np.exp(-30.0))}[cls.link]
        assert value == pytest.approx(expected, rel=1e-9 if cls is BinaryCrossentropy else 0, abs=1e-15)


@pytest.mark.parametrize("case", REFERENCES, ids=lambda case: f"{case['loss']}-{case['arguments']['reduction']}")
def test_agrees_with_pytorch(case):
    loss = Loss.named(case["loss"])(**case["arguments"])
    y, p = np.array(case["y_true"]), np.array(case["y_pred"])
    y = loss.check_targets(y, p.shape[1:], np.float64)
    if case["from_sums"]:
        value, gradient = loss.value_and_gradient(y, Activation.of(loss.link)(p), logits=p)
    else:
        value, gradient = loss.value_and_gradient(y, p)
    assert value == pytest.approx(case["value"], rel=1e-12)
    np.testing.assert_allclose(gradient, case["gradient"], rtol=1e-9, atol=1e-15)


def test_every_loss_has_a_reference():
    assert {cls.component_name for cls in LOSSES} == {case["loss"] for case in REFERENCES}


def test_half_squared_error_of_the_tutorial():
    y, p = np.array([[0.01, 0.99]]), np.array([[1.10590597, 1.2249214]])
    value, gradient = HalfSquaredError().value_and_gradient(y, p)
    assert value == 0.5 * np.sum((p - y) ** 2) / 2
    np.testing.assert_allclose(gradient, [[1.09590597 / 2, 0.2349214 / 2]], rtol=1e-12)
    _, gradient = HalfSquaredError(reduction="sum").value_and_gradient(y, p)
    np.testing.assert_allclose(gradient, [[1.09590597, 0.2349214]], rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "y", "p", "expected"),
    [
        (HalfSquaredError(), [[1.0, 2.0]], [[3.0, 2.0]], 1.0),
        (MeanSquaredError(), [1.0, 2.0], [3.0, 2.0], 2.0),
        (MeanAbsoluteError("sum"), [1, 2], [3, 5], 5.0),
        (Huber(delta=1), [0.0, 0.0], [0.5, 3.0], (0.125 + 2.5) / 2),
        (Hinge(), [1, -1], [0.25, 0.5], (0.75 + 1.5) / 2),
        (Poisson(), [2.0], [math.e], math.e - 2),
        (Quantile(tau=0.9), [1.0, 1.0], [0.0, 2.0], 0.5),
        (BinaryCrossentropy(), [1, 0], [0.5, 0.75], (np.log(2) + np.log(4)) / 2),
        (CategoricalCrossentropy(), [0, 1], [[0.5, 0.5], [0.75, 0.25]], (np.log(2) + np.log(4)) / 2),
        (CategoricalCrossentropy(), [[1, 0]], [[0.5, 0.5]], np.log(2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_by_hand(loss, y, p, expected):
    assert loss(y, p) == pytest.approx(expected, rel=1e-12)


def test_minimum_of_the_quantile_loss_is_the_quantile(rng):
    y = rng.normal(size=(1001, 1))
    grid = np.linspace(-2, 2, 401)
    values = [Quantile(tau=0.8)(y, np.full_like(y, q)) for q in grid]
    assert grid[np.argmin(values)] == pytest.approx(np.quantile(y, 0.8), abs=0.02)


def test_log_cosh_of_small_residuals():
    residual = np.array([[1e-6]])
    assert Loss.of("log_cosh")(np.zeros((1, 1)), residual) == pytest.approx(0.5e-12, rel=1e-3)


def test_float32_totals_are_added_in_float64(rng):
    p, weight = rng.uniform(size=(2, 9999)).astype(np.float32)
    y = np.zeros((9999, 1), np.float32)
    exact, weights = p.astype(np.float64), weight.astype(np.float64)
    assert MeanAbsoluteError().total(y, p[:, np.newaxis]) == pytest.approx((exact.sum(), 9999), rel=1e-12)
    totals = MeanAbsoluteError().total(y, p[:, np.newaxis], weight)
    assert totals == pytest.approx((weights @ exact, weights.sum()), rel=1e-12)


class TestYourOwnLoss:
    def test_two_methods_are_enough(self, rng):
        class _Cubed(Loss):
            def per_sample(self, y_true, y_pred):
                return (np.abs(y_pred - y_true) ** 3).sum(axis=1)

            def gradient(self, y_true, y_pred):
                return 3 * (y_pred - y_true) * np.abs(y_pred - y_true)

        y, p = rng.normal(size=(2, 5, 2))
        weight = rng.uniform(0, 2, 5)
        for loss in (_Cubed(), _Cubed(reduction="sum")):
            value, gradient = loss.value_and_gradient(y, p, weight)
            cubes = (weight @ np.abs(p - y) ** 3).sum()
            assert value == pytest.approx(cubes / (weight.sum() if loss.reduction == "mean" else 1))
            np.testing.assert_allclose(gradient, central(lambda q, loss=loss: loss.value(y, q, weight), p), rtol=1e-6)

    def test_elementwise_is_a_base_and_not_a_loss(self, monkeypatch):
        monkeypatch.setattr(Loss, "_registry", dict(Loss._registry))
        assert repr(Elementwise()) == "Elementwise()"
        assert not Loss.known("elementwise")

        class Fourth(Elementwise):
            def values(self, y_true, y_pred):
                return (y_pred - y_true) ** 4

            def slopes(self, y_true, y_pred):
                return 4 * (y_pred - y_true) ** 3

        assert Loss.of("fourth")([[1.0, 2.0]], [[3.0, 2.0]]) == 8

    def test_wrong_shapes_are_named(self):
        class _Flat(Loss):
            def per_sample(self, y_true, y_pred):
                return (y_pred - y_true) ** 2

            def gradient(self, y_true, y_pred):
                return 2 * (y_pred - y_true)

        with pytest.raises(ValueError, match=r"_Flat.*\(3,\) and gradient \(3, 2\), got \(3, 2\) and \(3, 2\)"):
            _Flat().value_and_gradient(np.zeros((3, 2)), np.ones((3, 2)))

    def test_a_missing_method_is_named(self):
        class _Empty(Loss):
            pass

        with pytest.raises(NotImplementedError, match=r"_Empty must define per_sample"):
            _Empty()([1.0], [2.0])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: HalfSquaredError(reduction="max"), r"HalfSquaredError: reduction must be 'mean' or 'sum', got 'max'"),
        (lambda: Huber(delta=0), r"delta must be a finite number above 0, got 0"),
        (lambda: Huber(delta="1"), r"delta must be a number, got '1'"),
        (lambda: Quantile(tau=1), r"tau must be a finite number above 0 and below 1, got 1"),
        (lambda: Quantile().set_params(tau=-0.1), r"tau must be a finite number above 0 and below 1, got -0.1"),
        (lambda: Loss.of("hubber"), r"did you mean 'huber'"),
        (lambda: MeanSquaredError()([1, 2], [[1.0, 2.0]]), r"\(2,\).*\(n, 2\)"),
        (lambda: MeanSquaredError()([1], [1.0, 2.0]), r"y_true has 1 samples, but y_pred has 2"),
        (lambda: MeanSquaredError()([1], [2.0], [1, 2]), r"sample_weight must have shape \(1,\), got \(2,\)"),
    ],
)
def test_wrong_arguments(build, words):
    with pytest.raises((ValueError, TypeError), match=words):
        build()


@pytest.mark.parametrize(
    ("name", "y", "outputs", "words"),
    [
        ("mse", np.zeros((600, 2)), 1, r"targets y have shape \(600, 2\), but .* shape \(n, 1\): .*Dense\(2\)"),
        ("mse", np.zeros(5), 2, r"shape \(5,\), but .* shape \(n, 2\): .*Dense\(1\).*categorical_crossentropy"),
        ("mse", np.zeros((5, 1)), 2, r"shape \(5, 1\), but .* shape \(n, 2\): .*Dense\(1\)"),
        ("mse", np.zeros((5, 1, 1)), 1, r"shape \(5, 1, 1\), but .* shape \(n, 1\): .*reshape"),
        ("mse", np.array(1.0), 1, r"shape \(\), but .* one target for each sample"),
        (
            "mse",
            np.array([0, 1e300]),
            1,
            r"y\[1, 0\] = 1e\+300 is too large for float32: scale y or use dtype='float64'",
        ),
        ("binary_crossentropy", np.array([-1, 1]), 1, r"y\[0, 0\] is -1.0: for labels -1 and \+1 use \(y \+ 1\) / 2"),
        ("binary_crossentropy", np.array([0, 2]), 1, r"between 0 and 1, but y\[1, 0\] is 2.0"),
        ("hinge", np.array([0, 1]), 1, r"labels -1 and \+1, but y\[0, 0\] is 0.0: .* use 2 \* y - 1"),
        ("hinge", np.array([-1, 3]), 1, r"labels -1 and \+1, but y\[1, 0\] is 3.0"),
        ("poisson", np.array([1, -2]), 1, r"0 or more, but y\[1, 0\] is -2.0"),
        ("categorical_crossentropy", np.array([0, 1]), 1, r"use Dense\(2\), or binary_crossentropy"),
        ("categorical_crossentropy", np.array([0, 1, 3]), 3, r"labels 0 to 2 .* y\[2\] is 3: .*Dense\(4\)"),
        ("categorical_crossentropy", np.array([[1], [3], [2]]), 3, r"y\[1\] is 3: count from 0: use y - 1"),
        ("categorical_crossentropy", np.array([1, -1]), 2, r"y\[1\] is -1: .*\(y \+ 1\) / 2"),
        ("categorical_crossentropy", np.array([1, 0.5]), 2, r"integer labels .* y\[1\] is 0.5"),
        ("categorical_crossentropy", np.array([[1.0, 1.0]]), 2, r"sum to 1 .*is 2.0"),
        ("categorical_crossentropy", np.array([[1.5, -0.5]]), 2, r"y\[0, 0\] is 1.5: use one-hot"),
        ("categorical_crossentropy", np.zeros((4, 2)), 3, r"shape \(4, 2\), but .* shape \(n, 3\)"),
    ],
)
def test_wrong_targets(name, y, outputs, words):
    with pytest.raises(ValueError, match=words):
        Loss.of(name).check_targets(y, (outputs,), np.dtype(np.float32))


@pytest.mark.parametrize(
    ("name", "y", "outputs", "expected"),
    [
        ("mse", np.array([1, 2]), 1, np.array([[1], [2]], np.float32)),
        ("mse", np.zeros((3, 2)), 2, np.zeros((3, 2), np.float32)),
        ("mse", np.array([np.inf, 1.0]), 1, np.array([[np.inf], [1]], np.float32)),
        ("binary_crossentropy", np.array([True, False]), 1, np.array([[1], [0]], np.float32)),
        ("hinge", np.array([-1, 1]), 1, np.array([[-1], [1]], np.float32)),
        ("categorical_crossentropy", np.array([0.0, 2.0]), 3, np.array([0, 2], np.intp)),
        ("categorical_crossentropy", np.array([[1], [0]], np.uint8), 2, np.array([1, 0], np.intp)),
        ("categorical_crossentropy", np.array([True, False]), 2, np.array([1, 0], np.intp)),
        ("categorical_crossentropy", np.eye(2, dtype=int), 2, np.eye(2, dtype=np.float32)),
    ],
)
def test_targets_are_converted(name, y, outputs, expected):
    before = y.copy()
    checked = Loss.of(name).check_targets(y, (outputs,), np.dtype(np.float32))
    np.testing.assert_array_equal(checked, expected, strict=True)
    np.testing.assert_array_equal(y, before, strict=True)


def test_targets_of_the_right_dtype_are_not_copied():
    y = np.zeros((4, 2), np.float32)
    assert np.shares_memory(Loss.of("mse").check_targets(y, (2,), np.float32), y)


@pytest.mark.parametrize("base", [MeanSquaredError, BinaryCrossentropy, CategoricalCrossentropy, Huber])
@pytest.mark.parametrize("overridden", [("per_sample", "gradient"), ("values", "slopes")])
def test_subclass_that_changes_a_method_is_not_computed_as_its_base(base, overridden):
    if not hasattr(base, overridden[0]):
        overridden = ("per_sample", "gradient")

    def trebled(name):
        return lambda self, y, p: 3 * getattr(base, name)(self, y, p)

    cls: Any = type(f"_Trebled{base.__name__}", (base,), {name: trebled(name) for name in overridden})
    y, p = np.eye(3)[[0, 2]], np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
    for weight in (None, np.array([1.0, 2.0])):
        value, gradient = base().value_and_gradient(y, p, weight)
        computed, computed_gradient = cls().value_and_gradient(y, p, weight)
        np.testing.assert_allclose(computed, 3 * value)
        np.testing.assert_allclose(computed_gradient, 3 * gradient)
    assert cls.link is None
