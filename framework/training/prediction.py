"""Predictions for arrays, files and streams of batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.callbacks.progress import shown_progress
from framework.core import arguments
from framework.core.arrays import row_slices
from framework.core.types import Array
from framework.data.memmap import MemmapRows
from framework.data.sources import input_batches, inputs_of
from framework.engine.blas_threads import prediction_threads
from framework.engine.network import Network


def predictions(network: Network, X: Any, batch_size: int | None, verbose: int) -> Array:
    """Return the outputs of `network` for `X`, which is as in `Model.predict`."""
    batches = None if type(X) is np.ndarray else input_batches(X, network)
    if batches is not None:
        if batch_size is not None:
            raise ValueError("batch_size goes with an array X, not batches: they have their size")
        inputs = shown_progress(batches, verbose, batches.steps)
        return np.concatenate([_of_samples(network, x, network.inference_rows, 0) for x in inputs])
    x = inputs_of(X, network)
    size = network.inference_rows if batch_size is None else arguments.integer(batch_size, "batch_size", least=1)
    return _of_samples(network, x, size, verbose)


def _of_samples(network: Network, x: Array | MemmapRows, size: int, verbose: int) -> Array:
    with prediction_threads(len(x), size, network.largest_product, network.products):
        if 0 < len(x) <= size and not verbose:
            return network.infer(x[:])[0]
        outputs = np.empty((len(x), *network.output_shape), network.dtype)
        for rows in shown_progress(row_slices(len(x), size), verbose, -(-len(x) // size)):
            network.infer(x[rows], outputs[rows])
        return outputs
