"""What a recording of a component depends on is seen when it changes, or the component is not recorded."""

from functools import lru_cache, partial
from math import sqrt

import numpy as np
import pytest

from framework import Activation, BatchNormalization, Dense, Layer, Loss, Residual
from framework.core.traceable import traceable

SCALE = 2.0
TABLE = np.ones(3)


class Namespace:
    scale = 2.0


class Base(Activation, registered=False):
    def __init__(self, kept=None):
        self.kept = kept

    def derivative(self, z, a):
        return np.ones_like(z)


@lru_cache
def cached(n):
    return np.arange(n) * sqrt(2)


@lru_cache
def cached_scale(n):
    return n * SCALE


def doubled(z, factor=2.0, *, offset=(1.0, 2.0)):
    return z * factor + offset[0]


def with_list(z, factors=[2.0]):  # noqa: B006 - the fault
    return z * factors[0]


def with_attribute(z):
    return z * with_attribute.scale  # type: ignore[attr-defined]


with_attribute.scale = 2.0  # type: ignore[attr-defined]


def overriding(z):
    return z * 2


overriding.__override__ = True  # type: ignore[attr-defined] # as typing.override does


ELU = Activation.of("elu")


def with_component(z, f=ELU):
    return f(z)


def activation(call, **attributes):
    return type("Own", (Base,), {"replayable": True, "__call__": call, **attributes}, registered=False)


TRUE = {
    "its attributes": activation(lambda self, z: z * self.kept),
    "functions and modules": activation(lambda self, z: doubled(np.tanh(z)) * sqrt(2) + cached(3)),
    "functions inside": activation(lambda self, z: sum(part for part in (lambda: [z, z])())),
    "other components": activation(lambda self, z: Dense(3).units * z),
    "methods": activation(lambda self, z: self.helper(z), helper=lambda self, z: self.kept * z),
    "a decorated function": activation(lambda self, z: overriding(z)),
    "a property": activation(lambda self, z: z * self.twice, twice=property(lambda self: 2 * self.kept)),
}


class NamedScale(Activation, registered=False):
    scale = 2.0

    def __call__(self, z):
        return z * self.scale

    def derivative(self, z, a):
        return self.scale * np.ones_like(z)


UNSEEN = {
    "a global": activation(lambda self, z: z * SCALE),
    "a global array": activation(lambda self, z: z * TABLE),
    "a class": activation(lambda self, z: z * Namespace.scale),
    "a global in a function inside": activation(lambda self, z: (lambda: z * SCALE)()),
    "a global in a method": activation(lambda self, z: self.helper(z), helper=lambda self, z: SCALE * z),
    "a global in a class method": activation(
        lambda self, z: self.helper(z), helper=classmethod(lambda cls, z: SCALE * z)
    ),
    "a global in a cached function": activation(lambda self, z: z * cached_scale(3)),
    "a class attribute": activation(lambda self, z: z * self.scale, scale=2.0),
    "a list in a class": activation(lambda self, z: z * self.scales[0], scales=[2.0]),
    "a default": activation(lambda self, z: with_list(z)),
    "a file": activation(lambda self, z: z * float(open("scale").read())),  # noqa: SIM115 - never called
    "the globals": activation(lambda self, z: z * globals()["SCALE"]),
    "an import": activation(lambda self, z: z * __import__("settings").scale),
    "an attribute of a function": activation(lambda self, z: with_attribute(z)),
    "a global component": activation(lambda self, z: ELU(z)),
    "a component in a default": activation(lambda self, z: with_component(z)),
    "a method that is no rule of a layer": activation(
        lambda self, z: z * self.parameters(), parameters=lambda self: SCALE
    ),
    "a part of a function": activation(lambda self, z: self.helper(z), helper=partial(doubled, factor=2.0)),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_component_that_reads_what_is_watched_may_be_recorded(name):
    assert traceable(TRUE[name](2.0))


@pytest.mark.parametrize("name", UNSEEN)
def test_a_component_that_reads_what_nobody_watches_is_called_in_each_step(name):
    assert not traceable(UNSEEN[name](2.0))


def test_a_component_that_is_used_by_its_name_is_looked_at(monkeypatch):
    own, literal = (
        activation(lambda self, z: Activation.of(self.kept)(z)),
        activation(lambda self, z: Activation.of("named_scale")(z)),
    )
    assert traceable(own("Named Scale"))
    assert traceable(literal())
    monkeypatch.setitem(Activation._registry, "namedscale", NamedScale)
    assert traceable(own("relu"))
    assert not traceable(own("Named Scale"))
    assert not traceable(own(("a", NamedScale)))
    assert not traceable(literal())


def test_a_variable_around_it_is_not_seen():
    scale = 2.0
    assert not traceable(activation(lambda self, z: z * scale)())


def test_what_is_imported_within_a_method_is_not_seen():
    def call(self, z):
        from settings import scale  # type: ignore[import-not-found]

        return z * scale

    def of_numpy(self, z):
        from numpy import tanh

        return tanh(z)

    assert not traceable(activation(call)())
    assert traceable(activation(of_numpy)())


@pytest.mark.parametrize(
    "kept",
    [
        None,
        2,
        2.0,
        "relu",
        (1, (2.0, "a")),
        np.float32(3),
        np.dtype("f4"),
        Activation.of("elu"),
        (Dense(2),),
        np.tanh,
        sqrt,
    ],
)
def test_constants_tuples_and_components_are_watched(kept):
    assert traceable(TRUE["its attributes"](kept))


@pytest.mark.parametrize(
    "kept",
    [
        [2.0],
        {"a": 2.0},
        {2.0},
        np.ones(3),
        (1, [2]),
        Namespace(),
        np.random.default_rng(0).random,
        partial(doubled),
        frozenset([ELU]),
        ELU.derivative,
        iter([]),
    ],
)
def test_what_changes_in_place_is_not(kept):
    assert not traceable(TRUE["its attributes"](kept))
    assert not traceable(TRUE["its attributes"](TRUE["its attributes"](kept)))


def test_a_list_is_not_watched_whatever_it_is_called():
    class Polynomial(Base, registered=False):
        replayable = True

        def __init__(self, parameters=()):
            self.parameters = parameters

        def __call__(self, z):
            return z * self.parameters[0]

    assert traceable(Polynomial((2.0,)))
    assert not traceable(Polynomial([2.0]))


def test_the_built_in_components_are_recorded():
    for loss in Loss.components():
        assert traceable(loss()) is loss.replayable
    for f in Activation.components():
        assert traceable(f()) is f.replayable
    initial = np.ones((3, 2))
    layers = [Dense(3, "tanh", initial, weight_regularizer="l2"), BatchNormalization(), Residual([Dense(3, "elu")])]
    assert all(traceable(Layer.of(layer)) for layer in (*layers, [Dense(3), "relu", [Dense(2)]]))
