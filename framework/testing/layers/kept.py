"""Values that a context keeps from one pass to the next: they belong in a parameter, where all contexts see them."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench, contexts

ROUNDS = 4  # buffers may take turns
CHANGE = 0.2  # of the parameters


def check_kept(subject: Subject, bench: Bench, x: Array, other: Array) -> None:
    """Check that what a pass leaves on its context follows from that pass alone.

    Passes on `x` before one on `other` must make no difference. A value that differs is at fault only if it goes on
    from what it was: if all of it stays NaN, once it is. Buffers may hold what they like, and constants stay.
    """
    old, new, twin = (bench.context(len(x)) for _ in range(3))
    with np.errstate(all="ignore"):
        if not all(_run(bench, ctx, batch) for ctx, batch in ((old, x), (old, x), (new, other), (twin, other))):
            return
        earlier = [dict(vars(at)) for at, _ in contexts(old, bench.place)]
        earlier = [{name: np.array(value) for name, value in each.items() if _is_number(value)} for each in earlier]
        _run(bench, old, other)
        places = zip(*(contexts(ctx, bench.place) for ctx in (old, new, twin)), earlier, strict=True)
        for (at, place), (fresh, _), (again, _), before in places:
            own = {name for parameter in place.parameters for name in (parameter, f"d{parameter}")}
            for name, value in list(vars(at).items()):
                values = [getattr(ctx, name, None) for ctx in (fresh, again)]
                if name in own or not all(map(_is_number, (value, *values))):
                    continue
                follows = _same(value, values[0]) or not _same(values[0], values[1])  # the latter is own randomness
                if not follows and _goes_on(bench, old, other, at, name):
                    problem = f"ctx.{name} depends on the batches before this one"
                    subject.fail("forward", problem, _cause(name, _same(value, before.get(name))))


def check_current(subject: Subject, bench: Bench, x: Array) -> None:
    """Check that passes on a context follow the parameters, which change in each step."""
    old = bench.context(len(x))
    bound = {id(at): set(vars(at)) for at, _ in contexts(old, bench.place)}
    with np.errstate(all="ignore"):
        if not bench.params or not _run(bench, old, x.copy()):
            return
        rng = np.random.default_rng(0)
        for values in bench.params.values():
            values *= 1 + CHANGE * rng.uniform(-1, 1, values.shape)
        new = bench.context(len(x))
        results = [_results(bench, ctx, x.copy()) for ctx in (old, new)]
        for name, values in bench.params.items():
            values[...] = bench.moved[name]
    for what, computed in results[0].items():
        right = results[1].get(what, computed)
        if _same(computed, right):
            continue
        kept = _unlike(old, new, bench)
        name, at = kept or ("a value", old)
        once = "when the context is made (in bind)" if name in bound[id(at)] else "in the first pass"
        problem = f"after a step, {what} is still computed from the old parameters"
        cause = f"ctx.{name} is a copy made {once}" if kept else f"a copy of a parameter is made {once}"
        subject.fail("forward and backward on one context", problem, f"{cause}: compute it in each forward")


def _results(bench: Bench, ctx: Context, x: Array) -> dict[str, Array]:
    """Return the outputs and gradients of a pass; nothing if it raises an error, which the other checks report."""
    try:
        y = np.array(bench.forward(ctx, x))
        dx = bench.backward(ctx, np.random.default_rng(1).standard_normal(y.shape))
    except Exception:
        return {}
    gradients = {f"the gradient of {name}": values.copy() for name, values in bench.grads.items()}
    return {"the output": y, **gradients, **({} if dx is None else {"the gradient of x": np.array(dx)})}


def _unlike(old: Context, new: Context, bench: Bench) -> tuple[str, Context] | None:
    """Return the name of a value that differs between two contexts, and the context that has it."""
    places = zip(contexts(old, bench.place), contexts(new, bench.place), strict=True)
    for (before, place), (after, _) in places:
        own = {name for parameter in place.parameters for name in (parameter, f"d{parameter}")}
        for name, value in vars(before).items():
            other = getattr(after, name, None)
            if any(value is array for array in bench.offered[old]):
                continue
            if name not in own and _is_number(value) and _is_number(other) and not _same(value, other):
                return name, before
    return None


def _cause(name: str, once: bool) -> str:
    if once:
        return f"stale state from the last batch stays on ctx: assign ctx.{name} in each forward"
    return (
        "it learns on ctx, which is another one for each batch size and for inference: keep it in a "
        "Parameter(shape, trainable=False)"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f")


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, equal_nan=True)


def _goes_on(bench: Bench, ctx: Context, x: Array, at: Context, name: str) -> bool:
    """Return whether a value on the context `at`, set to NaN, stays so."""
    setattr(at, name, np.full_like(getattr(at, name), np.nan))
    ran = all(_run(bench, ctx, x) for _ in range(ROUNDS))
    return ran and bool(np.isnan(getattr(at, name)).all())  # a part may be left out by a mask


def _run(bench: Bench, ctx: Context, x: Array) -> bool:
    """Run a training pass, and return whether it raises nothing."""
    try:
        bench.backward(ctx, np.ones_like(bench.forward(ctx, x)))
    except Exception:  # the other checks report it
        return False
    return True
