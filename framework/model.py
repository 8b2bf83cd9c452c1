"""`Model`: a network that can be fitted, asked and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

import numpy as np

from framework.callbacks import Callback, checked_callbacks
from framework.callbacks.progress import progress
from framework.core import arguments
from framework.core.arrays import RefusedBatch, float_dtype
from framework.core.component import Component, constructor_arguments
from framework.core.messages import shown
from framework.core.types import Array, LossLike, MetricLike, OptimizerLike
from framework.core.words import names_arguments
from framework.data.fit_arguments import Source, data_of, first_samples
from framework.engine.build_checks import check_arguments_are_kept, check_output_shapes
from framework.engine.state import ModelState
from framework.layers.sequential import Sequential
from framework.losses import Loss
from framework.metrics import Metric
from framework.optimizers import Optimizer
from framework.predictor import Predictor
from framework.training.divergence import FiniteLoss, no_overflow_warnings
from framework.training.loop import train


class Model(Predictor, Component):
    """Layers with a loss and an optimizer, trained by `fit`.

    Parameters
    ----------
    layers : list
        Layers, names of activations, or lists of these; the same object may stand in several places.
    loss : str, Loss or class
    optimizer : str, Optimizer or class
        A model works with a copy of its own, `optimizer_`; what is set on this one takes effect there.
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
    """

    def __init__(
        self,
        layers: Sequence[Any],
        *,
        loss: LossLike = "half_squared_error",
        optimizer: OptimizerLike = "sgd",
        metrics: Sequence[MetricLike] = (),
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        self.layers = layers
        self.loss = loss
        self.optimizer = optimizer
        self.metrics = metrics
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
        for metric in self.metrics:
            Metric.of(metric)
        if self.seed is not None:
            arguments.integer(self.seed, "seed", least=0)
        if self.dtype is not None:
            arguments.network_dtype(self.dtype)

    def set_params(self, **params: Any) -> Self:
        super().set_params(**params)
        inside = [name for name in params if name.startswith("layers__")]
        if self.built and inside and not any(name.rpartition("__")[2].isdecimal() for name in inside):
            self.state.follow_layers(self)
        return self

    @names_arguments
    def build(self, input_shape: int | Sequence[int]) -> Self:
        """Make the network for samples of `input_shape` (the batch axis left out), with initial values; return self.

        Raises
        ------
        ValueError
            If the layers do not fit together.
        """
        axes = tuple(input_shape) if isinstance(input_shape, Sequence) else (input_shape,)
        shape = tuple(arguments.integer(axis, "input_shape", least=1) for axis in axes)
        self._build(shape, self.dtype or np.float64)
        return self

    def _build(self, input_shape: tuple[int, ...], dtype: Any) -> None:
        self.check()
        state = ModelState(self, input_shape, np.dtype(dtype), self.seed)
        check_arguments_are_kept([self, *(at.layer for at in state.network.tree)])
        check_output_shapes(state.network)
        self._state = state

    def _build_for(self, get_samples: Callable[[], Array]) -> None:
        if not self.built:
            x = get_samples()
            self._build(x.shape[1:], self.dtype or float_dtype(x))

    @contextmanager
    def _unchanged_if_refused(self, whole: bool = True) -> Iterator[None]:
        """Restore the state if a call fails before its first update, or because a batch is refused.

        With ``whole=False``, only what a single batch changes before its update.
        """
        before, optimizer, updates = self._state, None, 0
        put_back: list[Callable[[], None]] = []
        if before is not None:
            optimizer, updates = before.optimizer, before.optimizer.step
            put_back.append(partial(before.restore, before.snapshot()) if whole else before.remember_optimizer())
        try:
            if before is not None:
                before.sync(self)
                if not whole:
                    put_back.append(before.remember_pass())  # after sync, which may lay the vector out anew
            yield
        except Exception as error:
            no_update = not self.built or self.optimizer_.step == (updates if self.optimizer_ is optimizer else 0)
            if isinstance(error, RefusedBatch) or no_update:
                if before is not None:
                    self._state = before
                    for undo in reversed(put_back):
                        undo()
                elif not isinstance(error, FloatingPointError):  # keep the initial values: they are finite
                    self._state = None
            raise

    @names_arguments
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        validation_data: Any = None,
        validation_split: float = 0.0,
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
        batch_size : int
            Samples in a step; the last step of an epoch takes what is left.
        shuffle : bool
            Whether to take the samples in a new order each epoch.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Evaluated after each epoch.
        validation_split : float
            Share of the samples set aside for validation, drawn at random. If the targets are classes, each class
            gives the same share. Every call sets aside the same samples.
        sample_weight : array-like, shape (n,), optional
        class_weight : "balanced" or dict, optional
            Weights of the classes; multiplied with those of the samples.
        callbacks : sequence of Callback
        verbose : int
            0 is silent, 1 shows a bar, n > 1 prints a line every n epochs.
        initial_epoch : int, optional
            None: the epochs are counted on from those in the history. k: as in Keras, the first epoch has number
            k + 1 and the last one number `epochs`, so that ``epochs - k`` are made.

        Raises
        ------
        TypeError, ValueError
            For an argument that cannot be used; the model is then as it was.
        FloatingPointError
            If the loss is no longer finite, unless there is a `TerminateOnNaN`; the model keeps the last finite
            weights.
        KeyboardInterrupt
            After Ctrl-C, once the current step has finished; a second Ctrl-C does not wait for it.
        """
        epochs = arguments.integer(epochs, "epochs", least=0)
        batch_size = arguments.integer(batch_size, "batch_size", least=1)
        shuffle = arguments.flag(shuffle, "shuffle")
        verbose = arguments.integer(int(verbose) if isinstance(verbose, bool) else verbose, "verbose", least=0)
        share = arguments.fraction(validation_split, "validation_split")
        if initial_epoch is not None:
            initial_epoch = arguments.integer(initial_epoch, "initial_epoch", least=0)
        callbacks = [*checked_callbacks(callbacks), *progress(verbose)]
        with self._unchanged_if_refused():
            source = Source(X, y)
            self._build_for(source.first_samples)
            batches, validation = source.fit_data(
                self.state,
                batch_size=batch_size,
                shuffle=shuffle,
                validation_data=validation_data,
                validation_split=share,
                sample_weight=sample_weight,
                class_weight=class_weight,
            )
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

        `fit` calls it for each batch. Override it for another kind of step, such as one that averages the gradients
        of several processes; what is measured comes from it.

        Parameters
        ----------
        x, y : ndarray, shape (n, ...)
            Checked and converted; overwritten after the call.
        weight : ndarray, shape (n,), or None

        Notes
        -----
        A step that sets an argument of a component must call `sync` afterwards, as the loop does after hooks.
        """
        state = self._state or self.state  # a property costs a frame; this is called for every batch
        value = state.step(x, y, weight)  # forward_prop, loss, back_prop
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
        return self.state.step(x, y, weight)

    def train_on_batch(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Make one step on one batch and return its loss, penalties included, measured before the step.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; then no step is made.
        """
        with self._unchanged_if_refused(whole=False), no_overflow_warnings():
            self._build_for(partial(first_samples, X))
            data = data_of(self.state, X, y, sample_weight)
            with self.state.step.unwatched(), FiniteLoss(self.state.step):
                value = self.train_step(data.x[:], data.y[:], data.weight)
        return value + self.network.penalty
