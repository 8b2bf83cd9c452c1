"""Samples, targets and weights: checked, weighted by class, and split for validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.core import arrays
from framework.core.arguments import number
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.batches import Batch, cut
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

    def batches(self, rows: int) -> Iterator[Batch]:
        """Go through the data in order, in batches of `rows` samples; the last may be smaller."""
        return cut(self.x, self.y, self.weight, rows)

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


def checked_data(
    X: Any,
    y: Any,
    weight: Any,
    *,
    names: tuple[str, str, str],
    loss: Loss,
    network: Network,
    is_part: bool = False,
) -> Data:
    """Return the arguments called `names` as data for `network` and `loss`; TypeError or ValueError unless they fit.

    All weights may be 0 only if the data `is_part` of something larger, as a batch of a stream is.
    """
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
        weight = arrays.weights(weight, len(x), network.dtype, names[2], may_be_zero=is_part)
    return Data(x, y_checked, weight)


def labels(y: Array | MemmapRows, loss: Loss) -> Array:
    """Return the class of each target, (n,): integer labels as they are, the column of one-hot rows.

    The classes of one column are its values: 0 and 1, or -1 and +1.

    Raises
    ------
    ValueError
        If the targets are not classes, or not one for each sample.
    """
    if not loss.classifies:
        raise ValueError(f"class_weight needs classes, but {type(loss).__name__} is a loss for regression")
    if isinstance(y, MemmapRows):
        return np.concatenate([labels(piece, loss) for piece in y.pieces()])
    classes = hard_classes(y)
    if classes is not None:
        return classes
    if not _are_hard(y):
        soft = y.ravel()[~np.isin(y, (-1, 0, 1)).ravel()]
        example = f"but y holds {soft[0]:g}" if soft.size else "but y holds -1, 0 and 1"
        raise ValueError(f"class_weight needs one class for each sample, {example}: give a sample_weight instead")
    fix = "for several labels, use BinaryCrossentropy(pos_weight=[...]), a weight for each, or give a sample_weight"
    row = int(np.argmax((y > 0).reshape(len(y), -1).sum(axis=1) != 1))
    raise ValueError(f"class_weight needs one class for each sample, but y has the row {y[row].tolist()}: {fix}")


def hard_classes(y: Array | MemmapRows) -> Array | None:
    """Return the class of each target, (n,); None if they are probabilities, or if a sample has none or several."""
    if isinstance(y, MemmapRows):
        parts = [hard_classes(piece) for piece in y.pieces()]
        known = [part for part in parts if part is not None]
        return np.concatenate(known) if len(known) == len(parts) else None
    if y.ndim == 1:
        return np.asarray(y)
    if y.ndim > 2 or not _are_hard(y):
        return None
    if y.shape[1] == 1:
        return y[:, 0].astype(np.intp)
    return np.asarray(y.argmax(axis=1)) if ((y > 0).sum(axis=1) == 1).all() else None


def _are_hard(y: Array) -> bool:
    """Return whether targets are 0 and 1, or -1 and +1."""
    return any(bool(np.isin(y, values).all()) for values in ((0, 1), (-1, 1)))


def with_class_weight(data: Data, class_weight: Any, loss: Loss, outputs: int) -> Data:
    """Return `data` with its weights multiplied by those of the classes.

    Parameters
    ----------
    class_weight : "balanced" or dict
        "balanced" gives class c the weight n / (classes * n_c), as scikit-learn does; a dict maps each class to its
        weight. Classes are numbers 0 .. K - 1, or -1 and +1 for a loss of such labels.
    outputs : int
        The number of outputs, K, or 1 for two classes.

    Raises
    ------
    TypeError, ValueError
        If the targets are not classes, if a class has no weight or is unknown, or if a weight is not a number of 0 or
        more.
    """
    classes = labels(data.y, loss)
    present, position, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        weights = len(classes) / (len(present) * counts)
    elif isinstance(class_weight, dict):
        known = set(range(outputs) if outputs > 1 else (-1, 1) if loss.expects == "signed" else (0, 1))
        if unknown := [key for key in class_weight if key not in known | set(present.tolist())]:
            expected = ", ".join(map(str, sorted(known)))
            raise ValueError(f"class_weight has a weight for {shown(unknown[0])}; the classes are {expected}")
        missing = [int(c) for c in present if c not in class_weight]
        if missing:
            raise ValueError(f"class_weight has no weight for class {missing[0]}; it has {list(class_weight)}")
        chosen = [number(class_weight[c], f"class_weight[{c}]", least=0) for c in present.tolist()]
        weights = np.array(chosen, np.float64)
    else:
        raise ValueError(f'class_weight must be "balanced" or a dict from class to weight, got {shown(class_weight)}')
    weight = arrays.weights(weights[position], len(data), data.x.dtype, "class_weight")
    if data.weight is not None:
        weight = arrays.weights(data.weight * weight, len(data), data.x.dtype, "sample_weight times class_weight")
    return Data(data.x, data.y, weight)


def split(data: Data, fraction: float, loss: Loss, rng: np.random.Generator) -> tuple[Data, Data]:
    """Split `data` at random into a training and a validation part; classes keep their proportions.

    Targets that are probabilities, or several labels for a sample, are split without regard to their values.

    Raises
    ------
    ValueError
        If either part would be empty, or all of its samples would have the weight 0.
    """
    n = len(data)
    groups = [np.arange(n)]
    classes = hard_classes(data.y) if loss.classifies else None
    if classes is not None:
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
    for part, indices in (("training", training), ("validation", validation)):
        if data.weight is not None and not data.weight[indices].any():
            raise ValueError(
                f"validation_split={fraction} leaves a {part} part whose sample_weight is all zero; leave out samples "
                "of weight zero, or give another share or validation_data"
            )
    return data.at(training), data.at(validation)
