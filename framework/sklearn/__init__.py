"""Estimators for scikit-learn 1.6 or later, for its pipelines, searches and ensembles."""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ModuleNotFoundError(
        'scikit-learn is not installed: pip install "playground-framework[sklearn]"', name="sklearn"
    )

from framework.sklearn.classifier import NeuralClassifier
from framework.sklearn.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor"]
