"""The base class of the classifier and the regressor: hyperparameters, training and access to the network."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from functools import update_wrapper
from math import ceil
from numbers import Integral
from types import MethodType
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from framework.callbacks import Callback, EarlyStopping, checked_callbacks
from framework.core import arguments
from framework.core.arrays import row_slices
from framework.core.carried import Carrying
from framework.core.component import named_component
from framework.core.constructors import constructor_arguments
from framework.core.messages import did_you_mean
from framework.core.nested import changed_params, nested_params
from framework.core.types import Array, MixedList
from framework.core.words import names_arguments
from framework.engine.history import History
from framework.engine.passes import Pass
from framework.layers.base import Layer, LayerLike
from framework.losses.base import Loss, LossLike
from framework.model import Model
from framework.optimizers.base import OptimizerLike
from framework.sklearn.continuation import refuse_another_network
from framework.sklearn.layers import hidden_layers
from framework.sklearn.samples import arranged

DTYPES = (np.float64, np.float32)


class NotWithEarlyStopping(AttributeError, ValueError):
    """The requested method does not exist in this configuration."""


class without_early_stopping:
    """A method that exists only with ``early_stopping=False``, as it sees data in parts without a validation set."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method
        update_wrapper(self, method)  # type: ignore[arg-type]

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        """Return the method, bound to the estimator if there is one."""
        if estimator is None:
            return self.method
        if estimator.early_stopping:
            raise NotWithEarlyStopping(f"{self.method.__name__} does not support early_stopping=True")
        return MethodType(self.method, estimator)


class NeuralNetwork(Carrying, BaseEstimator):
    """Base class of the estimators. A subclass checks and encodes targets, and turns outputs into predictions.

    Attributes
    ----------
    model_ : Model
    history_ : History
        The losses of all epochs since the weights were initialized.
    loss_curve_ : list of float
    validation_curve_ : list of float or None
        The losses on the validation set; None without `early_stopping`.
    n_iter_ : int
        The number of epochs of the last fit.
    callbacks_ : list of Callback
        The copies of the callbacks that the last fit worked with.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__init__ = names_arguments(cls.__init__, constructor_arguments)  # type: ignore[method-assign]

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
        callbacks: Sequence[Callback] = (),
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.layers = layers
        self.loss = loss
        self.output = output
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; if `deep`, also those inside, such as ``layers__1__rate``."""
        params: dict[str, Any] = super().get_params(deep)
        if deep:
            params |= nested_params("layers", self.layers) | nested_params("callbacks", self.callbacks)
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, also those inside others: ``optimizer__learning_rate``, ``layers__1__rate``."""
        before, given = self.optimizer, params.get("optimizer", self.optimizer)
        for name, value in changed_params(self, self._get_param_names(), params, named_component).items():
            setattr(self, name, value)
        if hasattr(self, "model_") and given is before:
            self.model_.state.follow_instead(before, self.optimizer)
        return self

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train, from new initial values unless `warm_start`, and return self.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n, features)
            A sparse matrix is converted to a dense array.
        y : array-like, shape (n,) or (n, outputs)
        sample_weight : array-like, shape (n,), optional
            A weight of 2 counts as the sample given twice; see `framework.sklearn.samples.arranged`.
        """
        goes_on = self.warm_start and hasattr(self, "model_")
        return self._fit(X, y, sample_weight, epochs=self.epochs, goes_on=goes_on)

    def _encoded(self, y: Array, goes_on: bool, classes_known: bool) -> Array:
        """Return targets as the loss expects them. Learn their kind from `y` unless training goes on."""
        raise NotImplementedError

    def _output(self, targets: Array, weight: Array | None) -> tuple[Loss, Layer]:
        """Return the loss and the output layer for these targets."""
        raise NotImplementedError

    def _class_weights(self, y: Array) -> Array | None:
        return None

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        raise NotImplementedError

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, epochs: int, goes_on: bool, classes_known: bool = False
    ) -> Self:
        X, y = self._checked(X, y, reset=not goes_on)
        X = _dense(X)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        targets = self._encoded(y, goes_on, classes_known)
        chosen, weight = arranged(X, targets, sample_weight)
        class_weights = self._class_weights(y[chosen])
        if class_weights is not None:
            weight = class_weights if weight is None else class_weights * weight
        X, targets = X[chosen], targets[chosen]
        if goes_on:
            refuse_another_network(self.model_, *self._described(targets, weight), isinstance(self.output, Layer))
        model = self.model_ if goes_on else self._model(targets, weight)
        model.optimizer = self.optimizer
        self._train(model, X, targets, weight, epochs)
        return self

    def _described(self, targets: Array, weight: Array | None) -> tuple[list[Layer], Loss]:
        """Return the layers and the loss that the arguments describe for these targets."""
        loss, output = self._output(targets, weight)
        return [*hidden_layers(self.layers), output], loss

    def _model(self, targets: Array, weight: Array | None) -> Model:
        layers, loss = self._described(targets, weight)
        model = Model(layers, loss=loss, optimizer=self.optimizer, seed=_seed(self.random_state))
        model.shares_layers = True  # with those of earlier fits
        return model

    def _train(self, model: Model, X: Array, y: Array, weight: Array | None, epochs: int) -> None:
        share = self._validation_share(len(X)) if self.early_stopping else 0.0
        callbacks = copy.deepcopy(checked_callbacks(self.callbacks))
        stopping = [EarlyStopping("val_loss", patience=self.patience)] if share else []
        before = len(model.history.epoch)
        model.one_of_many = True  # a checkpoint then has a file for each fit of a search
        try:
            model.fit(
                X,
                y,
                epochs=epochs,
                batch_size=self.batch_size,
                sample_weight=weight,
                validation_split=share,
                callbacks=[*callbacks, *stopping],
                verbose=self.verbose,
            )
        except FloatingPointError as error:
            if not share or len(model.history.epoch) == before:
                raise ValueError(f"{type(self).__name__}: {error}") from error
            warnings.warn(f"went back to the best epoch: {error}", ConvergenceWarning, stacklevel=4)
        self.model_ = model
        self.callbacks_ = callbacks
        self.n_iter_ = len(model.history.epoch) - before

    def _validation_share(self, n: int) -> float:
        share = arguments.fraction(self.validation_fraction, "validation_fraction")
        held_back = ceil(n * share)
        if not 0 < held_back < n - 1:
            raise ValueError(
                f"The validation set is too small, or too large: validation_fraction={share} of n_samples={n} leaves "
                f"{n - held_back} for training and {held_back} for validation; give more samples or another fraction"
            )
        return held_back / n

    @property
    def history_(self) -> History:
        """The losses of all epochs since the weights were initialized."""
        return self.model_.history

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each epoch in `history_`."""
        return self.history_.get("loss", [])

    @property
    def validation_curve_(self) -> list[float] | None:
        """The validation loss of each epoch in `history_`; None without `early_stopping`."""
        return self.history_.get("val_loss")

    def hidden(self, X: Any, layer: int | str = -1) -> Array:
        """Return the output of a hidden layer for `X`, (n, features) -> (n, *output shape of the layer).

        Parameters
        ----------
        X : array-like, shape (n, features)
        layer : int or str
            An index into `layers` (-1 is the last hidden layer), or the name of a layer.
        """
        X = self._inputs(X)
        layers = self.model_.network.layers[:-1]
        count = range(1, len(layers) + 1)[_index(layer, layers)]
        return np.concatenate(
            [self._first_layers(X[rows], count) for rows in row_slices(len(X), self.model_.network.inference_rows)]
        )

    def _first_layers(self, x: Array, count: int) -> Array:
        ready = Pass(self.model_.network, len(x), training=False)
        for forward, ctx in ready.forwards[:count]:
            x = forward(ctx, x)
        return x

    def _inputs(self, X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=DTYPES)
        return np.ascontiguousarray(_dense(X), self.model_.network.dtype)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _dense(X: Any) -> Array:
    return np.asarray(X.toarray() if issparse(X) else X)


def _seed(random_state: Any) -> int | None:
    if random_state is None:
        return None
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _index(layer: int | str, layers: Sequence[Layer]) -> int:
    if isinstance(layer, str):
        names = [each.name or "" for each in layers]
        if layer not in names:
            raise ValueError(f"no hidden layer is called {layer!r}{did_you_mean(layer, filter(None, names))}")
        return names.index(layer)
    if not layers:
        raise ValueError("there are no hidden layers")
    if not -len(layers) <= arguments.integer(layer, "layer", least=-len(layers)) < len(layers):
        raise ValueError(f"layer must be below {len(layers)}, the number of hidden layers, got {layer}")
    return layer
