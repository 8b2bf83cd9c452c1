"""Neural networks in scikit-learn's tools: three data sets beside its own MLP, a search and a confusion matrix.

Prints the table and saves sklearn_pipeline.png next to this file.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")
try:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import ConfusionMatrixDisplay
    from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_score, train_test_split
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError:
    sys.exit(print("This example needs scikit-learn: pip install 'playground-framework[sklearn]'"))
import matplotlib.pyplot as plt

from framework import Dropout
from framework.sklearn import NeuralClassifier, NeuralRegressor

PICTURE = Path(__file__).with_suffix(".png")
EPOCHS, BATCH = 50, 32
DATA = {"breast cancer": load_breast_cancer, "digits": load_digits, "diabetes": load_diabetes}


def measured(estimator: Any, X: Any, y: Any, folds: Any) -> tuple[float, float]:
    """Return the mean score over the folds, and the seconds that took."""
    pipe = make_pipeline(StandardScaler(), estimator)
    if isinstance(folds, KFold):
        pipe = TransformedTargetRegressor(pipe, transformer=StandardScaler())
    start = time.perf_counter()
    return float(cross_val_score(pipe, X, y, cv=folds).mean()), time.perf_counter() - start


def compare(name: str) -> tuple[float, float]:
    """Print the scores of both libraries, with equal widths, epochs, batches and optimizer, and return them."""
    X, y = DATA[name](return_X_y=True)
    regression = name == "diabetes"
    folds = (KFold if regression else StratifiedKFold)(10, shuffle=True, random_state=0)
    budget = {"max_iter": EPOCHS, "n_iter_no_change": EPOCHS, "batch_size": BATCH, "random_state": 0}
    theirs = (MLPRegressor if regression else MLPClassifier)(hidden_layer_sizes=(64, 64), **budget)
    Ours = NeuralRegressor if regression else NeuralClassifier
    ours = Ours([64, Dropout(0.3), 64], epochs=EPOCHS, batch_size=BATCH, random_state=0)
    (mlp, mlp_seconds), (net, net_seconds) = (measured(each, X, y, folds) for each in (theirs, ours))
    unit = "R2" if regression else "accuracy"
    print(f"{name:<14}{unit:<10}{mlp:>8.4f}{mlp_seconds:>8.1f} s{net:>12.4f}{net_seconds:>8.1f} s")
    return mlp, net


def main() -> None:
    """Compare, search, and draw the confusion matrix of what was found."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # the MLP's, at the end of its epochs
    print(f"{EPOCHS} epochs, batches of {BATCH}, Adam, 64 + 64 relu nodes; 10-fold cross-validation")
    print(f"{'':<24}{'scikit-learn MLP':>18}{'with Dropout(0.3)':>22}")
    for mlp, net in map(compare, DATA):
        assert net >= mlp - 0.005, "as good as the MLP, give or take what a fold can do"

    X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    network = make_pipeline(StandardScaler(), NeuralClassifier(epochs=30, random_state=0))
    grid = {
        "neuralclassifier__layers": [[32], [64, Dropout(0.3)], [64, "gelu", Dropout(0.3)]],
        "neuralclassifier__optimizer__learning_rate": [0.001, 0.01],
    }
    search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
    print(f"Best of the search on digits: {search.best_params_}; test accuracy {search.score(X_test, y_test):.1%}")
    ConfusionMatrixDisplay.from_estimator(search, X_test, y_test, colorbar=False)
    plt.savefig(PICTURE, dpi=80)
    print(f"Picture: {os.path.relpath(PICTURE)}")


if __name__ == "__main__":
    main()
