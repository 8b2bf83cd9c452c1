"""Draws from NumPy's and Python's global random generators, which a component must leave alone."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from contextvars import ContextVar

import numpy as np

_watching: ContextVar[bool] = ContextVar("watching", default=False)


def noticing_draws(check: Callable[[], None]) -> None:
    """Run a check; if the global random state has changed, run it again, now with each call watched.

    To compare the state for each call would cost a third of the time of a check. Afterwards it is as it was.
    """
    if _watching.get():
        check()
        return
    before = _state()
    try:
        check()
    finally:
        if _state() != before:
            _set_state(before)
            token = _watching.set(True)
            try:
                check()
            finally:
                _watching.reset(token)
                _set_state(before)


def watched_state() -> bytes:
    """Return the global random state if calls are watched."""
    return _state() if _watching.get() else b""


def _state() -> bytes:
    return pickle.dumps((np.random.get_state(legacy=False), random.getstate()))  # noqa: NPY002 - what is asked for


def _set_state(state: bytes) -> None:
    of_numpy, of_python = pickle.loads(state)
    np.random.set_state(of_numpy)  # noqa: NPY002 - as it was
    random.setstate(of_python)
