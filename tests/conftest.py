"""Fixtures that several files of tests use."""

import numpy as np
import pytest

from framework import Component


@pytest.fixture
def strict_floats():
    """Raise on every floating-point error but underflow; not everywhere, because training obeys a user's errstate."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture
def rng():
    """A generator that draws the same numbers in every test."""
    return np.random.default_rng(0)


@pytest.fixture
def restored_registry(monkeypatch):
    """Let the test register components, which are forgotten after it."""
    for family in Component.__subclasses__():
        monkeypatch.setattr(family, "_registry", dict(family._registry))
