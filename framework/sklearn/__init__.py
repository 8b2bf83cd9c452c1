"""Estimators for scikit-learn 1.6 or later, for its pipelines, searches and ensembles."""

from framework.sklearn.classifier import NeuralClassifier
from framework.sklearn.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor"]
