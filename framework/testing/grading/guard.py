"""Limits for a process that runs a submission, and whether it has changed what checks it.

They stop accidents and easy tricks. They are not a sandbox: a submission runs in the process that checks it, can read
what its user can read, and can get around all of this if it is written to.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any

FILE_SIZE = 64  # MB, of any file that it writes
PROCESSES = (
    *("os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "os.startfile"),
    *("os.kill", "os.killpg", "pty.spawn", "subprocess.Popen"),
)
NETWORK = "socket.connect", "socket.bind", "socket.sendto"
LIMITS = "resource.setrlimit", "resource.prlimit"
MEMORY = "gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._current_frames", "sys._current_exceptions"
CHANGES = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"),
    *("os.chmod", "os.chown", "os.utime", "os.setxattr"),
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
TRUSTED = "framework", "numpy"


def limit_resources(memory: int) -> None:
    """Limit this process's memory, in MB, and the size of its files, as far as the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind, megabytes in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_CORE, 0),
    ):
        size, hard = megabytes * 2**20, resource.getrlimit(kind)[1]
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)
        with suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (size, size))


def forbid(folder: str) -> None:
    """From now on, let this process start no other, connect to nothing, and write to no file outside `folder`.

    What it tries raises PermissionError. An audit hook does this, which cannot be removed again.
    """
    inside, null, real, cut, separator = os.path.realpath(folder), os.devnull, os.path.realpath, os.fspath, os.sep
    kinds = {
        **dict.fromkeys(PROCESSES, "starts or stops another process"),
        **dict.fromkeys(NETWORK, "uses the network"),
        **dict.fromkeys(LIMITS, "changes its limits"),
        **dict.fromkeys(MEMORY, "looks for objects of the grader"),
    }
    changes = frozenset(CHANGES)

    def refuse(what: str) -> None:
        raise PermissionError(f"a submission that is graded must not do this: it {what}")

    def within(path: Any) -> bool:
        if isinstance(path, int):  # a descriptor that is open already
            return True
        text = cut(path)
        text = real(text.decode(errors="replace") if isinstance(text, bytes) else text)
        return text in (null, inside) or text.startswith(inside + separator)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = flags & WRITING if isinstance(flags, int) else mode is not None and set("wax+") & set(mode)
            if writes and path is not None and not within(path):
                refuse(f"writes to {path}")
        elif event in changes:
            paths = args[1:2] if event == "os.symlink" else args[: 2 if event in ("os.rename", "os.link") else 1]
            if not all(within(path) for path in paths):
                refuse(f"changes {args[0]} ({event})")
        elif event in kinds:
            refuse(f"{kinds[event]} ({event})")

    sys.addaudithook(hook)


def watch() -> Callable[[], str]:
    """Note the functions and methods of the framework, of NumPy and of Python's builtins.

    Returns
    -------
    callable ``() -> str``
        Says which of them has been replaced since; an empty string if none.
    """
    noted = [(where, held, name, value, _inner(value)) for where, held in _held() for name, value in _callables(held)]
    inner, missing = _inner, object()  # as they are now

    def changed() -> str:
        for where, held, name, value, code in noted:
            now = held.get(name, missing)
            if now is not value or inner(now) != code:
                return f"the submission replaces {where}.{name}: it must not change what it is checked with"
        return ""

    return changed


def _held() -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Yield the names of modules, of their classes and of the tables of the checks, and what they hold."""
    yield "builtins", vars(builtins)
    for name, module in list(sys.modules.items()):
        root = name.partition(".")[0]
        if not isinstance(module, ModuleType) or root not in TRUSTED:
            continue
        yield name, vars(module)
        for key, value in vars(module).items() if root == "framework" else ():
            if isinstance(value, type) and value.__module__ == name:
                yield f"{name}.{value.__qualname__}", vars(value)
            elif isinstance(value, dict) and name.startswith("framework.testing"):
                yield f"{name}.{key}", value


def _callables(held: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    kinds = (staticmethod, classmethod, property)
    return [(name, value) for name, value in held.items() if callable(value) or isinstance(value, kinds)]


def _inner(value: Any) -> tuple[Any, ...]:
    """Return what a function computes with, each by its identity."""
    if isinstance(value, FunctionType):
        return id(value.__code__), id(value.__defaults__), id(value.__kwdefaults__)
    return ()
