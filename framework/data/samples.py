"""Samples, targets and weights: checked, weighted by class, and split for validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.memmap import MemmapRows
from framework.engine.network import Network
from framework.losses import Loss


@dataclass(frozen=True)
class Data:
    """Samples, targets and weights of equal length, checked and ready for a network.

    Attributes
    ----------
    x, y : ndarray or MemmapRows, shape (n, ...)
        As the network and the loss expect them.
    weight : ndarray, shape (n,), or None
    """

    x: Array | MemmapRows
    y: Array | MemmapRows
    weight: Array | None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.x)

    def batches(self, rows: int) -> Iterator[tuple[Array, Array, Array | None]]:
        """Go through the samples in their order, `rows` at a time."""
        for part in arrays.row_slices(len(self), rows):
            yield self.x[part], self.y[part], None if self.weight is None else self.weight[part]

    def at(self, indices: Array) -> Data:
        """Return the samples at `indices`."""
        weight = None if self.weight is None else self.weight[indices]
        return Data(_rows_at(self.x, indices), _rows_at(self.y, indices), weight)


def _rows_at(array: Array | MemmapRows, indices: Array) -> Array | MemmapRows:
    return array.at(indices) if isinstance(array, MemmapRows) else array[indices]


def checked_inputs(value: Any, name: str, input_shape: tuple[int, ...], dtype: Any, who: str) -> Array | MemmapRows:
    """Return `value` as finite samples in `dtype`; memory-mapped rows are checked and converted when read."""

    def convert(rows: Array) -> Array:
        arrays.finite(rows, name)
        return arrays.as_float(rows, dtype, name)

    array = arrays.samples(value, name, input_shape, who)
    return MemmapRows(array, convert) if isinstance(array, np.memmap) and len(array) else convert(array)


def checked_data(X: Any, y: Any, weight: Any, *, names: tuple[str, str, str], loss: Loss, network: Network) -> Data:
    """Return the arguments called `names` as data for `network` and `loss`; TypeError or ValueError unless they fit."""
    x = checked_inputs(X, names[0], network.input_shape, network.dtype, network.layers[0].label())
    targets = arrays.numbers(y, names[1])
    arrays.same_length(x, targets, names[:2])
    if not len(x):
        raise ValueError(f"{names[0]} has shape {x.shape}: no samples")

    def convert(rows: Array) -> Array:
        arrays.finite(rows, names[1])
        return loss.check_targets(rows, network.output_shape, network.dtype)

    y_checked = MemmapRows(targets, convert) if isinstance(targets, np.memmap) else convert(targets)
    if weight is not None:
        weight = arrays.weights(weight, len(x), network.dtype, names[2])
    return Data(x, y_checked, weight)


def labels(y: Array | MemmapRows, loss: Loss) -> Array:
    """Return the class of each target, (n,): integer labels as they are, the column of one-hot rows.

    Raises
    ------
    ValueError
        If the targets are not classes.
    """
    if not loss.classifies:
        raise ValueError(f"class_weight needs classes, but {type(loss).__name__} is a loss for regression")
    if isinstance(y, MemmapRows):
        return np.concatenate([labels(piece, loss) for piece in y.pieces()])
    if y.ndim == 1:
        return np.asarray(y)
    if y.shape[1] == 1:
        return y[:, 0].astype(np.intp)
    return np.asarray(y.argmax(axis=1))


def with_class_weight(data: Data, class_weight: Any, loss: Loss) -> Data:
    """Return `data` with its weights multiplied by those of the classes.

    Parameters
    ----------
    class_weight : "balanced" or dict
        "balanced" gives class c the weight n / (classes * n_c), as scikit-learn does; a dict maps each class to its
        weight.
    """
    classes = labels(data.y, loss)
    present, position, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        weights = len(classes) / (len(present) * counts)
    elif isinstance(class_weight, dict):
        missing = [int(c) for c in present if c not in class_weight]
        if missing:
            raise ValueError(f"class_weight has no weight for class {missing[0]}; it has {list(class_weight)}")
        weights = np.array([class_weight[c] for c in present.tolist()], np.float64)
    else:
        raise ValueError(f'class_weight must be "balanced" or a dict from class to weight, got {shown(class_weight)}')
    weight = arrays.weights(weights[position], len(data), data.x.dtype, "class_weight")
    return Data(data.x, data.y, weight if data.weight is None else data.weight * weight)


def split(data: Data, fraction: float, loss: Loss, rng: np.random.Generator) -> tuple[Data, Data]:
    """Split `data` at random into a training and a validation part; classes keep their proportions.

    Raises
    ------
    ValueError
        If either part would be empty.
    """
    n = len(data)
    groups = [np.arange(n)]
    if loss.classifies and (len(data.y.shape) == 1 or not _is_soft(data.y)):
        classes = labels(data.y, loss)
        groups = [np.flatnonzero(classes == c) for c in np.unique(classes)]
    wanted = round(n * fraction)
    shares = np.array([len(group) * fraction for group in groups])
    counts = np.floor(shares).astype(int)
    largest_remainders = np.argsort(counts - shares, kind="stable")
    counts[largest_remainders[: max(0, wanted - counts.sum())]] += 1
    chosen = [rng.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)]
    validation = np.sort(np.concatenate(chosen))
    kept = np.ones(n, bool)
    kept[validation] = False
    training = np.flatnonzero(kept)
    if not len(training) or not len(validation):
        raise ValueError(
            f"validation_split={fraction} of {n} samples leaves {len(training)} for training and {len(validation)} for "
            "validation; give more data or another share"
        )
    return data.at(training), data.at(validation)


def _is_soft(y: Array | MemmapRows) -> bool:
    """Return whether targets are probabilities rather than classes."""
    if isinstance(y, MemmapRows):
        return any(map(_is_soft, y.pieces()))
    return not bool(np.isin(y, (-1, 0, 1)).all())
