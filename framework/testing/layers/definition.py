"""A layer compared with its definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framework.core.types import Array
from framework.testing.causes import likeliest
from framework.testing.layers.bench import Bench
from framework.testing.report import Subject


def check_definition(subject: Subject, bench: Bench, x: Array, definition: Callable[..., Array]) -> None:
    """Check that the outputs in inference are those of ``definition(x, **parameters)``."""
    y = np.array(bench.forward(bench.context(len(x), training=False), x))
    parameters = {name: values.copy() for name, values in (*bench.params.items(), *bench.state.items())}
    expected = np.asarray(definition(x.copy(), **parameters), float)
    part = "forward in inference, by definition"
    problem = f"computed shape {y.shape}, but definition= returned {expected.shape}"
    subject.require(y.shape == expected.shape, part, problem, "one of the two has a wrong axis")
    if not np.allclose(y, expected, rtol=1e-7, atol=1e-9):
        cause = f"its own gradients are right, so forward is wrong by definition: {likeliest(y, expected)}"
        subject.same(part, y, expected, rtol=1e-7, atol=1e-9, cause=cause)
