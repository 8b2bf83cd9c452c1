"""`Model`: a network that can be fitted, asked and judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Self, cast

import numpy as np

from framework.callbacks import Callback, checked_callbacks
from framework.callbacks.progress import progress
from framework.core import arguments
from framework.core.arrays import float_dtype
from framework.core.component import Component
from framework.core.constructors import constructor_arguments
from framework.core.messages import shown
from framework.core.types import Array
from framework.core.words import names_arguments
from framework.data.fit_arguments import DataArguments
from framework.data.sources import Source, data_of, first_samples, refuse_batches
from framework.engine.blas_threads import threads_for
from framework.engine.build_checks import check_build
from framework.engine.shared_layers import warn_if_shared
from framework.engine.state import ModelState
from framework.layers.base import Layers
from framework.layers.sequential import Sequential
from framework.losses import Loss
from framework.losses.base import LossLike
from framework.metrics import Metric
from framework.metrics.base import Metrics
from framework.optimizers import Optimizer
from framework.optimizers.base import OptimizerLike
from framework.predictor import Predictor
from framework.training.divergence import FiniteLoss, no_overflow_warnings
from framework.training.loop import train
from framework.training.refusal import unchanged_if_refused


class Model(Predictor, Component):
    """Layers with a loss and an optimizer, trained by `fit`.

    Parameters
    ----------
    layers : list
        Layers, names of activations, or lists of these; the same object may stand in several places.
    loss : str, Loss or class
    optimizer : str, Optimizer or class
        A model works with a copy of its own, `optimizer_`; what is set on this one takes effect there. Another one
        that is assigned to the model starts anew: no step made, all slots zero.
    metrics : sequence of str, Metric or callable ``(y_true, y_pred) -> float``
        Reported along with the loss.
    seed : int, optional
        Makes initial values, shuffling, dropout and splits reproducible; None draws a seed.
    dtype : numpy dtype, optional
        float32 or float64. None: float32 if the first data is float32, else float64; float64 after `build`.

    Attributes
    ----------
    network : Network
        Once built; ``network.params`` is the one vector.
    history : History
        The loss and the metrics of all epochs so far.
    stop_training : bool
        Set by a callback to end the fit after this epoch.
    one_of_many : bool
        Whether scikit-learn made this model, as for a cross-validation; a `Checkpoint` then has a file for each fit.
    """

    one_of_many = False

    def __init__(
        self,
        layers: Layers,
        *,
        loss: LossLike = "half_squared_error",
        optimizer: OptimizerLike = "sgd",
        metrics: Metrics = (),
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        self.layers = cast("Sequence[Any]", layers)
        self.loss = loss
        self.optimizer = optimizer
        self.metrics = cast("Sequence[Any]", metrics)
        self.seed = seed
        self.dtype = dtype
        self.stop_training = False
        self._state = None
        self.check()

    def __setattr__(self, name: str, value: Any) -> None:
        # A fit sets other attributes all the time; only a new argument counts as an assignment to be noticed.
        if name in constructor_arguments(type(self)):
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def check(self) -> None:
        Sequential(self.layers)
        Loss.of(self.loss)
        Optimizer.of(self.optimizer).check()
        if isinstance(self.metrics, str) or not isinstance(self.metrics, Sequence):
            raise TypeError(f"metrics must be a list of metrics, got {shown(self.metrics)}")
        labels = ["loss", "penalty", *(Metric.of(metric).label() for metric in self.metrics)]
        if taken := sorted({label for label in labels if labels.count(label) > 1}):
            twice = ", ".join(map(repr, taken))
            raise ValueError(f"metrics: {twice} would stand twice in the history: give one of them another name")
        if self.seed is not None:
            arguments.integer(self.seed, "seed", least=0)
        if self.dtype is not None:
            arguments.network_dtype(self.dtype)

    def set_params(self, **params: Any) -> Self:
        """As in `Component`: ``optimizer__beta_1=0.8`` sets an argument, and a new ``optimizer`` starts anew."""
        before = self.optimizer
        super().set_params(**params)
        if self.built:
            if params.get("optimizer", before) is before:
                self.state.follow_instead(before, self.optimizer)
            inside = [name for name in params if name.startswith("layers__")]
            if inside and not any(name.rpartition("__")[2].isdecimal() for name in inside):
                self.state.follow_layers(self)
        return self

    def __sklearn_clone__(self) -> Self:
        twin = self.clone()
        twin.one_of_many = True
        return twin

    @names_arguments
    def build(self, input_shape: int | Sequence[int]) -> Self:
        """Make the network for samples of `input_shape` (the batch axis left out), with initial values; return self.

        Raises
        ------
        ValueError
            If the layers do not fit together.
        """
        axes = tuple(input_shape) if isinstance(input_shape, Sequence) else (input_shape,)
        self._build(arguments.sample_shape(axes, "input_shape"), self.dtype or np.float64)
        return self

    def _build(self, input_shape: tuple[int, ...], dtype: Any) -> None:
        self.check()
        state = ModelState(self, input_shape, np.dtype(dtype), self.seed)
        check_build(self, state.network, state.optimizer)
        if not self.shares_layers:
            warn_if_shared(self, state)
        self.state = state

    def _build_for(self, get_samples: Callable[[], Array]) -> None:
        if not self.built:
            x = get_samples()
            self._build(x.shape[1:], self.dtype or float_dtype(x))

    @names_arguments
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int | None = None,
        shuffle: bool | None = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        validation_freq: int | Collection[int] = 1,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        verbose: int = 0,
        initial_epoch: int | None = None,
    ) -> Self:
        """Train from the present weights, or from initial values if there are none yet; return self.

        Parameters
        ----------
        X : array-like, shape (n, ...), or iterable
            Samples; or, with no `y`, anything that gives ``(x, y)`` or ``(x, y, weight)`` batches each time it is
            gone through. A memory-mapped array is read batch by batch and never loaded whole; one larger than memory is
            read faster by `BlockShuffle`.
        y : array-like, shape (n, ...)
            Targets, of the shape of the outputs; (n,) fits outputs of shape (n, 1).
        epochs : int
            How many times to go through the data.
        batch_size : int, optional
            Samples in a step, 32 by default; the last step of an epoch takes what is left. Batches have their size.
        shuffle : bool, optional
            Whether to take the samples in a new order each epoch, as they are by default. Batches have their order.
        validation_data : tuple (X, y) or (X, y, sample_weight), or iterable, optional
            Evaluated after epochs: arrays, or anything that gives batches as `X` does.
        validation_split : float
            Share of the samples set aside for validation, drawn at random. If the targets are classes, each class
            gives the same share. Every call sets aside the same samples.
        validation_freq : int or collection of int
            n: validate after every n-th epoch of the whole training. Numbers: after the epochs with these numbers. In
            the others, the history has nan for the "val_..." values, and callbacks that monitor one of them wait.
        sample_weight : array-like, shape (n,), optional
        class_weight : "balanced" or dict, optional
            Weights of the classes; multiplied with those of the samples. Each sample must have one class; for several
            labels there is the `pos_weight` of `BinaryCrossentropy`.
        callbacks : sequence of Callback
        verbose : int
            0 is silent, 1 shows a bar, n > 1 prints a line every n epochs.
        initial_epoch : int, optional
            None: the epochs are counted on from those in the history. k: as in Keras, the first epoch has number
            k + 1 and the last one number `epochs`, so that ``epochs - k`` are made; none if k is larger.

        Raises
        ------
        TypeError, ValueError
            For an argument that cannot be used; the model is then as it was. Also for a batch that cannot be used: in
            the first epoch the model is then as it was, and in a later one it keeps what it has learned so far, as
            after Ctrl-C.
        FloatingPointError
            If the loss is no longer finite, unless there is a `TerminateOnNaN`; the model keeps the last finite
            weights.
        KeyboardInterrupt
            After Ctrl-C, once the current step has finished; a second Ctrl-C does not wait for it.
        """
        epochs = arguments.integer(epochs, "epochs", least=0)
        verbose = arguments.integer(int(verbose) if isinstance(verbose, bool) else verbose, "verbose", least=0)
        if initial_epoch is not None:
            initial_epoch = arguments.integer(initial_epoch, "initial_epoch", least=0)
        callbacks = [*checked_callbacks(callbacks), *progress(verbose)]
        data = DataArguments(
            batch_size=batch_size,
            shuffle=shuffle,
            validation_data=validation_data,
            validation_split=validation_split,
            validation_freq=validation_freq,
            sample_weight=sample_weight,
            class_weight=class_weight,
        )
        with unchanged_if_refused(self):
            source = Source(X, y)
            self._build_for(source.first_samples)
            batches, validation = data.batches(source, self.state)
            train(
                self,
                batches,
                epochs=epochs,
                initial_epoch=initial_epoch,
                validation=validation,
                callbacks=callbacks,
                verbose=verbose,
            )
        return self

    def train_step(self, x: Array, y: Array, weight: Array | None = None) -> float:
        """Make the step of one batch of `fit`: loss, gradients and update; return the loss, penalties left out.

        `fit` calls it for each batch, and what is measured comes from it. Override it for another kind of step.

        Parameters
        ----------
        x, y : ndarray, shape (n, ...)
            Checked and converted; overwritten after the call.
        weight : ndarray, shape (n,), or None

        Notes
        -----
        What it sets on a layer or loss takes effect in the next step. A step that sets an argument of the model or of
        its optimizer must call `sync` afterwards, as the loop does after hooks.
        """
        value = self.compute_gradients(x, y, weight)  # forward_prop, loss, back_prop
        state = self._state or self.state  # a property costs a frame; this is called for every batch
        network = state.network
        state.optimizer.apply(network.trainable_params, network.trainable_grads)  # update_params
        if network.constrained:
            network.constrain()
        return value

    def compute_gradients(self, x: Array, y: Array, weight: Array | None = None) -> float:
        """Return the loss of a batch and fill ``network.grads``: `train_step` without the update.

        The gradients include those of the penalties; the loss does not. Use it to write your own `train_step`, which
        has the same arguments.
        """
        return (self._state or self.state).step(x, y, weight)

    def train_on_batch(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Make one step on one batch and return its loss, penalties included, measured before the step.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; then no step is made.
        """
        refuse_batches(X, y, "train_on_batch")
        with unchanged_if_refused(self, whole=False), no_overflow_warnings():
            self._build_for(partial(first_samples, X))
            data = data_of(self.state, X, y, sample_weight)
            threads = threads_for(len(data) * self.network.largest_product)
            with self.state.step.unwatched(), FiniteLoss(self.state.step), threads:
                value = self.train_step(data.x[:], data.y[:], data.weight)
        return value + self.network.penalty
