"""How a vector of parameters follows a vector of gradients: what all optimizers share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import inf, isfinite
from typing import Any, ClassVar

import numpy as np

from framework.component import Array, Component, shown
from framework.scalars import scalar
from framework.schedules import Schedule

Update = Callable[[Any, Array, Array], None]


def _whole_step(rule: Update) -> Update:
    """Return what is called for the `rule` that a subclass wrote: the rule inside a whole step."""

    @wraps(rule)
    def update(self: Optimizer, params: Array, grads: Array) -> None:
        if self._in_step:  # super().update(...) in a subclass: the step has begun
            return rule(self, params, grads)
        grads = self._begin_step(params, grads)
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
    _size = -1
    _dtype: Any = None
    _rate_of: Any = None
    _in_step = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update" in vars(cls):
            cls.update = _whole_step(vars(cls)["update"])  # type: ignore[method-assign]

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

    def check(self) -> None:
        if not isinstance(self.learning_rate, Schedule):
            self.number("learning_rate", above=0)
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                self.number(name, above=0)
        self.number("weight_decay", least=0)

    def number(self, name: str, *, above: float = -inf, least: float = -inf, below: float = inf) -> None:
        """Raise unless argument `name` is a finite number in the range: TypeError for a type, ValueError else."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{type(self).__name__}: {name} must be a number, got {shown(value)}")
        if not (isfinite(value) and above < value < below and value >= least):
            bounds = [f"above {above:g}"] * (above > -inf) + [f"at least {least:g}"] * (least > -inf)
            bounds += [f"below {below:g}"] * (below < inf)
            raise ValueError(f"{type(self).__name__}: {name} must be a number {' and '.join(bounds)}, got {value}")

    def update(self, params: Array, grads: Array) -> None:
        """Change `params` in place by one step against `grads`, both of shape (parameters,)."""
        raise NotImplementedError(f"{type(self).__name__} must define update(self, params, grads)")

    def bind(self, params: Array, decayed: int | None = None) -> None:
        """Make ready for vectors like `params`: slots at zero, no step made."""
        self.check()
        self._size, self._dtype, self._rate_of = params.size, params.dtype, None
        self.decayed = decayed
        self.step = 0
        self.work = np.empty_like(params)
        self._effective = np.empty_like(params)
        for slot in self.slots:
            setattr(self, slot, np.zeros_like(params))

    def _begin_step(self, params: Array, grads: Array) -> Array:
        if params.size != self._size or params.dtype is not self._dtype:
            self.bind(params)
        if self.learning_rate is not self._rate_of or isinstance(self.learning_rate, Schedule):
            self._set_rate()
        self.step += 1
        if self.weight_decay or self.clip_norm is not None or self.clip_value is not None:
            return self._clipped_and_decayed(params, grads)
        return grads

    def _set_rate(self) -> None:
        rate = self.learning_rate
        if isinstance(rate, Schedule):
            self.rate = np.array(rate(self.step), self._dtype)
        else:
            self.check()
            self.rate = scalar(float(rate), self._dtype)
        self._rate_of = rate

    def _clipped_and_decayed(self, params: Array, grads: Array) -> Array:
        effective = self._effective
        np.copyto(effective, grads)
        if self.clip_value is not None:
            np.clip(effective, -self.clip_value, self.clip_value, effective)
        if self.clip_norm is not None:
            norm = float(np.sqrt(effective.dot(effective)))
            if norm > self.clip_norm:
                effective *= self.clip_norm / norm
        if self.weight_decay:
            weights = params[: self.decayed]
            if self.decoupled:
                weights *= 1 - self.rate * self.weight_decay
            else:
                effective[: self.decayed] += self.weight_decay * weights
        return effective

    def state(self) -> dict[str, Any]:
        """Return copies of what it has learned: ``{"step": int, slot: vector, ...}``; just the step if unused."""
        slots = {slot: getattr(self, slot).copy() for slot in self.slots if self._size >= 0}
        return {"step": self.step, **slots}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a `state` again; the optimizer must be bound to vectors of the same size."""
        for slot in self.slots:
            getattr(self, slot)[...] = state[slot]
        self.step = state["step"]
