"""Predictions of any model, and its targets, as numbers to draw: values, signs of two classes, or probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.activations import Activation
from framework.core import arguments, arrays
from framework.core.messages import name_key, shown
from framework.core.types import Array


@dataclass
class Predictions:
    """The predictions of any object with ``predict``, or with ``predict_proba``.

    Parameters
    ----------
    model
    probabilities : bool or None
        Whether predictions p are probabilities, drawn as 2 p - 1. None: if the loss is a crossentropy, or the model
        has ``predict_proba``.
    output : int or None
        The one output to draw of several.
    class_names : sequence or None

    Attributes
    ----------
    classes : ndarray or None
        The labels that an estimator knows.
    """

    model: Any
    probabilities: bool | None = None
    output: int | None = None
    class_names: Sequence[Any] | None = None

    def __post_init__(self) -> None:
        last = _last_step(self.model)
        loss = getattr(last, "loss", None)
        kind = name_key(str(getattr(loss, "component_name", loss)))
        classes = getattr(self.model, "classes_", None)
        self.classes: Array | None = None if classes is None else np.asarray(classes)
        self.gives_probabilities = self.classes is not None and hasattr(self.model, "predict_proba")
        crossentropy = "crossentropy" in kind
        if self.probabilities is None:
            self.probabilities = self.gives_probabilities or (crossentropy and self.classes is None)
        logits = self.classes is None and getattr(loss, "from_logits", False) is True
        self.link: str | None = getattr(loss, "link", None) if logits else None
        if self.output is not None:
            self.output = arguments.integer(self.output, "output", least=0)

    @property
    def inputs(self) -> int | None:
        """How many features the model takes, if it says so."""
        shape = getattr(getattr(self.model, "network", None), "input_shape", None) if _built(self.model) else None
        if shape is not None and len(shape) == 1:
            return int(shape[0])
        known = getattr(self.model, "n_features_in_", None)
        return None if known is None else int(known)

    def __call__(self, X: Any) -> Array:
        """Return the predictions for `X`: numbers (n,), or the probabilities (n, classes) of more than two classes."""
        try:
            values = self.model.predict_proba(X) if self.gives_probabilities else self.model.predict(X)
        except ValueError as error:
            if isinstance(error, AttributeError):  # scikit-learn's NotFittedError is both, and says what to do
                raise
            message = f"a decision surface needs a model that takes inputs (n, {X.shape[1]}): {error}"
            raise ValueError(message) from error
        n = len(X)
        if self.classes is not None and not self.gives_probabilities and np.shape(values) == (n,):
            values = self.codes(values, "predictions")[:, np.newaxis] == np.arange(max(2, len(self.classes)))
        values = np.asarray(values, np.float64)
        if self.link is not None:
            values = Activation.of(self.link)(values)
        return self._arranged(values, n)

    def _arranged(self, values: Array, n: int) -> Array:
        outputs = values.shape[1] if values.ndim == 2 else 1
        if self.output is not None:
            if values.ndim != 2 or self.output >= outputs:
                raise ValueError(f"output={self.output}: the predictions have shape {values.shape}")
            column = values[:, self.output]
            return 2.0 * column - 1.0 if self.probabilities else column
        if values.ndim == 2 and len(values) == n and outputs > 2 and _sum_to_one(values):
            return values
        return column_of("a decision surface needs predictions", values, n, bool(self.probabilities))

    def codes(self, labels: Any, who: str) -> Array:
        """Return the numbers of `labels`, (n,) or (n, 1), among the classes of the estimator."""
        assert self.classes is not None
        labels = np.asarray(labels)
        found = {label: code for code, label in enumerate(self.classes.tolist())}
        unknown = [label for label in labels.ravel().tolist() if label not in found]
        if unknown:
            raise ValueError(f"{who} holds {shown(unknown[0])}, which is none of the classes {self.classes.tolist()}")
        return np.array([found[label] for label in labels.ravel().tolist()], np.intp)

    def names(self, count: int) -> list[str]:
        """Return the names of `count` classes; ValueError if others are given."""
        known = self.class_names if self.class_names is not None else self.classes
        names = [str(name) for name in (range(count) if known is None else known)]
        if len(names) != count:
            raise ValueError(f"class_names must be {count} names, one for each class, got {len(names)}")
        return names

    def targets(self, y: Any, who: str, n: int, count: int) -> Array:
        """Return targets on the scale of the predictions, (n,): numbers, or of `count` > 2 classes their indices."""
        y = np.asarray(y)
        one_each = y.shape in ((n,), (n, 1))
        if self.classes is not None and self.output is None and one_each:
            codes = self.codes(y, who)
            return codes if count > 2 else np.where(codes == len(self.classes) - 1, 1.0, -1.0)
        if count > 2:
            return class_indices(y, who, n, count)
        values = arrays.numbers(y, who)
        if self.output is not None and values.ndim == 2 and values.shape[1] > self.output:
            values = values[:, self.output]
        arrays.finite(values, who)
        in_unit_interval = values.size > 0 and bool(values.min() >= 0)
        return column_of(f"{who} must be", values, n, bool(self.probabilities) and in_unit_interval)


def column_of(who: str, values: Any, n: int, probabilities: bool = False) -> Array:
    """Return values (n,) or (n, 1) as (n,), and probabilities p as 2 p - 1; of (n, 2), use the second class's."""
    values = np.asarray(values, np.float64)
    two_classes = values.shape == (n, 2) and _sum_to_one(values)
    if not (values.shape in ((n,), (n, 1)) or two_classes):
        several = values.ndim == 2 and len(values) == n and values.shape[1] > 1
        hint = "; draw one of the outputs with output=0, or classes whose probabilities sum to 1" if several else ""
        raise ValueError(f"{who} (n, 1), or (n, 2) for two classes, with n = {n}; got {values.shape}{hint}")
    column: Array = values.reshape(n, -1)[:, -1] if n else values.reshape(0)
    return 2.0 * column - 1.0 if probabilities or two_classes else column


def class_indices(y: Any, who: str, n: int, count: int) -> Array:
    """Return the class, 0 to `count` - 1, of integer labels (n,) or (n, 1), or of one-hot rows (n, count)."""
    values = arrays.numbers(y, who)
    arrays.finite(values, who)
    if values.shape == (n, count):
        if not _sum_to_one(values):
            raise ValueError(f"{who} must be one-hot rows, with one class each; draw one label with output=0")
        return np.asarray(values.argmax(axis=1))
    if values.shape not in ((n,), (n, 1)):
        raise ValueError(f"{who} must be labels (n,) or one-hot rows (n, {count}), with n = {n}; got {values.shape}")
    values = values.reshape(n)
    wrong = (values != np.floor(values)) | (values < 0) | (values >= count)
    if wrong.any():
        raise ValueError(
            f"{who} must hold labels 0 to {count - 1} for {count} outputs, got {values[wrong][0].item()!r}"
        )
    return values.astype(np.intp)


def _sum_to_one(values: Array) -> bool:
    finite = values[np.isfinite(values).all(axis=1)]
    return bool((finite >= 0).all() and (np.abs(finite.sum(axis=1) - 1.0) < 1e-3).all())


def _last_step(model: Any) -> Any:
    """Return the model inside scikit-learn's searches and pipelines."""
    while True:
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(getattr(model, "steps", None), list):
            model = model.steps[-1][1]
        else:
            return model


def _built(model: Any) -> bool:
    return bool(getattr(model, "built", True))
