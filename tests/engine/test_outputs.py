"""Losses and outputs: which pairs are refused, fused, or looked at when their values are seen."""

import copy
import pickle

import numpy as np
import pytest

from framework import (
    SGD,
    Activate,
    Activation,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Layer,
    Loss,
    Model,
    Parameter,
    Residual,
    Sequential,
)
from framework.activations import Sigmoid, Softmax
from framework.losses import BinaryCrossentropy, CategoricalCrossentropy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4))
LABELS = RNG.integers(0, 3, 24)
ONE_HOT = np.eye(3)[LABELS]

# The activations that each kind of loss cannot be computed from; it goes with all others.
NEVER_NEGATIVE = {"exponential", "hard_sigmoid", "relu", "sigmoid", "softmax", "softplus"}
PROBABILITIES = {"hard_sigmoid", "sigmoid", "softmax"}
BELOW_ZERO = set(Activation.names()) - NEVER_NEGATIVE
REFUSED = {
    "binary_crossentropy": set(Activation.names()) - PROBABILITIES,
    "binary_crossentropy(from_logits=True)": NEVER_NEGATIVE,
    "categorical_crossentropy": set(Activation.names()) - {"softmax"},
    "categorical_crossentropy(from_logits=True)": PROBABILITIES,
    "hinge": NEVER_NEGATIVE,
    "poisson": BELOW_ZERO,
}
FROM_LOGITS = {
    "binary_crossentropy(from_logits=True)": BinaryCrossentropy(from_logits=True),
    "categorical_crossentropy(from_logits=True)": CategoricalCrossentropy(from_logits=True),
}
NAMES = [*(cls.component_name for cls in Loss.components() if cls.__module__.startswith("framework.")), *FROM_LOGITS]
ACTIVATIONS = [cls.component_name for cls in Activation.components() if cls.__module__.startswith("framework.")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_loss_over_every_activation(name, activation):
    loss = FROM_LOGITS.get(name, name)
    ends = [Dense(3, activation)], [Dense(3), activation], [[Dense(3), [Activate(activation)]]]
    for layers in ends if activation == "softmax" else (*ends, [Dense(3, activation), Flatten()]):
        model = Model(layers, loss=loss)
        if activation in REFUSED.get(name, ()):
            with pytest.raises(ValueError, match=rf"^{name.split('(')[0]}.* needs .*'{activation}': write Dense\(3"):
                model.build(4)
            assert not model.built
        else:
            assert model.build(4).state.objective.unknown is None or activation == "softmax"


@pytest.mark.parametrize(
    ("layers", "loss", "words"),
    [
        (
            [Dense(3)],
            "categorical_crossentropy",
            r'Dense\(3, "softmax"\), or CategoricalCrossentropy\(from_logits=True\)',
        ),
        ([Dense(3)], CategoricalCrossentropy(), r"'linear'"),
        ([Dense(1)], "binary_crossentropy", r'Dense\(1, "sigmoid"\), or BinaryCrossentropy\(from_logits=True\)'),
        ([Dense(1, "tanh")], "binary_crossentropy", r"between 0 and 1.*'tanh'"),
        ([Dense(3, "sigmoid")], "categorical_crossentropy", r"binary_crossentropy with Dense\(3, \"sigmoid\"\)"),
        ([Dense(1, "sigmoid")], "categorical_crossentropy", r'Dense\(2, "softmax"\).*Dense\(1, "sigmoid"\)'),
        ([Dense(3, "softmax")], FROM_LOGITS[NAMES[-1]], r"logits.*'softmax': write Dense\(3\), or leave from_logits"),
        ([Dense(1, "sigmoid")], FROM_LOGITS[NAMES[-2]], r"'sigmoid': write Dense\(1\)"),
        ([Dense(2, "sigmoid")], "hinge", r"either sign.*'sigmoid': write Dense\(2\) or Dense\(2, \"tanh\"\)"),
        ([Dense(1)], "poisson", r"0 or more.*'linear': write Dense\(1, \"exponential\"\)"),
    ],
)
def test_the_error_says_what_to_write(layers, loss, words):
    with pytest.raises(ValueError, match=words):
        Model(layers, loss=loss).build(4)


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", "categorical_crossentropy", "hinge"])
@pytest.mark.parametrize(
    "layers",
    [
        [Dense(1, "softmax")],
        [Dense(1), "softmax"],
        [[Dense(1, Softmax())]],
        [Dense(4), Concatenate([[Dense(1, "softmax")], [Dense(1)]]), Dense(1, "sigmoid")],
    ],
)
def test_a_softmax_of_one_unit_is_refused(layers, loss):
    with pytest.raises(ValueError, match=r"softmax over one unit is always 1.*Dense\(1, \"sigmoid\"\)"):
        Model(layers, loss=loss).build(4)


@pytest.mark.parametrize(
    ("layers", "loss"),
    [
        ([Dense(3), Dropout(0.2)], "categorical_crossentropy"),
        ([Dense(3), [GaussianNoise(0.1)], Flatten()], "binary_crossentropy"),
        ([Dense(3, "tanh"), Dropout(0.2)], "poisson"),
        ([Concatenate([[Dense(1, "sigmoid")], [Dense(1)]])], "binary_crossentropy"),
        ([Concatenate([Dense(1), [Dense(2, "relu"), Dropout(0.1)]])], "categorical_crossentropy"),
    ],
)
def test_what_lies_behind_noise_and_branches_is_seen_at_build(layers, loss):
    with pytest.raises(ValueError, match=r"needs .*the model ends in the activation '(linear|tanh|relu)': write Dense"):
        Model(layers, loss=loss).build(4)


def test_noise_and_branches_that_may_be_right_are_not_refused_at_build():
    for layers, loss in [
        ([Dense(3, "softmax"), Dropout(0.2)], "categorical_crossentropy"),
        ([Concatenate([[Dense(1, "sigmoid")], [Dense(1, "hard_sigmoid")]])], "binary_crossentropy"),
        ([Concatenate([[Dense(1, "relu")], [Dense(1)]])], "hinge"),
        ([Dense(3, "relu"), GaussianNoise(0.1)], "hinge"),
    ]:
        assert Model(layers, loss=loss).build(4).state.objective.unknown is not None
    model = Model([Concatenate([[Dense(1, "sigmoid")], [Dense(2, "sigmoid")]])], loss="binary_crossentropy", seed=0)
    model.fit(X, ONE_HOT, epochs=3).evaluate(X, ONE_HOT)


def test_a_refused_fit_leaves_the_model_as_it_was(snapshot):
    new = Model([Dense(3)], loss="categorical_crossentropy")
    for call in (lambda: new.fit(X, LABELS), lambda: new.train_on_batch(X, LABELS), lambda: new.build(4)):
        with pytest.raises(ValueError, match="softmax"):
            call()
        assert not new.built
    model = Model([Dense(3, "softmax")], loss="categorical_crossentropy", seed=0).fit(X, LABELS, epochs=2)
    model.layers[0].activation = "sigmoid"
    before = snapshot(model)
    with pytest.raises(ValueError, match="output activation changed"):
        model.fit(X, LABELS)
    assert snapshot(model) == before
    logits = Model([Dense(3)], loss=CategoricalCrossentropy(from_logits=True), seed=0).fit(X, LABELS)
    logits.layers[0].activation = "softmax"
    with pytest.raises(ValueError, match=r"from_logits.*'softmax'"):
        logits.evaluate(X, LABELS)


# Outputs of the user's own


class Ratio(Activation, registered=False):
    """Rows that sum to 1 if `right`; else what they were before."""

    def __init__(self, right=True):
        self.right = right

    def __call__(self, z):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True) if self.right else z + 0.5

    def backward(self, grad, z, a):
        return a * (grad - (grad * a).sum(axis=1, keepdims=True)) if self.right else grad


class Half(Layer, registered=False):
    def forward(self, ctx, x):
        return x / 2

    def backward(self, ctx, grad):
        return grad / 2


@pytest.mark.parametrize(
    ("layers", "loss", "y", "words"),
    [
        ([Dense(3, Ratio(False))], "categorical_crossentropy", LABELS, r"the outputs of Dense hold -.*\"softmax\""),
        (
            [Dense(3, Ratio())],
            CategoricalCrossentropy(from_logits=True),
            LABELS,
            r"softmax would be applied twice.*Dense",
        ),
        ([Dense(3, "softmax"), Half()], "categorical_crossentropy", LABELS, r"outputs of Half sum to 0\.5"),
        ([Dense(3, "softmax"), Dropout(0.5)], "categorical_crossentropy", LABELS, r"outputs of Dropout"),
        ([Dense(3, "softmax"), "batch_normalization"], "categorical_crossentropy", LABELS, "BatchNormalization hold"),
        ([Residual([Dense(4)])], "binary_crossentropy", np.eye(4)[LABELS], r"Residual hold .*\"sigmoid\""),
        (
            [Concatenate([[Dense(1, "sigmoid")], [Half(), Dense(1), Half()]])],
            "binary_crossentropy",
            ONE_HOT[:, :2],
            "Co",
        ),
        (
            [Concatenate([[Dense(1, "sigmoid")], [Dense(1, "sigmoid")]])],
            "categorical_crossentropy",
            LABELS % 2,
            "sum to",
        ),
        ([Dense(3, Ratio(False))], "poisson", ONE_HOT, r"0 or more.*\"exponential\""),
    ],
)
def test_wrong_outputs_of_unknown_layers_are_seen_in_the_first_batch(layers, loss, y, words, snapshot):
    model = Model(layers, loss=loss, seed=0)
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not model.built
    model.build(4)
    before = snapshot(model)
    for call in (model.fit, model.train_on_batch, model.gradients):
        with pytest.raises(ValueError, match=words):
            call(X, y)
        assert snapshot(model) == before


def test_wrong_outputs_of_unknown_layers_are_seen_in_evaluate():
    model = Model([Dense(3, Ratio(False))], loss="categorical_crossentropy", seed=0).build(4)
    with pytest.raises(ValueError, match="hold"):
        model.evaluate(X, LABELS)
    with pytest.raises(ValueError, match="hold"):
        model.score(X, LABELS)


def test_right_outputs_of_unknown_layers_train():
    own = Model([Dense(3, Ratio())], loss="categorical_crossentropy", metrics=["accuracy"], seed=0)
    built_in = Model([Dense(3, "softmax")], loss="categorical_crossentropy", metrics=["accuracy"], seed=0)
    for model in (own, built_in):
        model.fit(X, LABELS, epochs=5, batch_size=6, validation_split=0.25)
    np.testing.assert_allclose(own.history["loss"], built_in.history["loss"], rtol=1e-9)
    assert own.history["accuracy"] == built_in.history["accuracy"]
    for layers in ([Dense(3, Ratio()), Dropout(0.0)], [Residual([Dense(4, "tanh")]), Ratio()]):
        Model(layers, loss="categorical_crossentropy").fit(X, LABELS, epochs=2).evaluate(X, LABELS)


def test_a_fit_that_is_played_from_its_first_batch_is_checked_too():
    layer = Dense(3, Ratio())
    model = Model([layer], loss="categorical_crossentropy", seed=0).fit(X, LABELS, epochs=4, batch_size=6)
    assert model.network.bound.played
    model.set_weights([1e3 * weight for weight in model.get_weights()])  # e overflows: its rows are no numbers
    with pytest.raises(FloatingPointError):
        model.fit(X, LABELS, batch_size=6)
    played = Model([Dense(3, "softmax"), Scaled()], loss="categorical_crossentropy", seed=0)
    played.fit(X, LABELS, epochs=4, batch_size=6)
    played.set_weights([*played.get_weights()[:2], np.array([0.5])])
    with pytest.raises(ValueError, match=r"Scaled sum to 0\.5"):
        played.fit(X, LABELS, batch_size=6)


class Scaled(Layer, registered=False):
    def parameters(self, input_shape):
        return {"s": Parameter((1,), "ones", trainable=False)}

    def forward(self, ctx, x):
        return x * ctx.s

    def backward(self, ctx, grad):
        return grad * ctx.s


def test_binary_crossentropy_after_a_softmax_is_for_one_label_per_sample():
    model = Model([Dense(3, "softmax")], loss="binary_crossentropy", seed=0)
    model.fit(X, ONE_HOT, epochs=2).evaluate(X, ONE_HOT)
    several = np.ones((24, 3))
    for call in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match=r"each between 0 and 1 on its own.*sum to 1.*Dense\(3, \"sigmoid\"\)"):
            call(X, several)


# Losses from logits


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("link", "loss", "units", "y"),
    [
        ("sigmoid", BinaryCrossentropy, 1, LABELS > 0),
        ("sigmoid", BinaryCrossentropy, 3, ONE_HOT),
        ("softmax", CategoricalCrossentropy, 3, LABELS),
        ("softmax", CategoricalCrossentropy, 3, 0.1 + 0.7 * ONE_HOT),
    ],
)
def test_logits_train_like_probabilities(link, loss, units, y, dtype, tmp_path):
    weight = RNG.uniform(0.5, 2, 24)
    options = {"metrics": ["accuracy"], "seed": 0, "dtype": dtype, "optimizer": SGD(0.3)}
    through = Model([Dense(5, "tanh"), Dense(units, link)], loss=loss(), **options)
    logits = Model([Dense(5, "tanh"), Dense(units)], loss=loss(from_logits=True), **options)
    tolerance = {"rtol": 2e-4 if dtype == np.float32 else 1e-9, "atol": 1e-5 if dtype == np.float32 else 1e-12}
    for model in (through, logits):
        model.fit(X, y, epochs=6, batch_size=6, sample_weight=weight, validation_data=(X, y))
        assert model.network.bound.played
    for name in through.history if units == 1 or loss is CategoricalCrossentropy else ("loss", "val_loss"):
        np.testing.assert_allclose(logits.history[name], through.history[name], **tolerance)
    p = Activation.of(link)(logits.predict(X))
    np.testing.assert_allclose(p, through.predict(X), **tolerance)
    logits.save(tmp_path / "model")
    for twin in (Model.load(tmp_path / "model"), copy.deepcopy(logits), pickle.loads(pickle.dumps(logits))):
        assert twin.loss_.from_logits
        assert twin.evaluate(X, y) == logits.evaluate(X, y)
    assert logits.clone().loss.from_logits


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_any_size_are_exact(dtype):
    x, large = np.ones((1, 1), dtype), [1e4, -1e4]
    for loss, y, expected, gradient in [
        (BinaryCrossentropy("sum", from_logits=True), [[0, 1]], 2e4, [1, -1]),
        (BinaryCrossentropy("sum", from_logits=True, pos_weight=[2.0, 3.0]), [[0, 1]], 4e4, [1, -3]),
        (BinaryCrossentropy("sum", from_logits=True, pos_weight=3.0), [[1, 0]], 0, [0, 0]),
        (BinaryCrossentropy("sum", from_logits=True, pos_weight=3.0), [[0.5, 0.5]], 2e4, [0.5, -1.5]),
        (CategoricalCrossentropy(from_logits=True), [1], 2e4, [1, -1]),
        (CategoricalCrossentropy(from_logits=True), [[0.25, 0.75]], 1.5e4, [0.75, -0.75]),
    ]:
        model = Model([Dense(2, "linear", "zeros", large)], loss=loss, dtype=dtype).build(1)
        with np.errstate(all="raise", under="ignore"):
            assert model.evaluate(x, np.array(y))["loss"] == expected
            np.testing.assert_array_equal(model.gradients(x, np.array(y))[1], gradient)


def test_classes_are_cut_at_the_logit_0():
    y = (X[:, 0] > 0).astype(int)
    model = Model([Dense(1, "linear", [[1.0, 0, 0, 0]])], loss=BinaryCrossentropy(from_logits=True)).build(4)
    model.metrics = ["accuracy", "f1", "auc"]
    assert model.score(X, y) == 1
    assert {model.evaluate(X, y)[name] for name in ("accuracy", "f1", "auc")} == {1.0}
    assert BinaryCrossentropy().threshold == 0.5


@pytest.mark.parametrize(
    ("end", "loss", "y", "found"),
    [
        ("linear", CategoricalCrossentropy(from_logits=True), LABELS, "logits"),
        ("tanh", "hinge", 2 * ONE_HOT - 1, "those of the activation 'tanh'"),
        ("linear", "mse", ONE_HOT, "those of the activation 'linear'"),
    ],
)
def test_a_metric_of_probabilities_is_refused_for_other_outputs(end, loss, y, found):
    model = Model([Dense(3, end)], loss=loss, metrics=["log_loss"])
    with pytest.raises(
        ValueError, match=f"log_loss needs probabilities, but the outputs are {found}: end the model in"
    ):
        model.fit(X, y)
    assert not model.built
    right = Model([Dense(3, "softmax")], loss="mse", metrics=["log_loss"]).fit(X, ONE_HOT)
    assert right.history["log_loss"][0] > 0


# The user's own layers and activations at the end


class Head(Sequential, registered=False):
    """A series with a name of its own, and nothing else."""

    def __init__(self, layers=("sigmoid",), **common):
        super().__init__(list(layers), **common)


class Doubled(Sequential, registered=False):
    """Its outputs are halved on the way forward, and so is the gradient."""

    def forward(self, ctx, x):
        return 0.5 * super().forward(ctx, x)

    def backward(self, ctx, grad):
        return super().backward(ctx, 0.5 * grad)


class ClippedBackward(Dense, registered=False):
    """Its own backward pass gets the gradient at the outputs, and keeps it for the test."""

    given = np.empty(0)

    def backward(self, ctx, grad):
        type(self).given = grad.copy()
        return super().backward(ctx, grad)


class OwnActivate(Activate, registered=False):
    def backward(self, ctx, grad):
        return super().backward(ctx, grad)


class OwnMemory(Dense, registered=False):
    """Its logits are overwritten by its outputs."""

    def memory(self, input_shape):
        return {**super().memory(input_shape), "y": (self.units,)}

    def bind(self, ctx):
        super().bind(ctx)
        ctx.y = ctx.z


class OwnBind(Dense, registered=False):
    def bind(self, ctx):
        super().bind(ctx)
        f = ctx.f
        ctx.f = lambda z, out: 0.5 * f(z, out)
        f_backward = ctx.f_backward
        ctx.f_backward = lambda grad, z, a, dz: f_backward(0.5 * grad, z, 2 * a, dz)


class OwnChildren(Dense, registered=False):
    """Has a layer inside, beside its own work."""

    def children(self, input_shape):
        return [(Dense(2), input_shape)]


class SteepSigmoid(Sigmoid, name="sigmoid", registered=False):
    def __call__(self, z):
        return 1 / (1 + np.exp(-2 * z))

    def derivative(self, z, a):
        return 2 * a * (1 - a)


def steep_instance():
    f = Sigmoid()
    own = {
        "__call__": lambda z, out=None: 1 / (1 + np.exp(-2 * z)),
        "backward": lambda grad, z, a, out=None: grad * 2 * a * (1 - a),
    }
    vars(f).update(own)
    return f


def with_own_forward():
    layer = Dense(1, "sigmoid")
    plain = layer.forward
    own = {
        "forward": lambda ctx, x: plain(ctx, x) ** 2,
        "backward": lambda ctx, grad: Dense.backward(layer, ctx, 2 * grad * ctx.a),
    }
    vars(layer).update(own)
    return layer


SHARED = Dense(4, "sigmoid")
ENDS = {
    "a series": ([Dense(2), Head([Dense(1, "sigmoid")])], True),
    "a series of a name": ([Dense(1), Head()], True),
    "series in series": ([Head([Dense(3), Head([Dense(1), Head(["sigmoid"])])])], True),
    "a list inside a series": ([Head([[Dense(3), [Dense(1), "sigmoid"]]])], True),
    "a series with its own forward": ([Doubled([Dense(1, "sigmoid")])], False),
    "a series in it": ([Head([Doubled([Dense(1, "sigmoid")])])], False),
    "it in a series": ([Doubled([Head([Dense(1, "sigmoid")])])], False),
    "its own backward": ([Dense(2, "tanh"), ClippedBackward(1, "sigmoid")], False),
    "its own backward, inside": ([Head([ClippedBackward(1, "sigmoid")])], False),
    "an activation with its own backward": ([Dense(1), OwnActivate("sigmoid")], False),
    "its own memory": ([OwnMemory(1, "sigmoid")], False),
    "its own bind": ([OwnBind(1, "sigmoid")], False),
    "its own children": ([OwnChildren(1, "sigmoid")], False),
    "an instance with its own forward": ([with_own_forward()], False),
    "an activation with a built-in name": ([Dense(1, SteepSigmoid())], False),
    "an activation changed in the instance": ([Dense(1, steep_instance())], False),
    "branches": ([Concatenate([Head([Dense(1, "sigmoid")])])], False),
    "shared": ([SHARED, SHARED, Dense(1, "sigmoid")], True),
    "shared at the end": ([SHARED, "tanh", SHARED], True),
}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", ENDS)
def test_gradients_of_what_stands_at_the_end(name, recorded):
    layers, fused = copy.deepcopy(ENDS[name])
    model = Model(layers, loss=BinaryCrossentropy(), seed=0).build(4)
    y = (RNG.random((24, *model.network.output_shape)) < 0.5).astype(float)
    assert model.state.objective.fused is fused
    step, network = model.state.step, model.network
    for _ in range(4 if recorded else 1):
        step(X, y)
    assert bool(network.bound.played) is recorded
    gradient, h = network.grads.copy(), 1e-6
    for i in range(network.layout.trainable):
        old = network.params[i]
        values = []
        for sign in (1, -1):
            network.params[i] = old + sign * h
            prediction, logits = network.infer(X)
            values.append(model.loss_.value(y, prediction, logits=logits))
        network.params[i] = old
        assert gradient[i] == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-5, abs=1e-8)


def test_its_own_backward_is_given_the_gradient_at_the_outputs():
    model = Model([ClippedBackward(1, "sigmoid")], loss="binary_crossentropy", seed=0).build(4)
    y = (LABELS > 0).astype(float).reshape(-1, 1)
    p = model.predict(X)
    model.gradients(X, y)
    np.testing.assert_allclose(ClippedBackward.given, (p - y) / (p * (1 - p)) / 24, rtol=1e-12)


@pytest.mark.parametrize("loss", ["mse", "categorical_crossentropy", CategoricalCrossentropy(from_logits=True)])
def test_a_series_at_the_end_trains_as_its_layers_do(loss, tmp_path):
    y = LABELS if loss != "mse" else ONE_HOT
    end = "linear" if isinstance(loss, Loss) else "softmax"
    plain = Model([Dense(4, "tanh"), Dense(3, end)], loss=loss, seed=0).fit(X, y, epochs=3, batch_size=6)
    head = Model([Dense(4, "tanh"), Head([Dense(3), end])], loss=loss, seed=0).fit(X, y, epochs=3, batch_size=6)
    np.testing.assert_allclose(head.history["loss"], plain.history["loss"], rtol=1e-12)
    np.testing.assert_allclose(head.predict(X[:1]), plain.predict(X[:1]), rtol=1e-12)
    head.save(tmp_path / "head")
    twin = Model.load(tmp_path / "head", classes=[Head])
    np.testing.assert_array_equal(twin.fit(X, y).network.params, head.fit(X, y).network.params)


def test_batch_normalization_before_the_output_is_no_end():
    Model([Dense(3), BatchNormalization(), "softmax"], loss="categorical_crossentropy").fit(X, LABELS)


class OwnSigmoid(Activation, registered=False):
    def __call__(self, z):
        return 1 / (1 + np.exp(-np.clip(z, -500, 500)))

    def derivative(self, z, a):
        return a * (1 - a)


class SigmoidCopy(Sigmoid, registered=False):
    pass


class OwnBackward(Dense, registered=False):
    def backward(self, ctx, grad):
        return super().backward(ctx, grad)


class ForThreeColumns(Activation, registered=False):
    def __call__(self, z):
        assert z.shape[1] == 3
        return z * 1.0

    def derivative(self, z, a):
        return np.ones_like(z)


BINARY_LOGITS = BinaryCrossentropy(from_logits=True)


class TestActivationsOfOnesOwn:
    @pytest.mark.parametrize(
        "end", [Dense(1, OwnSigmoid()), OwnBackward(1, "sigmoid"), Activate(SigmoidCopy())], ids=repr
    )
    @pytest.mark.parametrize("loss", [BINARY_LOGITS, "hinge"], ids=str)
    def test_that_have_no_sign_are_refused_where_one_is_needed(self, end, loss):
        with pytest.raises(ValueError, match=r"needs (logits, |outputs )of either sign.*sigmoid"):
            Model([Dense(1), end], loss=loss).build(4)
        Model([Dense(1), end], loss="binary_crossentropy", seed=0).fit(X, LABELS > 0)

    @pytest.mark.parametrize("end", [Dense(3, ForThreeColumns()), OwnBackward(3)], ids=repr)
    def test_that_have_one_or_cannot_be_tried_are_taken(self, end):
        model = Model([end], loss=BinaryCrossentropy(from_logits=True), seed=0).fit(X, ONE_HOT, epochs=4)
        assert model.history["loss"][-1] < model.history["loss"][0]
