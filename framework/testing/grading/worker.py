"""The process in which a submission runs and is checked. `isolation` starts it and reads its messages."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread, stack_size
from typing import Any, TypeVar

from framework.testing.grading.checking import check_name, run
from framework.testing.grading.components import found_in
from framework.testing.grading.guard import forbid, limit_resources, watch
from framework.testing.grading.loading import MODULE, load
from framework.testing.grading.results import plain
from framework.testing.grading.rubric import Entry, read_rubric

Send = Callable[..., None]
T = TypeVar("T")
STACK = 16 << 20  # bytes, as in a main thread: a recursion without end has to raise its error, not to crash


@dataclass(frozen=True)
class Task:
    """What a worker is told: a submission, its rubric, where to begin, and its limits.

    Attributes
    ----------
    path : str
    entries : list of Entry, optional
        The rubric; None checks every component that the submission defines.
    rubric : str, optional
        The Python file to read `entries` from: functions in it cannot be sent.
    start : int
        How many entries earlier workers have done.
    memory : int
        The limit in MB.
    folder : str
        The only place to write to.
    token : str
        Marks messages as the worker's own.
    """

    path: str
    entries: list[Entry] | None
    rubric: str | None
    start: int
    memory: int
    folder: str
    token: str


def main() -> None:
    """Read a `Task` from the standard input, and send messages about its checks to what was the standard output."""
    task: Task = pickle.loads(sys.stdin.buffer.read())
    send = _sender(task.token)
    entries = read_rubric(task.rubric) if task.rubric else task.entries
    path, start, folder = task.path, task.start, task.folder
    limit_resources(task.memory)
    del task
    import numpy.random  # noqa: F401 - before it is watched: NumPy loads it when it is used

    sound = watch()
    forbid(folder)
    send(kind="ready")
    _work(Path(path), entries, start, send, sound)
    sys.stdout.flush()
    os._exit(0)  # at once: neither threads nor atexit functions of the submission


def _work(path: Path, entries: list[Entry] | None, start: int, send: Send, sound: Callable[[], str]) -> None:
    loaded = _apart(partial(load, path))
    names = vars(loaded.module)
    own = found_in(names, MODULE) if loaded.complete else []
    if entries is None:
        entries = [Entry(name) for name in own]
    others = [name for name in own if name not in {entry.component for entry in entries}]
    problem = sound() or ("" if loaded.complete else "\n".join(loaded.errors))
    rows = [(entry.component, check_name(entry, names if loaded.complete else {})) for entry in entries]
    send(kind="found", rows=rows, others=others[:50], problem=plain(problem))
    if problem:
        return
    for i, entry in enumerate(entries[start:], start):
        send(kind="start", row=i)
        verdict = _apart(partial(run, entry, names, notes=loaded.errors, files=loaded.files, sound=sound))
        send(kind="result", row=i, **vars(verdict))


def _apart(function: Callable[[], T]) -> T:
    """Return ``function()``, called in another thread: the frames that a submission sees there do not hold `send`."""
    results: list[T] = []
    stack_size(STACK)
    thread = Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[-1]


def _sender(token: str) -> Send:
    """Return a function that sends a message; what is printed goes to the standard error from now on."""
    channel = os.dup(1)
    os.dup2(2, 1)
    own, write, pid, dumps = os.getpid(), os.write, os.getpid, json.dumps

    def send(**message: Any) -> None:
        if pid() == own:  # not in a process that the submission has forked
            data = dumps({"token": token, **message}).encode() + b"\n"
            while data:
                data = data[write(channel, data) :]

    return send
