"""Record metrics.json with scikit-learn: ``python tests/references/metrics.py``.

Each case holds a metric's name and arguments, scikit-learn's value, which of the data (targets, predictions, weights)
it belongs to, and the task that a model would tell the metric: "multilabel", or none.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics as sk

REGRESSION = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "mape": sk.mean_absolute_percentage_error,
    "r2": sk.r2_score,
    "explained_variance": sk.explained_variance_score,
}
AVERAGED = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}


def multilabel_cases(rng):
    """Yield name, arguments, targets, predictions, weights, value for several labels for each sample."""
    n = 41
    for weight in (None, rng.uniform(0, 2, n)):
        labels = (rng.random((n, 4)) < (0.5, 0.3, 0.6, 0.1)).astype(int)
        p = np.round(np.clip(labels * 0.3 + rng.uniform(0, 0.7, (n, 4)), 0.01, 0.99), 2)
        predicted = (p > 0.5).astype(int)
        for targets, scores in ((labels, p), (2 * labels - 1, 2 * p - 1)):

            def case(name, value, targets=targets, scores=scores, weight=weight, **arguments):
                return name, arguments, targets, scores, weight, value

            wrong = sk.hamming_loss(labels, predicted, sample_weight=weight)
            yield case("hamming_loss", wrong)
            yield case("binary_accuracy", 1 - wrong)
            yield case("accuracy", 1 - wrong)
            yield case("subset_accuracy", sk.accuracy_score(labels, predicted, sample_weight=weight))
            yield case("auc", sk.roc_auc_score(labels, p, sample_weight=weight))
            matrices = sk.multilabel_confusion_matrix(labels, predicted, sample_weight=weight)
            yield case("confusion_matrix", matrices)
            for name, function in AVERAGED.items():
                for average in ("macro", "micro", "samples", None):
                    value = function(labels, predicted, average=average, sample_weight=weight, zero_division=0)
                    yield case(name, value, average=average)
        losses = [sk.log_loss(labels[:, k], p[:, k], sample_weight=weight) for k in range(4)]
        yield "log_loss", {}, labels, p, weight, np.mean(losses)


def cases(rng):
    """Yield name, arguments, targets, predictions, weights, value."""
    n = 37
    for weight in (None, rng.uniform(0, 2, n)):
        for outputs in (1, 3):
            y = rng.normal(size=(n, outputs))
            p = y + rng.normal(size=(n, outputs)) * 0.7 + 0.2
            for name, function in REGRESSION.items():
                yield name, {}, y, p, weight, function(y, p, sample_weight=weight)

        labels = rng.integers(0, 2, n)
        p = np.round(np.clip(labels * 0.3 + rng.uniform(0, 0.7, n), 0, 1), 1)[:, np.newaxis]
        for targets in (labels[:, np.newaxis], 2 * labels[:, np.newaxis] - 1):
            scores = p if targets.min() == 0 else 2 * p - 1
            predicted = (p[:, 0] > 0.5).astype(int)
            yield "accuracy", {}, targets, scores, weight, sk.accuracy_score(labels, predicted, sample_weight=weight)
            matrix = sk.confusion_matrix(labels, predicted, sample_weight=weight)
            yield "confusion_matrix", {}, targets, scores, weight, matrix
            yield "auc", {}, targets, scores, weight, sk.roc_auc_score(labels, scores, sample_weight=weight)
            yield "log_loss", {}, targets, p, weight, sk.log_loss(labels, p[:, 0], sample_weight=weight)
            for name, function in AVERAGED.items():
                for average in ("binary", "macro", "micro"):
                    value = function(labels, predicted, average=average, sample_weight=weight)
                    yield name, {"average": average}, targets, scores, weight, value
        predicted = (p[:, 0] > 0.7).astype(int)
        value = sk.recall_score(labels, predicted, sample_weight=weight)
        yield "recall", {"threshold": 0.7}, labels[:, np.newaxis], p, weight, value

        labels = rng.integers(0, 4, n)
        p = rng.dirichlet(np.ones(6), n) + 0.3 * np.eye(6)[labels]
        p /= p.sum(axis=1, keepdims=True)
        predicted, every = p.argmax(axis=1), np.arange(6)
        for targets in (labels, np.eye(6)[labels]):
            yield "accuracy", {}, targets, p, weight, sk.accuracy_score(labels, predicted, sample_weight=weight)
            matrix = sk.confusion_matrix(labels, predicted, sample_weight=weight, labels=every)
            yield "confusion_matrix", {}, targets, p, weight, matrix
            yield "log_loss", {}, targets, p, weight, sk.log_loss(labels, p, sample_weight=weight, labels=every)
            for k in (1, 2, 5):
                value = sk.top_k_accuracy_score(labels, p, k=k, sample_weight=weight, labels=every)
                yield "top_k", {"k": k}, targets, p, weight, value
            value = sk.accuracy_score(labels, predicted, sample_weight=weight)
            yield "categorical_accuracy", {}, targets, p, weight, value
            for name, function in AVERAGED.items():
                value = function(labels, predicted, average=None, sample_weight=weight, labels=every, zero_division=0)
                yield name, {"average": None}, targets, p, weight, value
                for average in ("macro", "micro"):
                    value = function(labels, predicted, average=average, sample_weight=weight, zero_division=0)
                    yield name, {"average": average}, targets, p, weight, value


if __name__ == "__main__":
    data, recorded = [], []
    rng = np.random.default_rng(0)
    tasks = [(None, case) for case in cases(rng)] + [("multilabel", case) for case in multilabel_cases(rng)]
    for task, (name, arguments, *arrays, value) in tasks:
        lists = [None if array is None else array.tolist() for array in arrays]
        if lists not in data:
            data.append(lists)
        value = np.asarray(value).tolist()
        case = {"metric": name, "arguments": arguments, "task": task, "data": data.index(lists), "value": value}
        recorded.append(case)
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"scikit-learn": sklearn.__version__, "data": data, "cases": recorded}) + "\n", "utf-8")
    print(f"{len(recorded)} cases in {path}")
