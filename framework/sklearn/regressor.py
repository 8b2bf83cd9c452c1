"""`NeuralRegressor`."""

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
        The hidden layers. A bare width is a layer of relu nodes. An empty list gives a linear model.
    loss : str or Loss, optional
        None: half the squared error.
    output : str, Activation or Layer, optional
        The activation of the output, or the whole output layer. None: the exponential for the loss "poisson", else
        linear.
    optimizer : str or Optimizer
    epochs : int
        How many times to go through the data in `fit`.
    batch_size : int
    early_stopping : bool
        Whether to set aside a part of the data, to stop when its loss has not become less for `patience` epochs, and to
        go back to the best epoch.
    validation_fraction : float
        The share that is set aside.
    patience : int
    callbacks : sequence of Callback
        Each fit works with copies of these.
    warm_start : bool
        Whether `fit` goes on from where the last one stopped.
    random_state : int, RandomState or None
    verbose : int
        0 is silent, 1 shows a bar, n > 1 prints a line every n epochs.

    Attributes
    ----------
    model_, history_, loss_curve_, validation_curve_, n_iter_, callbacks_
        As in `NeuralNetwork`.
    n_features_in_, feature_names_in_
        As in all of scikit-learn.
    n_outputs_ : int
    """

    @without_early_stopping
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go through the samples once more, from the present weights if there are any; return self."""
        return self._fit(X, y, sample_weight, epochs=1, goes_on=hasattr(self, "model_"))

    def predict(self, X: Any) -> Array:
        """Return the predicted numbers, of the shape that y had: (n,) or (n, outputs)."""
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
        activation = "exponential" if loss.component_name == "poisson" else "linear"
        return loss, output_layer(self.output, self.n_outputs_, activation, targets, weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
