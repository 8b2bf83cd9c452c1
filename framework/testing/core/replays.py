"""Replays of components that claim to be replayable, compared with their own computations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.core.types import Array, Shape
from framework.engine.network import Network
from framework.engine.objective import Objective
from framework.engine.step import Step
from framework.losses import HalfSquaredError, Loss
from framework.testing.core.report import Subject

PLAYED = 5  # batches; the second is recorded, the third compared, the later ones are played
REMEDY = "remove replayable = True, or let NumPy do it all, on arrays of ctx and in an order that values do not change"

Batch = tuple[Array, Array, Array | None]


def check_layer_replay(
    subject: Subject, layers: Sequence[Any], input_shape: Shape, batches: Sequence[Array], dtype: Any
) -> None:
    """Check that replaying `layers` on batches of inputs equals calling them."""
    shape = _network(layers, input_shape, dtype).output_shape
    rng = np.random.default_rng(0)
    targets = [rng.standard_normal((len(x), *shape)).astype(dtype) for x in batches]
    whole: list[Batch] = [(x.astype(dtype), y, None) for x, y in zip(batches, targets, strict=True)]
    check_replay(subject, layers, input_shape, HalfSquaredError(), whole, dtype)


def check_replay(
    subject: Subject,
    layers: Sequence[Any],
    input_shape: Shape,
    loss: Loss,
    batches: Sequence[Batch],
    dtype: Any,
    fused: bool = False,
) -> None:
    """Check that recorded and played steps equal plain steps to the last bit.

    Parameters
    ----------
    batches : sequence of (x, y, weight)
        At least three of one size.
    fused : bool
        Whether the loss is computed from the logits of the output layer.
    """
    played, plain = (_network(layers, input_shape, dtype, fused) for _ in range(2))
    step, other = (Step(network, Objective(loss, fused)) for network in (played, plain))
    shown = step.observer = Shown()
    for i, (x, y, weight) in enumerate(batches):
        part = f"batch {i + 1} of {len(x)}, played" if i > 1 else f"batch {i + 1} of {len(x)}"
        value = subject.call(part, lambda x=x, y=y, weight=weight: step(x, y, weight), x=x, y=y)
        expected, prediction = other.as_written(x, y, weight)
        if i in (1, 2) and (problem := step.problem(x, y, weight)) is not None:
            subject.fail("replayable = True", problem, REMEDY)
        pairs = {
            "the prediction": (shown.prediction, prediction),
            "the loss": (np.array(value), np.array(expected)),
            "the gradients": (played.grads, plain.grads),
            "the layer's own state": (played.params, plain.params),
        }
        for what, (computed, right) in pairs.items():
            same = np.array_equal(computed, right, equal_nan=True)
            subject.require(same, f"{part}: {what}", "differs from what is computed without a recording", REMEDY)
        for network in (played, plain):
            network.params += 0.01 * (1 + i) * np.cos(np.arange(network.params.size, dtype=dtype))


def _network(layers: Sequence[Any], input_shape: Shape, dtype: Any, fused: bool = False) -> Network:
    rng, noise = np.random.default_rng(1), np.random.default_rng(2)
    return Network(layers, input_shape, dtype=dtype, rng=rng, noise=noise, fused=fused)


class Shown:
    """Keeps the prediction of the last batch."""

    prediction: Array

    def add(self, y: Array, prediction: Array, weight: Array | None) -> None:
        """Look at a batch."""
        self.prediction = prediction
