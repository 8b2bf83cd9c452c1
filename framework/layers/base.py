"""The base class of layers, `Layer`, the `Parameter` it asks for and the `Context` it works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np

from framework.activations.base import Activation
from framework.constraints import ConstraintLike
from framework.core.advice import OF_LAYERS
from framework.core.component import Component, UnknownComponent
from framework.core.messages import did_you_mean, shape_text, shown
from framework.core.types import Array, MixedList, Shape
from framework.core.words import add_advice
from framework.initializers import Initializer, InitializerLike
from framework.regularizers import RegularizerLike


@dataclass(frozen=True)
class Parameter:
    """A request to the network for one of a layer's arrays.

    Parameters
    ----------
    shape : tuple of int
    initializer : str, Initializer or array
        The initial values.
    trainable : bool
        False for state that a layer updates by itself, such as running means: optimizer and constraint leave it alone.
        While the layer is frozen, what it writes there is dropped.
    decay : bool, optional
        Whether an optimizer's ``weight_decay`` applies. By default it does to arrays of two axes or more.
    regularizer, constraint : component or name, optional
        A penalty added to the loss; a projection after each step.
    transposed : bool
        Store a (units, inputs) array in memory as its transpose, so that ``x @ W.T`` reads it in order.
    """

    shape: Shape
    initializer: InitializerLike = field(default="zeros", compare=False)
    trainable: bool = True
    decay: bool | None = None
    regularizer: RegularizerLike | None = None
    constraint: ConstraintLike | None = None
    transposed: bool = False

    def __post_init__(self) -> None:
        axes = (self.shape,) if isinstance(self.shape, int | np.integer) else self.shape
        shape = tuple(map(index, axes))
        object.__setattr__(self, "shape", shape)
        if self.decay is None:
            object.__setattr__(self, "decay", len(shape) > 1)
        Initializer.of(self.initializer)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)


class Context:
    """The arrays and settings that a layer works with, at one place of a network and for one batch size.

    Attributes
    ----------
    W, dW, ... : ndarray
        Each parameter under its name, and its gradient under ``d`` and its name: views into the network's two
        vectors.
    n : int
        The batch size.
    dtype : numpy.dtype
    training, needs_input_grad : bool
        Whether this is a training pass; whether `Layer.backward` has to return the gradient of its input.
    needs_backward : bool
        Whether `Layer.backward` has to be called: something in the layer or before it learns.
    fused : bool
        Whether this is the output layer and the loss computes from its logits ``ctx.z``; see `bind_activation`.
    trainable : bool
        False if the layer is frozen, by itself or by a layer around it.
    rng : numpy.random.Generator
        The generator for dropout and noise, in training.
    children : list of Context
        The contexts of the layers inside this one.
    layer : Layer
    replayable : bool
        Whether a training pass of the layer, and of all inside it, may be recorded; see `Component`.
    ones : ndarray, shape (n,)
        For sums over the batch: ``ctx.ones.dot(grad, ctx.db)`` is a product of a row vector and a matrix, and faster
        than ``grad.sum(axis=0)``.

    The arrays declared in `Layer.memory` are here too, with arbitrary content. ``forward`` may leave anything else for
    ``backward`` (``ctx.x = x``). To a type checker, all that is not listed here is an array; a layer that leaves
    something else may declare ``ctx: Any``.
    """

    layer: Layer
    children: list[Context]
    n: int
    dtype: Any
    training: bool
    needs_input_grad: bool
    needs_backward: bool
    trainable: bool
    fused: bool
    replayable: bool
    rng: np.random.Generator
    ones: Array

    # For type checkers alone: at run time, a class with these two methods looks up every attribute more slowly.
    if TYPE_CHECKING:
        # What built-in layers leave here that is no array:
        f: Callable[..., Array]
        f_backward: Callable[..., Array]
        forwards: list[tuple[Callable[[Context, Any], Any], Context]]
        backwards: list[tuple[Callable[[Context, Any], Any], Context]]

        def __getattr__(self, name: str) -> Array: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


def in_dtype(ctx: Context, a: Array) -> Array:
    """Return an array in the dtype of the network: ``dot`` with `out` does not cast, as ufuncs with `out` do."""
    return a if a.dtype == ctx.dtype else a.astype(ctx.dtype)


def _new_context_class(layer: type[Layer]) -> type[Context]:
    return type(f"{layer.__name__}Context", (Context,), {})


# Each layer class has a context class of its own. CPython stores and finds attributes fastest if all instances of a
# class have the same ones, and contexts of different layers have different ones (W and b here, gamma and beta there).
context_class: Callable[[Any], type[Context]] = cache(_new_context_class)


class Layer(Component):
    """Base of layers: hyperparameters and two passes; the parameters live in the network.

    A subclass writes `forward` and `backward`, and declares its parameters, if it has any, in `parameters`. It never
    writes to the arrays that it is given (``x``, ``grad``).

    Parameters
    ----------
    name : str, optional
        Shown in summaries and errors.
    trainable : bool
        False freezes the layer and all layers inside it, at any time: their weights and running means do not change.
        When they are thawed, the optimizer begins anew with their weights.

    Attributes
    ----------
    differs_in_training : bool
        Whether a training pass gives outputs different from inference, as with dropout.
    """

    differs_in_training: ClassVar[bool] = False
    keeps = ("trainable",)  # a layer may be frozen at any time, and a file has to know it

    name: str | None = None
    trainable: bool = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "output_shape" in vars(cls):
            cls.output_shape = _with_a_tuple(vars(cls)["output_shape"])  # type: ignore[assignment]

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        self.name = name
        self.trainable = trainable

    @classmethod
    def of(cls, spec: Any) -> Any:
        """Return the layer for `spec`, which may also be an activation or its name, or a list of layers."""
        series: Any = cls.named("sequential")
        activate: Any = cls.named("activate")
        kind = spec if isinstance(spec, type) else type(spec)
        if isinstance(spec, list | tuple):
            return series(list(spec))
        if isinstance(spec, str) and not cls.known(spec):
            if not Activation.known(spec):
                known = [*Activation.spellings(), *cls.spellings()]
                both = f"{', '.join(Activation.names())}; nor is it a layer: {', '.join(cls.names())}"
                hint = did_you_mean(spec, known, [both])
                raise UnknownComponent(f"unknown activation {spec!r}{hint}")
            return activate(spec)
        if isinstance(spec, int | np.integer) and not isinstance(spec, bool):
            raise TypeError(
                f"expected a Layer, its name or its class, got {shown(spec)}: write Dense({spec}), or "
                f"Dense({spec}, 'relu')"
            )
        if issubclass(kind, Component) and not issubclass(kind, Layer):
            return activate(spec)
        return super().of(spec)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        """Return the parameters needed for inputs of `input_shape` (without the batch axis), by name."""
        return {}

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output, given that of one input; raise ValueError if the layer cannot use it."""
        return input_shape

    def memory(self, input_shape: Shape) -> Mapping[str, Shape]:
        """Return the working arrays needed, by name, each with its shape for one sample, without the batch axis."""
        return {}

    def children(self, input_shape: Shape) -> Sequence[tuple[Layer, Shape]]:
        """Return the layers inside this one, each with the shape of its input."""
        return []

    def bind(self, ctx: Context) -> None:
        """Prepare a new context: do once what would cost time on every batch."""

    def forward(self, ctx: Context, x: Array) -> Array:
        """Return the outputs for `x`, (n, *input_shape) -> (n, *output_shape)."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, ctx, x)")

    def backward(self, ctx: Context, grad: Array) -> Array | None:
        """Assign the gradients of the parameters (``ctx.dW[...] = ...``) and return the gradient of the input.

        `grad` is the gradient with respect to the outputs of the last `forward` on this context. The next `forward`
        may overwrite those outputs. If ``ctx.needs_input_grad`` is false, the returned value is not used.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward(self, ctx, grad)")

    def label(self) -> str:
        """Return the layer's name in messages: its class and, if it has one, its own name."""
        return type(self).__name__ + (f" {self.name!r}" if self.name else "")

    def expect(self, fits: bool, expected: str, input_shape: Shape, fix: str = "") -> None:
        """Raise ValueError unless `fits`, saying that this layer expects `expected` and got `input_shape`."""
        if not fits:
            got = shape_text(input_shape)
            raise ValueError(f"{self.label()} expects inputs of shape {expected}, got {got}" + (fix and f": {fix}"))


# An activation is a layer of its own, and a list of layers a `Sequential`; see `Layer.of`.
LayerLike = str | Layer | type[Layer] | Activation | type[Activation] | Sequence["LayerLike"] | MixedList
Layers = Sequence[LayerLike] | MixedList


class LayerOptions(TypedDict, total=False):
    """The arguments that every layer has, as types of ``**common``."""

    name: str | None
    trainable: bool


def _with_a_tuple(output_shape: Callable[[Any, Shape], Any]) -> Callable[[Any, Shape], Shape]:
    """Return an `output_shape` whose shapes are tuples of integers: TypeError for anything else, such as a number."""

    @wraps(output_shape)
    def with_a_tuple(layer: Layer, input_shape: Shape) -> Shape:
        shape = output_shape(layer, input_shape)
        try:
            return tuple(map(index, shape))
        except TypeError:
            raise TypeError(
                f"{layer.label()}: output_shape must return a tuple of integers, the shape of one output, as in "
                f"(units,), got {shown(shape)}"
            ) from None

    return with_a_tuple


def layer_list(owner: Layer, name: str) -> None:
    """Raise TypeError unless argument `name` of `owner` is a list of layers, and ValueError if it is empty."""
    layers = getattr(owner, name)
    if not isinstance(layers, list | tuple):
        raise TypeError(f"{owner.label()}: {name} must be a list of layers, got {shown(layers)}")
    if not layers:
        raise ValueError(f"{owner.label()}: {name} is empty; give at least one layer")
    if all(isinstance(layer, int | np.integer) for layer in layers):
        first, *others = map(str, layers)
        *hidden, last = others or [first]
        written = ", ".join([*(f"Dense({units}, 'sigmoid')" for units in hidden), f"Dense({last})"])
        inputs = f"; the number of inputs, {first}, is read from the data" if others else ""
        raise TypeError(f"{owner.label()}: {name} are numbers, {shown(layers)}: write [{written}]{inputs}")
    for layer in layers:
        Layer.of(layer)


add_advice(Layer, OF_LAYERS)
