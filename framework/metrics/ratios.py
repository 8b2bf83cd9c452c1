"""Precision, recall and F1."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.messages import shown
from framework.core.types import Array
from framework.metrics.arrays import ratio
from framework.metrics.classification import ClassSumMetric

AVERAGES = ("binary", "macro", "micro", "samples", None)


class _Averaged(ClassSumMetric):
    """A ratio of counts of true and false predictions, for one class or averaged over the classes.

    Parameters
    ----------
    average : {"binary", "macro", "micro", "samples"} or None
        "binary": of class 1 out of two. "macro": averaged over the classes that occur among targets or predictions, or
        over all labels. "micro": of the counts, summed over the classes or labels. "samples": of the labels of each
        sample, averaged over the samples. None: an array with the value of each class or label, 0 for those that do
        not occur. Names such as "macro_f1", "f1_macro" and "per_label_f1" stand for the metric with its average.
    threshold : float, optional
        None: 0 for labels -1 and +1, else the threshold of the model's loss, 0.5 by default.
    """

    def __init__(self, average: str | None = "binary", threshold: float | None = None) -> None:
        self.average = average
        super().__init__(threshold)

    def check(self) -> None:
        """Raise ValueError unless ``average`` is one of the five."""
        super().check()
        if self.average not in AVERAGES:
            raise ValueError(
                f"{type(self).__name__}: average must be one of 'binary', 'macro', 'micro', got {shown(self.average)}; "
                "or, for several labels, 'samples'; or None for a value of each"
            )

    @property
    def reads(self) -> str | None:  # type: ignore[override]  # it depends on an argument
        """Return "multilabel" for the average over samples."""
        return "multilabel" if self.average == "samples" else None

    def label(self) -> str:
        """Return the name, after the kind of average unless it is "binary"."""
        if self.average == "binary":
            return self.component_name
        return f"{self.average or 'per_label'}_{self.component_name}"

    @classmethod
    def variants(cls) -> dict[str, dict[str, Any]]:
        """Return the names with averages: "macro_f1", and as in scikit-learn "f1_macro"."""
        name = cls.component_name
        kinds = {average: average for average in AVERAGES[1:-1]} | dict.fromkeys(("per_label", "per_class"))
        forms = {form: average for kind, average in kinds.items() for form in (f"{kind}_{name}", f"{name}_{kind}")}
        return {form: {"average": average} for form, average in forms.items()}

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return numerators and denominators from the counts of each class: hits, true members, predicted members."""
        raise NotImplementedError

    def class_sums(self, true: Array, predicted: Array, count: int, weight: Array) -> tuple[Any, ...]:
        """Return the counts of each class: hits, true members, predicted members."""
        if self.average == "binary" and count != 2:
            raise ValueError(
                f"{self.component_name} of {count} classes needs an average: "
                f"write {type(self).__name__}(average='macro') or 'micro', or None for a value of each"
            )
        hit = true == predicted
        return tuple(
            np.bincount(classes, weights, minlength=count)
            for classes, weights in ((true[hit], weight[hit]), (true, weight), (predicted, weight))
        )

    def label_sums(self, true: Array, predicted: Array, weight: Array) -> tuple[Any, ...]:
        """Return the counts of each label; for "samples", the sum of the ratios, and of the weights."""
        if self.average == "binary":
            raise ValueError(
                f"{self.component_name} of {true.shape[1]} labels needs an average: write {type(self).__name__}"
                "(average='macro'), 'micro' or 'samples', or None for a value of each"
            )
        hits = true & predicted
        if self.average == "samples":
            counts = (np.count_nonzero(labels, axis=1).astype(np.float64) for labels in (hits, true, predicted))
            return weight @ _quotient(*self.ratio(*counts)), weight.sum()
        return weight @ hits, weight @ true, weight @ predicted

    def from_sums(self, *sums: Any) -> Any:
        """Return the ratio, 0 where its denominator is 0."""
        if self.average == "samples":
            return float(ratio(*sums))
        hits, true, predicted = sums
        if self.average == "micro":
            hits, true, predicted = (np.sum(count, keepdims=True) for count in sums)
        ratios = _quotient(*self.ratio(hits, true, predicted))
        if self.average is None:
            return ratios
        if self.average == "binary":
            return float(ratios[1])
        if self.average == "macro" and self.task != "multilabel":
            ratios = ratios[true + predicted > 0]
        return float(ratios.mean()) if len(ratios) else 0.0


def _quotient(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, np.zeros(len(numerator)), where=denominator > 0)


class Precision(_Averaged, aliases=("precision_score",)):
    r"""Share of the predicted members of a class that belong to it, :math:`TP / (TP + FP)`.

    Shapes: as for `Accuracy`. Source: scikit-learn, ``precision_score``.
    """

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return the hits and the predicted members."""
        return hits, predicted


class Recall(_Averaged, aliases=("recall_score", "sensitivity")):
    r"""Share of the members of a class that are predicted, :math:`TP / (TP + FN)`.

    Shapes: as for `Accuracy`. Source: scikit-learn, ``recall_score``.
    """

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return the hits and the true members."""
        return hits, true


class F1(_Averaged, aliases=("f1_score",)):
    r"""Harmonic mean of precision and recall, :math:`2 TP / (2 TP + FP + FN)`.

    Shapes: as for `Accuracy`. Source: scikit-learn, ``f1_score``.
    """

    def ratio(self, hits: Array, true: Array, predicted: Array) -> tuple[Array, Array]:
        """Return twice the hits, and the sum of true and predicted members."""
        return 2 * hits, true + predicted
