"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO
from zlib import crc32

DAY = 24 * 60 * 60
Path = str | os.PathLike[str]
_being_written: set[str] = set()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written that takes the place of `path` at the end, if nothing fails.

    What is written goes to a temporary file in the same folder, reaches the disk, and is then renamed: whenever
    the process or the machine stops, `path` is the old file or the new one. Permissions are those of the old
    file, or a new file's. Leftovers of writers that were killed are removed.

    Raises
    ------
    OSError
        If the file cannot be written; `path` is then untouched.
    """
    target = _target(path)
    remove_leftovers(target)
    temporary = _temporary(target)
    name = os.path.basename(temporary)
    _being_written.add(name)
    try:
        with _created(temporary, path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        _being_written.discard(name)
    _sync_folder(os.path.dirname(target))


def check_writable(path: Path) -> None:
    """Raise OSError if `path` cannot be written; nothing is left behind."""
    temporary = _temporary(_target(path))
    _created(temporary, path).close()
    os.unlink(temporary)


def remove_leftovers(target: str) -> None:
    """Remove temporary files for `target` whose writer is dead, or which are older than a day."""
    pattern = re.compile(re.escape(_stem(target)) + r"([0-9a-f]+)\.([0-9]+)\.[0-9a-f]+\.tmp")
    with os.scandir(os.path.dirname(target)) as entries:
        found = [(entry, match) for entry in entries if (match := pattern.fullmatch(entry.name))]
    for entry, match in found:
        with suppress(OSError):
            dead = match[1] == _machine() and not _alive(int(match[2]), entry.name)
            if dead or time.time() - entry.stat(follow_symlinks=False).st_mtime > DAY:
                os.unlink(entry.path)


def _target(path: Path) -> str:
    """Return the file that `path` stands for, links followed; OSError if there can be none."""
    target = os.path.realpath(os.fsdecode(path))
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, "is a folder; give the path of a file", os.fspath(path))
    if not os.path.isdir(os.path.dirname(target)):
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist; make it first", os.fspath(path))
    return target


def _created(temporary: str, path: Path) -> BinaryIO:
    try:
        return open(temporary, "x+b")
    except OSError as error:
        raise OSError(error.errno, f"cannot be written ({error.strerror})", os.fspath(path)) from None


def _temporary(target: str) -> str:
    name = f"{_stem(target)}{_machine()}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    return os.path.join(os.path.dirname(target), name)


def _stem(target: str) -> str:
    return f".{os.path.basename(target)[:40]}."  # cut, so that the whole name is never too long for a file system


def _machine() -> str:
    """Return a mark of this machine: the number of a process says nothing about processes on another."""
    import platform

    return f"{crc32(platform.node().encode()):x}"


def _alive(pid: int, name: str) -> bool:
    """Return whether process `pid` may still be writing the temporary file `name`."""
    if pid == os.getpid():
        return name in _being_written
    if os.name == "nt":  # where os.kill would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _sync_folder(folder: str) -> None:
    if os.name == "nt":  # where folders cannot be opened
        return
    with suppress(OSError):  # some file systems do not offer it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
