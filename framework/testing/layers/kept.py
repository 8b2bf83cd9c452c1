"""Values that a context keeps from one pass to the next: they belong in a parameter, where all contexts see them."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.core.types import Array
from framework.layers.base import Context
from framework.testing.layers.bench import Bench, contexts
from framework.testing.report import Subject

ROUNDS = 4  # buffers may take turns


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
