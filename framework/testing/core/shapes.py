"""The shapes of the parameters that regularizers and constraints are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.testing.core.arrays import shapes_of
from framework.testing.core.reasons import REFUSALS, refuses

SHAPES: tuple[Shape, ...] = ((4, 3), (2, 5), (3, 3), (1, 4), (6,))


def tried_shapes(shapes: Any, *functions: Callable[[Array], Any] | None) -> list[Shape]:
    """Return the shapes to try: those that are given, or else the usual ones that none of `functions` refuses.

    A shape is refused by a ``raise`` or an ``assert`` of the component's own, or because it cannot be divided into
    blocks, and a single axis by any error. If all are refused, they are all returned: the check then shows the error.
    """
    if shapes is not None:
        return shapes_of(shapes)
    refused = {shape for shape in SHAPES if any(_refuses(each, shape) for each in functions if each is not None)}
    return [shape for shape in SHAPES if shape not in refused] or list(SHAPES)


def _refuses(function: Callable[[Array], Any], shape: Shape) -> bool:
    """Return whether `function` refuses parameters of this shape, on purpose or, with one axis, by accident."""
    W = np.random.default_rng(0).standard_normal(shape)
    try:
        with np.errstate(all="ignore"):
            function(W)
    except REFUSALS as error:
        return len(shape) == 1 or refuses(error)
    except Exception:
        return False
    return False


def works(function: Callable[[Array], Any], shape: Shape) -> bool:
    """Return whether `function` takes parameters of this shape: another argument may not suit it."""
    try:
        with np.errstate(all="ignore"):
            function(np.random.default_rng(0).standard_normal(shape))
    except (*REFUSALS, ArithmeticError):
        return False
    return True


def with_zeros(W: Array) -> list[tuple[str, Array]]:
    """Return copies of `W` with zeros at places where a division may fail, each with its name."""
    found = {"W = 0": np.zeros_like(W)}
    if W.ndim > 1:
        for name, part in (("a row", np.s_[:1]), ("a column", np.s_[:, :1])):
            found[f"W with {name} of zeros"] = W.copy()
            found[f"W with {name} of zeros"][part] = 0
    found["W with an entry of 0"] = W.copy()
    found["W with an entry of 0"].flat[0] = 0
    found["W with equal entries"] = np.full_like(W, 0.5)
    return list(found.items())


def by_other_axes(definition: Callable[[Array], Any], W: Array, result: Array) -> dict[str, Array]:
    """Return what faults would make of a definition, each under its name; `result` is like what it returns."""
    ways: dict[str, Callable[[], Any]] = {
        "the wrong axis: columns take the place of rows": lambda: _turned(definition(W.T), result),
        "over all entries at once, where each row is meant": lambda: _shaped(definition(W.reshape(1, -1)), result),
        "over all entries at once, where each column is meant": lambda: _shaped(definition(W.reshape(-1, 1)), result),
        "row by row, where all entries at once are meant": lambda: _by_rows(definition, W, result),
        "the sign is wrong: the other side is meant": lambda: -np.asarray(definition(-W)),
    }
    found = {}
    for name, compute in ways.items():
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(compute(), float)
        except Exception:  # not for such a shape
            continue
        if value.shape == result.shape and np.isfinite(value).all():
            found[name] = value
    return found


def _turned(value: Any, result: Array) -> Any:
    return np.asarray(value).T if result.ndim else value


def _shaped(value: Any, result: Array) -> Any:
    return np.asarray(value).reshape(result.shape) if result.ndim else value


def _by_rows(definition: Callable[[Array], Any], W: Array, result: Array) -> Any:
    rows = [np.asarray(definition(row)) for row in W]
    return np.stack(rows) if result.ndim else np.sum(rows)
