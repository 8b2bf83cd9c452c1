"""Metrics over batches: exact sums, and targets whose meaning shows in a later batch."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.metrics import AUC, F1, R2, Accuracy, ConfusionMatrix, ExplainedVariance, Metric, SumMetric, TopK

pytestmark = pytest.mark.usefixtures("strict_floats")

REFERENCES = json.loads((Path(__file__).parents[1] / "references" / "metrics.json").read_text(encoding="utf-8"))
METRICS = [cls for cls in Metric.components() if cls.__module__.startswith("framework.")]


def accumulated(metric, *batches):
    samples = metric.accumulator()
    for batch in batches:
        samples.add(*batch)
    return samples.value()


def halves(*arrays):
    return [tuple(array[rows] for array in arrays) for rows in (slice(0, 10), slice(10, None))]


@pytest.mark.parametrize("cls", METRICS)
def test_every_metric_of_the_package_is_computed_batch_by_batch(cls):
    assert cls.by_batches


@pytest.mark.parametrize("cls", [R2, ExplainedVariance])
@pytest.mark.parametrize("size", [1, 7, 500])
def test_a_small_spread_about_a_large_mean(cls, size):
    rng = np.random.default_rng(0)
    y = (1e6 + rng.normal(size=(500, 2))).astype(np.float32)
    p = (y + rng.normal(0.2, 0.5, size=(500, 2))).astype(np.float32)
    values = []
    for k in range(2):  # exactly, in rational numbers
        targets, residuals = ([Fraction(float(v)) for v in a[:, k]] for a in (y, y.astype(float) - p))
        about = sum(residuals) / 500 if cls is ExplainedVariance else 0
        center = sum(targets) / 500
        values.append(1 - float(sum((r - about) ** 2 for r in residuals) / sum((t - center) ** 2 for t in targets)))
    batches = [(y[i : i + size], p[i : i + size]) for i in range(0, 500, size)]
    assert accumulated(cls(), *batches) == pytest.approx(np.mean(values), rel=1e-9)


@pytest.mark.parametrize("cls", [R2, ExplainedVariance])
def test_batches_far_apart_or_without_weight(cls):
    y = np.concatenate([np.zeros(10), 1e6 + np.arange(20.0)])[:, np.newaxis]
    p = y + np.sin(np.arange(30.0))[:, np.newaxis]
    weight = np.repeat([0.0, 1.0], [10, 20])
    assert accumulated(cls(), *halves(y, p, weight)) == pytest.approx(cls()(y[10:], p[10:]), rel=1e-9)
    assert accumulated(cls(), *halves(y, p)) == pytest.approx(cls()(y, p), rel=1e-12)
    constant = np.full((30, 1), 0.1)
    assert accumulated(cls(), *halves(constant, constant)) == 1
    assert accumulated(cls(), *halves(constant, p)) == 0
    assert np.isnan(accumulated(cls(), *halves(y, p, np.zeros(30))))


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "confusion_matrix", "auc", "log_loss", "mae", "r2"])
def test_batches_with_and_without_weights(name):
    rng = np.random.default_rng(1)
    y, p = rng.integers(0, 2, (30, 1)), rng.uniform(0.05, 0.95, (30, 1))
    weight = np.repeat([1.0, 2.5], [10, 20])
    first, second = halves(y, p)
    expected = Metric.of(name)(y, p, weight)
    np.testing.assert_allclose(accumulated(Metric.of(name), first, (*second, weight[10:])), expected, rtol=1e-12)
    first, second = halves(y[::-1], p[::-1])
    heavy = (y[10:], p[10:], weight[10:])
    np.testing.assert_allclose(accumulated(Metric.of(name), heavy, (y[:10], p[:10])), expected, rtol=1e-12)


def test_counts_without_weights_are_integers():
    matrix = accumulated(ConfusionMatrix(), *halves(np.arange(30) % 2, np.linspace(0, 1, 30)))
    assert matrix.dtype.kind == "i"
    assert matrix.sum() == 30


class TestMeaningOfTargets:
    def test_one_class_does_not_show_the_coding(self):
        p = np.linspace(-0.6, 0.9, 30)[:, np.newaxis]
        y = np.where(np.arange(30) < 10, 1, -1)[:, np.newaxis]
        expected = np.mean((p > 0) == (y > 0))
        assert accumulated(Accuracy(), *halves(y, p)) == expected
        assert accumulated(Accuracy(), *halves(y[::-1], p[::-1])) == expected
        ones = np.maximum(y, 0)
        assert accumulated(Accuracy(), *halves(ones, p)) == np.mean((p > 0.5) == ones)
        assert accumulated(F1(), *halves(y, p)) == F1()(y, p)

    @pytest.mark.parametrize("low", [0, -1])
    def test_rows_with_one_label_may_be_classes_until_one_has_two(self, low):
        rng = np.random.default_rng(2)
        y, p = np.eye(3)[rng.integers(0, 3, 30)], rng.random((30, 3))
        cut = 0.5 if low == 0 else 0.0
        signed, scores = (y, p) if low == 0 else (2 * y - 1, 2 * p - 1)
        metric = Accuracy().cut_at(0.5, "regression")
        assert accumulated(metric, *halves(signed, scores)) == np.mean(p.argmax(axis=1) == y.argmax(axis=1))
        signed = signed.copy()
        signed[25] = 1
        labels = np.mean((scores > cut) == (signed > 0))
        assert accumulated(metric, *halves(signed, scores)) == pytest.approx(labels, rel=1e-15)
        assert accumulated(metric, *halves(signed[::-1], scores[::-1])) == pytest.approx(labels, rel=1e-15)

    @pytest.mark.parametrize("task", ["binary", "multilabel"])
    def test_a_loss_of_classes_may_have_probabilities_as_targets(self, task):
        y, p = np.array([[0.95], [0.05], [0.9]]), np.array([[0.7], [0.2], [0.4]])
        assert Accuracy().cut_at(0.5, task)(y, p) == pytest.approx(2 / 3)

    @pytest.mark.parametrize("name", ["accuracy", "acc", "f1", "auc", "confusion_matrix", "top_k", "hamming_loss"])
    @pytest.mark.parametrize("task", [None, "regression"])
    @pytest.mark.parametrize("bad", [0.37, 2.0, -0.5])
    def test_numbers_are_refused(self, name, task, bad):
        y = np.zeros((4, 2 if name == "top_k" else 1))
        y[:, 0] = 1, 1, bad, 1
        p = np.full(y.shape, 0.5)
        with pytest.raises(ValueError, match=r"is for classes: .*; for targets that are numbers use r2, mae or rmse"):
            Metric.of(name).cut_at(0.5, task)(y, p)

    def test_two_codings_at_once_are_refused(self):
        samples = Accuracy().accumulator()
        samples.add(np.array([[1.0], [0.0]]), np.zeros((2, 1)))
        with pytest.raises(ValueError, match=r"targets of 0 and 1, or of -1 and \+1, got both"):
            samples.add(np.array([[-1.0]]), np.zeros((1, 1)))

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            (
                "binary_accuracy",
                "several labels for each sample, but the targets are one class of 3: use a metric of classes",
            ),
            (
                "samples_f1",
                "several labels for each sample, but the targets are one class of 3: use a metric of classes",
            ),
        ],
    )
    def test_metrics_of_labels_refuse_classes(self, name, words):
        with pytest.raises(ValueError, match=words):
            Metric.of(name).cut_at(0.5, "multiclass")(np.array([0, 2]), np.eye(3)[:2])

    @pytest.mark.parametrize("rows", [[[1, -1, -1], [1, 1, -1]], [[1, -1, -1], [-1, -1, -1]], [[1, 0, 0], [0, 0, 0]]])
    @pytest.mark.parametrize("name", ["categorical_accuracy", "top_k"])
    def test_rows_that_are_no_class(self, name, rows):
        with pytest.raises(ValueError, match=r"row 1 of y_true belongs to (several classes|no class)"):
            Metric.of(name).cut_at(0.0, "multilabel")(np.array(rows), np.eye(3)[:2])


class TestYourOwn:
    def test_sums(self):
        class _Bias(SumMetric):
            def sums(self, y_true, y_pred, sample_weight):
                return sample_weight @ (y_pred - y_true).mean(axis=1), sample_weight.sum()

            def from_sums(self, error, weight):
                return error / weight

        rng = np.random.default_rng(3)
        y, p, weight = rng.normal(size=(30, 2)), rng.normal(size=(30, 2)), rng.random(30)
        expected = np.average((p - y).mean(axis=1), weights=weight)
        assert _Bias()(y, p, weight) == pytest.approx(expected)
        assert accumulated(_Bias(), *halves(y, p, weight)) == pytest.approx(expected)
        assert accumulated(_Bias(), *halves(y, p)) == pytest.approx((p - y).mean())
        assert not Metric.known("sum_metric")

    def test_a_call_of_ones_own_is_used(self):
        class _Worst(Accuracy):
            def __call__(self, y_true, y_pred, sample_weight=None):
                return 1 - super().__call__(y_true, y_pred, sample_weight)

        assert Accuracy.by_batches
        assert not _Worst.by_batches
        assert _Worst()([[0], [1], [1]], [[0.1], [0.9], [0.2]]) == pytest.approx(1 / 3)

        class Halved:
            def __call__(self, y_true, y_pred, sample_weight=None):
                return super().__call__(y_true, y_pred, sample_weight) / 2  # type: ignore[misc]  # a mix-in

        class _HalfAccuracy(Halved, Accuracy):
            pass

        class _Strict(Accuracy):
            def __init__(self):
                super().__init__(threshold=0.9)

        assert not _HalfAccuracy.by_batches
        assert _HalfAccuracy()([[0], [1], [1]], [[0.1], [0.9], [0.2]]) == pytest.approx(1 / 3)
        assert _Strict.by_batches

    def test_what_is_missing_is_named(self):
        class _Empty(SumMetric):
            pass

        with pytest.raises(NotImplementedError, match="_Empty must define sums"):
            _Empty()([[1.0]], [[1.0]])
        with pytest.raises(ValueError, match="r2 of no samples"):
            R2().accumulator().value()
        with pytest.raises(ValueError, match="accuracy of no samples"):
            Accuracy().accumulator().value()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("acc", "accuracy"),
        ("accuracy_score", "accuracy"),
        ("Binary Accuracy", "binary_accuracy"),
        ("sparse_categorical_accuracy", "categorical_accuracy"),
        ("exact_match", "subset_accuracy"),
        ("hamming", "hamming_loss"),
        ("top_k_categorical_accuracy", "top_5_accuracy"),
        ("precision_score", "precision"),
        ("recall_score", "recall"),
        ("f1_score", "f1"),
        ("f1_macro", "macro_f1"),
        ("macro_f1", "macro_f1"),
        ("Recall-Micro", "micro_recall"),
        ("precision_samples", "samples_precision"),
        ("per_label_f1", "per_label_f1"),
        ("per_class_recall", "per_label_recall"),
        ("roc_auc", "auc"),
        ("roc_auc_score", "auc"),
        ("cross_entropy", "log_loss"),
        ("mean_absolute_error", "mae"),
        ("mean_squared_error", "mse"),
        ("root_mean_squared_error", "rmse"),
        ("r2_score", "r2"),
        ("explained_variance_score", "explained_variance"),
    ],
)
def test_other_names(name, label):
    assert Metric.of(name).label() == label


@pytest.mark.parametrize("metric", [F1("macro"), F1("micro"), F1("samples"), F1(None), TopK(), AUC()])
def test_a_label_is_a_name(metric):
    assert repr(Metric.of(metric.label())) == repr(metric)


@pytest.mark.parametrize("name", ["neg_log_loss", "neg_mean_squared_error", "brier", "hinge"])
def test_names_that_would_mean_something_else_are_none(name):
    with pytest.raises(ValueError, match="unknown metric"):
        Metric.of(name)


@pytest.mark.parametrize(
    ("y", "p", "words"),
    [
        ([[1.0]], [[1.5]], r"log_loss needs probabilities, between 0 and 1, got the prediction 1\.5"),
        ([[1.0]], [[-0.1]], r"got the prediction -0\.1"),
        ([[3.0]], [[0.5]], r"it needs targets between 0 and 1, got 3 to 3"),
        ([[1.0, 1.0]], [[0.5, 0.5]], r"rows of probabilities that sum to 1"),
    ],
)
def test_log_loss_refuses_what_is_no_probability(y, p, words):
    with pytest.raises(ValueError, match=words):
        Metric.of("log_loss")(np.array(y), np.array(p))


def test_auc_keeps_scores_in_their_dtype():
    rng = np.random.default_rng(4)
    y, p = rng.integers(0, 2, (1000, 1)).astype(np.float32), rng.random((1000, 1), np.float32)
    samples: Any = AUC().accumulator()
    samples.add(y, p)
    (reading,) = samples.readings.values()
    assert [part.nbytes for part in reading.parts[0][:2]] == [1000, 4000]


class TestProbabilitiesOfClassesAsTargets:
    """Rows that sum to 1, of smoothed labels or another model: the likeliest class is meant, whatever the loss."""

    P = np.random.default_rng(5).dirichlet([1, 1, 1], 20)
    TRUE = np.random.default_rng(6).integers(0, 3, 20)
    SOFT = 0.9 * np.eye(3)[TRUE] + 0.1 / 3

    @pytest.mark.parametrize("task", [None, "regression", "classification"])
    @pytest.mark.parametrize("name", ["accuracy", "categorical_accuracy", "macro_f1", "confusion_matrix", "top_k"])
    def test_are_read_as_classes(self, name, task):
        metric = Metric.of(name).cut_at(0.5, task)
        expected = Metric.of(name)(self.TRUE, self.P)
        assert np.array_equal(metric(self.SOFT, self.P), expected)
        assert np.array_equal(accumulated(metric, *halves(self.SOFT, self.P)), expected)
        mixed = np.where(np.arange(20)[:, None] < 10, np.eye(3)[self.TRUE], self.SOFT)
        assert np.array_equal(accumulated(metric, *halves(mixed, self.P)), expected)

    def test_cannot_be_followed_by_several_labels(self):
        samples = Accuracy().accumulator()
        samples.add(self.SOFT, self.P)
        with pytest.raises(ValueError, match=r"needs targets of 0 and 1|several classes"):
            samples.add(np.ones((2, 3)), self.P[:2])

    @pytest.mark.parametrize("y", [np.full((20, 1), 0.95), SOFT * 2, SOFT - 0.1], ids=["one", "sums", "negative"])
    def test_other_numbers_are_refused_with_what_to_do(self, y):
        with pytest.raises(ValueError, match=r"needs targets of 0 and 1.*use r2, mae or rmse.*sets classifies = True"):
            Accuracy()(y, self.P[:, : y.shape[1]])
