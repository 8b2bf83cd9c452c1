"""A layer compared with its definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framework.core.types import Array
from framework.testing.core.causes import likeliest
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench


def check_definition(subject: Subject, bench: Bench, x: Array, definition: Callable[..., Array]) -> None:
    """Check that the outputs in inference are those of ``definition(x, **parameters)``."""
    y = np.array(bench.forward(bench.context(len(x), training=False), x))
    parameters = {name: values.copy() for name, values in (*bench.params.items(), *bench.state.items())}
    expected = np.asarray(definition(x.copy(), **parameters), float)
    part = "forward in inference, by definition"
    problem = f"computed shape {y.shape}, but definition= returned {expected.shape}"
    subject.require(y.shape == expected.shape, part, problem, "one of the two has a wrong axis")
    if not np.allclose(y, expected, rtol=1e-7, atol=1e-9):
        why = likeliest(y, expected, alternatives=_mistakes(x, parameters, definition))
        cause = f"its own gradients are right, so forward is wrong by definition: {why}{_side(x, y, expected)}"
        subject.same(part, y, expected, rtol=1e-7, atol=1e-9, cause=cause)


def _side(x: Array, y: Array, expected: Array) -> str:
    """Return in words that the outputs are wrong where the inputs are negative, or positive, and only there."""
    if y.shape != x.shape:
        return ""
    wrong = ~np.isclose(y, expected, rtol=1e-7, atol=1e-9)
    sides = {"negative": x < 0, "positive": x > 0}
    return next((f"; it is all where x is {side}" for side, there in sides.items() if (wrong == there).all()), "")


def _mistakes(x: Array, parameters: dict[str, Array], definition: Callable[..., Array]) -> dict[str, Array]:
    """Return what the definition gives where a parameter is transposed or left out."""
    changes: dict[str, tuple[str, Array]] = {}
    for name, values in parameters.items():
        changes[f"parameter {name} is left out, as if it were 1"] = name, np.ones_like(values)
        changes[f"parameter {name} is left out, as if it were 0"] = name, np.zeros_like(values)
        if values.ndim == 2 and values.shape[0] == values.shape[1]:
            changes[f"ctx.{name} is transposed: W has shape (units, inputs), y = x @ ctx.W.T"] = name, values.T.copy()
    with np.errstate(all="ignore"):
        return {
            mistake: np.asarray(definition(x.copy(), **{**parameters, name: values}), float)
            for mistake, (name, values) in changes.items()
        }
