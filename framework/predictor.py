"""`Predictor`: the part of a model that does not train."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Self

from framework.core.advice import METHODS
from framework.core.arrays import RefusedBatch, ordinary
from framework.core.component import Component
from framework.core.types import Array
from framework.core.words import add_advice, names_arguments
from framework.data.sources import Source, data_of, refuse_batches
from framework.engine import weights as network_weights
from framework.engine.blas_threads import threads_for
from framework.engine.history import History
from framework.engine.network import Network
from framework.engine.shared_layers import note
from framework.engine.state import ModelState
from framework.engine.summary import Summary, summary
from framework.engine.task import metrics_of
from framework.engine.transfer import TransferWeights
from framework.losses import Loss
from framework.losses.base import LossLike
from framework.metrics import Metric
from framework.metrics.base import MetricLike
from framework.optimizers import Optimizer
from framework.optimizers.base import OptimizerLike
from framework.saving import model_file, safetensors
from framework.saving.archive import CheckpointError
from framework.training.evaluation import evaluate
from framework.training.prediction import predictions


class Predictor(TransferWeights):
    """The part of a `Model` that does not train: predictions, evaluation, weights and files."""

    layers: Sequence[Any]
    loss: LossLike
    optimizer: OptimizerLike
    metrics: Sequence[MetricLike]
    dtype: Any
    seed: int | None
    _state: ModelState | None = None
    shares_layers = False  # True: it is meant to, so that no warning is due

    @property
    def state(self) -> ModelState:
        """What building and training have made; RuntimeError before `build` or `fit`."""
        if self._state is None:
            raise RuntimeError("this model has no weights yet: call fit(X, y) or build(input_shape) first")
        return self._state

    @state.setter
    def state(self, state: ModelState | None) -> None:
        self._state = state
        if state is not None:
            note(self)

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.__dict__.update(attributes)
        if self.built:
            note(self)

    @property
    def built(self) -> bool:
        """Whether the model has weights."""
        return self._state is not None

    @property
    def network(self) -> Network:
        """The layers bound to their two vectors."""
        return self.state.network

    @property
    def history(self) -> History:
        """The loss and the metrics of all epochs so far."""
        return self.state.history if self.built else History()

    @property
    def loss_(self) -> Loss:
        """The loss in use."""
        return self.state.loss

    @property
    def optimizer_(self) -> Optimizer:
        """The optimizer in use: the model's own copy of the one given, as of the last `fit`, step or `sync`."""
        return self.state.optimizer

    @property
    def metrics_(self) -> dict[str, Metric]:
        """The metrics by the names that the history uses."""
        return metrics_of(self.metrics, self.loss_, self.network) if self.metrics else {}

    @property
    def learning_rate(self) -> Any:
        """The learning rate or schedule of the optimizer in use; may be set at any time."""
        return self.optimizer_.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.sync()  # another optimizer may have been given: the rate is meant for it
        self.optimizer_.set_params(learning_rate=value)

    def sync(self) -> None:
        """Take up what was assigned to the model or its components; `fit` and its siblings call it by themselves.

        Returns at once if nothing was assigned. The optimizer in use follows the given one; frozen and thawed layers
        take effect.

        Raises
        ------
        ValueError
            If layers, loss, dtype or seed are others than the network was built from.
        """
        self.state.sync(self)

    def predict(self, X: Any, batch_size: int | None = None, verbose: int = 0) -> Array:
        """Return the outputs for `X`, (n, ...) -> (n, *output_shape).

        With a loss that is computed `from_logits`, the outputs are logits: ``Activation.of("softmax")`` (or "sigmoid")
        turns them into probabilities.

        Parameters
        ----------
        X : array-like, shape (n, ...), or iterable
            Samples, or anything that gives batches of them: ``x``, ``(x,)``, or as for `fit` ``(x, y)`` or
            ``(x, y, weight)``, of which only ``x`` is used. The outputs are in the order given; for a `BlockShuffle` in
            that of the rows of its arrays.
        batch_size : int, optional
            How many samples of an array to compute at a time. By default, as many as suit the processor's cache, so
            that the layers' memory does not grow with n.
        verbose : int
            1 shows a bar.
        """
        try:
            return predictions(self.network, X, batch_size, verbose)
        except RefusedBatch as error:  # a callback may have asked, whose fit it must not undo
            raise ordinary(error) from None

    @names_arguments
    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, Any]:
        """Return "loss" and the metrics on all of the data, as `fit` reports them for validation data.

        `X`, `y` and `sample_weight` are as for `fit`: arrays, or as `X` anything that gives ``(x, y)`` or
        ``(x, y, weight)`` batches.
        """
        return self._evaluate("evaluate", self.metrics_, X, y, sample_weight)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy if the loss is one for classes, else R2; the data is as for `evaluate`.

        The accuracy is what the metric "accuracy" reports: with several labels for each sample, the share of the labels
        that are right (scikit-learn's classifiers score the share of the samples, `SubsetAccuracy`).
        """
        name = "accuracy" if self.loss_.classifies else "r2"
        return float(self._evaluate("score", metrics_of([name], self.loss_, self.network), X, y, sample_weight)[name])

    def _evaluate(self, method: str, metrics: dict[str, Metric], X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
        self.sync()
        batches = Source(X, y, method=method).to_evaluate(self.state, sample_weight)
        try:
            return evaluate(self.network, self.state.objective, metrics, batches)
        except RefusedBatch as error:  # as in `predict`
            raise ordinary(error) from None

    def gradients(self, X: Any, y: Any = None, sample_weight: Any = None) -> list[Array]:
        """Return the gradients of the loss on one batch, penalties included, in the order of `get_weights`.

        Those of frozen parameters are 0. No parameter changes.
        """
        self.sync()
        refuse_batches(X, y, "gradients")
        data = data_of(self.state, X, y, sample_weight)
        put_back = self.state.remember_pass()
        try:
            with self.state.step.unwatched(), threads_for(len(data) * self.network.largest_product):
                self.state.step(data.x[:], data.y[:], data.weight)
        except RefusedBatch as error:  # as in `predict`
            raise ordinary(error) from None
        finally:
            put_back()
        return [gradient.copy() for gradient in self.network.grad_views.values()]

    def get_weights(self) -> list[Array]:
        """Return copies of all parameters, layer by layer: [W, b, W, b, ...]."""
        return network_weights.get_weights(self.network.views)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all parameters, in the order of `get_weights`; ValueError, and nothing set, if one does not fit."""
        network_weights.set_weights(self.network.views, weights)
        self.state.weights_given = True

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters as safetensors, which other frameworks read: "0.W" (units, inputs), "0.b", ..."""
        safetensors.save(self.network.views, path)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Set the parameters from a safetensors file with the names and shapes of `save_weights`.

        Raises
        ------
        CheckpointError
            If the file is damaged or does not fit; nothing has changed then.
        RuntimeError
            If the model is not built, so that nothing is known about its parameters.
        """
        if not self.built:
            raise RuntimeError(
                "load_weights: this model is not built, so it has no weights yet that a file could be loaded into: "
                "call build(input_shape) first; a file that save wrote is read by Model.load(path)"
            )
        weights = safetensors.load(path, list(self.network.views))
        try:
            self.set_weights(weights)
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"{os.fspath(path)!r} cannot be loaded: {error}") from error

    @names_arguments
    def summary(self) -> Summary:
        """Return a table of the layers, their output shapes and parameters: a str that notebooks show as a table."""
        return summary(self.network)

    def _repr_html_(self) -> str:
        from framework.engine.html import model_html

        return model_html(self)

    @names_arguments
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of this model to the file `path`: exactly this name, nothing is appended to it.

        The file is a .npz of arrays and one JSON text, from which training goes on bit for bit after `load`:
        parameters, the optimizer's slots, random streams, history and every constructor's arguments. It is written
        atomically: whatever happens, there is the old file or the new one.

        Raises
        ------
        TypeError
            If an argument cannot be written, such as a function used as a metric.
        OSError
            If the file cannot be written.
        """
        model_file.save(self, path)

    @classmethod
    @names_arguments
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

    def __sklearn_is_fitted__(self) -> bool:
        return self.built

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


add_advice(Predictor, METHODS)
