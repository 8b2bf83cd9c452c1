"""Layers bound to one parameter vector and one gradient vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from framework.constraints import Constraint
from framework.core.messages import did_you_mean
from framework.core.types import Array, Shape
from framework.engine.layout import Layout
from framework.engine.passes import Pass
from framework.initializers import Initializer
from framework.layers.base import Layer, Parameter
from framework.layers.sequential import Sequential
from framework.regularizers import Regularizer

KEPT_BATCH_SIZES = 8
INFERENCE_ELEMENTS = 1 << 18


@dataclass
class Place:
    """One place in the tree of layers; the same layer object may stand in several."""

    layer: Layer
    path: str
    input_shape: Shape
    parameters: dict[str, Parameter]
    children: list[Place]
    trainable: bool
    arguments: dict[str, Any]

    def __iter__(self) -> Iterator[Place]:
        """Go through this place and all inside it, in the order of the layers."""
        yield self
        for child in self.children:
            yield from child

    def learns(self) -> bool:
        """Return whether any trainable parameter is here or inside."""
        return any(place.trainable and p.trainable for place in self for p in place.parameters.values())


def place(layer: Layer, path: str, input_shape: Shape, trainable: bool = True) -> Place:
    """Return the tree of places below `layer`."""
    trainable = trainable and layer.trainable
    children = [
        place(child, f"{path}.{i}" if path else str(i), shape, trainable)
        for i, (child, shape) in enumerate(layer.children(input_shape))
    ]
    return Place(layer, path, input_shape, dict(layer.parameters(input_shape)), children, trainable, vars(layer).copy())


def _set_since(now: Place, before: Place) -> bool:
    """Return whether an argument of the layer in one place was set to another object."""
    return any(value is not before.arguments.get(name) for name, value in now.arguments.items())


def _shapes(layout: Layout) -> dict[str, Shape]:
    return {entry.name: entry.parameter.shape for entry in layout.entries}


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
        Draws the first values.
    noise : numpy.random.Generator
        Drawn from by dropout and its like, in training.
    fused : bool
        Whether the loss works from the sums of the output layer; then `backward` takes the gradient at these.
    params : ndarray, shape (parameters,), optional
        What to begin with instead of first values; copied.

    Attributes
    ----------
    layers : list of Layer
    params, grads : ndarray, shape (parameters,)
        Laid out alike; see `Layout`.
    views, grad_views : dict of str to ndarray
        Each parameter and its gradient by name (``"0.W"``, ``"0.b"``, ``"2.1.W"`` for a layer inside layer 2), as
        parts of `params` and `grads`.
    active : Pass
        The last training pass; ``active.grad`` is offered for the loss's gradient.
    widest : int
        The number of elements of the largest array that a sample becomes on its way.
    inference_rows : int
        How many samples are predicted at once, so that what is worked on stays in the processor's cache.
    penalty : float
        The regularizers' penalties at the last training pass.
    version : object
        Another one after the vectors or the passes were made anew, by which what was bound to the old ones is stale.
    """

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
        self.sequence = Sequential(layers)
        self.layers = [layer for layer, _ in self.sequence.children(self.input_shape)]
        self.output_shape = self.sequence.output_shape(self.input_shape)
        self.root, self.layout = self._laid_out()
        widest = max(prod(at.layer.output_shape(at.input_shape)) for at in self.root)
        self.widest = max(1, prod(self.input_shape), widest)
        self.inference_rows = min(8192, max(256, INFERENCE_ELEMENTS // max(1, widest)))
        if params is not None and params.shape != (self.layout.size,):
            raise ValueError(f"these layers have {self.layout.size} parameters, got a vector of shape {params.shape}")
        self._bind(np.empty(self.layout.size, self.dtype) if params is None else params.astype(self.dtype))
        if params is None:
            self._draw(rng)

    def _draw(self, rng: np.random.Generator) -> None:
        for at in self.root:
            for name, parameter in at.parameters.items():
                values = np.asarray(Initializer.of(parameter.initializer)(parameter.shape, rng))
                if values.shape != parameter.shape:
                    who = f"{at.layer.label()}: {name} has shape {parameter.shape}"
                    raise ValueError(f"{who}, but {parameter.initializer!r} gave values of shape {values.shape}")
                self.views[f"{at.path}.{name}"][...] = values

    def _laid_out(self) -> tuple[Place, Layout]:
        root = place(self.sequence, "", self.input_shape)
        parameters = [
            (f"{at.path}.{name}", parameter, at.trainable and parameter.trainable)
            for at in root
            for name, parameter in at.parameters.items()
        ]
        return root, Layout(parameters)

    def _bind(self, params: Array) -> None:
        self.params = params
        self.grads = np.zeros_like(params)
        self.views = self.layout.views(params)
        self.grad_views = self.layout.views(self.grads)
        self.trainable_params = params[: self.layout.trainable]
        self.trainable_grads = self.grads[: self.layout.trainable]
        self.penalty = 0.0
        entries = self.layout.entries
        self.regularized = [
            (Regularizer.of(entry.parameter.regularizer), entry.view(params), entry.view(self.grads))
            for entry in entries
            if entry.parameter.regularizer is not None
        ]
        self.constrained = [
            (Constraint.of(entry.parameter.constraint), entry.view(params))
            for entry in entries
            if entry.parameter.constraint is not None
        ]
        self._forget_passes()

    def _forget_passes(self) -> None:
        self.version = object()
        self._training: dict[int, Pass] = {}
        self._idle: dict[int, list[Pass]] = {}

    def refresh(self) -> Array | None:
        """Take up what was set on the layers since; lay the vectors out anew if they were frozen or thawed.

        Returns
        -------
        ndarray or None
            The indices that bring any vector of the old layout into the new one; None if it is the same.

        Raises
        ------
        ValueError
            If parameters have another shape now; nothing has changed then.
        """
        old_root, old = self.root, self.layout
        root, layout = self._laid_out()
        if (shapes := _shapes(layout)) != (old_shapes := _shapes(old)):
            changed = sorted({name for name, _ in shapes.items() ^ old_shapes.items()})
            raise ValueError(
                f"the shape of {', '.join(changed)} changed after the model was built: call "
                f"build({self.input_shape}) to begin anew from first values, or make another model"
            )
        self.root = root
        if layout.entries == old.entries and [at.trainable for at in root] == [at.trainable for at in old_root]:
            if any(map(_set_since, root, old_root)):
                self._forget_passes()
            return None
        self.layout = layout
        indices = layout.moved_from(old)
        self._bind(self.params[indices])
        return indices

    @property
    def sums(self) -> Array | None:
        """In a fused network, the sums of the output layer in the last training pass."""
        return self.active.sums

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the predictions for `x`, (n, *input_shape) -> (n, *output_shape).

        In training the returned array is overwritten by the next call. In inference it is the caller's own, and
        several threads may call at once.
        """
        if not training:
            return self.infer(x)[0]
        active = self.training_pass(len(x))
        for forward, ctx in active.forwards:
            x = forward(ctx, x)
        return x

    def backward(self, grad: Array) -> None:
        """Fill `grads` from `grad`, the loss's gradient at the outputs (at the sums, in a fused network)."""
        for backward, ctx in self.active.backwards:
            grad = backward(ctx, grad)
        if self.regularized:
            self.regularize()

    def regularize(self) -> None:
        """Take the regularizers' penalties, and add their gradients."""
        self.penalty = self.penalties()
        for regularizer, parameter, gradient in self.regularized:
            gradient += regularizer.gradient(parameter)

    def penalties(self) -> float:
        """Return the sum of the regularizers' penalties on the present parameters."""
        return float(sum(regularizer(parameter) for regularizer, parameter, _ in self.regularized))

    def constrain(self) -> None:
        """Project each constrained parameter onto its constraint."""
        for constraint, parameter in self.constrained:
            parameter[...] = constraint(parameter)

    def infer(self, x: Array, out: Array | None = None) -> tuple[Array, Array | None]:
        """Return predictions and, in a fused network, the sums they were made from, for one batch.

        Both are the caller's own; predictions are written into `out` if given.
        """
        idle = self._idle.get(len(x))
        try:
            active = idle.pop()  # type: ignore[union-attr]
        except (AttributeError, IndexError):
            active = Pass(self, len(x), training=False)
        outputs = active.infer(x)
        if out is None:
            out = outputs.copy()
        else:
            out[...] = outputs
        sums = None if active.sums is None else active.sums.copy()
        if idle is None:
            self._take_in(active)
        else:
            idle.append(active)
        return out, sums

    def _take_in(self, idle: Pass) -> None:
        if len(self._idle) >= KEPT_BATCH_SIZES and idle.n not in self._idle:
            self._idle = {}
        self._idle.setdefault(idle.n, []).append(idle)

    def training_pass(self, n: int) -> Pass:
        """Return the pass for batches of `n`, which is then the active one."""
        self.active = active = self._training.get(n) or self._new_training_pass(n)
        return active

    def _new_training_pass(self, n: int) -> Pass:
        if len(self._training) >= KEPT_BATCH_SIZES:
            self._training.clear()
        self._training[n] = new = Pass(self, n, training=True)
        return new

    def view(self, name: str) -> Array:
        """Return the parameter called `name` (``"0.W"``), as a part of `params`."""
        if name not in self.views:
            raise ValueError(f"no parameter {name!r}{did_you_mean(name, self.views)}")
        return self.views[name]

    def __getstate__(self) -> dict[str, Any]:
        views = {"views", "grad_views", "trainable_params", "trainable_grads", "regularized", "constrained"}
        passes = {"_training", "_idle", "active", "version"}
        return {name: value for name, value in self.__dict__.items() if name not in views | passes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        grads = self.grads
        self._bind(self.params)
        self.grads[...] = grads
