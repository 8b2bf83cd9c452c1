"""The file format of checkpoints: a .npz of plain arrays and one JSON text, sealed by a digest of every byte."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from math import prod
from typing import Any

import numpy as np

from framework.core.types import Array
from framework.saving.atomic_write import kind_of, replacing

DOCUMENT = "checkpoint.json"
SEAL = b"sha256:"
SEAL_SIZE = len(SEAL) + 64
MARK = b"PK\x03\x04"
CHUNK = 1 << 20
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<|][fiub][1248])', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,15}(?:, ?[0-9]{1,15}){0,31},?)?)\), \} *\n",
    re.DOTALL,
)


class CheckpointError(ValueError):
    """A file that cannot be loaded: it is damaged, not a checkpoint, or holds something else."""


def write(path: str | os.PathLike[str], document: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Write `document` (strict JSON) and `arrays` to `path`, atomically.

    The same content gives the same bytes. ``numpy.load(path, allow_pickle=False)`` reads the file.
    """
    import json
    import zipfile

    text = json.dumps(document, allow_nan=False).encode()
    with replacing(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.comment = b" " * SEAL_SIZE
            with archive.open(zipfile.ZipInfo(DOCUMENT), "w") as entry:
                entry.write(text)
            for name, array in arrays.items():
                plain = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                    entry.write(_header(plain))
                    entry.write(plain.reshape(-1).view(np.uint8).data)
        size = file.seek(-SEAL_SIZE, os.SEEK_END)
        file.seek(0)
        seal = _seal(file.read(min(CHUNK, size - start)) for start in range(0, size, CHUNK))
        file.seek(size)
        file.write(seal)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the document and the arrays (read-only, in one block of memory) that `write` wrote to `path`.

    Every length is checked against the stored bytes before it is used.

    Raises
    ------
    CheckpointError
        If a single bit differs from what was written.
    OSError
        If the file cannot be read.
    """
    name = os.fspath(path)
    if not os.path.exists(name) and (runs := _runs(name)):
        raise FileNotFoundError(
            errno.ENOENT, f"no such file, but each run has one of its own: {', '.join(runs[:3])}", name
        )
    refuse_other_than_file(name)
    with open(path, "rb", buffering=0) as file:
        if file.read(len(MARK)) != MARK:
            raise CheckpointError(f"{name!r} is no checkpoint: it does not begin as a .npz file")
        size = file.seek(0, os.SEEK_END) - SEAL_SIZE
        file.seek(max(size, 0))
        if not file.read().startswith(SEAL) or size < 0:
            raise CheckpointError(f"{name!r} does not end as a checkpoint: it is cut off or from another program")
        file.seek(0)
        data = file.read()
    if _seal([memoryview(data)[:size]]) != data[size:]:
        raise CheckpointError(f"{name!r} is damaged: its bytes are not those that were written")
    try:
        return _contents(data)
    except Exception as error:  # whatever a forged directory makes the standard library raise
        raise CheckpointError(f"{name!r} is no checkpoint: {error}") from error


def refuse_other_than_file(name: str) -> None:
    """Raise CheckpointError for a pipe or a device, of which a read may never end; OSError if there is nothing."""
    kind = kind_of(os.stat(name).st_mode)
    if kind not in ("", "a folder"):  # open says the latter
        raise CheckpointError(f"{name!r} is no checkpoint: it is {kind}")


def _runs(name: str) -> list[str]:
    """Return files with the name of a run before their suffix, as those of estimators have."""
    folder, base = os.path.split(name)
    root, ending = os.path.splitext(base)
    pattern = re.compile(f"{re.escape(root)}-[0-9a-f]{{8}}{re.escape(ending)}")
    with suppress(OSError):
        return sorted(filter(pattern.fullmatch, os.listdir(folder or ".")))
    return []


def _seal(parts: Iterable[bytes | memoryview]) -> bytes:
    """Return the seal that ends a file with the content `parts`."""
    from hashlib import sha256

    digest = sha256()
    for part in parts:
        digest.update(part)
    return SEAL + digest.hexdigest().encode()


def _contents(data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    import json

    entries = _entries(data)
    if DOCUMENT not in entries:
        raise ValueError(f"it has no {DOCUMENT}")
    document = json.loads(bytes(entries.pop(DOCUMENT)), parse_constant=_refuse)
    if not isinstance(document, dict):
        raise ValueError(f"{DOCUMENT} holds no object")
    return document, {name.removesuffix(".npy"): _array(name, part) for name, part in entries.items()}


def _entries(data: bytes) -> dict[str, memoryview]:
    """Return the entries of `data` by name: stored uncompressed, each right after the one before."""
    import zipfile
    from zlib import crc32

    view = memoryview(data)
    entries: dict[str, memoryview] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        end = 0
        for info in archive.infolist():
            name = info.filename
            if name in entries:
                raise ValueError(f"entry {name!r} is there twice")
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & ~0x800:
                raise ValueError(f"entry {name!r} is compressed or encrypted")
            if info.header_offset != end or data[end : end + 4] != MARK:
                raise ValueError(f"entry {name!r} does not begin where the one before it ends")
            lengths, first = data[end + 26 : end + 30], end + 30
            after_name = first + int.from_bytes(lengths[:2], "little")
            if data[first:after_name] != name.encode():
                raise ValueError(f"entry {name!r} has another name where it is stored")
            start = after_name + int.from_bytes(lengths[2:], "little")
            end = start + info.file_size
            if info.compress_size != info.file_size or end > archive.start_dir:
                raise ValueError(f"entry {name!r} claims {info.file_size} bytes, more than are stored")
            if crc32(view[start:end]) != info.CRC:
                raise ValueError(f"entry {name!r} does not have the checksum it claims")
            entries[name] = view[start:end]
        if end != archive.start_dir:
            raise ValueError("there are bytes that belong to no entry")
    return entries


def _header(array: Array) -> bytes:
    """Return the header of a .npy file, version 1.0 of NumPy's format."""
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _array(name: str, data: memoryview) -> Array:
    """Return the array of a .npy entry, as a view of `data`."""
    match = HEADER.match(data)
    if not match or int.from_bytes(data[8:10], "little") != match.end() - 10:
        raise ValueError(f"entry {name!r} is no array of plain numbers")
    dtype = np.dtype(match[1].decode())
    shape = tuple(int(axis) for axis in match[2].decode().replace(",", " ").split())
    if prod(shape) * dtype.itemsize != len(data) - match.end():
        claimed = f"{dtype} of shape {shape}"
        raise ValueError(f"entry {name!r} claims {claimed}, but stores {len(data) - match.end()} bytes")
    return np.frombuffer(data, dtype, offset=match.end()).reshape(shape)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{DOCUMENT} holds {constant}")
