"""A layer in inference."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.testing.core.arrays import check_layouts, check_parts
from framework.testing.core.report import Subject
from framework.testing.layers.bench import Bench
from framework.testing.layers.means import PASSES
from framework.testing.layers.noise import DEPENDS, mixes_samples
from framework.testing.layers.projection import named_parameters

UNTRAINED = (
    "it divides by running state, {}, that starts at 0 and is not right after the first pass, either: let it start at "
    "ones, Parameter(shape, 'ones', trainable=False)"
)


def check_inference(subject: Subject, bench: Bench, x: Array, learns: bool) -> None:
    """Check that each output depends on its own sample alone, and differs from training only if the layer says so.

    `learns` says whether a training pass changes the layer's own state.
    """
    part, ctx = "forward in inference", bench.context(len(x), training=False)
    arrays = {"x": x, **named_parameters(bench)}
    arrays |= {f"parameter {name}": values for name, values in bench.state.items()}
    y = subject.compute(part, lambda: bench.forward(ctx, x), (len(x), *bench.output_shape), **arrays)
    subject.finite(part, y, "an offered buffer is not filled, or a value that only training writes is read")
    cause = "it is random in inference: check ctx.training"
    subject.same(part, bench.forward(ctx, x), y, cause=cause)
    order = np.random.default_rng(0).permutation(len(x))
    cause = DEPENDS
    alone = not mixes_samples(bench, ctx, x)
    if alone and any(at.layer.differs_in_training for at in bench.place):
        cause = (
            "each row is treated in its own way: noise of a generator of its own; noise belongs to training "
            "(if ctx.training), drawn from ctx.rng"
        )
    subject.same(f"{part}, batch order changed", bench.forward(ctx, x[order]), y[order], cause=cause)

    def forward(batch: Array) -> Array:
        output: Array = bench.forward(bench.context(len(batch), training=False), batch)
        return output

    check_parts(subject, part, forward, [x], y, cause)
    check_layouts(subject, part, lambda other: bench.forward(ctx, other), [x], y)
    _check_training(subject, bench, x, y, learns)
    _check_network(subject, bench, x, y)


def check_untrained(subject: Subject, bench: Bench, x: Array) -> None:
    """Fail if inference divides by running state that starts at 0 and is moved a part of the way in each pass.

    What is exact after one pass, such as a sum over a count, may be 0 / 0 before it.
    """
    if not bench.state:
        return
    bench.restart()
    first, outputs = {name: values.copy() for name, values in bench.state.items()}, []
    try:
        with np.errstate(all="ignore"):
            for _ in range(3):  # before any training, and after one pass and two on the same batch
                outputs.append(np.array(bench.forward(bench.context(len(x), training=False), x)))
                bench.settle(x)
    except Exception:  # the other checks report it
        return
    finally:
        bench.start_from(first)
    start, once, twice = outputs
    if np.isfinite(once).all() and not np.allclose(once, twice, rtol=0.1, atol=0.1 * np.abs(once).mean()):
        subject.finite("forward in inference, before any training", start, UNTRAINED.format(" or ".join(first)))


def _check_training(subject: Subject, bench: Bench, x: Array, y: Array, learns: bool) -> None:
    """Check that training and inference differ if, and only if, `differs_in_training` is True.

    A layer that learns state may compute the same from the same state, and still differ from one pass to the next.
    """
    ctx = bench.context(len(x))
    trained = bench.forward(ctx, x)
    if any(at.layer.differs_in_training for at in bench.place):
        outputs = (trained, *(ctx.layer.forward(ctx, x) for _ in range(PASSES)))  # noise may leave some passes alone
        frozen = any(not at.layer.trainable for at in bench.place)  # what it writes to its state is dropped
        differs = learns or frozen or any(not np.allclose(output, y, rtol=1e-9) for output in outputs)
        problem = "the outputs are those of inference, but differs_in_training is True"
        cause = "ctx.training is ignored, or a rate is 0; else remove differs_in_training"
        subject.require(differs, "training", problem, cause)
        return
    cause = "training and inference differ: set differs_in_training = True if they should, else check ctx.training"
    subject.same("forward in training and in inference", trained, y, cause=cause)


def _check_network(subject: Subject, bench: Bench, x: Array, y: Array) -> None:
    """Check that a network's prediction belongs to the caller."""
    bench.restart()
    first = bench.network.forward(x)
    subject.same("a network's prediction", first, y)
    kept = first.copy()
    bench.network.forward(x[::-1].copy())
    bench.look()
    cause = "the prediction is clobbered by the next call"
    subject.same("a network's prediction after the next", first, kept, cause=cause)
