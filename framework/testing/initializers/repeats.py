"""Nodes that start alike stay alike: rows, columns and blocks that are drawn once and repeated."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from framework.core.types import Array
from framework.initializers import Initializer
from framework.testing.core.report import Subject

LONG = 8  # entries: fewer may be equal by chance where few values are possible; fewer rows, by an argument
MORE = 20  # seeds to try if the first ones give equal rows, which random signs can do
NAMES = ("row", "column")


def check_repeats(subject: Subject, f: Initializer, samples: Array) -> None:
    """Check that what is drawn is drawn for each entry.

    What is equal for each of many seeds, and not the same for all of them, is no accident. Rows that are the same for
    all seeds are not drawn: of the zeros and of the identity, some or none are equal, as they should be. Rows that are
    repeated side by side, or as often as an argument says, are so on purpose: a pixel shuffle puts them together.

    Parameters
    ----------
    samples : ndarray, shape (seeds, *shape)
    """
    counts = {value for value in f.get_params(deep=False).values() if isinstance(value, int)}
    meant = counts | {count**2 for count in counts}
    if _repeated(samples, meant) is None:
        return
    more = [f(samples.shape[1:], np.random.default_rng([6, k])) for k in range(MORE)]
    if (found := _repeated(np.stack([*samples, *more]), meant)) is not None:
        subject.fail(f"shape {samples.shape[1:]}", *found)


def _repeated(samples: Array, meant: Collection[int]) -> tuple[str, str] | None:
    """Return what is repeated, and by what mistake, or None; `meant` are numbers of copies that are no mistake."""
    shape = samples.shape[1:]
    flat = samples.reshape(len(samples), -1)
    if flat.shape[1] < LONG or (flat == flat[:1]).all():
        return None
    if (flat == flat[:, :1]).all():
        return "all entries are equal", "one number is drawn for all of them: draw with size=shape"
    for axis in range(len(shape) if len(shape) > 1 else 0):
        rows = np.moveaxis(samples, axis + 1, 1).reshape(len(samples), shape[axis], -1)
        if meant and shape[axis] < LONG:
            continue
        telling = (rows != rows[:1]).any(axis=(0, 2)) & (rows != rows[:, :, :1]).any(axis=2).all(axis=0)
        vectors = rows[:, telling].swapaxes(0, 1).reshape(-1, rows.shape[2] * len(samples))
        kinds, copies = np.unique(vectors, axis=0, return_counts=True)
        if len(vectors) < 2 or copies.min() < 2 or set(copies.tolist()) & set(meant):
            continue
        name = NAMES[axis] if axis < len(NAMES) else f"slice along axis {axis}"
        if len(kinds) == 1:
            return f"some {name}s are equal", f"one {name} is drawn and repeated: wrong axis"
        if axis or (vectors[1:] != vectors[:-1]).any(axis=1).all():
            cause = f"{len(kinds)} of {len(vectors)} {name}s are drawn and repeated (np.tile, np.repeat, np.resize)"
            return f"some {name}s are equal", cause
    period = _period(flat)
    if period and period % (flat.shape[1] // shape[0]):
        cause = f"{period} values are drawn and repeated (np.resize, np.tile): draw with size=shape"
        return f"the values are the same again every {period} entries", cause
    return None


def _period(flat: Array) -> int:
    """Return the distance at which all entries are repeated, or 0."""
    size = flat.shape[1]
    candidates = np.flatnonzero((flat[:, 1 : size // 2 + 1] == flat[:, :1]).all(axis=0)) + 1
    return next((int(p) for p in candidates if p >= LONG and (flat[:, p:] == flat[:, :-p]).all()), 0)
