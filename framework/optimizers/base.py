"""The base of optimizers: everything in a step but the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np

from framework.core.advice import OF_OPTIMIZERS
from framework.core.arguments import number
from framework.core.component import Component
from framework.core.constructors import constructor_arguments
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.core.words import add_advice
from framework.optimizers.ages import Parts, Stretch, missed_in, stretches_of, update_in
from framework.optimizers.clipping import clip_norm
from framework.schedules import Schedule

CLEARED_EVERY = 32  # steps

_assign = object.__setattr__  # for what a step assigns: in a quarter of the time of Optimizer.__setattr__


class Optimizer(Component):
    """Base of optimizers. A subclass writes `update`, the rule, and names its `slots`.

    `apply` makes a whole step: it counts `step`, sets `rate`, clips, decays, and then calls `update`. An optimizer
    knows nothing but the two vectors that it is given.

    Parameters of layers that were thawed in the middle of a training begin as they would in a new optimizer: with
    slots of zero and, in bias corrections and the like, with their own number of steps. So as soon as parameters
    differ in it, `update` is called for each stretch of the vector in which they do not: `params`, `grads`, the slots
    and `work` are then parts of the vectors, and `step` counts the steps of these parameters. Clipping, weight decay
    and the schedule of the learning rate belong to the whole step.

    Parameters
    ----------
    learning_rate : float or Schedule
    clip_norm : float, optional
        Scale the gradient down to this Euclidean norm over all parameters if it is longer.
    clip_value : float, optional
        Clip each element of the gradient to [-clip_value, clip_value].
    weight_decay : float
        Coupled: ``weight_decay * params`` is added to the gradient. In a `decoupled` optimizer the parameters are
        first multiplied by ``1 - rate * weight_decay``. A model applies it to parameters of two axes or more,
        which leaves out biases and the scales of normalization layers.

    Attributes
    ----------
    slots : tuple of str
        Names of the vectors that it keeps between steps: attributes, zero at first and changed in place.
        ``("velocity",)``
    decoupled : bool
        Whether weight decay bypasses the gradient.
    elementwise : bool
        Whether each element steps by itself. A rule that needs the whole vector, for its norm for example, sets it
        to False, and is then always given all of it; thawed parameters share the `step` of the others.
    step : int
        The number of this step, from 1.
    rate : float
        The learning rate of this step.
    work : ndarray
        A vector to compute in. Its content does not survive the step.
    decayed : int or None
        How many parameters, from the first, `weight_decay` applies to; None for all.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    decoupled: ClassVar[bool] = False
    elementwise: ClassVar[bool] = True

    learning_rate: float | Schedule = 0.01
    clip_norm: float | None = None
    clip_value: float | None = None
    weight_decay: float = 0.0

    step = 0
    decayed: int | None = None
    rate = 0.0
    work: Array
    _size = -1
    _dtype: Any = None
    _stretches: tuple[Stretch, ...] = ()  # none if no parameter missed a step
    _parts: Parts | None = None
    # Set by _sync:
    _synced = -1  # Component.assignments.number at the time
    _vector: Array | None = None  # the parameters of the last step
    _schedule: Schedule | None = None  # None if the learning rate is a number
    _clips = False
    _adjusts = False  # clips or decays

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Array: ...  # the slots, which are named in a tuple of strings

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if isinstance(cls.slots, str):  # ("velocity"), a tuple but for its comma
            cls.slots = (cls.slots,)
        if taken := {"step", "missed"}.intersection(cls.slots):
            raise TypeError(f"{cls.__name__}: a slot cannot be called {taken.pop()!r}; state() has such an entry")

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.weight_decay = weight_decay
        self.check()

    def __setattr__(self, name: str, value: Any) -> None:
        # Count only assignments of arguments, this class's own among them even if a subclass has no such argument.
        # A step assigns to other attributes; after that, nobody has to look at the arguments again.
        if name in constructor_arguments(type(self)) or name in constructor_arguments(Optimizer):
            super().__setattr__(name, value)
        else:
            _assign(self, name, value)
            if name == "rate" and self._size >= 0:
                self._rate[()] = value

    def check(self) -> None:
        if isinstance(self.learning_rate, Schedule):
            self.learning_rate.check()
        else:
            number(self.learning_rate, "learning_rate", self, above=0)
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                number(getattr(self, name), name, self, above=0)
        number(self.weight_decay, "weight_decay", self, least=0)

    def apply(self, params: Array, grads: Array) -> None:
        """Change `params` in place by one whole step against `grads`, both of shape (parameters,).

        The first step begins with `bind`; so does a step with vectors of another size or dtype.

        Raises
        ------
        ValueError, TypeError
            If an argument that was assigned since the last step cannot be used.
        """
        if Component.assignments.number != self._synced or params is not self._vector:
            self._sync(params)
        step = self.step
        if self._schedule is not None:
            rate = float(self._schedule(step))
            _assign(self, "rate", rate)
            self._rate[()] = rate
        if not step % CLEARED_EVERY:
            self._clear_subnormals()
        _assign(self, "step", step + 1)
        if self._adjusts:
            grads = self._adjusted(params, grads)
        if self._stretches and self.elementwise:
            update_in(self._stretches, self, params, grads)
        else:
            self.update(params, grads)

    def update(self, params: Array, grads: Array) -> None:
        """Change `params` in place by the rule; `apply` calls it, with `grads` clipped and decayed.

        `grads` may be the caller's own vector: do not write to it, and do not keep it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update(self, params, grads)")

    def bind(self, params: Array, decayed: int | None = None) -> None:
        """Get ready for vectors like `params`: no step made, all slots zero."""
        self.check()
        self._size, self._dtype = params.size, params.dtype
        self._stretches, self._parts = (), None
        self._synced = -1
        # Scalars that differ from step to step are 0-d arrays, made once and assigned with x[()] = value. With a Python
        # number a ufunc has to convert it at every call, which takes as long as the arithmetic on a small vector.
        self._rate = np.zeros((), params.dtype)  # `rate`, for the built-in rules
        self._shrinkage = np.zeros((), params.dtype)
        self.decayed = decayed
        self.step = 0
        self.rate = 0.0
        limits = np.finfo(params.dtype)
        self._large = scalar(256 * float(limits.smallest_normal) / float(limits.eps), params.dtype)
        self.work = np.empty_like(params)
        self._effective = np.empty_like(params)
        for slot in self.slots:
            setattr(self, slot, np.zeros_like(params))

    def _sync(self, params: Array) -> None:
        """Check the arguments, bind if the vectors are of another kind, and note what the steps need."""
        assignments = Component.assignments.number  # read first: an assignment by another thread in the meantime counts
        self.check()
        if params.size != self._size or params.dtype != self._dtype:
            self.bind(params)
        if isinstance(self.learning_rate, Schedule):
            self._schedule = self.learning_rate
        else:
            self._schedule = None
            self.rate = float(self.learning_rate)
        self._clips = self.clip_norm is not None or self.clip_value is not None
        self._adjusts = self._clips or self.weight_decay > 0
        self._synced, self._vector = assignments, params

    def _clear_subnormals(self) -> None:
        """Set elements of slots below about 1e-36 (1e-306 in float64) to zero, before they become subnormal.

        A slot whose gradient has become 0 only decays. It would end in subnormal numbers, with which processors
        are many times slower.
        """
        # x + L - L rounds x to a multiple of the spacing of floating-point numbers around L, without a mask or a
        # temporary vector. L = 256 smallest_normal / eps has a spacing of 256 smallest_normal above it and of half of
        # that below. What is less than half a spacing becomes 0; what is far above L does not change. What stays is
        # at least 128 smallest_normal, so for the next 32 steps it may decay by 0.86 a step (0.86^32 = 1 / 125).
        for slot in self.slots:
            vector = getattr(self, slot)
            vector += self._large
            vector -= self._large

    def _adjusted(self, params: Array, grads: Array) -> Array:
        """Return the gradient that the rule is to follow: clipped, then with the coupled weight decay.

        Decoupled weight decay shrinks `params` here.
        """
        if self._clips:
            grads = self._clipped(grads)
        return self._decay(params, grads) if self.weight_decay else grads

    def _clipped(self, grads: Array) -> Array:
        effective = self._effective
        np.copyto(effective, grads)
        if self.clip_value is not None:
            np.clip(effective, -self.clip_value, self.clip_value, effective)
        if self.clip_norm is not None:
            clip_norm(effective, self.clip_norm)
        return effective

    def _decay(self, params: Array, grads: Array) -> Array:
        """Shrink `params` and return `grads` if decoupled; otherwise return `grads` with the decay added."""
        weights, effective = params[: self.decayed], self._effective
        if self.decoupled:
            self._shrinkage[()] = 1 - self.rate * self.weight_decay
            np.multiply(weights, self._shrinkage, weights)
            return grads
        if grads is not effective:
            np.copyto(effective, grads)
        work = self.work[: self.decayed]
        np.multiply(weights, scalar(self.weight_decay, self._dtype), work)
        effective[: self.decayed] += work
        return effective

    def __getstate__(self) -> dict[str, Any]:
        # A copy has made no step with any vector yet, so that its first one syncs, and has parts of its own vectors.
        return {**self.__dict__, "_vector": None, "_parts": None}

    def state(self) -> dict[str, Any]:
        """Return copies of what it has learned: ``{"step": int, slot: vector, ...}``; only the step if not bound.

        Once parameters were thawed in the middle of a training there is also "missed": an int64 vector of how many
        steps had been made before a parameter took part.
        """
        slots = {slot: getattr(self, slot).copy() for slot in self.slots if self._size >= 0}
        if not self._stretches:
            return {"step": self.step, **slots}
        return {"step": self.step, **slots, "missed": missed_in(self._stretches)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state`; ValueError unless it fits the vectors that the optimizer is bound to."""
        shapes = {name: np.shape(vector) for name, vector in state.items() if name not in ("step", "missed")}
        if shapes != dict.fromkeys(self.slots, (self._size,)):
            who = f"{type(self).__name__}, {'not bound' if self._size < 0 else f'bound to {self._size} parameters'},"
            raise ValueError(f"{who} keeps slots {self.slots}; the state has slots of shapes {shapes}")
        missed, step = state.get("missed"), state["step"]
        stretches = () if missed is None else stretches_of(np.asarray(missed), self._size, step)
        for slot in self.slots:
            getattr(self, slot)[...] = state[slot]
        self.step = step
        self._stretches, self._parts = stretches, None


OptimizerLike = str | Optimizer | type[Optimizer]  # see `Component.of`


class ClippingOptions(TypedDict, total=False):
    """The arguments that every optimizer has, but for `weight_decay`, as types of ``**common``."""

    clip_norm: float | None
    clip_value: float | None


class OptimizerOptions(ClippingOptions, total=False):
    """The arguments that every optimizer has, as types of ``**common``."""

    weight_decay: float


add_advice(Optimizer, OF_OPTIMIZERS)
