"""Metrics: every registered one against scikit-learn, its weights and its errors."""

from __future__ import annotations

import copy
import functools
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from framework.core.arrays import row_slices
from framework.metrics import (
    AUC,
    F1,
    R2,
    Accuracy,
    ConfusionMatrix,
    ExplainedVariance,
    FunctionMetric,
    LogLoss,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    Metric,
    Precision,
    Recall,
    RootMeanSquaredError,
    TopK,
)

pytestmark = pytest.mark.usefixtures("strict_floats")

REFERENCES = json.loads((Path(__file__).parents[1] / "references" / "metrics.json").read_text(encoding="utf-8"))
METRICS = [cls for cls in Metric.components() if cls.__module__.startswith("framework.")]


def data(cls, rng, n=30):
    """Return targets and predictions that suit `cls`: of seven classes where it ranks them, else of two."""
    if cls is TopK:
        return rng.integers(0, 7, n), rng.uniform(size=(n, 7))
    return rng.integers(0, 2, (n, 1)).astype(float), rng.uniform(0.05, 0.95, (n, 1)).round(1)


@pytest.mark.parametrize("case", REFERENCES["cases"], ids=lambda case: case["metric"])
def test_agrees_with_scikit_learn(case):
    y, p, weight = (None if a is None else np.array(a) for a in REFERENCES["data"][case["data"]])
    metric = Metric.named(case["metric"])(**case["arguments"])
    if case["task"] is not None:
        metric = metric.cut_at(0.5, case["task"])
    value = metric(y, p, weight)
    np.testing.assert_allclose(value, case["value"], rtol=1e-12)
    is_array = case["metric"] == "confusion_matrix" or case["arguments"] == {"average": None}
    assert isinstance(value, np.ndarray if is_array else float)


@pytest.mark.parametrize("case", REFERENCES["cases"], ids=lambda case: case["metric"])
def test_the_value_does_not_depend_on_the_batches(case):
    y, p, weight = (None if a is None else np.array(a) for a in REFERENCES["data"][case["data"]])
    metric = Metric.named(case["metric"])(**case["arguments"]).cut_at(0.5, case["task"])
    for size in (1, 5, len(p)):
        samples = metric.accumulator()
        for rows in row_slices(len(p), size):
            batch = y[rows].copy(), p[rows].copy(), None if weight is None else weight[rows].copy()
            samples.add(*batch)
            for array in batch[: 2 if weight is None else 3]:
                array[...] = -1  # as the next batch would
        np.testing.assert_allclose(samples.value(), case["value"], rtol=1e-12)


def test_every_metric_has_a_reference():
    assert {cls.component_name for cls in METRICS} == {case["metric"] for case in REFERENCES["cases"]}


@pytest.mark.parametrize("cls", METRICS)
class TestEveryMetric:
    def test_weights_are_repetition_in_any_order(self, cls):
        rng = np.random.default_rng(3)
        y, p = data(cls, rng)
        times = rng.integers(0, 4, len(p))
        again = rng.permutation(np.repeat(np.arange(len(p)), times))
        metric = cls()
        np.testing.assert_allclose(metric(y, p, times.astype(float)), metric(y[again], p[again]), rtol=1e-12)

    def test_inputs_are_only_read(self, cls):
        y, p = data(cls, np.random.default_rng(4))
        weight = np.ones(len(p), np.float32)
        for array in (y, p, weight):
            array.flags.writeable = False
        metric = cls()
        np.testing.assert_allclose(metric(y, p, weight), metric(y, p), rtol=1e-6)
        np.testing.assert_array_equal(metric(y.tolist(), p.tolist()), metric(y, p))

    def test_the_best_prediction_wins(self, cls):
        y, p = data(cls, np.random.default_rng(5))
        best = np.eye(7)[y] if y.ndim == 1 else y
        metric = cls(k=1) if cls is TopK else cls()
        right, wrong = metric(y, best), metric(y, p)
        if cls is ConfusionMatrix:
            right, wrong = np.trace(right), np.trace(wrong)
        assert right > wrong if metric.greater_is_better else right < wrong

    def test_arguments_survive(self, cls):
        metric = cls()
        y, p = data(cls, np.random.default_rng(6))
        namespace = {cls.__name__: cls}
        copies = [metric.clone(), copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))]
        for other in (*copies, eval(repr(metric), namespace)):
            assert other.get_params() == metric.get_params()
            np.testing.assert_array_equal(other(y, p), metric(y, p))

    def test_mismatched_samples(self, cls):
        y, p = data(cls, np.random.default_rng(7))
        with pytest.raises(ValueError, match=r"y_true has shape \(29"):
            cls()(y[:-1], p)
        with pytest.raises(ValueError, match=r"sample_weight must have shape \(30,\), got \(29,\)"):
            cls()(y, p, np.ones(29))


@pytest.mark.parametrize("name", ["accuracy", "mae", "r2", "explained_variance", "auc", "log_loss"])
def test_no_weight_at_all_is_no_number(name):
    assert np.isnan(Metric.of(name)(np.array([[0.0], [1.0]]), np.array([[0.2], [0.9]]), np.zeros(2)))


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("mean_squared_error", "mse"),
        (Accuracy(), "accuracy"),
        (TopK(k=3), "top_3_accuracy"),
        (F1(average="macro"), "macro_f1"),
        (F1, "f1"),
        (max, "max"),
        (functools.partial(max, default=0), "max"),
    ],
)
def test_labels(metric, name):
    assert Metric.of(metric).label() == name


@pytest.mark.parametrize(
    ("cls", "short", "long"),
    [
        (MeanAbsoluteError, "mae", "mean_absolute_error"),
        (MeanSquaredError, "mse", "mean_squared_error"),
        (RootMeanSquaredError, "rmse", "root_mean_squared_error"),
        (MeanAbsolutePercentageError, "mape", "mean_absolute_percentage_error"),
    ],
)
def test_errors_have_the_names_of_the_losses_and_short_labels(cls, short, long):
    assert Metric.named(short) is Metric.named(long) is cls
    assert cls().label() == cls.component_name == short
    assert repr(cls()) == f"{cls.__name__}()"


def test_threshold():
    y, p = np.array([[0], [1], [1]]), np.array([[0.3], [0.4], [0.9]])
    assert Accuracy()(y, p) == pytest.approx(2 / 3)
    assert Accuracy(threshold=0.35)(y, p) == 1
    assert Recall(threshold=0.95)(y, p) == 0
    signs = np.array([[-1], [1], [1]])
    assert Accuracy()(signs, p - 0.35) == 1
    assert Accuracy(threshold=0.5)(signs, p - 0.35) == pytest.approx(2 / 3)


def test_a_model_may_pass_the_threshold_of_its_loss():
    y, p = np.ones((2, 1)), np.array([[0.2], [-0.2]])
    metric = Accuracy()
    assert metric.cut_at(0.0)(y, p) == 0.5
    assert metric(y, p) == 0
    assert Accuracy(threshold=0.1).cut_at(-1.0)(y, p) == 0.5


def test_a_constant_target():
    y = np.full((10, 1), 0.1)
    for metric in (R2(), ExplainedVariance()):
        assert metric(y, y) == 1
        assert metric(y, y + np.arange(10)[:, np.newaxis]) == 0
        assert metric(np.hstack([y, y]), np.hstack([y, y + np.arange(10)[:, np.newaxis]])) == 0.5


def test_offset_costs_r2_only():
    y = np.arange(4.0)[:, np.newaxis]
    assert ExplainedVariance()(y, y + 1) == pytest.approx(1)
    assert R2()(y, y + 1) == pytest.approx(1 - 4 / 5)


def test_auc_is_the_share_of_ordered_pairs():
    rng = np.random.default_rng(0)
    y, p, w = rng.integers(0, 2, 40), rng.integers(0, 8, 40) / 8, rng.uniform(0, 2, 40)
    ones, zeros = y == 1, y == 0
    above, below = p[ones][:, np.newaxis], p[zeros]
    pairs = np.outer(w[ones], w[zeros])
    expected = (pairs * ((above > below) + 0.5 * (above == below))).sum() / pairs.sum()
    assert AUC()(y, p, w) == pytest.approx(expected, rel=1e-12)
    assert AUC()(y, np.column_stack([1 - p, p]), w) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(AUC()(np.ones(3), np.arange(3.0)))


def test_log_loss_is_finite_for_impossible_classes():
    assert LogLoss()(np.array([[1.0]]), np.array([[0.0]])) == pytest.approx(-np.log(np.finfo(np.float64).eps))
    single = np.array([[0.0]], np.float32)
    assert LogLoss()(np.array([[1.0]], np.float32), single) == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_confusion_matrix_counts():
    y, p = np.array([0, 2, 2]), np.array([[0.9, 0, 0.1], [0.2, 0.5, 0.3], [0, 0.1, 0.9]])
    np.testing.assert_array_equal(ConfusionMatrix()(y, p), [[1, 0, 0], [0, 0, 0], [0, 1, 1]])


def test_ratios_without_members_are_zero():
    y, p = np.zeros((3, 1)), np.zeros((3, 1))
    assert Precision()(y, p) == Recall()(y, p) == F1()(y, p) == 0
    assert F1(average="macro")(y, p) == 1


class TestFunctions:
    def test_any_function(self):
        def bias(y_true, y_pred):
            return float(np.mean(y_pred - y_true))

        metric = Metric.of(bias)
        assert isinstance(metric, FunctionMetric)
        assert metric.label() == "bias"
        assert metric(np.zeros((2, 1)), np.ones((2, 1)), np.array([1.0, 0.0])) == 1
        assert metric.clone().function is bias
        assert repr(metric).startswith("FunctionMetric(<function")
        assert not Metric.known("function_metric")

    def test_weights_are_passed_where_they_are_wanted(self):
        def weighted(y_true, y_pred, sample_weight=None):
            return None if sample_weight is None else float(sample_weight.sum())

        metric = Metric.of(weighted)
        assert metric(np.zeros((2, 1)), np.ones((2, 1)), np.array([1.0, 2.0])) == 3
        assert metric(np.zeros((2, 1)), np.ones((2, 1))) is None

    @pytest.mark.usefixtures("restored_registry")
    def test_your_own_class_is_known_by_name(self):
        class WorstError(Metric):
            greater_is_better = False

            def __call__(self, y_true, y_pred, sample_weight=None):
                return float(np.abs(y_true - y_pred).max())

        assert Metric.of("worst_error")(np.zeros((2, 1)), np.array([[1.0], [-3.0]])) == 3

    def test_what_cannot_be_called(self):
        with pytest.raises(TypeError, match="expected a Metric, its name or its class, got 3"):
            Metric.of(3)
        with pytest.raises(TypeError, match="must be callable, got 3"):
            FunctionMetric(3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Metric.of("acuracy"), r"unknown metric 'acuracy'; did you mean 'accuracy'"),
        (lambda: TopK(k=0), r"TopK: k must be a positive integer, got 0"),
        (lambda: TopK(k=2)([[1.0]], [[0.5]]), r"top_2_accuracy needs a score for each class"),
        (lambda: F1(average="mean"), r"F1: average must be one of 'binary', 'macro', 'micro', got 'mean'"),
        (lambda: Accuracy(threshold="0.5"), r"Accuracy: threshold must be a number, got '0.5'"),
        (lambda: F1()([0, 1], np.eye(3)[:2]), r"f1 of 3 classes needs an average: write F1\(average='macro'\)"),
        (lambda: AUC()([0, 1], np.eye(3)[:2]), r"auc needs two classes, got predictions of shape \(2, 3\)"),
        (lambda: R2()([0, 1], np.eye(3)[:2]), r"targets of shape \(2,\) do not fit predictions of shape \(2, 3\)"),
        (lambda: Accuracy()([0, 3], np.eye(3)[:2]), r"labels 0 to 2 for 3 outputs, got 3"),
        (lambda: Accuracy()([[1, 1, 0]], np.eye(3)[:1]), r"row 0 of y_true belongs to several classes"),
        (lambda: R2()(np.zeros((3, 2)), np.zeros((3, 1))), r"y_true has shape \(3, 2\).* shape \(3, 1\)"),
    ],
)
def test_errors(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
