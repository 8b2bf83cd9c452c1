"""Weight averaging: against averages of recorded weights, and which weights the model has at which time."""

from __future__ import annotations

import numpy as np
import pytest

from framework import BatchNormalization, Callback, Dense, Model, WeightAveraging
from framework.constraints import UnitNorm
from framework.engine.weights import joined
from framework.optimizers import SGD


class Recorder(Callback):
    """Keeps the weights after each step."""

    def on_train_begin(self, logs=None):
        self.weights = []

    def on_batch_end(self, batch, logs=None):
        self.weights.append(self.model.network.params.copy())


@pytest.fixture
def data():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 3))
    return X, np.sin(X[:, :1]) + 0.3 * rng.normal(size=(30, 1))


def fitted(data, averaging, *, epochs=4, callbacks=(), **arguments):
    recorder = Recorder()
    model = Model([Dense(4, "tanh", **arguments), Dense(1)], optimizer=SGD(0.3, momentum=0.9), seed=6)
    model.fit(*data, epochs=epochs, batch_size=4, callbacks=[averaging, recorder, *callbacks], validation_data=data)
    return model, np.array(recorder.weights)


def average_of(weights, decay):
    average = np.zeros(weights.shape[1])
    for t, w in enumerate(weights, start=1):
        keep = min(decay, 1 - 1 / t)
        average = keep * average + (1 - keep) * w
    return average


@pytest.mark.parametrize("decay", [0.0, 0.8, 0.95, 1.0])
def test_the_model_ends_with_the_averages(data, decay):
    averaging = WeightAveraging(decay)
    model, weights = fitted(data, averaging)
    assert len(weights) == averaging.steps == 32
    assert averaging.in_place
    np.testing.assert_allclose(model.network.params, average_of(weights, decay), rtol=1e-12, atol=1e-14)


def test_short_fits_and_a_decay_of_one_give_the_mean(data):
    for decay in (0.999, 1.0):
        model, weights = fitted(data, WeightAveraging(decay))
        np.testing.assert_allclose(model.network.params, weights.mean(axis=0), rtol=1e-12, atol=1e-14)


def test_long_fits_give_the_exponential_average(data):
    model, weights = fitted(data, WeightAveraging(0.5), epochs=20)
    expected = sum(0.5 ** (k + 1) * w for k, w in enumerate(weights[::-1]))
    np.testing.assert_allclose(model.network.params, expected, rtol=1e-12, atol=1e-12)


def test_training_and_its_validation_do_not_notice(data):
    averaged, weights = fitted(data, WeightAveraging(0.9))
    plain = Model([Dense(4, "tanh"), Dense(1)], optimizer=SGD(0.3, momentum=0.9), seed=6)
    plain.fit(*data, epochs=4, batch_size=4, validation_data=data)
    assert averaged.history["loss"] == plain.history["loss"]
    assert averaged.history["val_loss"] == plain.history["val_loss"]
    np.testing.assert_array_equal(plain.network.params, weights[-1])
    assert averaged.evaluate(*data)["loss"] != plain.history["val_loss"][-1]


def test_swap_brings_the_weights_in_training_back(data):
    averaging = WeightAveraging(0.9)
    model, weights = fitted(data, averaging)
    averages = model.network.params.copy()
    averaging.swap()
    assert not averaging.in_place
    np.testing.assert_array_equal(model.network.params, weights[-1])
    np.testing.assert_array_equal(averaging.average, averages)
    averaging.swap()
    np.testing.assert_array_equal(model.network.params, averages)


def test_averages_can_be_looked_at_during_a_fit(data):
    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            before = self.model.network.params.copy()
            with averaging.applied():
                self.seen = self.model.evaluate(*data)["loss"]
                np.testing.assert_array_equal(averaging.average, before)
            np.testing.assert_array_equal(self.model.network.params, before)

    averaging, look = WeightAveraging(0.9), Look()
    model, _ = fitted(data, averaging, callbacks=[look])
    assert model.evaluate(*data)["loss"] == look.seen
    with averaging.applied():
        assert model.evaluate(*data)["loss"] == look.seen
    assert averaging.in_place


def test_an_error_inside_applied_puts_the_weights_back(data):
    averaging = WeightAveraging(0.9)
    model, weights = fitted(data, averaging)
    averaging.swap()
    with pytest.raises(ZeroDivisionError), averaging.applied():
        raise ZeroDivisionError
    np.testing.assert_array_equal(model.network.params, weights[-1])


def test_an_interrupted_fit_has_the_averages(data):
    class Interrupt(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    averaging, recorder = WeightAveraging(0.9), Recorder()
    model = Model([Dense(1)], seed=6).build(3)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, epochs=3, callbacks=[averaging, recorder, Interrupt()])
    np.testing.assert_allclose(model.network.params, average_of(np.array(recorder.weights), 0.9), rtol=1e-12)


def test_averages_that_are_not_finite_stay_away(data):
    averaging = WeightAveraging(0.9)
    model = Model([Dense(1)], seed=6).build(3)
    averaging.model = model
    averaging.on_train_begin()
    averaging.on_batch_end(0)
    averaging.average[0] = np.nan
    averaging.on_train_end()
    assert np.isfinite(model.network.params).all()
    assert not averaging.in_place


def test_no_steps_no_averages(data):
    averaging = WeightAveraging()
    fitted(data, averaging, epochs=0)
    assert not averaging.in_place
    with pytest.raises(RuntimeError, match="call fit first"):
        averaging.swap()
    with pytest.raises(RuntimeError, match="call fit first"):
        WeightAveraging().swap()


def test_averages_are_projected_onto_constraints(data):
    model, weights = fitted(data, WeightAveraging(0.9), weight_constraint=UnitNorm())
    W = model.network.view("0.W")
    np.testing.assert_allclose(np.linalg.norm(W, axis=1), 1, rtol=1e-12)
    assert np.linalg.norm(average_of(weights, 0.9)) < np.linalg.norm(model.network.params)


def test_each_fit_begins_anew(data):
    averaging, recorder = WeightAveraging(0.9), Recorder()
    model = Model([Dense(1)], seed=6, dtype="float32")
    for _ in range(2):
        model.fit(*data, callbacks=[averaging, recorder], epochs=2)
    assert model.network.params.dtype == np.float32
    np.testing.assert_allclose(model.network.params, average_of(np.array(recorder.weights), 0.9), rtol=1e-5)


def test_state_goes_on_exactly(data):
    first, second = WeightAveraging(0.9), WeightAveraging(0.9)
    model = Model([Dense(1)], seed=6).build(3)
    for averaging in (first, second):
        averaging.model = model
        averaging.on_train_begin()
    first.on_batch_end(0)
    second.restore(first.state())
    model.network.params += 1
    for averaging in (first, second):
        averaging.on_batch_end(1)
    np.testing.assert_array_equal(first.average, second.average)
    assert first.steps == second.steps == 2


@pytest.mark.parametrize("decay", [-0.1, 1.1, np.nan])
def test_decay_is_checked(decay):
    with pytest.raises(ValueError, match="WeightAveraging: decay must be a finite number at least 0 and at most 1"):
        WeightAveraging(decay)


# Layers that are frozen and thawed meanwhile


class Steered(Callback):
    """Freezes and thaws the first layer, and keeps the weights after each step, layer by layer."""

    def __init__(self, within_epochs):
        self.within_epochs = within_epochs

    def on_train_begin(self, logs=None):
        self.weights = []
        self.set(False)

    def set(self, trainable):
        self.model.layers[0].trainable = trainable

    def on_batch_end(self, batch, logs=None):
        self.weights.append(joined(self.model.network.views))
        if self.within_epochs and batch in (2, 4):
            self.set(batch == 2)

    def on_epoch_end(self, epoch, logs=None):
        if not self.within_epochs:
            self.set(epoch % 2 == 0)


def frozen(data, averaging, *, within_epochs=False, epochs=5, first=True, dtype=None):
    layers = [Dense(4, "tanh", trainable=first), BatchNormalization(), Dense(1)]
    model = Model(layers, optimizer=SGD(0.1, momentum=0.9), seed=6, dtype=dtype)
    steered = Steered(within_epochs)
    model.fit(*data, epochs=epochs, batch_size=4, callbacks=[averaging, steered])
    return model, np.array(steered.weights)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("within_epochs", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_averages_move_with_the_layers_that_are_frozen_and_thawed(data, within_epochs, first, dtype):
    averaging = WeightAveraging(0.9)
    model, weights = frozen(data, averaging, within_epochs=within_epochs, first=first, dtype=dtype)
    assert averaging.steps == len(weights) == 40
    expected = average_of(weights, 0.9)
    np.testing.assert_allclose(joined(model.network.views), expected, rtol=1e-4 if dtype == "float32" else 1e-10)
    averaging.swap()
    np.testing.assert_array_equal(joined(model.network.views), weights[-1].astype(dtype))


def test_averages_are_swapped_after_layers_were_frozen(data):
    averaging = WeightAveraging(0.9)
    model, weights = frozen(data, averaging)
    averages = joined(model.network.views)
    for trainable in (False, True):
        model.layers[0].trainable = trainable
        model.sync()
        averaging.swap()
        np.testing.assert_array_equal(joined(model.network.views), weights[-1])
        with averaging.applied():
            model.layers[2].trainable = trainable
            model.sync()
            np.testing.assert_array_equal(joined(model.network.views), averages)
        np.testing.assert_array_equal(joined(model.network.views), weights[-1])
        averaging.swap()


def test_a_state_is_restored_in_another_layout(data):
    first, second = WeightAveraging(0.9), WeightAveraging(0.9)
    frozen(data, first)
    state = first.state()
    model = Model([Dense(4, "tanh"), BatchNormalization(), Dense(1, trainable=False)], seed=6).build(3)
    second.model = model
    second.on_train_begin()
    second.restore(state)
    second.swap()
    np.testing.assert_array_equal(joined(model.network.views), state["average"])


def test_averages_of_another_network_are_refused(data):
    averaging = WeightAveraging()
    model, _ = fitted(data, averaging)
    model.build(3)
    with pytest.raises(RuntimeError, match="call fit first"):
        averaging.swap()
