"""Ctrl-C between steps instead of within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self


class HeldInterrupts:
    """A context in which the first Ctrl-C waits for the current step to finish; a second one does not wait.

    Does nothing outside the main thread, or if Ctrl-C does not have Python's default handler.

    Parameters
    ----------
    batch_hooks : list of callable ``(batch, logs)``
        The functions that are called after each step. When Ctrl-C is pressed, one that raises KeyboardInterrupt is
        appended. So the loop does not have to check after each step, and waiting for Ctrl-C costs nothing.
    """

    def __init__(self, batch_hooks: list[Callable[..., None]]) -> None:
        self._batch_hooks = batch_hooks
        self._at_once = False
        self._pending = False

    def __enter__(self) -> Self:
        """Take over Ctrl-C."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._held = in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._held:
            signal.signal(signal.SIGINT, self._hold)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give Ctrl-C back, and raise KeyboardInterrupt if one is still pending."""
        if self._held and signal.getsignal(signal.SIGINT) == self._hold:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.check()

    def check(self, *_: Any) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._pending:
            raise KeyboardInterrupt

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let Ctrl-C interrupt at any point in a ``with`` block: for code that does not change the model."""
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _hold(self, number: int, frame: FrameType | None) -> None:
        if self._at_once or self._pending:
            raise KeyboardInterrupt
        self._pending = True
        self._batch_hooks.append(self.check)
