"""Files written atomically: whole, or not at all."""

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
KINDS = {"a named pipe": stat.S_ISFIFO, "a device": stat.S_ISCHR, "a disk": stat.S_ISBLK, "a socket": stat.S_ISSOCK}
Path = str | os.PathLike[str]
_being_written: set[str] = set()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces `path` at the end, if nothing fails.

    The content goes to a temporary file in the same folder, is flushed to disk, and the file is then renamed: whenever
    the process or the computer stops, `path` is the old file or the new one. It keeps the permissions of the old
    file, and a link stays a link. Only regular files are replaced, never a pipe or a device. Temporary files of writers
    that were killed are removed.

    Raises
    ------
    OSError
        If the file cannot be written; `path` is then unchanged.
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
    """Raise OSError if `path` cannot be written; leave no file behind."""
    temporary = _temporary(_target(path))
    _created(temporary, path).close()
    os.unlink(temporary)


def kind_of(mode: int) -> str:
    """Return what a path with this mode is, in words; "" for a regular file."""
    return "" if stat.S_ISREG(mode) else next((name for name, is_kind in KINDS.items() if is_kind(mode)), "a folder")


def remove_leftovers(target: str) -> None:
    """Remove temporary files for `target` whose writer is dead, or that are older than a day."""
    pattern = re.compile(re.escape(_stem(target)) + r"([0-9a-f]+)\.([0-9]+)\.[0-9a-f]+\.tmp")
    with os.scandir(os.path.dirname(target)) as entries:
        found = [(entry, match) for entry in entries if (match := pattern.fullmatch(entry.name))]
    for entry, match in found:
        with suppress(OSError):
            dead = match[1] == _machine() and not _alive(int(match[2]), entry.name)
            if dead or time.time() - entry.stat(follow_symlinks=False).st_mtime > DAY:
                os.unlink(entry.path)


def _target(path: Path) -> str:
    """Return the regular file that `path` names, links followed; OSError if there cannot be one or it is read-only."""
    target = os.path.realpath(os.fsdecode(path))
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, "is a folder; give the path of a file", os.fspath(path))
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):  # also a link to a file that is not there yet
        if not os.path.isdir(os.path.dirname(target)):
            raise FileNotFoundError(errno.ENOENT, "its folder does not exist; make it first", os.fspath(path)) from None
        return target
    if kind := kind_of(mode):
        raise OSError(errno.EINVAL, f"is {kind}, which a file would replace; give another path", os.fspath(path))
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "cannot be written (it is read-only)", os.fspath(path))
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
    return f".{os.path.basename(target)[:40]}."  # shortened, so that no file system finds the whole name too long


def _machine() -> str:
    """Return an id of this computer, for a process id says nothing about the processes of another one."""
    import platform

    return f"{crc32(platform.node().encode()):x}"


def _alive(pid: int, name: str) -> bool:
    """Return whether process `pid` may still be writing the temporary file `name`."""
    if pid == os.getpid():
        return name in _being_written
    if os.name == "nt":  # os.kill would end the process there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _sync_folder(folder: str) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    with suppress(OSError):  # some file systems do not offer it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
