"""A worker's process: started with little of the environment, read without trust, and killed."""

from __future__ import annotations

import json
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import framework

LINE = 1 << 16
PRINTED = 10 << 20  # bytes: more is a flood
SHOWN = 2000
KEPT = "PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ"
PROGRAM = "import sys; sys.path.append({!r}); from framework.testing.grading.worker import main; main()"


class WorkerProcess:
    """A process that is working on a task.

    Parameters
    ----------
    task : bytes
        A pickled `Task`.
    token : str
        The token of its messages.
    folder : str
        Its working directory.

    Attributes
    ----------
    inbox : Queue
        Its messages; None when there will be no more; a string that says why it has to be stopped.
    head, tail : bytes
        The beginning and the end of what it printed.
    """

    def __init__(self, task: bytes, token: str, folder: str) -> None:
        self.inbox: queue.Queue[dict[str, Any] | str | None] = queue.Queue()
        self.head, self.tail = b"", b""
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-X",
                "faulthandler",
                "-c",
                PROGRAM.format(str(Path(framework.__file__).parents[1])),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read_messages, args=(self._process.stdout, token), daemon=True),
            threading.Thread(target=self._read_output, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError), stdin:
            stdin.write(task)

    def abort(self) -> None:
        """Let a process that takes too long say where it is, if its fault handler still can."""
        self._process.send_signal(signal.SIGABRT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)

    def kill(self) -> None:
        """Kill the process and those that it has started, as far as they are still in its group."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=1)

    def end(self) -> str:
        """Return why the process ended that has not sent all its messages."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "was stopped: it closed the way to the grader"
        if code >= 0:
            return f"ended the process with exit code {code}, as os._exit({code}) does"
        name = signal.Signals(-code).name
        return f"crashed the process ({name})" + (": out of memory?" if name == "SIGKILL" else "")

    def last_line(self, name: str) -> str:
        """Return the line of file `name` that the process was at when it crashed or was aborted, if it told."""
        _, fatal, trace = self.tail.decode(errors="replace").rpartition("Fatal Python error")
        place = re.search(rf'File "({re.escape(name)}[^"]*)", line (\d+)', trace) if fatal else None
        return f"\n    at line {place[2]} of {place[1]}" if place else ""

    def _read_messages(self, stream: IO[bytes], token: str) -> None:
        with stream:
            while line := stream.readline(LINE):
                with suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict) and secrets.compare_digest(str(message.get("token")), token):
                        self.inbox.put(message)  # what has not the token is not from the worker
        self.inbox.put(None)

    def _read_output(self, stream: IO[bytes]) -> None:
        count = 0
        with stream:
            while block := os.read(stream.fileno(), LINE):
                self.head += block[: max(0, SHOWN - len(self.head))]
                self.tail = (self.tail + block)[-2 * SHOWN :]
                count += len(block)
                if count > PRINTED:
                    self.inbox.put(f"was stopped: it printed more than {PRINTED >> 20} MB")
                    break


def _environment(folder: str) -> dict[str, str]:
    """Return the variables that a worker gets: what Python needs, and `folder` for all that is written."""
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR"), folder)
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    settings = {"MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return {name: os.environ[name] for name in KEPT if name in os.environ} | places | threads | settings
