"""How a vector of parameters follows a vector of gradients: what all optimizers share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import isfinite, sqrt
from typing import Any, ClassVar

import numpy as np

from framework.core.arguments import number
from framework.core.component import Component, constructor_arguments
from framework.core.scalars import scalar
from framework.core.types import Array
from framework.schedules import Schedule

Update = Callable[[Any, Array, Array], None]
CLEARED_EVERY = 32  # steps


def _whole_step(rule: Update) -> Update:
    """Return what is called for the `rule` that a subclass wrote: the rule inside a whole step."""

    @wraps(rule)
    def update(self: Optimizer, params: Array, grads: Array) -> None:
        if self._in_step:  # super().update(...) in a subclass: the step has begun
            return rule(self, params, grads)
        if params is not self._params:
            self._take(params)
        if self.learning_rate is not self._constant_rate:
            self._set_rate()
        if not self.step % CLEARED_EVERY:
            self._clear_subnormals()
        self.step += 1
        if self.clip_norm is not None or self.clip_value is not None:
            grads = self._clipped(grads)
        if self.weight_decay:
            grads = self._decay(params, grads)
        self._in_step = True
        try:
            rule(self, params, grads)
        finally:
            self._in_step = False

    return update


class Optimizer(Component):
    """Base of optimizers. A subclass writes `update`, the rule for one step, and names its `slots`.

    ``optimizer.update(params, grads)`` is then a whole step: it counts `step`, sets `rate`, clips and decays,
    and applies the rule. Nothing but these two vectors is known to it.

    Slots that only decay, as where gradients have become 0, would end as subnormal numbers, with which processors are
    many times slower. So every 32 steps elements below about 1e-36 (1e-306 in float64) are set to 0.

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
        which leaves out biases and normalisation scales.

    Attributes
    ----------
    slots : tuple of str
        Names of the vectors it keeps, zero at first, attributes of these names: ``("velocity",)``.
    step : int
        The number of this step, from 1.
    rate : ndarray, 0-d
        The learning rate of this step, in the dtype of the parameters.
    work : ndarray
        A vector to compute in, of any content.
    decayed : int or None
        How many parameters, from the first, `weight_decay` applies to; None for all.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    decoupled: ClassVar[bool] = False

    learning_rate: Any = 0.01
    clip_norm: float | None = None
    clip_value: float | None = None
    weight_decay: float = 0.0

    step = 0
    decayed: int | None = None
    rate: Array
    work: Array
    _params: Array | None = None
    _size = -1
    _dtype: Any = None
    _constant_rate: Any = None
    _in_step = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if isinstance(cls.slots, str):  # ("velocity"), a tuple but for its comma
            cls.slots = (cls.slots,)
        if "update" in vars(cls):
            cls.update = _whole_step(vars(cls)["update"])  # type: ignore[method-assign, assignment]

    def __init__(
        self,
        learning_rate: Any = 0.01,
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
        # Steps, rates and slots are assigned all the time; only arguments are what others have to notice.
        if name in constructor_arguments(type(self)):
            super().__setattr__(name, value)
        else:
            object.__setattr__(self, name, value)

    def check(self) -> None:
        if isinstance(self.learning_rate, Schedule):
            self.learning_rate.check()
        else:
            number(self.learning_rate, "learning_rate", self, above=0)
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                number(getattr(self, name), name, self, above=0)
        number(self.weight_decay, "weight_decay", self, least=0)

    def update(self, params: Array, grads: Array) -> None:
        """Change `params` in place by one step against `grads`, both of shape (parameters,)."""
        raise NotImplementedError(f"{type(self).__name__} must define update(self, params, grads)")

    def bind(self, params: Array, decayed: int | None = None) -> None:
        """Make ready for vectors like `params`: slots at zero, no step made."""
        self.check()
        self._size, self._dtype = params.size, params.dtype
        self._constant_rate = None
        self.rate = np.zeros((), params.dtype)
        self._shrinkage = np.zeros((), params.dtype)
        self.decayed = decayed
        self.step = 0
        self.work = np.empty_like(params)
        self._effective = np.empty_like(params)
        for slot in self.slots:
            setattr(self, slot, np.zeros_like(params))

    def _take(self, params: Array) -> None:
        if params.size != self._size or params.dtype != self._dtype:
            self.bind(params)
        self._params = params

    def _set_rate(self) -> None:
        rate = self.learning_rate
        if isinstance(rate, Schedule):
            self.rate[()] = rate(self.step)
        else:
            self.check()
            self.rate[()] = rate
            self._constant_rate = rate

    def _clear_subnormals(self) -> None:
        """Round slots to multiples of 128 times the smallest normal number; only numbers near it feel that.

        128 is what is left to decay until the next time, enough for a factor of 0.86 a step.
        """
        limits = np.finfo(self._dtype)
        large = scalar(256 * float(limits.smallest_normal) / float(limits.eps), self._dtype)
        for slot in self.slots:
            vector = getattr(self, slot)
            vector += large
            vector -= large

    def _clipped(self, grads: Array) -> Array:
        effective = self._effective
        np.copyto(effective, grads)
        if self.clip_value is not None:
            np.clip(effective, -self.clip_value, self.clip_value, effective)
        if self.clip_norm is not None:
            _clip_norm(effective, self.clip_norm)
        return effective

    def _decay(self, params: Array, grads: Array) -> Array:
        weights, effective = params[: self.decayed], self._effective
        if self.decoupled:
            self._shrinkage[()] = 1 - self.rate.item() * self.weight_decay
            np.multiply(weights, self._shrinkage, weights)
            return grads
        if grads is not effective:
            np.copyto(effective, grads)
        work = self.work[: self.decayed]
        np.multiply(weights, scalar(self.weight_decay, self._dtype), work)
        effective[: self.decayed] += work
        return effective

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_params": None}

    def state(self) -> dict[str, Any]:
        """Return copies of what it has learned: ``{"step": int, slot: vector, ...}``; just the step if unused."""
        slots = {slot: getattr(self, slot).copy() for slot in self.slots if self._size >= 0}
        return {"step": self.step, **slots}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a `state` again; ValueError unless it fits the vectors that the optimizer is bound to."""
        shapes = {name: np.shape(vector) for name, vector in state.items() if name != "step"}
        if shapes != dict.fromkeys(self.slots, (self._size,)):
            who = f"{type(self).__name__}, {'not bound' if self._size < 0 else f'bound to {self._size} parameters'},"
            raise ValueError(f"{who} keeps slots {self.slots}; the state has slots of shapes {shapes}")
        for slot in self.slots:
            getattr(self, slot)[...] = state[slot]
        self.step = state["step"]


def _clip_norm(gradient: Array, limit: float) -> None:
    """Scale `gradient` in place to the norm `limit` if it is longer."""
    with np.errstate(over="ignore"):
        norm = sqrt(gradient.dot(gradient))
    if not isfinite(norm) and isfinite(peak := float(np.abs(gradient).max())):
        gradient *= limit / peak  # its square was too large for the dtype
        norm = sqrt(gradient.dot(gradient))
    if norm > limit:
        gradient *= limit / norm
