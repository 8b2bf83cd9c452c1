"""Losses and metrics that take the prediction for the target, as libraries do that have the two in the other order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

TARGETS = ("y_true", "true", "target", "targets", "y", "t", "label", "labels")
PREDICTIONS = (
    "y_pred",
    "y_hat",
    "yhat",
    "pred",
    "preds",
    "prediction",
    "predictions",
    "p",
    "output",
    "outputs",
    "logits",
)


@contextmanager
def exchange_named(*methods: Callable[..., Any]) -> Iterator[None]:
    """Let a failure of the block say so if one of `methods` names its arguments in the other order."""
    try:
        yield
    except AssertionError as error:
        names = next((names for method in methods if (names := exchanged(method)) is not None), None)
        if names is None or "\n    state: " in str(error):
            raise
        what, _, cause = str(error).partition("\n    likeliest cause: ")
        order = f"the arguments come as (y_true, y_pred), and not as ({', '.join(names)})"
        shows = f" (what shows of it: {cause})" if cause else ""
        raise AssertionError(f"{what}\n    likeliest cause: {order}{shows}") from error


def exchanged(method: Callable[..., Any]) -> tuple[str, str] | None:
    """Return the names of the first two arguments if they are a prediction and a target."""
    try:
        first, second = [*inspect.signature(method).parameters][:2]
    except (TypeError, ValueError):  # a built-in function, or fewer arguments
        return None
    return (first, second) if first.lower() in PREDICTIONS and second.lower() in TARGETS else None
