"""A layer as the last one of a network, where a loss may be fused with its activation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framework.core.types import Array, Shape
from framework.engine.network import Network
from framework.engine.objective import Objective
from framework.engine.step import Step
from framework.layers.base import Layer
from framework.layers.dense import Dense
from framework.losses import BinaryCrossentropy, CategoricalCrossentropy, Loss
from framework.testing.core.numeric import slopes
from framework.testing.core.replays import PLAYED, Batch, check_replay
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Source

CAUSE = "the loss is fused with its activation, so it gets the gradient at the logits: call ctx.f and ctx.f_backward"


def check_as_last(
    subject: Subject, layer: Layer, shape: Shape, x: Array, rng: np.random.Generator, smooth: bool
) -> None:
    """Check the gradients of each loss that is fused with the layer's activation, and that they can be played.

    With `smooth`, a layer before it learns from the gradient of its input.
    """
    before = Dense(shape[0]) if smooth and len(shape) == 1 else Source()
    losses: list[Loss] = [BinaryCrossentropy(), CategoricalCrossentropy()]
    for loss in losses:
        objective = Objective.of(loss, [layer])
        outputs = layer.output_shape(shape)
        if objective.fused and len(outputs) == 1 and (loss.expects == "probabilities" or outputs[0] > 1):
            y = rng.dirichlet(np.ones(outputs[0] + 1), len(x))[:, 1:]
            y = y if loss.expects == "probabilities" else y / y.sum(axis=1, keepdims=True)
            _check_gradients(subject, [before, layer], shape, objective, x, y, rng)
            if type(layer).replayable:
                batches: list[Batch] = [(x[::sign], y, None) for sign in (1, -1) * (PLAYED // 2)]
                check_replay(subject, [before, layer], shape, loss, batches, np.float64, fused=True)


def _check_gradients(
    subject: Subject,
    layers: Sequence[Layer],
    shape: Shape,
    objective: Objective,
    x: Array,
    y: Array,
    rng: np.random.Generator,
) -> None:
    noise = np.random.default_rng(2)
    drawn = noise.bit_generator.state
    network = Network(layers, shape, rng=np.random.default_rng(1), noise=noise, fused=True)
    step = Step(network, objective)

    def loss() -> float:
        noise.bit_generator.state = drawn
        return step.as_written(x, y)[0]

    part = f"as the last layer, with {objective.loss.component_name}"
    subject.call(part, loss, x=x, y=y)
    trainable = network.trainable_params
    gradient = network.trainable_grads.copy()
    subject.gradient(f"{part}: gradient of the parameters", gradient, slopes(loss, trainable, rng), cause=CAUSE)
