"""Another optimizer given to a model starts anew; what is set on the one it has does not."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from framework import SGD, Adam, Callback, Checkpoint, Dense, Model, TerminateOnNaN
from framework.schedules import Exponential

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 1))


def fitted(optimizer, epochs=3):
    return Model([Dense(3, "tanh"), Dense(1)], optimizer=optimizer, seed=0).fit(X, Y, epochs=epochs, batch_size=6)


def test_another_optimizer_of_the_same_class_starts_anew():
    model = fitted(Adam(0.01))
    new = Model(copy.deepcopy(model.layers), optimizer=Adam(0.02), seed=0).build(3)
    new.set_weights(model.get_weights())
    model.optimizer = Adam(0.02)
    model.sync()
    assert model.optimizer_.state()["step"] == 0
    assert not model.optimizer_.m.any()
    for each in (model, new):
        each.fit(X, Y, epochs=2, batch_size=12, shuffle=False)
    for one, other in zip(model.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model, "optimizer", Adam(0.01)),
        lambda model: setattr(model, "optimizer", model.optimizer.clone()),
        lambda model: setattr(model, "optimizer", model.optimizer_),
        lambda model: setattr(model, "optimizer", Adam),
        lambda model: setattr(model, "optimizer", "adam"),
        lambda model: model.set_params(optimizer=Adam()),
        lambda model: model.set_params(optimizer=Adam(), optimizer__beta_1=0.5),
    ],
)
def test_ways_to_start_anew(change):
    model = fitted(Adam(0.01))
    change(model)
    model.sync()
    assert model.optimizer_.step == 0
    model.fit(X, Y)
    assert model.optimizer_.step == 1


@pytest.mark.parametrize("given", ["adam", Adam, Adam(0.01)])
@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model, "optimizer", model.optimizer),
        lambda model: setattr(model, "optimizer", "".join("adam")) if model.optimizer == "adam" else None,
        lambda model: model.set_params(optimizer=model.optimizer),
        lambda model: model.set_params(optimizer__beta_1=0.5),
        lambda model: model.set_params(optimizer__beta_1=0.5).set_params(optimizer__beta_2=0.9),
        lambda model: model.set_params(optimizer__learning_rate=Exponential(0.1, 0.9)),
        lambda model: model.set_params(optimizer=model.optimizer, optimizer__beta_1=0.5),
        lambda model: setattr(model, "learning_rate", 0.5),
        lambda model: model.optimizer_.set_params(beta_1=0.5),
        lambda model: isinstance(model.optimizer, Adam) and model.optimizer.set_params(beta_1=0.5),
        lambda model: model.__dict__.update(pickle.loads(pickle.dumps(vars(model)))),
    ],
)
def test_ways_to_go_on(given, change):
    model = fitted(given)
    change(model)
    model.sync()
    assert model.optimizer_.step == 6
    assert model.optimizer_.m.any()
    model.fit(X, Y)
    assert model.optimizer_.step == 7


def test_what_set_params_made_of_the_given_optimizer_is_followed():
    model = fitted("adam")
    model.set_params(optimizer__beta_1=0.5)
    model.optimizer.beta_2 = 0.8
    model.sync()
    assert (model.optimizer_.beta_1, model.optimizer_.beta_2, model.optimizer_.step) == (0.5, 0.8, 6)


def test_a_rate_set_after_a_new_optimizer_is_the_new_ones():
    model = fitted(Adam(0.01))
    model.optimizer = SGD(0.1)
    model.learning_rate = 0.5
    model.fit(X, Y)
    assert (type(model.optimizer_), model.optimizer_.rate, model.optimizer_.step) == (SGD, 0.5, 1)


@pytest.mark.parametrize("call", ["fit", "train_on_batch"])
def test_a_refused_call_does_not_start_anew_and_the_next_one_does(call):
    model = fitted(Adam(0.01))
    slots = model.optimizer_.state()
    model.optimizer = Adam(0.02)
    with pytest.raises(ValueError, match="nan"):
        getattr(model, call)(X * np.nan, Y)
    assert model.optimizer_.learning_rate == 0.01
    for name, value in model.optimizer_.state().items():
        np.testing.assert_array_equal(value, slots[name])
    model.train_on_batch(X, Y)
    assert (model.optimizer_.step, model.optimizer_.learning_rate) == (1, 0.02)


class Renew(Callback):
    """Give a new optimizer between two epochs, or set an argument of the given one."""

    model: Any

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            self.model.optimizer = Adam(0.05)
        if epoch == 4:
            self.model.set_params(optimizer__beta_1=0.8)


class Killed(Exception):
    pass


class KillAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


@pytest.mark.parametrize("given", ["adam", "sgd", Adam(0.01), SGD(0.01, momentum=0.9)])
@pytest.mark.parametrize("killed", [2, 3, 4, 5, 6])
def test_a_run_in_which_a_callback_gives_a_new_optimizer_is_resumed_to_the_bit(given, killed, tmp_path):
    def run(*callbacks):
        optimizer = given if isinstance(given, str) else given.clone()
        model = Model([Dense(3, "tanh"), Dense(1)], optimizer=optimizer, seed=0)
        return model.fit(X, Y, epochs=8, batch_size=5, callbacks=[Renew(), *callbacks])

    whole = run()
    with pytest.raises(Killed):
        run(Checkpoint(tmp_path / "run"), KillAt(killed))
    resumed = run(Checkpoint(tmp_path / "run"))
    assert resumed.optimizer_.step == whole.optimizer_.step == 5 * 3
    assert resumed.history == whole.history
    for one, other in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_divergence_just_after_a_new_optimizer_does_not_give_it_the_slots_of_the_old():
    class Wreck(Callback):
        def on_batch_end(self, batch, logs=None):
            self.model.optimizer = Adam(0.02)
            self.model.sync()
            self.model.network.params[...] = np.nan

    model = fitted(Adam(0.01))
    model.fit(X, Y, callbacks=[Wreck(), TerminateOnNaN()])
    assert model.stop_training
    assert np.isfinite(model.predict(X)).all()
    assert not model.optimizer_.m.any()
    assert model.optimizer_.step == 0
