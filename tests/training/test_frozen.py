"""What is frozen stays to the last bit, whatever else happens, and has a gradient of 0."""

import copy

import numpy as np
import pytest

from framework import (
    SGD,
    Adam,
    BatchNormalization,
    Callback,
    Dense,
    Dropout,
    EarlyStopping,
    Layer,
    Model,
    Optimizer,
    Parameter,
    Residual,
    Sequential,
)
from framework.callbacks import WeightAveraging

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(24, 4)), RNG.normal(size=(24, 2))


class Center(Layer, registered=False):
    """y = x - mean: of the batch in training, the running mean in inference. It knows nothing of freezing."""

    differs_in_training = True

    def parameters(self, input_shape):
        return {"mean": Parameter(input_shape, trainable=False)}

    def forward(self, ctx, x):
        if ctx.training:
            mean = x.mean(axis=0)
            ctx.mean[...] = 0.5 * ctx.mean + 0.5 * mean
            return x - mean
        return x - ctx.mean

    def backward(self, ctx, grad):
        return grad - grad.mean(axis=0)


class PlayedCenter(Center, registered=False):
    replayable = True


class Fixed(Layer, registered=False):
    """y = s x, where s is not trained: a constraint does not move it either."""

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, np.full(input_shape, 3.0), trainable=False, constraint="unit_norm")}

    def forward(self, ctx, x):
        return x * ctx.s

    def backward(self, ctx, grad):
        return grad * ctx.s


def constrained(units, activation="tanh", **common):
    return Dense(
        units,
        activation,
        weight_constraint="unit_norm",
        bias_constraint="non_negative",
        bias_initializer=np.full(units, -1.0),
        weight_regularizer="l2",
        bias_regularizer="l1",
        **common,
    )


def build(kind):
    """Return a model and what in it is frozen."""
    first, last = constrained(4), constrained(2, "linear")
    middle = {
        "dense": constrained(4),
        "normalization": BatchNormalization(),
        "state": Center(),
        "played state": PlayedCenter(),
        "nested": Sequential([constrained(4), [BatchNormalization(), Center()], Dropout(0.3)]),
        "residual": Residual([constrained(4), PlayedCenter()]),
    }[kind]
    model = Model([first, middle, last], optimizer=Adam(0.05, weight_decay=0.1), seed=0).build(4)
    return model, middle


def frozen_weights(model):
    return {name: view.copy() for name, view in model.network.views.items() if name.startswith("1.")}


def assert_unmoved(model, before):
    for name, value in before.items():
        np.testing.assert_array_equal(model.network.views[name], value, err_msg=name)


class OwnStep(Model):
    def train_step(self, x, y, weight=None):
        value = self.compute_gradients(x, y, weight)
        self.optimizer_.apply(self.network.trainable_params, 2 * self.network.trainable_grads)
        self.network.constrain()
        return value


WAYS = {
    "fit": lambda model: model.fit(X, Y, epochs=4, batch_size=5),
    "batches": lambda model: [model.train_on_batch(X, Y) for _ in range(4)],
    "gradients": lambda model: [model.gradients(X[:3], Y[:3]) for _ in range(4)],
    "evaluate": lambda model: model.evaluate(X, Y),
    "averages": lambda model: model.fit(X, Y, epochs=2, batch_size=5, callbacks=[WeightAveraging(0.5)]),
    "early stopping": lambda model: model.fit(X, Y, epochs=3, callbacks=[EarlyStopping("loss", patience=1)]),
    "own step": lambda model: OwnStep.fit(model, X, Y, epochs=2),
    "pass": lambda model: model.network.training_pass(5).forward(X[:5]),
}


@pytest.mark.parametrize("kind", ["dense", "normalization", "state", "played state", "nested", "residual"])
@pytest.mark.parametrize("way", WAYS)
def test_frozen_stays_to_the_bit(kind, way):
    model, frozen = build(kind)
    model.fit(X, Y, batch_size=6)
    if way == "own step":
        own = OwnStep(model.layers, optimizer=model.optimizer, seed=0).build(4)
        own.set_weights(model.get_weights())
        model = own
    frozen.trainable = False
    model.sync()
    before, others = frozen_weights(model), model.network.view("0.W").copy()
    assert before
    WAYS[way](model)
    assert_unmoved(model, before)
    assert (way in ("gradients", "evaluate", "pass")) == np.array_equal(model.network.view("0.W"), others)
    assert not any(model.network.grad_views[name].any() for name in before)
    assert not any(g.any() for g, n in zip(model.gradients(X, Y), model.network.views, strict=True) if n in before)


@pytest.mark.parametrize("optimizer", Optimizer.components(), ids=lambda cls: cls.__name__)
def test_frozen_stays_with_every_optimizer(optimizer):
    model, frozen = build("nested")
    model.optimizer = optimizer(weight_decay=0.1, clip_norm=1.0)
    frozen.trainable = False
    before = frozen_weights(model)
    model.fit(X, Y, epochs=40, batch_size=12)  # beyond a clearing of subnormals
    assert_unmoved(model, before)


def test_what_is_frozen_and_thawed_in_turn_moves_only_when_it_is_thawed():
    class Turns(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.layers[1].trainable = epoch % 2 == 1
            self.before = frozen_weights(self.model)

        def on_epoch_end(self, epoch, logs=None):
            moved = [not np.array_equal(v, self.before[n]) for n, v in frozen_weights(self.model).items()]
            assert all(moved) if epoch % 2 else not any(moved)

    model, _ = build("nested")
    model.fit(X, Y, epochs=6, batch_size=6, callbacks=[Turns()])


@pytest.mark.parametrize("kind", ["state", "played state"])
def test_the_gradient_through_frozen_state_is_that_of_the_outputs(kind):
    model, frozen = build(kind)
    model.fit(X, Y, batch_size=6)
    frozen.trainable = False
    for _ in range(6):  # as written, recorded, and played
        computed = model.gradients(X, Y)[0]
    twin = copy.deepcopy(model)
    view = twin.network.view("0.W")

    def loss():
        at = twin.network.training_pass(len(X))
        return twin.loss_.value(Y, at.forward(X)) + twin.network.penalties()

    for place in np.ndindex(view.shape):
        value = view[place]
        view[place] = value + 1e-6
        up = loss()
        view[place] = value - 1e-6
        down = loss()
        view[place] = value
        assert computed[place] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-8)


def test_frozen_state_that_is_set_is_used_in_the_next_step():
    class Reads(Center, registered=False):
        def forward(self, ctx, x):
            return x - ctx.mean

        def backward(self, ctx, grad):
            return grad

    model = Model([Reads(trainable=False), Dense(2)], optimizer=SGD(1e-9), seed=0).build(4)
    for shift in (0.0, 1.0, 2.0, 3.0, 4.0):
        model.network.view("0.mean")[...] = shift
        assert model.train_on_batch(X, Y) == pytest.approx(model.evaluate(X, Y)["loss"], rel=1e-6)


def test_a_constraint_leaves_alone_what_is_not_trained():
    model = Model([Dense(3), Fixed(), Dense(2)], seed=0).fit(X, Y, epochs=3)
    np.testing.assert_array_equal(model.network.view("1.s"), 3.0)
    model.network.constrain()
    np.testing.assert_array_equal(model.network.view("1.s"), 3.0)


def test_constraints_hold_again_from_the_first_step_after_a_thaw():
    model, frozen = build("dense")
    frozen.trainable = False
    model.fit(X, Y)
    assert (model.network.view("1.b") == -1).all()
    frozen.trainable = True
    model.train_on_batch(X, Y)
    assert (model.network.view("1.b") >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(model.network.view("1.W"), axis=1), 1)


def test_the_penalty_of_a_frozen_layer_is_a_constant_part_of_the_loss():
    model, frozen = build("dense")
    whole = model.evaluate(X, Y)
    frozen.trainable = False
    assert model.evaluate(X, Y) == whole
    model.fit(X, Y, batch_size=24)
    assert model.history["penalty"][0] == pytest.approx(whole["penalty"])


class TestOfLayersMadeFromNamesAndLists:
    """`network.layers` holds the layers themselves, also where the model was given a name, a class or a list."""

    @pytest.mark.parametrize(
        "spec", ["batch_normalization", BatchNormalization, [Dense(4, "tanh"), [Dense(4)]]], ids=str
    )
    def test_they_are_frozen_and_thawed(self, spec):
        model = Model([Dense(4), spec, Dense(2)], loss="mse", optimizer=Adam(0.01), seed=0).fit(X, Y)
        layer = model.network.layers[1]
        assert layer is model.network.layers[1] is [*model.network.tree.children][1].layer
        layer.trainable = False
        before = {name: view.copy() for name, view in model.network.views.items()}
        model.fit(X, Y)
        assert "1 " + layer.label() + " (frozen)" in model.summary()
        for name, view in model.network.views.items():
            assert np.array_equal(view, before[name]) == name.startswith("1.")
        layer.trainable = True
        before = {name: view.copy() for name, view in model.network.views.items()}
        model.fit(X, Y)
        assert not any(np.array_equal(view, before[name]) for name, view in model.network.views.items())


class Scale(Layer, registered=False):
    """y = s * x; its constructor does not take `trainable`."""

    def __init__(self, start=1.0):
        self.start = start

    def parameters(self, input_shape):
        return {"s": Parameter(input_shape, np.full(input_shape, self.start))}

    def forward(self, ctx, x):
        ctx.x = x
        return x * ctx.s

    def backward(self, ctx, grad):
        ctx.ds[...] = (grad * ctx.x).sum(axis=0)
        return grad * ctx.s


def test_a_file_knows_what_is_frozen_whatever_a_constructor_takes(tmp_path):
    model = Model([Scale(2.0), Dense(2)], loss="mse", seed=0).fit(X, Y)
    model.layers[0].trainable = False
    model.save(tmp_path / "model.npz")
    for same in (Model.load(tmp_path / "model.npz", classes=[Scale]), copy.deepcopy(model)):
        before = same.network.view("0.s").copy()
        same.fit(X, Y)
        assert np.array_equal(same.network.view("0.s"), before)
