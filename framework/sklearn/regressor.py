"""The regressor for scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from framework.core.types import Array
from framework.layers import Layer
from framework.losses import Loss
from framework.sklearn.base import DTYPES, NeuralNetwork, without_early_stopping
from framework.sklearn.layers import output_layer


class NeuralRegressor(RegressorMixin, NeuralNetwork):
    """A neural network that predicts numbers, as a scikit-learn estimator.

    Parameters
    ----------
    layers : list of layers, widths, activations or names
        The hidden layers. A bare width is a dense layer with relu. An empty list gives a linear model.
    loss : str or Loss, optional
        By default, half the squared error.
    output : str, Activation or Layer, optional
        The activation of the output, or the whole output layer. By default, it follows from the loss: "exponential" for
        "poisson", "sigmoid" for "binary_crossentropy" (of shares between 0 and 1), and "linear" for most others.
    optimizer : str or Optimizer
    epochs : int
        The number of passes over the data in `fit`.
    batch_size : int
    early_stopping : bool
        Whether to hold out a validation set, to stop when its loss has not improved for `patience` epochs, and to
        return to the weights of the best epoch.
    validation_fraction : float
        The fraction of the data to hold out; as elsewhere in scikit-learn, it waits for `early_stopping`.
    patience : int
        As in `EarlyStopping`; it waits for `early_stopping` too.
    callbacks : sequence of Callback
        Each fit works with copies of them; what cannot be copied, such as a lock or an open file, is shared. A
        `Checkpoint("run.npz")` gets a file for each, such as "run-1a2b3c4d.npz".
    warm_start : bool
        Whether `fit` continues from the present weights.
    random_state : int, RandomState or None
    verbose : int
        0 is silent, 1 shows a progress bar, n > 1 prints a line every n epochs.

    Attributes
    ----------
    model_, history_, loss_curve_, validation_curve_, n_iter_, callbacks_
        As in `NeuralNetwork`.
    n_features_in_, feature_names_in_
        As elsewhere in scikit-learn.
    n_outputs_ : int
    """

    @without_early_stopping
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, starting from the present weights if there are any, and return self."""
        return self._fit(X, y, sample_weight, epochs=1, goes_on=hasattr(self, "model_"))

    def predict(self, X: Any) -> Array:
        """Return predictions in the shape of the targets: (n,) or (n, outputs)."""
        X = self._inputs(X)
        predicted = self.model_.predict(X)
        return predicted.ravel() if self._one_axis else predicted

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(
            self, X, y, reset=reset, accept_sparse="csr", dtype=DTYPES, multi_output=True, y_numeric=True
        )
        return X, y

    def _encoded(self, y: Array, goes_on: bool, classes_known: bool) -> Array:
        if not goes_on:
            self._one_axis = y.ndim == 1
            self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return np.asarray(y.reshape(len(y), -1))

    def _output(self, targets: Array, weight: Array | None) -> tuple[Loss, Layer]:
        loss = Loss.of("half_squared_error" if self.loss is None else self.loss)
        if loss.from_logits:
            name = type(loss).__name__
            raise ValueError(f"NeuralRegressor predicts numbers, not logits: write {name}() without from_logits=True")
        activation = loss.link or ("exponential" if loss.expects == "positive" else "linear")
        return loss, output_layer(self.output, self.n_outputs_, activation, targets, weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
