"""`Model.train_step`, one batch of `fit`, as it is and overridden; and what is noticed between steps."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from framework import (
    SGD,
    Activation,
    Adam,
    BatchNormalization,
    Callback,
    Checkpoint,
    Dense,
    Dropout,
    History,
    LambdaCallback,
    Model,
    TerminateOnNaN,
)
from framework.engine.saved_fields import FIELDS
from framework.engine.watch import Watch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.tanh(X[:, :1] * X[:, 1:2])


class Same(Model, registered=False):
    """The default step, written anew from the public parts."""

    def train_step(self, x: Any, y: Any, weight: Any = None) -> float:
        loss = self.compute_gradients(x, y, weight)
        self.optimizer_.apply(self.network.trainable_params, self.network.trainable_grads)
        self.network.constrain()
        return loss


class Accumulating(Model, registered=False):
    """An update for every four batches."""

    kept: Any = ()

    def train_step(self, x: Any, y: Any, weight: Any = None) -> float:
        loss = self.compute_gradients(x, y, weight)
        self.kept = [*self.kept, self.network.trainable_grads.copy()]
        if len(self.kept) == 4:
            self.optimizer_.apply(self.network.trainable_params, np.mean(self.kept, axis=0))
            self.kept = ()
        return loss


def made(cls: type[Model] = Model, **options: Any) -> Model:
    layers = [Dense(4, "tanh", weight_regularizer="l2", weight_constraint="max_norm"), Dropout(0.2), Dense(1)]
    options = {"optimizer": Adam(0.01), "metrics": ["mae"], "seed": 1} | options
    return cls(options.pop("layers", layers), **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_overridden_step_of_the_same_parts_gives_the_same_bits(weighted: bool, dtype: str) -> None:
    weight = RNG.uniform(0.5, 2, 40) if weighted else None
    kept = []
    for cls in (Model, Same):
        model = made(cls, dtype=dtype)
        model.fit(X, Y, epochs=4, batch_size=7, sample_weight=weight, validation_split=0.2)
        kept.append((model.network.params.tobytes(), model.history.to_dict()))
    assert kept[0] == kept[1]


def test_accumulated_gradients_are_those_of_the_large_batch() -> None:
    layers = [Dense(4, "tanh"), Dense(1)]
    small, large = (made(cls, layers=layers, optimizer=SGD(0.1)) for cls in (Accumulating, Model))
    small.fit(X, Y, epochs=5, batch_size=10, shuffle=False)
    large.fit(X, Y, epochs=5, batch_size=40, shuffle=False)
    np.testing.assert_allclose(small.network.params, large.network.params, rtol=1e-12)
    np.testing.assert_allclose(small.history["mae"], large.history["mae"], rtol=1e-12)
    assert small.optimizer_.step == 5


def test_a_batch_of_one_and_callbacks_see_an_overridden_step() -> None:
    batches = []
    hook = LambdaCallback(on_batch_end=lambda batch, logs: batches.append((batch, logs["loss"])))
    made(Accumulating).fit(X[:6], Y[:6], epochs=2, batch_size=1, callbacks=[hook])
    assert [batch for batch, _ in batches] == [*range(6), *range(6)]


def test_an_overridden_step_that_diverges_keeps_the_last_finite_weights() -> None:
    model = made(Same, optimizer=SGD(1e6))
    with pytest.raises(FloatingPointError, match=r"epoch \d+"):
        model.fit(X, 1e3 * Y, epochs=50, batch_size=8)
    assert np.isfinite(model.network.params).all()


def test_an_overridden_step_is_resumed_bit_for_bit(tmp_path: Any) -> None:
    whole = made(Same).fit(X, Y, epochs=6, batch_size=8, callbacks=[Checkpoint(tmp_path / "whole.npz")])
    made(Same).fit(X, Y, epochs=3, batch_size=8, callbacks=[Checkpoint(tmp_path / "run.npz")])
    resumed = made(Same).fit(X, Y, epochs=6, batch_size=8, callbacks=[Checkpoint(tmp_path / "run.npz")])
    np.testing.assert_array_equal(resumed.network.params, whole.network.params)
    assert resumed.history == whole.history


def test_train_on_batch_makes_the_overridden_step() -> None:
    model = made(Accumulating)
    for i in range(8):
        model.train_on_batch(X[:8], Y[:8])
        assert model.optimizer_.step == (i + 1) // 4


def test_the_cost_of_a_single_batch_does_not_depend_on_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made().fit(X, Y, epochs=3)

    def copied(*_: Any) -> None:
        raise AssertionError("the history is copied")

    monkeypatch.setattr(History, "copy", copied)
    monkeypatch.setattr(History, "to_dict", copied)
    for field in FIELDS:
        monkeypatch.setitem(FIELDS, field, FIELDS[field]._replace(read=copied))
    model.train_on_batch(X, Y)


NAMES_AND_OBJECTS: list[dict[str, Any]] = [
    {},
    {"layers": [Dense(2, "leaky_relu"), "tanh", [Dense(1), "sigmoid"]], "optimizer": "adam"},
    {"layers": [Dense(2, "leaky_relu"), Dense(1, "sigmoid")], "optimizer": "sgd", "loss": "binary_crossentropy"},
]


@pytest.mark.parametrize("options", NAMES_AND_OBJECTS)
def test_nothing_is_compared_where_nothing_was_assigned(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(**options).fit(X, np.abs(Y))
    for _ in range(3):
        model.train_on_batch(X, np.abs(Y))
    monkeypatch.setattr(type(model.state), "_check_same", None)
    monkeypatch.setattr(Watch, "changed", None)
    model.train_on_batch(X, np.abs(Y))
    model.predict(X)
    model.layers[0].name = "first"
    with pytest.raises(TypeError, match="not callable"):
        model.train_on_batch(X, np.abs(Y))


class FreezeAt(Callback):
    """Freezes the first layer after a batch."""

    def __init__(self, at: int) -> None:
        self.at = at

    def on_train_begin(self, logs: Any = None) -> None:
        self.seen = 0

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.model.network.layers[0].trainable = False
            self.kept = self.model.network.view("0.W").copy()


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Adam(0.01)])
def test_a_layer_frozen_in_the_middle_of_an_epoch_stays_from_the_next_step_on(optimizer: Any) -> None:
    model = made(layers=[Dense(4, "tanh"), BatchNormalization(), Dense(1)], optimizer=optimizer)
    freeze = FreezeAt(3)
    before = made(layers=[Dense(4, "tanh"), BatchNormalization(), Dense(1)], optimizer=optimizer).build(3)
    model.fit(X, Y, epochs=2, batch_size=8, callbacks=[freeze])
    np.testing.assert_array_equal(model.network.view("0.W"), freeze.kept)
    assert not np.array_equal(model.network.view("0.W"), before.network.view("0.W"))
    assert model.optimizer_.step == 10


def test_a_refused_batch_after_a_freeze_puts_everything_back_in_its_place() -> None:
    model = made(layers=[Dense(4, "tanh"), BatchNormalization(), Dense(1)]).fit(X, Y, epochs=2)
    before = [weight.copy() for weight in model.get_weights()]
    slots = model.optimizer_.state()
    old = model.network.layout
    batches = [(X[:8], Y[:8]), (X[8:16], Y[8:16]), (X[16:24] * np.nan, Y[16:24])]
    with pytest.raises(ValueError, match="nan"):
        model.fit(batches, callbacks=[FreezeAt(1)])
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)
    new = model.network.layout
    assert new != old
    m = np.zeros(old.size)
    m[: old.trainable] = slots["m"]
    np.testing.assert_array_equal(model.optimizer_.state()["m"], m[new.moved_from(old)][: new.trainable])


def test_what_is_set_on_a_layer_takes_effect_in_the_next_prediction() -> None:
    model = made(layers=[Dense(2, "relu"), Dense(1)]).build(3)
    first = model.predict(X)
    model.layers[0].activation = "tanh"
    expected = np.tanh(X @ model.network.view("0.W").T) @ model.network.view("1.W").T
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)
    assert not np.allclose(first, expected)


def test_layers_changed_in_their_list_are_noticed() -> None:
    model = made(layers=[Dense(2), Dense(1)]).build(3)
    model.layers.insert(1, "relu")  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"layers, 1\.W, .* changed after the model was built"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    "change", [lambda m: setattr(m, "optimizer", "sgd"), lambda m: setattr(m.optimizer, "beta_1", 0.5)]
)
def test_a_refused_batch_does_not_replace_the_optimizer(change: Any) -> None:
    model = made(optimizer=Adam(0.01)).fit(X, Y, epochs=2)
    used, slots = model.optimizer_, model.optimizer_.state()
    change(model)
    with pytest.raises(ValueError, match="nan"):
        model.train_on_batch(X * np.nan, Y)
    assert model.optimizer_ is used
    assert used.get_params()["beta_1"] == 0.9
    np.testing.assert_array_equal(used.state()["m"], slots["m"])
    model.train_on_batch(X, Y)
    assert (type(model.optimizer_), model.optimizer_.get_params().get("beta_1")) != (Adam, 0.9)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_freeze_just_before_a_copy_holds_in_the_copy(copied: Any) -> None:
    model = made(layers=[Dense(4, "tanh"), Dense(1)]).fit(X, Y)
    model.network.layers[0].trainable = False
    twin = copied(model)
    before = twin.network.view("0.W").copy()
    twin.fit(X, Y, epochs=2)
    np.testing.assert_array_equal(twin.network.view("0.W"), before)


@pytest.mark.parametrize("method", ["fit", "train_on_batch"])
def test_refused_data_after_a_freeze_and_a_prediction_leaves_the_slots_in_their_places(method: str) -> None:
    def trained(refuse: bool) -> Model:
        model = made(layers=[Dense(3, "tanh"), Dense(3, "tanh"), Dense(1)]).fit(X, Y, epochs=3)
        model.network.layers[1].trainable = False
        model.learning_rate = 0.02
        model.predict(X)
        if refuse:
            with pytest.raises(ValueError, match="expects inputs of shape"):
                getattr(model, method)(X[:, :2], Y)
        return model.fit(X, Y, epochs=2)

    np.testing.assert_array_equal(trained(True).network.params, trained(False).network.params)


def test_a_refused_batch_after_a_freeze_leaves_running_means() -> None:
    model = made(layers=[BatchNormalization(), Dense(2), Dense(1)]).fit(X, Y, epochs=2)
    model.network.layers[1].trainable = False
    before = model.predict(X)
    with pytest.raises(FloatingPointError, match="no step was made"):
        model.train_on_batch(1e3 * X, 1e200 * Y)
    np.testing.assert_array_equal(model.predict(X), before)


def test_looking_at_gradients_in_a_hook_is_no_part_of_the_fit() -> None:
    def fitted(look: bool) -> History:
        model = made()
        probe = [LambdaCallback(on_batch_end=lambda batch, logs: model.gradients(100 * X, 1e200 * Y))] if look else []
        return model.fit(X, Y, epochs=2, batch_size=8, callbacks=probe).history

    assert fitted(True) == fitted(False)


def test_another_optimizer_chosen_by_a_hook_may_diverge_too() -> None:
    def choose(epoch: int, logs: Any) -> None:
        model.optimizer = SGD(1e6)

    model = made(layers=[Dense(4, "relu"), Dense(1)])
    model.fit(X, 1e3 * Y, epochs=30, callbacks=[LambdaCallback(on_epoch_begin=choose), TerminateOnNaN()])
    assert model.stop_training
    assert np.isfinite(model.network.params).all()


def test_arguments_of_components_deep_inside_are_noticed() -> None:
    class Scale(Activation, registered=False):
        replayable = True

        def __init__(self, k: float = 1.0) -> None:
            self.k = k

        def __call__(self, z: Any) -> Any:
            return z * self.k

        def derivative(self, z: Any, a: Any) -> Any:
            return 0 * z + self.k

    class Outer(Activation, registered=False):
        replayable = True

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __call__(self, z: Any) -> Any:
            return self.inner(z)

        def derivative(self, z: Any, a: Any) -> Any:
            return self.inner.derivative(z, a)

    inner = Scale(1.0)
    model = made(layers=[Dense(1, Outer(Outer(inner)))]).fit(X, Y, epochs=5, batch_size=8)
    for _ in range(20):
        first = model.predict(X[:8])
    inner.k = 3.0
    np.testing.assert_allclose(model.predict(X[:8]), 3 * first, rtol=1e-12)


def test_gradients_of_a_frozen_regularized_layer_do_not_add_up() -> None:
    model = made(layers=[Dense(3, weight_regularizer="l2", trainable=False), Dense(1)]).build(3)
    for _ in range(3):
        model.gradients(X, Y)
    assert not model.network.grad_views["0.W"].any()
    assert model.network.penalty > 0


def test_a_run_is_resumed_where_its_initial_epoch_is_that_of_the_file(tmp_path: Any) -> None:
    whole = made(layers=(Dense(4, "tanh"), Dense(1))).fit(X, Y, epochs=6, callbacks=[Checkpoint(tmp_path / "a.npz")])
    made(layers=(Dense(4, "tanh"), Dense(1))).fit(X, Y, epochs=3, callbacks=[Checkpoint(tmp_path / "b.npz")])
    model = made(layers=(Dense(4, "tanh"), Dense(1)))
    model.fit(X, Y, initial_epoch=3, epochs=6, callbacks=[Checkpoint(tmp_path / "b.npz")])
    np.testing.assert_array_equal(model.network.params, whole.network.params)
    assert model.history == whole.history
