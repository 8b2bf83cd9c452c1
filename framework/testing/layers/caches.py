"""Caches of a class or module, which all layers share: what a key leaves out is taken from another layer."""

from __future__ import annotations

import numpy as np

from framework.core.types import Array
from framework.layers.base import Layer
from framework.testing.core.report import Subject
from framework.testing.core.state import Place, grown
from framework.testing.core.variants import variants
from framework.testing.layers.bench import Bench

SHARED = "all layers share it, and its key leaves out an argument: put all that an entry depends on into the key"


def check_caches(subject: Subject, layer: Layer, before: dict[str, Place], x: Array) -> None:
    """Check that layers with other arguments compute the same, whether others have filled a dictionary or not."""
    for name, (cache, old) in grown(layer, before).items():
        for copy in variants(layer):
            filled = dict(cache)
            with_it = _outputs(copy, x)
            cache.clear()
            cache.update(old)
            without = _outputs(copy, x)
            cache.clear()
            cache.update(filled)
            if with_it is not None and without is not None and not np.array_equal(with_it, without, equal_nan=True):
                problem = f"{copy!r} computes something else after {layer!r} has filled it"
                subject.fail(name, problem, SHARED)


def _outputs(layer: Layer, x: Array) -> Array | None:
    try:
        bench = Bench(layer, x.shape[1:])
        return np.array(bench.forward(bench.context(len(x), training=False), x))
    except Exception:  # arguments that it cannot have
        return None
