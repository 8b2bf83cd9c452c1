"""What a fit is given, as checked arrays of samples, targets and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.data.memmap import OnDisk
from framework.losses import Loss


@dataclass(frozen=True)
class Data:
    """Samples, targets and weights of equal length, checked and ready for a network.

    Attributes
    ----------
    x, y : ndarray or OnDisk, shape (n, ...)
        As the network and the loss wants them.
    weight : ndarray, shape (n,), or None
    """

    x: Array | OnDisk
    y: Array | OnDisk
    weight: Array | None

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.x)

    def part(self, indices: Array) -> Data:
        """Return the samples at `indices`."""
        weight = None if self.weight is None else self.weight[indices]
        return Data(_rows(self.x, indices), _rows(self.y, indices), weight)


def _rows(array: Array | OnDisk, indices: Array) -> Array | OnDisk:
    return array.part(indices) if isinstance(array, OnDisk) else array[indices]


def checked_inputs(value: Any, name: str, input_shape: tuple[int, ...], dtype: Any, who: str) -> Array | OnDisk:
    """Return `value` as finite samples in `dtype`; what is memory-mapped stays on disk and is checked when read."""

    def convert(part: Array) -> Array:
        arrays.finite(part, name)
        return arrays.as_float(part, dtype, name)

    array = arrays.samples(value, name, input_shape, who)
    return OnDisk(array, convert) if isinstance(array, np.memmap) and len(array) else convert(array)


def checked_data(
    X: Any, y: Any, weight: Any, *, names: tuple[str, str, str], loss: Loss, network: Any, who: str
) -> Data:
    """Return the arguments `names` as `Data` for `network` and `loss`; TypeError or ValueError says what is wrong."""
    x = checked_inputs(X, names[0], network.input_shape, network.dtype, who)
    targets = arrays.numbers(y, names[1])
    arrays.same_length(x, targets, names[:2])
    if not len(x):
        raise ValueError(f"{names[0]} has shape {x.shape}: no samples")

    def convert(part: Array) -> Array:
        arrays.finite(part, names[1])
        return loss.check_targets(part, network.output_shape, network.dtype)

    y_checked = OnDisk(targets, convert) if isinstance(targets, np.memmap) else convert(targets)
    if weight is not None:
        weight = arrays.weights(weight, len(x), network.dtype, names[2])
    return Data(x, y_checked, weight)


def labels(y: Array | OnDisk, loss: Loss) -> Array:
    """Return the class of each target, (n,): integer labels as they are, the column of one-hot rows.

    Raises
    ------
    ValueError
        If the targets are no classes.
    """
    if not loss.classifies:
        raise ValueError(f"class_weight needs classes, but {type(loss).__name__} is a loss for regression")
    if isinstance(y, OnDisk):
        return np.concatenate([labels(part, loss) for part in y.parts()])
    if y.ndim == 1:
        return np.asarray(y)
    if y.shape[1] == 1:
        return y[:, 0].astype(np.intp)
    return np.asarray(y.argmax(axis=1))


def with_class_weight(data: Data, class_weight: Any, loss: Loss) -> Data:
    """Return `data` with weights multiplied by those of the classes.

    Parameters
    ----------
    class_weight : "balanced" or dict
        "balanced" weighs class c by n / (classes * n_c), as scikit-learn does; a dict maps each class to a weight.
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
    """Return `data` as a training and a validation part, drawn at random; for classes in equal proportions.

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
    largest_rests = np.argsort(counts - shares, kind="stable")
    counts[largest_rests[: max(0, wanted - counts.sum())]] += 1
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
    return data.part(training), data.part(validation)


def _is_soft(y: Array | OnDisk) -> bool:
    """Return whether targets are probabilities rather than classes."""
    if isinstance(y, OnDisk):
        return any(map(_is_soft, y.parts()))
    return not bool(np.isin(y, (-1, 0, 1)).all())
