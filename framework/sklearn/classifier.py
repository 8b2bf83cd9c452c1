"""The classifier for scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from framework.callbacks import Callback
from framework.core import arrays
from framework.core.arrays import row_slices
from framework.core.types import Array, MixedList
from framework.engine.outputs import output_activation
from framework.layers.base import Layer, LayerLike
from framework.losses import CategoricalCrossentropy, Loss
from framework.losses.base import LossLike
from framework.optimizers.base import OptimizerLike
from framework.sklearn.base import DTYPES, NeuralNetwork, without_early_stopping
from framework.sklearn.layers import output_layer

SIGNED_OUTPUTS = ("linear", "tanh")


class NeuralClassifier(ClassifierMixin, NeuralNetwork):
    """A neural network that predicts classes, as a scikit-learn estimator.

    Labels may be of any type. For several labels per sample, give rows of 0 and 1. The network has one output for two
    classes, one per label for several labels, and otherwise one per class.

    Parameters
    ----------
    layers : list of layers, widths, activations or names
        The hidden layers. A bare width is a dense layer with relu. An empty list gives logistic regression.
    loss : str or Loss, optional
        By default, binary cross-entropy for two classes or several labels, else categorical cross-entropy. A loss with
        threshold 0, such as "hinge", gets targets -1 and +1; all others get 0 and 1.
    output : str, Activation or Layer, optional
        The activation of the output, or the whole output layer. By default, it follows from the loss and the targets.
        With "linear" or "tanh", targets are -1 and +1, and there are no probabilities, unless the loss is computed
        from logits.
    optimizer : str or Optimizer
    epochs : int
        The number of passes over the data in `fit`.
    batch_size : int
    early_stopping : bool
        Whether to hold out a validation set with the same proportions of classes, to stop when its loss has not
        improved for `patience` epochs, and to return to the weights of the best epoch.
    validation_fraction : float
        The fraction of the data to hold out; as elsewhere in scikit-learn, it waits for `early_stopping`.
    patience : int
        As in `EarlyStopping`; it waits for `early_stopping` too.
    class_weight : "balanced", dict or list of dict, optional
        Weights of the classes, as elsewhere in scikit-learn. They are multiplied by the sample weights.
    callbacks : sequence of Callback
        Each fit works with copies of them; what cannot be copied, such as a lock or an open file, is shared. A
        `Checkpoint("run.npz")` gets a file for each, such as "run-1a2b3c4d.npz".
    warm_start : bool
        Whether `fit` continues from the present weights. The classes must be the same.
    random_state : int, RandomState or None
    verbose : int
        0 is silent, 1 shows a progress bar, n > 1 prints a line every n epochs.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted. For several labels per sample, the indices of the columns.
    multilabel_ : bool
        Whether a sample can have several labels.
    model_, history_, loss_curve_, validation_curve_, n_iter_, callbacks_
        As in `NeuralNetwork`.
    n_features_in_, feature_names_in_
        As elsewhere in scikit-learn.
    """

    classes_: Array
    multilabel_: bool

    def __init__(
        self,
        layers: int | Sequence[int | LayerLike] | MixedList | Array = (100,),
        *,
        loss: LossLike | None = None,
        output: LayerLike | None = None,
        optimizer: OptimizerLike = "adam",
        epochs: int = 200,
        batch_size: int = 32,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        class_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            layers,
            loss=loss,
            output=output,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            callbacks=callbacks,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    @without_early_stopping
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch, starting from the present weights if there are any, and return self.

        The first call needs `classes`: all labels that will ever occur.
        """
        _check_partial_fit_first_call(self, classes)
        return self._fit(X, y, sample_weight, epochs=1, goes_on=hasattr(self, "model_"), classes_known=True)

    def predict(self, X: Any) -> Array:
        """Return the predicted labels, (n,), or rows of 0 and 1, (n, labels)."""
        scores = self._scores(X)
        if self.multilabel_:
            return (scores > 0).astype(np.intp)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(scores))
        chosen = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[chosen.astype(np.intp)])

    def decision_function(self, X: Any) -> Array:
        """Return scores: (n,) for two classes, positive for the second; else (n, classes) or (n, labels).

        They come from the logits if the output activation is the canonical link of the loss, and are then accurate even
        for probabilities that round to 0 or 1. Otherwise they are the log-odds, or for several classes the logarithms,
        of the probabilities. Signed outputs ("linear" or "tanh") are returned as they are.
        """
        scores = self._scores(X)
        return scores if self.multilabel_ or scores.shape[1] > 1 else scores.ravel()

    @available_if(lambda self: not self._signed())
    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities of the classes, (n, classes), or of each label independently, (n, labels)."""
        return np.asarray(np.exp(self.predict_log_proba(X)))

    @available_if(lambda self: not self._signed())
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities, accurate even where these are too small for a float."""
        scores = self._scores(X)
        if self.multilabel_:
            return _log_sigmoid(scores)
        if len(self.classes_) == 1:
            return np.zeros_like(scores)
        if scores.shape[1] == 1:
            return _log_sigmoid(np.hstack([-scores, scores]))
        return _log_softmax(scores)

    def _scores(self, X: Any) -> Array:
        X = self._inputs(X)
        network = self.model_.network
        parts = [network.infer(X[rows]) for rows in row_slices(len(X), network.inference_rows)]
        outputs = np.concatenate([output for output, _ in parts])
        if self._signed():
            return outputs
        several = not self.multilabel_ and outputs.shape[1] > 1
        objective = self.model_.state.objective
        link = objective.loss.link if objective.loss.from_logits else objective.link
        if link in ("sigmoid", "softmax"):
            scores = outputs if objective.loss.from_logits else np.concatenate([logits for _, logits in parts])
            scores = _log_sigmoid(scores) if several and link == "sigmoid" else scores
        else:
            p = np.clip(outputs, np.finfo(outputs.dtype).tiny, 1 - np.finfo(outputs.dtype).epsneg)
            scores = np.log(p) if several else np.log(p) - np.log1p(-p)
        return scores[:, 1:] - scores[:, :1] if several and outputs.shape[1] == 2 else scores

    def _signed(self) -> bool:
        """Return whether the targets are -1 and +1."""
        loss = None if self.loss is None else Loss.of(self.loss)
        if loss is not None and (loss.from_logits or _has_margin(loss)):
            return not loss.from_logits
        return self.output is not None and output_activation([self.output]) in SIGNED_OUTPUTS

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, reset=reset, accept_sparse="csr", dtype=DTYPES, multi_output=True)
        y = y.toarray() if hasattr(y, "toarray") else y
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _encoded(self, y: Array, goes_on: bool, classes_known: bool) -> Array:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                "NeuralClassifier needs one class for each sample, or rows of 0 and 1; got several classes"
            )
        if not goes_on:
            self.multilabel_ = kind == "multilabel-indicator"
        found = np.arange(y.shape[1]) if self.multilabel_ else np.unique(y)
        if goes_on and not classes_known and not np.array_equal(found, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {found}"
            )
        if not (goes_on or classes_known):
            self.classes_ = found
        if not np.isin(found, self.classes_).all():
            raise ValueError(f"y has classes that are not in classes_: it has {found}, classes_ has {self.classes_}")
        return self._targets(y != 0 if self.multilabel_ else np.searchsorted(self.classes_, y))

    def _targets(self, labels: Array) -> Array:
        """Return targets for the loss, given rows of bools or indices into `classes_`."""
        classes = len(self.classes_)
        if self.multilabel_:
            columns = labels
        elif isinstance(self._loss(), CategoricalCrossentropy):
            return labels
        else:
            columns = labels[:, np.newaxis] == (np.arange(classes) if classes > 2 else 1)
        return np.where(columns, 1, -1 if self._signed() else 0)

    def _loss(self) -> Loss:
        one_of_many = len(self.classes_) > 2 and not self.multilabel_
        usual = "categorical_crossentropy" if one_of_many else "binary_crossentropy"
        return Loss.of(usual if self.loss is None else self.loss)

    def _output(self, targets: Array, weight: Array | None) -> tuple[Loss, Layer]:
        loss = self._loss()
        one_of_many = not self.multilabel_ and (len(self.classes_) > 2 or isinstance(loss, CategoricalCrossentropy))
        units = max(2, len(self.classes_)) if one_of_many else len(self.classes_) if self.multilabel_ else 1
        activation = "softmax" if one_of_many else "sigmoid"
        if loss.classifies:
            activation = "linear" if _has_margin(loss) or loss.from_logits else loss.link or activation
        logits_of = loss.link if loss.from_logits else None
        return loss, output_layer(self.output, units, activation, targets, weight, logits_of)

    def _class_weights(self, y: Array) -> Array | None:
        if self.class_weight is None:
            return None
        return arrays.weights(compute_sample_weight(self.class_weight, y), len(y), np.float64, "class_weight")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _has_margin(loss: Loss) -> bool:
    return loss.classifies and loss.threshold == 0 and not loss.from_logits


def _log_sigmoid(z: Array) -> Array:
    return np.asarray(-np.logaddexp(0, -z))


def _log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
