"""Layers bound to one parameter vector and one gradient vector."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from threading import Lock
from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.messages import did_you_mean
from framework.core.traceable import traceable
from framework.core.types import Array, Shape
from framework.engine.blas_threads import multiplications
from framework.engine.bound import KEPT_BATCH_SIZES, PREDICTIONS_BEFORE, STEPS_BEFORE, Bound
from framework.engine.layout import laid_out
from framework.engine.parameter_rules import bound_constraints, bound_regularizers
from framework.engine.passes import Pass
from framework.engine.replay.policy import Policy
from framework.engine.tree import series_of
from framework.engine.watch import Watch
from framework.initializers import Initializer
from framework.layers.base import Layer
from framework.layers.sequential import Sequential

INFERENCE_ELEMENTS = 1 << 18


class Network:
    """Layers bound to one vector of parameters and one of gradients.

    Parameters
    ----------
    layers : list
        Layers, activations, names or lists of these.
    input_shape : tuple of int
        The shape of one sample.
    dtype : numpy dtype
    rng : numpy.random.Generator
        Draws the initial values.
    noise : numpy.random.Generator
        Drawn from by dropout and its like, in training.
    fused : bool
        Whether the loss is computed from the logits; passes then go backward from the gradient there.
    params : ndarray, shape (parameters,), optional
        What to begin with instead of initial values; copied.

    Attributes
    ----------
    layers : list of Layer
    params, grads : ndarray, shape (parameters,)
        Laid out alike; see `Layout`. The gradients of frozen parameters are 0.
    views, grad_views : dict of str to ndarray
        Each parameter and its gradient by name (``"0.W"``, ``"0.b"``, ``"2.1.W"`` for a layer inside layer 2), as
        parts of `params` and `grads`.
    pass_grads : dict of str to ndarray
        Where a backward pass writes: `grad_views`, but for frozen parameters memory that nobody reads.
    vectors : tuple of ndarray
        `params`, `grads`, and the memory that nobody reads.
    widest : int
        The number of elements of the largest array that a sample becomes on its way.
    inference_rows : int
        How many samples are predicted at once, so that what is worked on stays in the processor's cache.
    largest_product, products : int
        Multiplications for one sample: in the largest matrix product, and in all of them.
    penalty : float
        The regularizers' penalties at the last training pass.
    tree : PlacedLayer
        The layers in their places.
    layout : Layout
        Where each parameter lies; another object after layers were frozen or thawed.
    bound : Bound
        The passes and recordings made so far.
    seen : int
        The number of assignments to components at the last step that looked whether it is `touched`.
    """

    _watch: Watch | None

    def __init__(
        self,
        layers: Sequence[Any],
        input_shape: Shape,
        *,
        dtype: Any = np.float64,
        rng: np.random.Generator,
        noise: np.random.Generator,
        fused: bool = False,
        params: Array | None = None,
    ) -> None:
        self.input_shape = tuple(input_shape)
        self.dtype = np.dtype(dtype)
        self.noise = noise
        self.fused = fused
        self.sequence = series_of(layers)
        self.layers = [layer for layer, _ in self.sequence.children(self.input_shape)]
        self.output_shape = self.sequence.output_shape(self.input_shape)
        self._start_anew()
        self.tree, self.layout = laid_out(self.sequence, self.input_shape)
        widest_output = max(prod(at.layer.output_shape(at.input_shape)) for at in self.tree)
        self.widest = max(1, prod(self.input_shape), widest_output)
        products = multiplications(self.tree)
        self.largest_product, self.products = max(products, default=0), sum(products)
        self.inference_rows = min(8192, max(256, INFERENCE_ELEMENTS // max(1, widest_output)))
        if params is not None and params.shape != (self.layout.size,):
            raise ValueError(f"these layers have {self.layout.size} parameters, got a vector of shape {params.shape}")
        self._bind(np.empty(self.layout.size, self.dtype) if params is None else params.astype(self.dtype))
        self._synced = Component.assignments.number
        self._watch = Watch(self._components())
        if params is None:
            self._draw(rng)

    def _start_anew(self) -> None:
        """Set up what a copy does not share with its original."""
        self._policies = Policy(STEPS_BEFORE, KEPT_BATCH_SIZES), Policy(PREDICTIONS_BEFORE, sys.maxsize)
        self._others: list[Component] = []
        self._lock = Lock()
        self._watch = None
        self.seen = -1

    def _draw(self, rng: np.random.Generator) -> None:
        for at in self.tree:
            for name, parameter in at.parameters.items():
                values = np.asarray(Initializer.of(parameter.initializer)(parameter.shape, rng))
                if values.shape != parameter.shape:
                    who = f"{at.layer.label()}: {name} has shape {parameter.shape}"
                    raise ValueError(f"{who}, but {parameter.initializer!r} gave values of shape {values.shape}")
                self.views[f"{at.path}.{name}"][...] = values

    def _bind(self, params: Array) -> None:
        self.params = params
        self.grads = np.zeros_like(params)
        self.views = self.layout.views(params)
        self.grad_views = self.layout.views(self.grads)
        self.vectors: tuple[Array, ...] = self.params, self.grads, np.empty_like(params)
        self.pass_grads = self.layout.views(self.grads, frozen=self.vectors[2])
        self.trainable_params = params[: self.layout.trainable]
        self.trainable_grads = self.grads[: self.layout.trainable]
        self.penalty = 0.0
        self.regularized = bound_regularizers(self.layout, params, self.grads)
        self.constrained = bound_constraints(self.layout, params)
        self._forget()

    def _forget(self) -> None:
        """Drop all passes and recordings."""
        self.bound = Bound(self, *self._policies)

    def depends_on(self, component: Component) -> None:
        """Also drop recordings when an argument of `component`, such as the loss, is assigned."""
        self._others.append(component)
        if self._watch is not None:
            self._watch.add([component])

    def _components(self) -> list[Component]:
        return [*(at.layer for at in self.tree), *self._others]

    def touched(self) -> bool:
        """Return whether anything that steps within an epoch depend on was assigned since `sync` looked."""
        return self._watch is None or self._watch.touched()

    def is_traceable(self, layer: Layer) -> bool:
        """Return whether one of the layers is `traceable`."""
        return traceable(layer) if self._watch is None else self._watch.is_traceable(layer)

    def sync(self) -> None:
        """Notice what was assigned to layers since the last call; return at once if no component was assigned to.

        If a layer's argument changed, passes and recordings are dropped. If layers were frozen or thawed, the
        vectors are laid out anew: `layout` is a new object, and `Layout.moved_from` converts other vectors to it.

        Raises
        ------
        ValueError
            If parameters have another shape now; nothing has changed then.
        """
        if Component.assignments.number == self._synced:
            return
        with self._lock:
            number = Component.assignments.number  # read first: an assignment by another thread in the meantime counts
            while self._watch is None or self._watch.changed():
                self._follow_layers()
                number, self._watch = Watch.now(self._components())
                if laid_out(self.sequence, self.input_shape)[1] == self.layout:
                    break
            self._synced = number

    def _follow_layers(self) -> None:
        old = self.layout
        tree, layout = laid_out(self.sequence, self.input_shape)
        if changed := layout.changed_since(old):
            raise ValueError(
                f"the shape of {', '.join(changed)} changed after the model was built: call "
                f"build({self.input_shape}) to start over from initial values, or make another model"
            )
        self.tree = tree
        if layout == old:
            self._forget()
        else:
            self.layout = layout
            self._bind(self.params[layout.moved_from(old)])

    def use_layers(self, layers: Sequence[Any]) -> None:
        """Take `layers` in place of those so far, with the present parameters; ValueError if these do not fit."""
        sequence = series_of(layers)
        if sequence.output_shape(self.input_shape) != self.output_shape or self.parameters_changed_by(layers):
            raise ValueError("the layers do not fit the parameters")
        self.sequence, self.layers = sequence, [layer for layer, _ in sequence.children(self.input_shape)]
        self._follow_layers()
        self._synced, self._watch = -1, Watch(self._components())

    def parameters_changed_by(self, layers: Sequence[Any]) -> list[str]:
        """Return the names of the parameters that would come, go or have another shape with other layers."""
        try:
            return laid_out(Sequential(layers), self.input_shape)[1].changed_since(self.layout)
        except (TypeError, ValueError):  # not layers, or they do not fit together
            return []

    def regularize(self) -> None:
        """Compute the regularizers' penalties, and add their gradients."""
        if not self.regularized:
            return
        self.penalty = self.penalties()
        for regularizer, parameter, gradient in self.regularized:
            if gradient is not None:
                gradient += regularizer.gradient(parameter)

    def penalties(self) -> float:
        """Return the sum of the regularizers' penalties on the present parameters."""
        return float(sum(regularizer(parameter) for regularizer, parameter, _ in self.regularized))

    def constrain(self) -> None:
        """Project each constrained parameter onto its constraint; frozen ones stay as they are."""
        for constraint, parameter in self.constrained:
            parameter[...] = constraint(parameter)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the predictions for one batch, (n, *input_shape) -> (n, *output_shape).

        In training the returned array is overwritten by the next batch of the same size. In inference it is the
        caller's own, and several threads may call.
        """
        return self.training_pass(len(x)).forward(x) if training else self.infer(x)[0]

    def backward(self, grad: Array) -> None:
        """Fill `grads` from the loss's gradient (n, *output_shape), after ``forward(x, training=True)`` on n samples.

        The gradient is that of `Pass.backward`: with respect to the logits if the loss is fused.
        """
        self.training_pass(len(grad)).backward(grad)

    def infer(self, x: Array, out: Array | None = None) -> tuple[Array, Array | None]:
        """Return predictions and, if the loss is fused, the logits that they were made from, for one batch.

        Both are the caller's own; predictions are written into `out` if given.
        """
        self.sync()
        bound = self.bound
        predict = bound.prediction(len(x))
        outputs = predict(x)
        if out is None:
            out = outputs.copy()
        else:
            out[...] = outputs
        logits = predict.at.logits
        if logits is not None:
            logits = logits.copy()
        bound.release(predict)
        return out, logits

    def training_pass(self, n: int, needs_input_grad: bool = False) -> Pass:
        """Return the pass for batches of `n`: ``at.forward(x)``, then ``at.backward(grad)``, which fills `grads`.

        With `needs_input_grad`, `Pass.backward` also returns the gradient of the inputs.
        """
        return self.bound.training_pass(n, needs_input_grad)

    def view(self, name: str) -> Array:
        """Return the parameter called `name` (``"0.W"``), as a part of `params`."""
        if name not in self.views:
            raise ValueError(f"no parameter {name!r}{did_you_mean(name, self.views)}")
        return self.views[name]

    def __getstate__(self) -> dict[str, Any]:
        views = {"views", "grad_views", "pass_grads", "vectors", "trainable_params", "trainable_grads"}
        bound = {"regularized", "constrained", "bound", "_policies", "_others", "_lock", "_watch"}
        return {name: value for name, value in vars(self).items() if name not in views | bound}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._start_anew()
        grads = self.grads
        self._bind(self.params)
        self.grads[...] = grads
        self._synced = -1  # the copy may have been made before a freeze took effect
