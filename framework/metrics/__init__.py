"""What is reported."""

from __future__ import annotations

from framework.metrics.base import FunctionMetric, Metric
from framework.metrics.classification import F1, Accuracy, ConfusionMatrix, Precision, Recall
from framework.metrics.regression import MAE, MAPE, MSE, R2, RMSE, ExplainedVariance
from framework.metrics.scores import AUC, LogLoss, TopK

__all__ = [
    "AUC",
    "F1",
    "MAE",
    "MAPE",
    "MSE",
    "R2",
    "RMSE",
    "Accuracy",
    "ConfusionMatrix",
    "ExplainedVariance",
    "FunctionMetric",
    "LogLoss",
    "Metric",
    "Precision",
    "Recall",
    "TopK",
]
