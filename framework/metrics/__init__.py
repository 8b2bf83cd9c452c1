"""Metrics, which training and evaluation report."""

from __future__ import annotations

from framework.metrics.base import Accumulator, FunctionMetric, Metric
from framework.metrics.classification import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    ConfusionMatrix,
    HammingLoss,
    SubsetAccuracy,
)
from framework.metrics.ratios import F1, Precision, Recall
from framework.metrics.regression import (
    R2,
    ExplainedVariance,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    RootMeanSquaredError,
)
from framework.metrics.scores import AUC, LogLoss, TopK
from framework.metrics.sums import SumMetric

__all__ = [
    "AUC",
    "F1",
    "R2",
    "Accumulator",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "ConfusionMatrix",
    "ExplainedVariance",
    "FunctionMetric",
    "HammingLoss",
    "LogLoss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SubsetAccuracy",
    "SumMetric",
    "TopK",
]
