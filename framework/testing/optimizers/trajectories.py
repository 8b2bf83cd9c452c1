"""Trajectories of an optimizer: what all of its checks compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.optimizers.clipping import clip_norm
from framework.schedules import Schedule
from framework.testing.core.report import Subject

SIZE = 7
STEPS = 50
SHORT = 12  # steps, where a whole trajectory shows no more
UNEVEN = np.array([1.0, 1e-4, 1e-8, 1e4, 0.0, 1e-4, 1.0])  # sizes of the gradients of one vector


def gradients(rng: np.random.Generator) -> Array:
    """Return gradients of STEPS steps, (STEPS, SIZE); from the sixth step on, some of them are 0, as in sparse data."""
    grads = rng.standard_normal((STEPS, SIZE))
    grads[6:] *= rng.random((STEPS - 6, SIZE)) > 0.3
    grads[20:24] = 0
    return grads


def fresh(optimizer: Optimizer, params: Array) -> Optimizer:
    """Return a copy, bound to vectors like `params` and ready for its first step."""
    new = optimizer.clone()
    new.bind(params)
    return new


def run(optimizer: Optimizer, start: Array, grads: Array, shift: int = 0) -> Array:
    """Return the parameters after each step from a fresh state, (steps, size).

    `shift` is added to the step count, from the second step on: the first may prepare slots.
    """
    params, new = start.copy(), fresh(optimizer, start)
    new.work[...] = 0  # rather than what was in the memory before
    trajectory = np.empty((len(grads), len(start)), start.dtype)
    for step, gradient in enumerate(grads):
        if shift and step:
            new.step = step + shift
        new.apply(params, gradient.copy())
        trajectory[step] = params
    return trajectory


def moves(optimizer: Optimizer, start: Array, grads: Array, shift: int = 0) -> Array:
    """Return the steps themselves, (steps, size)."""
    return np.diff(run(optimizer, start, grads, shift), axis=0, prepend=start[None])


def by_hand(
    plain: Optimizer,
    start: Array,
    grads: Array,
    done: Mapping[str, float],
    *,
    again: bool = False,
    decayed: int | None = None,
) -> Array:
    """Return the trajectory of an optimizer that neither clips nor decays, with clipping and decay done for it.

    Parameters
    ----------
    plain : Optimizer
    start : ndarray, shape (size,)
    grads : ndarray, shape (steps, size)
    done : dict
        The strength of each that is to be done of "coupled" and "decoupled" decay, "clip_norm" and "clip_value".
    again : bool
        Whether the gradient is clipped once more after the decay was added.
    decayed : int, optional
        How many parameters decay, from the first.
    """
    params, new, trajectory = start.copy(), fresh(plain, start), []
    for step, gradient in enumerate(grads):
        followed = gradient.copy()
        rate = plain.learning_rate
        params[:decayed] *= 1 - float(rate(step) if isinstance(rate, Schedule) else rate) * done.get("decoupled", 0)
        for turn in range(1 + again):
            if "clip_value" in done:
                np.clip(followed, -done["clip_value"], done["clip_value"], out=followed)
            if "clip_norm" in done:
                clip_norm(followed, done["clip_norm"])
            if not turn:
                followed[:decayed] += done.get("coupled", 0) * params[:decayed]
        new.apply(params, followed)
        trajectory.append(params.copy())
    return np.array(trajectory)


def plain(optimizer: Optimizer) -> Optimizer:
    """Return a copy that neither clips nor decays."""
    off = {"clip_norm": None, "clip_value": None, "weight_decay": 0.0}
    arguments = optimizer.get_params(deep=False)
    return optimizer.clone().set_params(**{name: value for name, value in off.items() if name in arguments})


def constant(optimizer: Optimizer) -> Optimizer:
    """Return a copy whose learning rate does not change."""
    rate = optimizer.learning_rate
    return optimizer.clone().set_params(learning_rate=rate(0) or 0.1) if isinstance(rate, Schedule) else optimizer


def own_arguments(optimizer: Optimizer) -> dict[str, Any]:
    """Return the arguments that are not those of every optimizer."""
    common = Optimizer().get_params(deep=False)
    return {name: value for name, value in optimizer.get_params(deep=False).items() if name not in common}


def advice(error: BaseException | None, optimizer: Optimizer) -> str | None:
    """Return what to do about an exception that a step has raised, if it is one that optimizers have."""
    if isinstance(error, AttributeError) and error.name and isinstance(error.obj, Optimizer):
        if hasattr(Optimizer, error.name) or error.name in vars(fresh(Optimizer(), np.zeros(1))):
            return "bind is overridden: begin it with super().bind(params, decayed)"
        return f"name it in slots, ({error.name!r},): then bind() makes it, zero at first, and files hold it"
    if isinstance(error, TypeError) and isinstance(optimizer.learning_rate, Schedule):
        return "self.learning_rate can be a schedule: use self.rate, which is the number for this step"
    if isinstance(error, TypeError) and "bind()" in str(error):
        return "bind takes two arguments: def bind(self, params, decayed=None), and passes both on to super().bind"
    if isinstance(error, ValueError) and any(word in str(error) for word in ("broadcast", "reshape", "shape")):
        return "params, grads and slots are vectors of any size, (n,): take sizes from params"
    return None


def tell(subject: Subject, part: str, function: Callable[[], Any], optimizer: Optimizer, cause: str = "") -> Any:
    """Return what `function` returns; if it raises, fail with the advice for the exception, or with `cause`."""
    try:
        return subject.call(part, function)
    except AssertionError as failed:
        error = failed.__cause__
        if error is None or not (cause := advice(error, optimizer) or cause):
            raise
        subject.fail(part, f"raised {type(error).__name__}: {error}", cause)


def floating_fault(function: Callable[[], Any]) -> str:
    """Return the first floating-point error of a call, in words: `` (divide by zero encountered in divide)``."""
    try:
        with np.errstate(all="raise", under="ignore"):
            function()
    except Exception as error:  # a rule may meet others on the way
        return str(error)
    return ""


def of_fault(fault: str) -> str:
    """Return the cause of values that are not finite, from the floating-point error behind them."""
    if "sqrt" in fault:
        return f"the square root of a negative number ({fault}): of a sum of squares, or of a difference cut off at 0"
    if "divide" in fault or "power" in fault or "reciprocal" in fault:
        return f"0 / 0 ({fault}): add an epsilon to the denominator"
    if "overflow" in fault:
        return f"an overflow ({fault}): write the formula so that large gradients do not matter"
    return fault and f"{fault}: numbers that the formula does not allow"
