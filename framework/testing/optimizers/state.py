"""Checks of what an optimizer keeps between steps."""

from __future__ import annotations

from functools import partial

import numpy as np

from framework.core.types import Array
from framework.optimizers import Optimizer
from framework.testing.core.report import Subject
from framework.testing.optimizers.trajectories import SHORT, advice, fresh, run, tell

SPLIT = 23  # steps before a state is saved: no multiple of a usual period


def check_repeats(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that equal steps give equal values: with a reused gradient vector, a second instance, and after `bind`."""
    expected = run(optimizer, start, grads)
    part = "trajectory"
    subject.same(
        part,
        run(optimizer, start, grads),
        expected,
        rtol=0,
        cause="equal steps give other values: not deterministic, or state on the class (keep it in a slot)",
    )
    params, buffer, new = start.copy(), np.empty(len(start)), fresh(optimizer, start)
    other, elsewhere = fresh(optimizer, start), start.copy()
    shared, kept = [], []
    for gradient in grads:
        buffer[...] = gradient
        new.apply(params, buffer)
        buffer[...] = 1e3
        kept.append(params.copy())
    held = (name for name, value in vars(new).items() if isinstance(value, np.ndarray))
    holder = next((f"self.{name}" for name in held if np.shares_memory(getattr(new, name), buffer)), "a slot")
    cause = f"{holder} keeps the vector grads itself, which is used again: copy it, into a slot"
    subject.same(part, kept, expected, rtol=0, cause=cause)
    params, new = start.copy(), fresh(optimizer, start)
    for gradient in grads:
        new.apply(params, gradient)
        other.apply(elsewhere, -gradient)
        shared.append(params.copy())
    cause = "two instances share state: a slot belongs to the class, or to something that both use"
    subject.same(part, shared, expected, rtol=0, cause=cause)
    again = start.copy()
    new.bind(again)
    restarted = []
    for gradient in grads:
        new.apply(again, gradient)
        restarted.append(again.copy())
    names = _loose(new)
    cause = f"stale state: bind() does not reset all of it; name vectors in slots, use self.step{_listed(names)}"
    subject.same("trajectory after bind", restarted, expected, rtol=0, cause=cause)


def check_state(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that a trajectory goes on unchanged after `state` and `restore`."""
    part = "state() and restore()"
    params, first = start.copy(), fresh(optimizer, start)
    for gradient in grads[:SPLIT]:
        first.apply(params, gradient)
    state, middle = subject.call(part, first.state), params.copy()
    saved = {name: np.copy(value) for name, value in state.items()}
    for gradient in grads[SPLIT:]:
        first.apply(params, gradient)
    for name, value in saved.items():
        subject.same(f"state()[{name!r}]", state[name], value, cause="it is not a copy: later steps change it")
    second = fresh(optimizer, middle)
    subject.call(part, lambda: second.restore(state))
    names = _loose(first)
    cause = (
        f"what it has learned is not all saved: name it in slots ({', '.join(names) or 'none is missing by name'})"
        " and count with self.step"
    )
    for gradient in grads[SPLIT:]:
        tell(subject, part, partial(second.apply, middle, gradient), second, cause)
    subject.same(part, middle, params, rtol=0, cause=cause)
    subject.require(second.step == first.step, part, f"step is {second.step}, expected {first.step}", "step count")


def _loose(stepped: Optimizer) -> list[str]:
    """Return the names of what an optimizer has on itself beside its arguments, its slots and what the base keeps."""
    base = fresh(Optimizer(), np.zeros(1))
    known = {*vars(base), *stepped.slots, *stepped.get_params(deep=False)}
    return [name for name in vars(stepped) if name not in known and not hasattr(Optimizer, name)]


def _listed(names: list[str]) -> str:
    return f" (on self there are also {', '.join(names)})" if names else ""


def check_changed(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that a trajectory goes on unchanged after arguments were changed and the optimizer was made again."""
    grads = grads[:SHORT]
    half = SHORT // 2
    for name, value in optimizer.get_params(deep=False).items():
        if type(value) is not float or not value:
            continue
        params, first = start.copy(), fresh(optimizer, start)
        for gradient in grads[:half]:
            first.apply(params, gradient)
        try:
            first.set_params(**{name: 0.9 * value})
        except (TypeError, ValueError):
            continue
        first.apply(params, grads[half])
        middle, second = params.copy(), fresh(first, params)
        second.restore(first.state())
        for gradient in grads[half:]:
            first.apply(params, gradient)
            second.apply(middle, gradient)
        cause = f"what depends on the {name} of earlier steps is not saved: keep it in a slot, or compute it anew"
        if names := _loose(first):
            cause = f"{cause} (on self there are also {', '.join(names)})"
        elif name == "learning_rate":
            cause = "the learning rate is read once, in bind or in a step, and kept: use self.rate in each step"
        subject.same(f"state() and restore() after a change of {name}", middle, params, rtol=0, cause=cause)


def check_thawed(subject: Subject, optimizer: Optimizer, start: Array, grads: Array) -> None:
    """Check that parameters that join in later step as in an optimizer of their own, and the others as before."""
    late = np.zeros(len(start), bool)
    late[2:-2] = True
    alone, params = fresh(optimizer, start[~late]), start[~late].copy()
    for gradient in grads[:SPLIT]:
        alone.apply(params, gradient[~late])
    state: dict[str, object] = {"step": SPLIT, "missed": np.where(late, SPLIT, 0)}
    for slot, vector in alone.state().items():
        if slot != "step":
            whole = np.zeros(len(start), vector.dtype)
            whole[~late] = vector
            state[slot] = whole
    joined, together = start.copy(), fresh(optimizer, start)
    joined[~late] = params
    together.restore(state)
    expected = run(optimizer, start[late], grads[SPLIT:, late])
    part = "step after a thaw"
    cause = (
        "after layers were thawed, update is called for parts of the vectors, each with its own self.step: take sizes "
        "from params and counts from self.step (or say elementwise = False)"
    )
    for step, gradient in enumerate(grads[SPLIT:]):
        try:
            together.apply(joined, gradient)
        except Exception as error:
            problem = f"raised {type(error).__name__}: {error}"
            subject.fail(part, problem, advice(error, together) or cause)
        alone.apply(params, gradient[~late])
        subject.same(part, joined[late], expected[step], rtol=1e-12, cause=cause)
        subject.same(part, joined[~late], params, rtol=1e-12, cause=cause)
