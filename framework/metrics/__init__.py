"""Metrics, which training and evaluation report."""

from __future__ import annotations

from framework.metrics.base import FunctionMetric, Metric
from framework.metrics.classification import F1, Accuracy, ConfusionMatrix, Precision, Recall
from framework.metrics.regression import (
    R2,
    ExplainedVariance,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    RootMeanSquaredError,
)
from framework.metrics.scores import AUC, LogLoss, TopK

__all__ = [
    "AUC",
    "F1",
    "R2",
    "Accuracy",
    "ConfusionMatrix",
    "ExplainedVariance",
    "FunctionMetric",
    "LogLoss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "TopK",
]
