"""`Model`: a network that can be fitted, asked and judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any, Self

import numpy as np

from framework.built import Built
from framework.callbacks import Callback, checked_callbacks
from framework.callbacks.progress import progress
from framework.core import arguments, arrays
from framework.core.arrays import RefusedBatch
from framework.core.component import Component
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.fit_arguments import Source, data_of, first_samples
from framework.data.samples import checked_inputs
from framework.engine.state import State
from framework.layers.sequential import Sequential
from framework.losses import Loss
from framework.metrics import Metric
from framework.optimizers import Optimizer
from framework.saving import model_file
from framework.saving.archive import CheckpointError
from framework.training.divergence import no_overflow_warnings
from framework.training.evaluation import evaluate
from framework.training.loop import gradients, train


class Model(Built, Component):
    """Layers with a loss and an optimizer, trained by `fit`.

    Parameters
    ----------
    layers : list
        Layers, names of activations, or lists of these; the same object may stand in several places.
    loss : str, Loss or class
    optimizer : str, Optimizer or class
        A model works with a copy of its own, `optimizer_`; what is set on this one takes effect there.
    metrics : sequence of str, Metric or callable ``(y_true, y_pred) -> float``
        Reported beside the loss.
    seed : int, optional
        Makes first values, shuffling, dropout and splits reproducible; None draws a seed.
    dtype : numpy dtype, optional
        float32 or float64. None: as the data of the first `fit` (float32 stays, all else is float64).

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
        loss: Any = "half_squared_error",
        optimizer: Any = "sgd",
        metrics: Sequence[Any] = (),
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

    def _component(self, name: str) -> Component:
        families: dict[str, Any] = {"loss": Loss, "optimizer": Optimizer}
        return families[name].of(getattr(self, name)) if name in families else super()._component(name)

    @property
    def metrics_(self) -> dict[str, Metric]:
        """The metrics by the names that the history uses."""
        metrics = (Metric.of(metric) for metric in self.metrics)
        return {metric.label(): metric.cut_at(self.loss_.threshold) for metric in metrics}

    def build(self, input_shape: int | Sequence[int]) -> Self:
        """Make the network for samples of `input_shape` (the batch axis left out), with first values; return self.

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
        self._state = State(self.layers, self.loss, self.optimizer, input_shape, np.dtype(dtype), self.seed)

    def _build_for(self, x: Array) -> None:
        self._build(x.shape[1:], self.dtype or arrays.float_dtype(x))

    def sync(self) -> None:
        """Let the state follow arguments and layers that were set since it was built."""
        self.state.refresh()
        self.state.follow(self.optimizer)

    @contextmanager
    def _unchanged_if_refused(self) -> Iterator[None]:
        """Put everything back if a call fails before its first step, or on data that it refuses."""
        state = self._state
        if state is not None:
            state.check_same(self.layers, self.loss, self.dtype)
            state.refresh()
        before = None if state is None else state.snapshot()
        try:
            yield
        except Exception as error:
            steps_before = 0 if before is None else before["optimizer"]["step"]
            if isinstance(error, RefusedBatch) or not self.built or self.optimizer_.step == steps_before:
                if state is not None and before is not None:
                    self._state = state
                    state.restore(before)
                elif not isinstance(error, FloatingPointError):  # first values are finite weights to keep
                    self._state = None
            raise

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
        """Train from the present weights, or from first values if there are none yet; return self.

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
            Share of the samples set aside for validation, drawn at random, for classes in equal proportions; the
            same samples at each call.
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
            After Ctrl-C, when the step in hand is whole; a second Ctrl-C does not wait for that.
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
            if not self.built:
                self._build_for(source.first_samples())
            batches, validation = source.fit_data(
                self.state,
                batch_size=batch_size,
                shuffle=shuffle,
                validation_data=validation_data,
                validation_split=share,
                sample_weight=sample_weight,
                class_weight=class_weight,
            )
            self.state.follow(self.optimizer)
            self.state.refresh()
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

    def predict(self, X: Any, batch_size: int | None = None, verbose: int = 0) -> Array:
        """Return the outputs for `X`, (n, ...) -> (n, *output_shape), computed `batch_size` samples at a time.

        With no `batch_size`, as many as work well at once: memory does not grow with n. `verbose` is taken for the
        sake of callers that know Keras, and changes nothing.
        """
        network = self.network
        x = checked_inputs(X, "X", network.input_shape, network.dtype, network.layers[0].label())
        size = network.inference_rows if batch_size is None else arguments.integer(batch_size, "batch_size", least=1)
        if 0 < len(x) <= size:
            return network.infer(x[:])[0]
        predictions = np.empty((len(x), *network.output_shape), network.dtype)
        for start in range(0, len(x), size):
            network.infer(x[start : start + size], predictions[start : start + size])
        return predictions

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Return "loss" and the metrics on all of the data, as `fit` reports them for validation data."""
        return evaluate(self.network, self.loss_, self.metrics_, data_of(self.state, X, y, sample_weight))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy if the loss is one for classes, else R2."""
        metric = Metric.of("accuracy" if self.loss_.classifies else "r2").cut_at(self.loss_.threshold)
        data = data_of(self.state, X, y, sample_weight)
        return float(evaluate(self.network, self.loss_, {"score": metric}, data)["score"])

    def train_on_batch(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Make one step on one batch and return its loss, measured before the step.

        Raises
        ------
        FloatingPointError
            If the loss is not finite; then no step is made.
        """
        with self._unchanged_if_refused(), no_overflow_warnings():
            if not self.built:
                self._build_for(first_samples(X))
            data = data_of(self.state, X, y, sample_weight)
            self.state.follow(self.optimizer)
            self.state.refresh()
            value = gradients(self.state, data)
            if not isfinite(value):
                raise FloatingPointError(f"the loss is {value}; no step was made")
            self.optimizer_.update(self.network.trainable_params, self.network.trainable_grads)
            self.network.constrain()
        return value

    def gradients(self, X: Any, y: Any, sample_weight: Any = None) -> list[Array]:
        """Return the gradients of the loss on one batch, in the order of `get_weights`; nothing is updated."""
        data = data_of(self.state, X, y, sample_weight)
        noise, running = self.network.noise.bit_generator, self.network.params[self.network.layout.trainable :]
        before = noise.state, running.copy()
        gradients(self.state, data)
        noise.state, running[...] = before  # so that looking changes neither what training draws nor running means
        return [gradient.copy() for gradient in self.network.grad_views.values()]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of this model to the file `path`: exactly this name, nothing is appended to it.

        The file is a .npz of arrays and one JSON text that `load` takes up so that training goes on bit for bit:
        parameters, the optimizer's slots, random streams, history and every constructor's arguments. It is there
        whole or not at all, whatever happens meanwhile; an old file of this name is replaced.

        Raises
        ------
        TypeError
            If an argument cannot be written, such as a function used as a metric.
        OSError
            If the file cannot be written.
        """
        model_file.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], classes: Iterable[type[Component]] = ()) -> Self:
        """Return the model that `save` wrote to `path`.

        Nothing in a file can run: components are found by name among the classes that are imported, and `classes`.

        Parameters
        ----------
        path : str or path
        classes : iterable of Component classes, optional
            Those of your own that have no registered name.

        Raises
        ------
        CheckpointError
            If the file is not exactly as it was written, or if it cannot be loaded; says why.
        OSError
            If there is no such file.
        """
        model = model_file.read(path, classes).model
        if not isinstance(model, cls):
            raise CheckpointError(f"{os.fspath(path)!r} holds a {type(model).__name__}, not a {cls.__name__}")
        return model

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's searches and scores ask: whether this predicts classes or numbers."""
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classifies = Loss.of(self.loss).classifies
        return Tags(
            estimator_type="classifier" if classifies else "regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
        )
