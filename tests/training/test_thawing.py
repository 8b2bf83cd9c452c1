"""Freezing and thawing in the middle of a training: whatever is thawed steps as with an optimizer of its own."""

import copy
import pickle

import numpy as np
import pytest

from framework import SGD, Adam, AdamW, Callback, Checkpoint, Dense, Model, NAdam, Optimizer, RMSprop
from framework.schedules import InverseTime

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
OPTIMIZERS = [
    *[cls() for cls in Optimizer.components() if cls.__module__.startswith("framework.")],
    SGD(0.05, momentum=0.9, nesterov=True),
    RMSprop(momentum=0.9, centered=True),
    NAdam(0.05, weight_decay=0.1),
    AdamW(0.05, weight_decay=0.3),
    Adam(InverseTime(0.1, 0.5), weight_decay=0.1, clip_value=0.05),
]


class Rebinding(Optimizer, registered=False):
    """Adam as a user may write it: with new vectors for its slots, memory of its own, and a table."""

    slots = ("m", "v")
    m: np.ndarray
    v: np.ndarray

    def bind(self, params, decayed=None):
        super().bind(params, decayed)
        self.memory = np.empty((2, len(params)))
        self.table = np.ones(4)  # as long as a part of the vectors

    def update(self, params, grads):
        np.multiply(grads, self.table[0], self.memory[1])
        self.m = 0.9 * self.m + 0.1 * grads
        self.v = 0.99 * self.v + 0.01 * grads**2
        m, v = self.m / (1 - 0.9**self.step), self.v / (1 - 0.99**self.step)
        params -= self.rate * m / (np.sqrt(v) + 1e-8)


def layers(frozen=(0, 1)):
    sizes = [4, 3, 2]
    return [Dense(n, "tanh" if n > 2 else "linear", trainable=i not in frozen) for i, n in enumerate(sizes)]


def made(optimizer, frozen=(0, 1), dtype=None):
    return Model(layers(frozen), optimizer=optimizer, seed=0, dtype=dtype).build(3)


class Apart:
    """The same training with an optimizer for each parameter, which begins when the parameter does."""

    def __init__(self, optimizer, dtype=None):
        self.model = made("sgd", frozen=(), dtype=dtype)
        self.optimizer, self.optimizers, self.made = optimizer, {}, 0

    def step(self, learning):
        gradients = dict(zip(self.model.network.views, self.model.gradients(X, Y), strict=True))
        names = [name for name in gradients if name[0] in learning]
        clip = self.optimizer.clip_norm
        norm = np.sqrt(sum((gradients[name] ** 2).sum() for name in names))
        scale = clip / norm if clip and norm > clip else 1.0
        for name in set(self.optimizers) - set(names):
            del self.optimizers[name]
        for name in names:
            params = self.model.network.views[name].flatten()
            if name not in self.optimizers:
                own = self.optimizers[name] = self.optimizer.clone().set_params(clip_norm=None)
                if name.endswith("b"):
                    own.set_params(weight_decay=0.0)
                own.bind(params)
            rate = self.optimizer.learning_rate
            self.optimizers[name].learning_rate = rate if isinstance(rate, float) else rate(self.made)
            self.optimizers[name].apply(params, scale * gradients[name].flatten())
            view = self.model.network.views[name]
            view[...] = params.reshape(view.shape)
        self.made += 1


PLAN = [("2", 5), ("12", 4), ("012", 40), ("02", 3), ("012", 4)]  # which layers learn, for how many steps


def follow_plan(model, apart, rtol=1e-12, atol=1e-13):
    for learning, steps in PLAN:
        for i, layer in enumerate(model.layers):
            layer.trainable = str(i) in learning
        for _ in range(steps):
            model.train_on_batch(X, Y)
            apart.step(learning)
            for name, view in model.network.views.items():
                np.testing.assert_allclose(view, apart.model.network.views[name], rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, Adam(0.05, clip_norm=0.2), Rebinding(0.05)], ids=repr)
def test_every_parameter_steps_as_with_an_optimizer_that_begins_when_it_does(optimizer):
    follow_plan(made(optimizer), Apart(optimizer))


@pytest.mark.parametrize("optimizer", [Adam(0.05), NAdam(0.05), RMSprop(0.01, momentum=0.5)], ids=repr)
def test_the_same_in_float32(optimizer):
    follow_plan(made(optimizer, dtype="float32"), Apart(optimizer, "float32"), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["adam", "adamw", "amsgrad", "adamax", "nadam", "radam"])
def test_the_first_step_of_what_is_thawed_is_as_long_as_the_first_of_all(name):
    optimizer = Optimizer.named(name)(0.01, weight_decay=0.0)
    model = made(optimizer)
    for _ in range(300):
        model.train_on_batch(X, Y)
    before = model.network.view("0.W").copy()
    for layer in model.layers:
        layer.trainable = True
    gradient = model.gradients(X, Y)[0]
    model.train_on_batch(X, Y)
    alone = before.flatten()
    optimizer.clone().apply(alone, gradient.flatten())
    moved = model.network.view("0.W") - before
    np.testing.assert_allclose(moved.flatten(), alone - before.flatten(), rtol=1e-9)
    if name in ("adam", "adamw", "amsgrad", "adamax"):
        np.testing.assert_allclose(np.abs(moved), 0.01, rtol=1e-5)


def thawed(optimizer="adam"):
    model = made(optimizer)
    for _ in range(4):
        model.train_on_batch(X, Y)
    model.layers[0].trainable = True
    for _ in range(3):
        model.train_on_batch(X, Y)
    return model


@pytest.mark.parametrize("way", ["file", "deepcopy", "pickle", "snapshot", "refused fit"])
@pytest.mark.parametrize("optimizer", ["adam", "nadam", "radam"])
def test_what_is_thawed_goes_on_exactly(way, optimizer, tmp_path):
    model = thawed(optimizer)
    expected = copy.deepcopy(model).fit(X, Y, epochs=3, batch_size=5)
    if way == "file":
        model.save(tmp_path / "model")
        model = Model.load(tmp_path / "model")
    elif way == "snapshot":
        kept = model.state.snapshot()
        model.layers[1].trainable = True
        model.fit(X, Y, epochs=2)
        model.layers[1].trainable = False
        model.network.sync()
        model.state.restore(kept)
    elif way == "refused fit":
        with pytest.raises(ValueError, match="nan"):
            model.fit([(X, Y), (X, Y), (X * np.nan, Y)])
    else:
        model = copy.deepcopy(model) if way == "deepcopy" else pickle.loads(pickle.dumps(model))
    model.fit(X, Y, epochs=3, batch_size=5)
    assert model.history == expected.history
    for computed, right in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(computed, right)


class ThawAt(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.layers[0].trainable = epoch >= 1
        self.model.layers[1].trainable = epoch >= 3


class Killed(Exception):
    pass


class KillAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


@pytest.mark.parametrize("killed", [1, 2, 3, 5])
def test_a_run_that_thaws_layers_is_resumed_to_the_bit(killed, tmp_path):
    def run(*callbacks):
        model = Model(layers(), optimizer="nadam", seed=1)
        return model.fit(X, Y, epochs=7, batch_size=5, callbacks=[ThawAt(), *callbacks])

    whole = run()
    with pytest.raises(Killed):
        run(Checkpoint(tmp_path / "run"), KillAt(killed))
    resumed = run(Checkpoint(tmp_path / "run"))
    assert resumed.history == whole.history
    for computed, right in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(computed, right)


def test_training_that_diverges_after_a_thaw_goes_back_with_the_right_counts():
    model = thawed()
    state = model.optimizer_.state()

    class Wreck(Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.network.params[...] = np.nan

    with pytest.raises(FloatingPointError):
        model.fit(X, Y, callbacks=[Wreck()])
    np.testing.assert_array_equal(model.optimizer_.state()["missed"], state["missed"])
    assert np.unique(state["missed"]).tolist() == [0, 4]


def test_nothing_is_kept_where_nothing_was_missed():
    model = made(Adam())
    assert "missed" not in model.optimizer_.state()
    model.layers[0].trainable = True  # before the first step
    model.train_on_batch(X, Y)
    assert "missed" not in model.optimizer_.state()


def test_a_rule_that_needs_the_whole_vector_is_given_it():
    class Normed(Optimizer, registered=False):
        elementwise = False
        sizes: tuple[int, ...] = ()

        def update(self, params, grads):
            self.sizes = (*self.sizes, len(params))
            params -= self.rate * grads / np.sqrt(grads @ grads)

    model = thawed(Normed())
    assert model.optimizer_.sizes == (8,) * 4 + (24,) * 3


def test_numbers_of_a_rule_of_ones_own_change_once_in_a_step():
    class Counting(Optimizer, registered=False):
        slots = ("m",)
        t = 0
        power = 1.0

        def update(self, params, grads):
            self.t += 1
            self.power *= 0.9
            self.m *= 0.9
            self.m += 0.1 * grads
            params -= self.rate * self.m / (1 - self.power)

    model = thawed(Counting())
    assert len(model.optimizer_._stretches) > 1
    assert model.optimizer_.t == model.optimizer_.step == 7
    assert model.optimizer_.power == pytest.approx(0.9**7)
