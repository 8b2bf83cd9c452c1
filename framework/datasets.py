"""The data sets of Deep playground, as playground-data makes them, reproducible by a seed."""

# ruff: noqa: NPY002 - playground-data draws from NumPy's global state

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from framework.core import arguments
from framework.core.messages import did_you_mean, shown
from framework.core.types import Array

NAMES = ("gauss", "circle", "xor", "spiral", "reg-plane", "reg-gauss")

_lock = threading.Lock()


def load(
    name: str, noise: float = 0.0, train_ratio: float = 0.5, seed: int | None = 0
) -> tuple[Array, Array, Array, Array]:
    """Return ``X_train, y_train, X_valid, y_valid`` of a playground data set, shuffled and split.

    The classification sets (gauss, circle, xor, spiral) have 500 samples labelled -1 and +1, the regression sets
    (reg-plane, reg-gauss) 1200 with targets of about -1 to 1. The global random states of Python and NumPy are
    left as they were.

    Parameters
    ----------
    name
        One of `NAMES`, or playground-data's own name for it (``"RegressPlane"``); case, ``_`` and ``-`` are ignored.
    noise
        From 0 to 0.5, the playground's 0 % to 50 %.
    train_ratio
        Part of the samples that is for training: above 0, at most 1 (then the validation arrays have no rows).
    seed
        The same seed gives the same data; None gives new data each time.

    Returns
    -------
    tuple of arrays
        Inputs (n, 2) and targets (n, 1) in float64, for training and for validation.

    Raises
    ------
    ValueError
        If there is no such data set, or if `noise` or `train_ratio` is out of range.
    """
    for argument, value in (("noise", noise), ("train_ratio", train_ratio)):
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{argument} must be a number, got {shown(value)}")
    if not 0.0 <= noise <= 0.5:
        raise ValueError(f"noise must be from 0 to 0.5, got {noise}")
    if not 0.0 < train_ratio <= 1.0:
        raise ValueError(f"train_ratio must be above 0 and at most 1, got {train_ratio}")

    if seed is not None and arguments.integer(seed, "seed", least=0) >= 1 << 32:
        raise ValueError(f"seed must be below 2**32, got {seed}")

    import plygdata

    data_type = _data_types(plygdata.DatasetType).get(_key(name))
    if data_type is None:
        raise ValueError(f"unknown data set {name!r}{did_you_mean(name, NAMES)}")
    with _seeded(seed):
        samples = plygdata.generate_data(data_type, noise)
        parts = plygdata.split_data(samples, training_size=train_ratio)
    X_train, y_train, X_valid, y_valid = (np.array(part, np.float64, order="C") for part in parts)
    return X_train, y_train, X_valid, y_valid


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Seed the global generators, from which playground-data draws, and put their states back afterwards."""
    with _lock:
        python_state, numpy_state = random.getstate(), np.random.get_state()
        try:
            random.seed(seed)
            np.random.seed(seed)
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


def _data_types(types: type) -> dict[str, str]:
    """Return playground-data's data types by each of the names that `load` knows them by."""
    values = {_key(name): value for name, value in vars(types).items() if not name.startswith("_")}
    return values | {_key(value): value for value in values.values()}


def _key(name: str) -> str:
    return str(name).lower().replace("_", "").replace("-", "").replace(" ", "")
