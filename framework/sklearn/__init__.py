"""Estimators for scikit-learn (1.6 or later): in pipelines, searches and ensembles like any other."""

from framework.sklearn.classifier import NeuralClassifier
from framework.sklearn.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor"]
