"""What changes within an epoch takes effect in the next step, whoever changes it and wherever it is kept."""

from types import SimpleNamespace

import numpy as np
import pytest

from framework import (
    SGD,
    Activation,
    AlphaDropout,
    Dense,
    Dropout,
    GaussianNoise,
    Layer,
    Loss,
    Model,
    Residual,
    Schedule,
)
from framework.core.component import Component
from framework.engine.step import Step

LeakyReLU = Activation.named("leaky_relu")
FACTOR = 0.5
TABLE = {"factor": 0.5}


def helper():
    return FACTOR


class Scaled(Layer, registered=False):
    """Multiplies by a factor that subclasses keep in different places."""

    def __init__(self, kept=None):
        super().__init__()
        self.kept = kept

    def factor(self):
        raise NotImplementedError

    def forward(self, ctx, x):
        return x * self.factor()

    def backward(self, ctx, grad):
        return grad * self.factor()


def scaled(factor, change, kept=lambda: None, **attributes):
    """Return a function that makes a layer, with methods that only read attributes and globals."""
    namespace = {"replayable": True, "factor": factor, "change": change, **attributes}
    return lambda: type("Own", (Scaled,), namespace, registered=False)(kept())


def slope(layer):
    return layer.kept[0].negative_slope


def set_slope(layer):
    layer.kept[0].negative_slope = 0.9


def deep(layer):
    return layer.kept["a"][0]["b"][0].negative_slope


def set_deep(layer):
    layer.kept["a"][0]["b"][0].negative_slope = 0.9


def replace_first(layer):
    layer.kept[0] = LeakyReLU(0.9)


def first(layer):
    return layer.kept[0]


def set_first(layer):
    layer.kept[0] = 0.9


def derived(layer):
    return 2 * layer.kept + 1


def set_in_place(layer):
    layer.kept[...] = 0.9


def own(layer):
    return layer.kept


def set_own(layer):
    layer.kept = 0.9


def set_array(layer):
    layer.kept = np.array(0.9)


def of_namespace(layer):
    return layer.kept.factor


def set_namespace(layer):
    layer.kept.factor = 0.9


def of_class(layer):
    return layer.alpha


def set_class(layer):
    type(layer).alpha = 0.9


def of_global(layer):
    return FACTOR


def set_global(layer):
    global FACTOR
    FACTOR = 0.9


def of_table(layer):
    return TABLE["factor"]


def set_table(layer):
    TABLE["factor"] = 0.9


def of_helper(layer):
    return helper()


def of_property(layer):
    return layer.alpha


def around():
    factor = 0.5

    def read(layer):
        return factor

    def change(layer):
        nonlocal factor
        factor = 0.9

    return scaled(read, change)()


def of_function(layer):
    return layer.kept()


class Held:
    """An object whose method is an argument."""

    factor = 0.5

    def read(self):
        return self.factor


def set_held(layer):
    layer.kept.__self__.factor = 0.9


LAYERS = {
    "dropout": (lambda: Dropout(0.2), "rate"),
    "alpha dropout": (lambda: AlphaDropout(0.2), "rate"),
    "noise": (lambda: GaussianNoise(0.2), "stddev"),
    "an activation": (lambda: LeakyReLU(0.2), "negative_slope"),
    "an activation of a layer": (lambda: Dense(3, LeakyReLU(0.2)), "activation.negative_slope"),
    "a list of components": scaled(slope, set_slope, lambda: [LeakyReLU(0.2)]),
    "a tuple of components": scaled(slope, set_slope, lambda: (LeakyReLU(0.2),)),
    "a list in which a component is replaced": scaled(slope, replace_first, lambda: [LeakyReLU(0.2)]),
    "components far down": scaled(deep, set_deep, lambda: {"a": ({"b": [LeakyReLU(0.2)]},)}),
    "a list of numbers": scaled(first, set_first, lambda: [0.5]),
    "a dictionary": scaled(first, set_first, lambda: {0: 0.5}),
    "an array": scaled(own, set_in_place, lambda: np.array(0.5)),
    "what is derived from an array": scaled(derived, set_in_place, lambda: np.array(0.5)),
    "a number": scaled(own, set_own, lambda: 0.5),
    "a number that becomes an array": scaled(own, set_array, lambda: 0.5),
    "another object": scaled(of_namespace, set_namespace, lambda: SimpleNamespace(factor=0.5)),
    "a method of another object": scaled(of_function, set_held, lambda: Held().read),
    "a class attribute": scaled(of_class, set_class, alpha=0.5),
    "a global": scaled(of_global, set_global),
    "a global through a function": scaled(of_helper, set_global),
    "a global through a property": scaled(of_property, set_global, alpha=property(of_global)),
    "a global table": scaled(of_table, set_table),
    "a variable of a function": around,
}


def made(name):
    """Return a layer, and a function that changes it."""
    make = LAYERS[name]
    if not isinstance(make, tuple):
        layer = make()
        return layer, lambda: type(layer).change(layer)
    layer = make[0]()
    *path, attribute = make[1].split(".")
    owner = getattr(layer, path[0]) if path else layer
    return layer, lambda: setattr(owner, attribute, 0.7)


class Stepped(Schedule, registered=False):
    def __init__(self, tick):
        self.tick = tick

    def __call__(self, step):
        self.tick()
        return 0.01


class Telling(Loss, registered=False):
    def __init__(self, tick):
        super().__init__()
        self.tick = tick

    def per_sample(self, y_true, y_pred):
        self.tick()
        return ((y_pred - y_true) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / y_pred.shape[1]


class Ticking(Layer, registered=False):
    """A layer that runs as ordinary code, and sets something in the middle of a step."""

    def __init__(self, tick, backward):
        super().__init__()
        self.tick, self.in_backward = tick, backward

    def forward(self, ctx, x):
        if not self.in_backward:
            self.tick()
        return x

    def backward(self, ctx, grad):
        if self.in_backward:
            self.tick()
        return grad


def as_written(step, x, y, weight=None):
    step.follow()
    value, prediction = Step.as_written(step, x, y, weight)
    if step.observer is not None:
        step.observer.add(y, prediction, weight)
    return value


def fitted(name, who, played):
    """Return the weights after a fit in which `who` changes a layer at its twelfth batch."""
    global FACTOR
    FACTOR, TABLE["factor"] = 0.5, 0.5
    layer, change = made(name)
    if name == "a class attribute":
        type(layer).alpha = 0.5
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 1))
    count = 0

    def tick(whoever):
        nonlocal count
        if whoever == who:
            count += 1
            if count == 12:
                change()

    class Source:
        def __iter__(self):
            for i in range(0, 80, 4):
                tick("a data source")
                yield X[i : i + 4], y[i : i + 4]

    def metric(y_true, y_pred):
        tick("a metric")
        return 0.0

    parts = [Dense(4), layer, Dense(3)]
    if who.startswith("a layer"):
        after = "after" in who
        parts.insert(3 if after else 0, Ticking(lambda: tick(who), "backward" in who))
    model = Model(
        [*parts, Dense(1)],
        loss=Telling(lambda: tick(who)) if who == "a loss" else "mse",
        optimizer=SGD(Stepped(lambda: tick(who)) if who == "a schedule" else 0.01),
        metrics=[metric] if who == "a metric" else [],
        seed=0,
    ).build(3)
    if not played:
        model.state.step.__class__ = type("AsWritten", (Step,), {"__call__": as_written})
    model.fit(Source(), epochs=2)
    if played:
        (step,) = model.network.bound.steps.values()
        assert step.replay.trusted, step.replay.problem
    return model.network.params


@pytest.mark.parametrize(
    "who",
    [
        "a data source",
        "a schedule",
        "a metric",
        "a loss",
        "a layer before it",
        "a layer after it",
        "a layer after it in its backward pass",
    ],
)
@pytest.mark.parametrize("name", LAYERS)
def test_what_changes_within_an_epoch_is_noticed(name, who):
    np.testing.assert_array_equal(fitted(name, who, True), fitted(name, who, False))


def test_freezing_within_an_epoch_moves_the_slots_along():
    def weights(freeze):
        layer = Dense(3, "tanh")
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(40, 2)), rng.normal(size=(40, 1))
        model = Model([Dense(4), layer, Dense(1)], optimizer="adam", seed=0).build(2)

        class Source:
            def __iter__(self):
                for i in range(0, 40, 4):
                    if i == 20:
                        freeze(model, layer)
                    yield X[i : i + 4], y[i : i + 4]

        model.fit(Source(), epochs=2)
        return [model.network.view(name) for name in ("0.W", "1.W", "2.W")]

    def freeze(model, layer):
        layer.trainable = False

    def freeze_and_sync(model, layer):
        layer.trainable = False
        model.sync()

    for computed, expected in zip(weights(freeze), weights(freeze_and_sync), strict=True):
        np.testing.assert_array_equal(computed, expected)


class Rand(Scaled, registered=False):
    replayable = True

    def forward(self, ctx, x):
        return x * np.random.rand(*x.shape)  # noqa: NPY002 - the fault

    def factor(self):
        return 1


class OwnRand(Rand, registered=False):
    replayable = True

    def forward(self, ctx, x):
        return x * self.kept.random(x.shape)


class Counting(Rand, registered=False):
    replayable = True

    def forward(self, ctx, x):
        ctx.calls = getattr(ctx, "calls", 0) + 1
        return x * (1 + 0.01 * ctx.calls)


class CountingInside(Rand, registered=False):
    """Counts in arrays, numbers and objects inside of what its context holds."""

    replayable = True

    def bind(self, ctx):
        ctx.inside = {"array": [np.zeros(1)], "number": {0: 0}, "object": SimpleNamespace(calls=0)}
        ctx.inside = {self.kept: ctx.inside[self.kept]}

    def forward(self, ctx, x):
        inside = ctx.inside[self.kept]
        if self.kept == "object":
            inside.calls += 1
            return x * (1 + 0.01 * inside.calls)
        inside[0] += 1
        return x * (1 + 0.01 * inside[0])


class CountingLate(Rand, registered=False):
    """What it counts shows only later."""

    replayable = True

    def forward(self, ctx, x):
        vars(self)["kept"] += 1
        return x * (1 if self.kept < 20 else 2)


class CountingOnSelf(Rand, registered=False):
    replayable = True

    def forward(self, ctx, x):
        self.kept += 1
        return x * (1 + 0.01 * self.kept)


class Masking(Rand, registered=False):
    """Right on every batch in which no element is above 2, as in the recorded one."""

    replayable = True

    def forward(self, ctx, x):
        return np.divide(x, 2, out=np.ones(x.shape), where=x < 2)


class Listing(Rand, registered=False):
    replayable = True

    def forward(self, ctx, x):
        return x * np.asarray(x)


LIES = {
    "global random numbers": lambda: Rand(),
    "a generator of its own": lambda: OwnRand(np.random.default_rng(0)),
    "a count in its context": lambda: Counting(),
    "a count in an array of its context": lambda: CountingInside("array"),
    "a count in a table of its context": lambda: CountingInside("number"),
    "a count in an object of its context": lambda: CountingInside("object"),
    "a count of its own that shows later": lambda: CountingLate(0),
    "a count of its own": lambda: CountingOnSelf(0),
    "a mask": lambda: Masking(),
    "plain arrays": lambda: Listing(),
}


@pytest.mark.parametrize("name", LIES)
def test_a_component_that_lies_computes_what_it_would_compute(name):
    def fitted(played):
        np.random.seed(0)  # noqa: NPY002 - the fault
        model = Model([Dense(4), LIES[name](), Dense(1)], optimizer=SGD(0.01), seed=0).build(3)
        if not played:
            model.state.step.__class__ = type("AsWritten", (Step,), {"__call__": as_written})
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 1))
        X[:40] *= 0.3
        model.fit(X, y, epochs=3, batch_size=4, shuffle=False)
        predictions = [model.predict(X[i : i + 4]) for i in range(0, 80, 4)] if "of its own" not in name else []
        return [model.network.params, *predictions]

    for computed, expected in zip(fitted(True), fitted(False), strict=True):
        np.testing.assert_array_equal(computed, expected)


class CountingLoss(Loss, registered=False):
    """What it counts, where no counter of assignments sees it, shows only later."""

    replayable = True

    def __init__(self):
        super().__init__()
        self.calls = 0

    def per_sample(self, y_true, y_pred):
        vars(self)["calls"] += 1
        return ((y_pred - y_true) ** 2).sum(axis=1) * (1 if self.calls < 20 else 2)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) * (1 if self.calls < 20 else 2)


def test_a_loss_that_lies_computes_what_it_would_compute():
    def fitted(played):
        model = Model([Dense(1)], loss=CountingLoss(), seed=0).build(3)
        if not played:
            model.state.step.__class__ = type("AsWritten", (Step,), {"__call__": as_written})
        rng = np.random.default_rng(0)
        return model.fit(rng.normal(size=(80, 3)), rng.normal(size=(80, 1)), batch_size=2).network.params

    np.testing.assert_array_equal(fitted(True), fitted(False))


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "sgd"])
def test_a_step_assigns_nothing(optimizer):
    """Or each step would look for what has changed."""
    seen = []

    class Source:
        def __iter__(self):
            rng = np.random.default_rng(0)
            for _ in range(6):
                seen.append(Component.assignments.number)
                yield rng.normal(size=(4, 3)), rng.uniform(size=(4, 1))

    layers = [Dense(4, "tanh"), "batch_normalization", "dropout", Dense(1)]
    model = Model(layers, optimizer=optimizer, metrics=["mae", "r2"], seed=0)
    model.learning_rate_ = None
    model.optimizer = model.optimizer if optimizer != "sgd" else SGD(Schedule.named("exponential")(0.1, 0.9))
    model.fit(Source(), epochs=1)
    assert len({*seen[1:]}) == 1


class ScaledActivation(Activation, registered=False):
    def __init__(self, kept=None):
        self.kept = kept

    def factor(self):
        raise NotImplementedError

    def __call__(self, z):
        return z * self.factor()

    def derivative(self, z, a):
        return np.ones_like(z) * self.factor()


class ScaledLoss(Loss, registered=False):
    def __init__(self, kept=None, reduction="mean"):
        super().__init__(reduction)
        self.kept = kept

    def factor(self):
        raise NotImplementedError

    def per_sample(self, y_true, y_pred):
        return self.factor() * ((y_pred - y_true) ** 2).mean(axis=1)

    def gradient(self, y_true, y_pred):
        return self.factor() * 2 * (y_pred - y_true) / y_pred.shape[1]


PLACES = {
    "a number": (own, set_own, lambda: 0.5, {}),
    "an array": (own, set_in_place, lambda: np.array(0.5), {}),
    "what is derived from an array": (derived, set_in_place, lambda: np.array(0.5), {}),
    "a list": (first, set_first, lambda: [0.5], {}),
    "a component in a list": (slope, set_slope, lambda: [LeakyReLU(0.2)], {}),
    "a component far down": (deep, set_deep, lambda: {"a": ({"b": [LeakyReLU(0.2)]},)}, {}),
    "a class attribute": (of_class, set_class, lambda: None, {"alpha": 0.5}),
    "a global": (of_global, set_global, lambda: None, {}),
}
USES = {
    "activation of a layer": (ScaledActivation, lambda own: ([Dense(4), Dense(3, own), Dense(1)], "mse")),
    "activation": (ScaledActivation, lambda own: ([Dense(4), own, Dense(1)], "mse")),
    "activation far down": (ScaledActivation, lambda own: ([Residual([Dense(3), [own]]), Dense(1)], "mse")),
    "layer": (Scaled, lambda own: ([Dense(4), own, Dense(1)], "mse")),
    "loss": (ScaledLoss, lambda own: ([Dense(4), Dense(1)], own)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("place", PLACES)
def test_each_family_notices(place, use):
    factor, change, kept, attributes = PLACES[place]
    base, build = USES[use]

    def run(played):
        global FACTOR
        FACTOR = 0.5
        namespace = {"replayable": True, "factor": factor, **attributes}
        mine = type("Own", (base,), namespace, registered=False)(kept())
        layers, loss = build(mine)
        model = Model(layers, loss=loss, optimizer=SGD(0.01), seed=0).build(3)
        if not played:
            model.state.step.__class__ = type("AsWritten", (Step,), {"__call__": as_written})
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 1))

        class Source:
            def __iter__(self):
                for i in range(0, 80, 4):
                    if i == 48:
                        change(mine)
                    yield X[i : i + 4], y[i : i + 4]

        predictions = []
        for i in range(30):
            predictions.append(model.predict(X[i : i + 4]))
            if not played:
                model.network.bound.idle.clear()
        FACTOR = 0.7 if place == "a global" else FACTOR
        predictions.append(model.predict(X))
        predictions.append(model.predict(X[:4]))
        model.fit(Source(), epochs=2)
        predictions.append(model.predict(X[:4]))
        return [model.network.params, *predictions]

    for computed, expected in zip(run(True), run(False), strict=True):
        np.testing.assert_array_equal(computed, expected)
