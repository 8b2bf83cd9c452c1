"""Use neural networks in scikit-learn: compare with its MLP on three data sets, search, draw a confusion matrix.

Prints the table and saves sklearn_pipeline.png next to this file.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

try:
    from sklearn import datasets, model_selection
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.metrics import ConfusionMatrixDisplay
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    sys.exit(f"This example needs scikit-learn ({error}): pip install 'playground-framework[sklearn]'")
import matplotlib.pyplot as plt

from framework import Dropout
from framework.sklearn import NeuralClassifier, NeuralRegressor

PICTURE = Path(__file__).with_suffix(".png")
EPOCHS = 50
BUDGET: dict[str, Any] = {"batch_size": 32, "random_state": 0}


def measured(estimator: Any, X: Any, y: Any, folds: Any) -> str:
    """Return the mean score with its standard error, and the time in seconds."""
    pipe = make_pipeline(StandardScaler(), estimator)
    if isinstance(y[0], float):
        pipe = TransformedTargetRegressor(pipe, transformer=StandardScaler())
    start = time.perf_counter()
    scores = model_selection.cross_val_score(pipe, X, y, cv=folds)
    return f"{scores.mean():>12.4f} +- {scores.std() / len(scores) ** 0.5:.4f}{time.perf_counter() - start:>6.1f} s"


def compare(name: str, data: Any, regression: bool = False) -> None:
    """Print the scores of both libraries, for the same widths, epochs, batches and optimizer."""
    X, y = data
    Folds = model_selection.RepeatedKFold if regression else model_selection.RepeatedStratifiedKFold
    folds = Folds(n_splits=5, n_repeats=3, random_state=42)
    MLP, Network = (MLPRegressor, NeuralRegressor) if regression else (MLPClassifier, NeuralClassifier)
    mlp = MLP(hidden_layer_sizes=(64, 64), max_iter=EPOCHS, n_iter_no_change=EPOCHS, **BUDGET)
    same, more = (Network(layers, epochs=EPOCHS, **BUDGET) for layers in ([64, 64], [Dropout(0.2), 64, 64]))
    print(f"{name:<22}", *(measured(each, X, y, folds) for each in (mlp, same, more)))


def main() -> None:
    """Compare, search, and draw the confusion matrix of the best network found."""
    warnings.filterwarnings("ignore", "Stochastic Optimizer")  # the MLP warns when its epochs end
    print(f"{EPOCHS} epochs, batches of 32, Adam, 64 + 64 relu nodes; 5-fold cross-validation, three times")
    print(f"{'':<22}{'scikit-learn MLP':>30}{'the same network':>30}{'with Dropout(0.2) first':>30}")
    X, y = datasets.load_digits(return_X_y=True)
    compare("breast cancer accuracy", datasets.load_breast_cancer(return_X_y=True))
    compare("digits accuracy", (X, y))
    compare("diabetes R2", datasets.load_diabetes(return_X_y=True), regression=True)
    print("A difference of one or two standard errors does not show which is better.")

    X_train, X_test, y_train, y_test = model_selection.train_test_split(X, y, random_state=0)
    network = make_pipeline(StandardScaler(), NeuralClassifier(epochs=30, random_state=0))
    grid = {
        "neuralclassifier__layers": [[32], [64, Dropout(0.3)], [64, "gelu", Dropout(0.3)]],
        "neuralclassifier__optimizer__learning_rate": [0.001, 0.01],
    }
    search = model_selection.GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
    print(f"Best of the search on digits: {search.best_params_}; test accuracy {search.score(X_test, y_test):.1%}")
    ConfusionMatrixDisplay.from_estimator(search, X_test, y_test, colorbar=False)
    plt.savefig(PICTURE, dpi=80)
    print(f"Picture: {os.path.relpath(PICTURE)}")


if __name__ == "__main__":
    main()
