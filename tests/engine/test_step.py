"""A step played from a recording is, to the last bit, the step that is not."""

import copy
import gc
import pickle
import tracemalloc

import numpy as np
import pytest

from framework import (
    SGD,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    LambdaCallback,
    Layer,
    LayerNormalization,
    Loss,
    Model,
    Network,
    Residual,
)
from framework.engine.bound import KEPT_BATCH_SIZES
from framework.engine.objective import Objective
from framework.engine.replay.policy import RECORDED_ELEMENTS
from framework.engine.step import Step

RNG = np.random.default_rng(0)


class Shifted(Layer, registered=False):
    """A layer that says nothing of being replayable, and is not: it counts."""

    def forward(self, ctx, x):
        ctx.calls = getattr(ctx, "calls", 0) + 1
        return x + ctx.calls

    def backward(self, ctx, grad):
        return grad * ctx.calls


class Cubed(Loss, registered=False):
    def per_sample(self, y_true, y_pred):
        return (np.abs(y_pred - y_true) ** 3).mean(axis=1)

    def gradient(self, y_true, y_pred):
        r = y_pred - y_true
        return 3 * np.abs(r) * r / r.shape[1]


class Tripled(Activation, registered=False):
    def __call__(self, z):
        return 3 * z

    def derivative(self, z, a):
        return 3 + 0 * z


NETWORKS = {
    "dense": ([Dense(3, "tanh"), Dense(2)], "mse"),
    "softmax": ([Dense(3, "relu"), Dense(2, "softmax")], "categorical_crossentropy"),
    "sigmoid": ([Dense(3, "gelu"), Dense(2, "sigmoid")], "binary_crossentropy"),
    "noise": ([Dense(6, "elu"), Dropout(0.3), Dense(2)], "huber"),
    "state": ([Dense(6), BatchNormalization(), "relu", Residual([Dense(6, "silu")]), Dense(2)], "mse"),
    "nested": ([[Dense(4), [LayerNormalization(), "mish"]], Dense(2)], "log_cosh"),
    "a layer that is not replayable": ([Dense(3, "tanh"), Shifted(), Dense(2)], "mse"),
    "that layer first": ([Shifted(), Dense(3, "tanh"), Dense(2)], "mse"),
    "that layer last": ([Dense(2), Shifted()], "mse"),
    "that layer inside": ([Residual([Dense(4), Shifted()]), [Shifted(), "softmax"]], "categorical_crossentropy"),
    "another activation": ([Dense(3, Tripled()), Dense(2)], "mse"),
    "another loss": ([Dense(3, "tanh"), Dense(2)], Cubed()),
    "regularized": ([Dense(3, "tanh", weight_regularizer="l2"), Dense(2)], "mse"),
}


def pair(layers, loss, dtype=np.float64, inputs=4):
    models = [Model(copy.deepcopy(layers), loss=loss, seed=3, dtype=dtype).build(inputs) for _ in range(2)]
    return [model.state.step for model in models]


def recorded(step):
    """Return the kinds of batches that are played."""
    return [kind for kind, one in step.network.bound.steps.items() if one.replay.tape is not None]


class Last:
    """Keeps the prediction of the last batch."""

    def add(self, y, prediction, weight):
        self.prediction = prediction


def batch(loss, n, dtype, weighted=False):
    x = RNG.normal(size=(n, 4)).astype(dtype)
    classes = RNG.integers(0, 2, n)
    y = classes if loss == "categorical_crossentropy" else np.eye(2, dtype=dtype)[classes]
    return x, y, RNG.uniform(0.5, 2, n).astype(dtype) if weighted else None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_played_and_plain_are_the_same(name, dtype):
    layers, loss = NETWORKS[name]
    step, plain = pair(layers, loss, dtype)
    step.observer = last = Last()
    for i in range(16):
        given = batch(loss, 3 if i % 3 else 2, dtype, weighted=i % 2 == 1)
        value, prediction = plain.as_written(*given)
        assert step(*given) == value
        np.testing.assert_array_equal(last.prediction, prediction)
        np.testing.assert_array_equal(step.network.grads, plain.network.grads)
        np.testing.assert_array_equal(step.network.params, plain.network.params)
        assert step.network.penalty == plain.network.penalty
        for one in (step, plain):
            one.network.trainable_params[...] -= 0.03 * one.network.trainable_grads
    assert len(recorded(step)) == 4
    assert not any(one.replay.problem for one in step.network.bound.steps.values())


@pytest.mark.parametrize("scales", [(1, 1, 1, 1e4, 1, 1e4, 1e4, 1), (1, 1, 1e4, 1e4, 1, 1, 1e4, 1)])
def test_a_loss_that_branches_otherwise_is_computed_anew(scales):
    """Probabilities that vanish take the way over the sums, also in the step that compares the recording."""
    step, plain = pair([BatchNormalization(scale=False), Dense(2, "softmax")], "categorical_crossentropy")
    for scale in scales:
        for one in (step, plain):
            one.network.view("1.W")[...] = scale * np.array([[1, -1, 0.5, 0], [0, 1, -1, 0.5]])
        given = batch("categorical_crossentropy", 4, np.float64)
        assert step(*given) == plain.as_written(*given)[0]
        np.testing.assert_array_equal(step.network.grads, plain.network.grads)
        np.testing.assert_array_equal(step.network.params, plain.network.params)  # running means moved once
    assert len(recorded(step)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda model, slope, loss: setattr(slope, "negative_slope", 0.9),
        lambda model, slope, loss: setattr(loss, "delta", 0.1),
        lambda model, slope, loss: setattr(model.network.layers[0], "trainable", False),
    ],
    ids=["of an activation", "of the loss", "of a layer"],
)
@pytest.mark.parametrize("when", ["on_batch_end", "on_epoch_end", "between fits"])
def test_what_is_set_on_a_component_takes_effect(change, when):
    def fitted(played):
        slope, loss = Activation.named("leaky_relu")(0.01), Loss.named("huber")()
        model = Model([Dense(4), slope, Dense(1)], loss=loss, optimizer=SGD(0.1), seed=0).build(2)
        if not played:
            model.state.step.__class__ = type(
                "AsWritten", (Step,), {"__call__": lambda *args: Step.as_written(*args)[0]}
            )
        x = np.random.default_rng(0).normal(size=(40, 2))

        def at(place, logs):
            if place == 4:
                change(model, slope, loss)

        hooks = [] if when == "between fits" else [LambdaCallback(**{when: at})]
        model.fit(x, x[:, 0] * x[:, 1], epochs=8, batch_size=8, callbacks=hooks)
        if when == "between fits":
            change(model, slope, loss)
            model.fit(x, x[:, 0] * x[:, 1], epochs=2, batch_size=8)
        assert bool(recorded(model.state.step)) == played
        return model.network.view("0.W"), model.network.view("2.W")

    for computed, expected in zip(fitted(True), fitted(False), strict=True):
        np.testing.assert_array_equal(computed, expected)


def test_the_first_batch_is_not_recorded_and_large_ones_never_are():
    step, _ = pair([Dense(2)], "mse")
    step(*batch("mse", 3, np.float64))
    assert not recorded(step)
    large = batch("mse", RECORDED_ELEMENTS // 4 + 1, np.float64)
    for _ in range(3):
        step(*large)
    assert not recorded(step)
    assert "so large" in step.problem(*large)


def test_large_networks_are_not_recorded():
    """Comparing would copy all parameters, for a gain of less than a hundredth."""
    network = Model([Dense(1100), Dense(1)]).build(1000).network
    x = np.ones((1, 1000))
    step = Step(network, Objective(Loss.of("mse")))
    for _ in range(3):
        step(x, np.ones((1, 1)))
    assert "so large" in str(step.problem(x, np.ones((1, 1))))


def test_no_more_kinds_of_batches_are_recorded_than_are_kept():
    step, plain = pair([Dense(3, "tanh"), Dense(2)], "mse")
    for _ in range(3):
        for n in range(1, KEPT_BATCH_SIZES + 5):
            given = batch("mse", n, np.float64)
            assert step(*given) == plain.as_written(*given)[0]
            np.testing.assert_array_equal(step.network.grads, plain.network.grads)
    assert len(recorded(step)) == KEPT_BATCH_SIZES
    assert "kinds of batches" in step.problem(*given)


@pytest.mark.parametrize("kept", ["last", "seen"])
def test_recordings_that_are_in_vain_become_rare(kept):
    """They are if an argument is assigned in each step; not if a layer keeps something of its passes."""

    class Remembering(Layer, registered=False):
        def __init__(self, last=None):
            super().__init__()
            self.last = last

        def forward(self, ctx, x):
            setattr(self, kept, x.copy())
            return x

        def backward(self, ctx, grad):
            return grad

    step, plain = pair([Dense(3, "tanh"), Remembering(), Dense(2)], "mse")
    played = 0
    for _ in range(300):
        step.network.sync()
        given = batch("mse", 3, np.float64)
        assert step(*given) == plain.as_written(*given)[0]
        played += bool(recorded(step))
    assert played < 10 if kept == "last" else played > 290


def test_what_contexts_were_prepared_with_is_noticed():
    class Prepared(Layer, registered=False):
        def __init__(self):
            super().__init__()
            self.table = 2.0

        def bind(self, ctx):
            ctx.table = np.full(ctx.n, self.table)

        def forward(self, ctx, x):
            return x * ctx.table[:, None]

        def backward(self, ctx, grad):
            return grad * ctx.table[:, None]

    layer = Prepared()
    network = Model([layer]).build(3).network
    x = np.ones((2, 3))
    for _ in range(5):
        assert (network.forward(x, training=True) == 2 * x).all()
    layer.table = 3.0
    network.sync()
    assert (network.forward(x, training=True) == 3 * x).all()
    layer.forward = lambda ctx, x: 4 * x  # type: ignore[method-assign]
    network.sync()
    assert (network.forward(x, training=True) == 4 * x).all()


def test_an_error_while_recording_leaves_the_network_usable():
    step, plain = pair([Dense(4, "tanh"), Embedding(3, 2), "flatten", Dense(2)], "mse")
    for one in (step, plain):
        one.network.view("0.W")[...] = 0
    good = batch("mse", 3, np.float64)
    step(*good)
    for one in (step, plain):
        one.network.view("0.b")[...] = 5  # its tanh is no whole number
    with pytest.raises(ValueError, match="Embedding expects integers"):
        step(*good)
    for one in (step, plain):
        one.network.view("0.b")[...] = 0
    for _ in range(3):
        assert step(*good) == plain.as_written(*good)[0]
    np.testing.assert_array_equal(step.network.grads, plain.network.grads)


def test_targets_of_another_kind_are_another_recording():
    step, plain = pair([Dense(3, "softmax")], "categorical_crossentropy")
    x = RNG.normal(size=(4, 4))
    for _ in range(4):
        for y in (RNG.integers(0, 3, 4), RNG.dirichlet(np.ones(3), 4)):
            assert step(x, y) == plain.as_written(x, y)[0]
    assert len(recorded(step)) == 2


def test_recordings_are_not_copied_with_a_model():
    model = Model([Dense(3, "tanh"), Dense(1)], seed=0)
    X, y = RNG.normal(size=(40, 2)), RNG.normal(size=40)
    model.fit(X, y, epochs=3)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not recorded(twin.state.step)
        assert twin.state.step.network is twin.network
        before = model.network.params.copy()
        twin.fit(X, y, epochs=3)
        np.testing.assert_array_equal(model.network.params, before)


def test_a_model_that_is_gone_leaves_no_memory_behind():
    """Cycles that lead through an array are never freed."""
    X, y = RNG.normal(size=(40, 4)), RNG.integers(0, 2, 40)
    layers = ["gelu", "layer_normalization", Residual([Dense(64, "silu")]), "dropout", "batch_normalization"]

    def use():
        model = Model([Dense(64), *layers, Dense(2, "softmax")], loss="categorical_crossentropy", seed=0)
        model.fit(X, y, epochs=3, batch_size=10)
        for _ in range(20):
            model.predict(X[:2])
        assert recorded(model.state.step)
        assert model.network.bound.idle[2][0].replay.tape

    def used():
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    use()
    tracemalloc.start()
    use()
    before = used()
    for _ in range(5):
        use()
    growth = used() - before
    tracemalloc.stop()
    assert growth < 20_000


def test_replayable_is_not_inherited():
    assert Dense.replayable

    class Counting(Dense, registered=False):
        pass

    assert not Counting.replayable
    step, _ = pair([Counting(2)], "mse")
    assert not step.network.training_pass(3).forwards[0][1].replayable


def test_what_a_component_keeps_of_a_recording_is_an_array_as_any():
    class Keeping(Layer, registered=False):
        replayable = True

        def forward(self, ctx, x):
            self.last = x * 2
            return x

        def backward(self, ctx, grad):
            return grad

    layer = Keeping()
    step, _ = pair([layer, Dense(2)], "mse")
    for _ in range(3):
        x, y, _ = batch("mse", 3, np.float64)
        Step.__call__(step, x, y)
    kept = step.network.layers[0].last
    np.testing.assert_array_equal(kept + 1, 2 * np.asarray(kept) / 2 + 1)
    assert float(kept[0, 0]) == kept.tolist()[0][0]


def test_a_component_that_lies_is_found_out():
    class Sly(Layer, registered=False):
        replayable = True

        def forward(self, ctx, x):
            return x * float(x.max())

        def backward(self, ctx, grad):
            return grad

    step, plain = pair([Sly(), Dense(2)], "mse")
    for _ in range(4):
        given = batch("mse", 3, np.float64)
        assert step(*given) == plain.as_written(*given)[0]
    assert step.problem(*given) == "it takes a Python number out of an array (__float__)"


def test_a_network_alone_can_be_stepped():
    network = Network([Dense(2)], (3,), rng=np.random.default_rng(0), noise=np.random.default_rng(1))
    step = Step(network, Objective(Loss.of("mse")))
    x, y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    for _ in range(5):
        expected = ((x @ network.view("0.W").T + network.view("0.b") - y) ** 2).mean()
        assert step(x, y) == pytest.approx(expected, rel=1e-12)
        network.params -= 0.1 * network.grads


def test_targets_of_another_dtype_are_not_cast_to_that_of_the_recording():
    step, plain = pair([Dense(3, "tanh"), Dense(2)], "mse")
    for dtype in (int, int, float, int, float, int, int, float, int):
        x, y, _ = batch("mse", 3, np.float64)
        y = (10 * y + 0.3).astype(dtype)
        assert step(x, y) == plain.as_written(x, y)[0]
        np.testing.assert_array_equal(step.network.grads, plain.network.grads)
    assert recorded(step)


def test_a_loss_of_ones_own_is_given_the_logits_of_the_step_that_is_played():
    """Steps of two kinds share the contexts of one batch size, and so does a pass by hand."""

    class Own(Loss.named("categorical_crossentropy"), registered=False):  # type: ignore[misc]
        link = "softmax"

        def per_sample_from_logits(self, y_true, logits):
            return super().per_sample_from_logits(y_true, logits)

    class New(Tripled, registered=False):
        """Returns a new array in each pass, in which the logits are."""

        replayable = True

    step, plain = pair([Dense(2), New(), "softmax"], Own())
    assert step.objective.fused
    for i in range(12):
        x, y, weight = batch("categorical_crossentropy", 4, np.float64, weighted=i % 2 == 1)
        y = step.objective.loss.check_targets(y, (2,), np.dtype(np.float64))
        assert step(x, y, weight) == plain.as_written(x, y, weight)[0]
        np.testing.assert_array_equal(step.network.grads, plain.network.grads)
        step.network.forward(-x, training=True)
    assert len(recorded(step)) == 2


def test_inputs_of_another_dtype_or_shape_are_neither_cast_nor_repeated():
    """As in an override that makes inputs of its own: of half of its passes, or with too few features."""
    step, plain = pair([BatchNormalization(), Dense(2)], "mse", np.float32)
    for i in range(10):
        x, y, _ = batch("mse", 4, np.float32)
        x = x if i % 2 else x * np.float64(1.0001)
        x = (10 * x).astype(int) if i in (1, 5) else x
        assert step(x, y) == plain.as_written(x, y)[0]
        np.testing.assert_array_equal(step.network.grads, plain.network.grads)
    assert step.network.bound.played
    with pytest.raises(ValueError, match="not aligned"):
        step(x[:, :1], y)
