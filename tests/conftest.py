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
def snapshot():
    """Return a function that describes all that a model has learned or drawn; None before it is built."""

    def snapshot(model):
        if not model.built:
            return None
        streams = {name: generator.bit_generator.state for name, generator in model.state.streams.items()}
        optimizer = {name: np.asarray(value).tolist() for name, value in model.optimizer_.state().items()}
        params, history = model.network.params.tolist(), model.history.to_dict()
        return repr((params, optimizer, model.learning_rate, history, streams))

    return snapshot


@pytest.fixture
def restored_registry(monkeypatch):
    """Let the test register components, which are forgotten after it."""
    for family in Component.__subclasses__():
        monkeypatch.setattr(family, "_registry", dict(family._registry))
