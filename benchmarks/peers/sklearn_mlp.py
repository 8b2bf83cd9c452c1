"""scikit-learn's multi-layer perceptron."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.base import Peer
from benchmarks.workloads import Array, Workload

ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}


class _GivenValues:
    """Start from given initial values instead of random ones; scikit-learn has no public way to do so."""

    initial_values: list[Array]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: object) -> tuple[Array, Array]:
        W, b = self.initial_values[:2]
        self.initial_values = self.initial_values[2:]
        return W.T.copy(), b.copy()


class _Regressor(_GivenValues, MLPRegressor):
    pass


class _Classifier(_GivenValues, MLPClassifier):
    pass


class Sklearn(Peer):
    """`MLPRegressor` or `MLPClassifier`, with regularization and early stopping off."""

    def __init__(self, work: Workload) -> None:
        super().__init__(work)
        if work.output not in ("linear", "softmax"):
            self.note = "linear output: no other is offered for regression"
        self.model: MLPRegressor | MLPClassifier | None = None

    def fit(self) -> float:
        work = self.work
        kind = _Classifier if work.output == "softmax" else _Regressor
        self.model = kind(
            hidden_layer_sizes=work.sizes[1:-1],
            activation=ACTIVATIONS[work.hidden],
            solver=work.optimizer,
            learning_rate_init=work.rate,
            momentum=0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            batch_size=min(work.batch, len(work.X)),
            max_iter=work.epochs,
            n_iter_no_change=work.epochs + 1,
            tol=0.0,
            random_state=0,
        )
        self.model.initial_values = work.weights()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(work.X, work.y if work.output == "softmax" else work.y.ravel())
        return float(self.model.loss_)

    def predict(self, X: Array) -> Array:
        if self.model is None:
            self.fit()
        if self.work.output == "softmax":
            return self.model.predict_proba(X)
        return np.asarray(self.model.predict(X)).reshape(-1, 1)
