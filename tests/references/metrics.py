"""Record metrics.json with scikit-learn: ``python tests/references/metrics.py``.

Each case holds a metric's name and arguments, scikit-learn's value, and which of the data (targets, predictions,
weights) it belongs to.
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
            for name, function in AVERAGED.items():
                for average in ("macro", "micro"):
                    value = function(labels, predicted, average=average, sample_weight=weight, zero_division=0)
                    yield name, {"average": average}, targets, p, weight, value


if __name__ == "__main__":
    data, recorded = [], []
    for name, arguments, *arrays, value in cases(np.random.default_rng(0)):
        lists = [None if array is None else array.tolist() for array in arrays]
        if lists not in data:
            data.append(lists)
        value = np.asarray(value).tolist()
        recorded.append({"metric": name, "arguments": arguments, "data": data.index(lists), "value": value})
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"scikit-learn": sklearn.__version__, "data": data, "cases": recorded}) + "\n", "utf-8")
    print(f"{len(recorded)} cases in {path}")
