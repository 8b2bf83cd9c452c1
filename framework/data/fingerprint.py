"""Fingerprints of the data of a fit, by which a resumed run knows that the data is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite, prod
from typing import Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown

Entries = dict[str, bool | int | float | str | None]
WHOLE_BYTES = 1 << 26
SAMPLED_BYTES = 1 << 24
BLOCKS = 256
CHUNK_BYTES = 1 << 22
DIGEST_LETTERS = 16
UNKNOWN = ("batches", "validation batches")  # the entries that are None for a stream without a fingerprint


def fingerprint(array: Any) -> str:
    """Return a digest of the shape, the dtype and the contents of `array`, followed by dtype and shape in words.

    Up to 64 MB are read whole. Of a larger array, 256 blocks of rows are read, evenly spaced from the first row to the
    last, 16 MB in all. So a memory-mapped array costs a few reads, and a change of a few rows elsewhere is not noticed.

    Parameters
    ----------
    array : array-like, shape (n, ...)
        Anything with a shape and a dtype that can be sliced by rows.
    """
    from hashlib import blake2b

    text = f"{np.dtype(array.dtype).newbyteorder('<').str[1:]} {tuple(map(int, array.shape))}"
    digest = blake2b(text.encode(), digest_size=DIGEST_LETTERS // 2)
    for rows in _rows_to_read(array):
        part = np.asarray(array[rows])
        digest.update(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data)
    return f"{digest.hexdigest()} {text}"


def _rows_to_read(array: Any) -> Iterator[slice]:
    n = len(array)
    row_bytes = max(1, np.dtype(array.dtype).itemsize * prod(array.shape[1:]))
    if n * row_bytes <= WHOLE_BYTES:
        yield from arrays.row_slices(n, max(1, CHUNK_BYTES // row_bytes))
        return
    blocks = max(2, min(BLOCKS, SAMPLED_BYTES // row_bytes))
    size = max(1, SAMPLED_BYTES // blocks // row_bytes)
    for start in np.linspace(0, max(0, n - size), min(blocks, n)).astype(int).tolist():
        yield slice(start, start + size)


def run_data(batches: Any, validation: Any) -> Entries:
    """Return what makes up the data of a fit, by name: fingerprints of arrays, sizes and flags.

    Parameters
    ----------
    batches : ArrayBatches or StreamBatches
    validation : Validation or None
        What is evaluated, and after which epochs.
    """
    entries = _entries(batches)
    if validation is not None:
        entries |= {f"validation {name}": value for name, value in _entries(validation.data).items()}
        every = validation.frequency
        entries["validation_freq"] = every if isinstance(every, int) else str(sorted(every))
    return entries


def _entries(data: Any) -> Entries:
    if hasattr(data, "source"):
        return _of_stream(data.source)
    entries: Entries = {"X": fingerprint(data.x), "y": fingerprint(data.y)}
    entries["weights"] = "none" if data.weight is None else fingerprint(data.weight)
    if hasattr(data, "batch_size"):
        entries |= {"batch_size": data.batch_size, "shuffle": getattr(data, "rng", None) is not None}
    return entries


def _of_stream(source: Any) -> Entries:
    """Return the entries of a stream: its own `fingerprint`, that of a list of batches, or None: not known."""
    given = getattr(source, "fingerprint", None)
    given = given() if callable(given) else given
    if given is None:
        return {"batches": _of_batches(source) if isinstance(source, list | tuple) else None}
    entries = {f"batches.{name}": value for name, value in given.items()} if isinstance(given, Mapping) else None
    entries = {"batches": given} if entries is None else entries
    entries = {name: value.item() if isinstance(value, np.generic) else value for name, value in entries.items()}
    for value in entries.values():
        if not (value is None or type(value) in (bool, int, str) or (type(value) is float and isfinite(value))):
            raise TypeError(
                f"the fingerprint of {type(source).__name__} must be a str, a number or a dict of these, got "
                f"{shown(value)}"
            )
    return entries


def _of_batches(batches: Any) -> str | None:
    from hashlib import blake2b

    digest, sizes = blake2b(digest_size=DIGEST_LETTERS // 2), len(batches)
    step = 1
    try:
        total = sum(np.asarray(part).nbytes for batch in batches for part in batch if part is not None)
        if total > WHOLE_BYTES:
            step = -(-sizes // BLOCKS)
        for batch in batches[::step]:
            for part in batch:
                digest.update(b"none" if part is None else fingerprint(arrays.numbers(part, "batch")).encode())
    except (TypeError, ValueError):  # what is wrong with the batch is said when it is used
        return None
    return f"{digest.hexdigest()} {sizes} batches"


def other_data(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Return the first difference between the data of this fit and that in a file, in words; "" if there is none.

    Streams of which one has no fingerprint are not compared.
    """
    unknown = tuple(name for name in UNKNOWN if None in (here.get(name, ""), there.get(name, "")))
    for name in dict.fromkeys([*here, *there]):
        mine, other = here.get(name), there.get(name)
        if name.startswith(unknown) or (mine == other and type(mine) is type(other)):
            continue
        if name not in there:
            return f"{name} is given here and not in the file"
        if name not in here:
            return f"{name} is given in the file and not here"
        if isinstance(mine, str) and isinstance(other, str) and mine[DIGEST_LETTERS:] == other[DIGEST_LETTERS:] != "":
            return f"{name} holds other values than in the file"
        return f"{name} is {_in_words(mine)} here and {_in_words(other)} in the file"
    return ""


def _in_words(value: Any) -> str:
    digest, _, words = value.partition(" ") if isinstance(value, str) else ("", "", "")
    return words if len(digest) == DIGEST_LETTERS and words else repr(value)
