import json
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from framework import Context, Layer, Model, Network, Parameter
from framework.layers import (
    Activate,
    Add,
    AlphaDropout,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    FeatureCross,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    LayerNormalization,
    Reshape,
    Residual,
    RMSNormalization,
    Sequential,
)

pytestmark = pytest.mark.usefixtures("strict_floats")

REFERENCES = json.loads((Path(__file__).parents[1] / "references" / "layers.json").read_text())
NO_BIAS = Dense(2, use_bias=False)
NORMALIZATIONS = [BatchNormalization(), LayerNormalization(), RMSNormalization()]
each_normalization = pytest.mark.parametrize("layer", NORMALIZATIONS, ids=repr)


class _Probe(Layer, registered=False):
    """Passes its input on. It learns, so the layer after it has to return its input's gradient, which is kept here."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def parameters(self, input_shape):
        return {"nothing": Parameter((1,))}

    def forward(self, ctx, x):
        return x

    def backward(self, ctx, grad):
        self.calls += 1
        self.grad = grad.copy()
        return grad


def network(layers, input_shape, dtype=np.float64, seed=0):
    return Network(layers, input_shape, dtype=dtype, rng=rng(seed), noise=rng(seed + 1))


def rng(seed=0):
    return np.random.default_rng(seed)


def read_only(array):
    array = np.array(array)
    array.flags.writeable = False
    return array


def assert_close(got, expected, **kwargs):
    np.testing.assert_allclose(got, expected, **{"rtol": 1e-10, "atol": 1e-12, **kwargs})


# Shapes and parameters


@pytest.mark.parametrize(
    ("layer", "input_shape", "output_shape", "parameters"),
    [
        (Activate("tanh"), (2, 3), (2, 3), {}),
        (Add([Dense(3), "linear"]), (3,), (3,), {"0.W": (3, 3), "0.b": (3,)}),
        (
            Concatenate([Dense(3), "linear", ["tanh", NO_BIAS]]),
            (2,),
            (7,),
            {"0.W": (3, 2), "0.b": (3,), "2.1.W": (2, 2)},
        ),
        (Concatenate(["tanh", "relu"]), (5, 2), (5, 4), {}),
        (Dense(3), (2,), (3,), {"W": (3, 2), "b": (3,)}),
        (NO_BIAS, (3,), (2,), {"W": (2, 3)}),
        (Dropout(), (2, 3), (2, 3), {}),
        (Embedding(9, 4), (), (4,), {"W": (9, 4)}),
        (Embedding(9, 4), (5,), (5, 4), {"W": (9, 4)}),
        (FeatureCross(), (3,), (3,), {"W": (3, 3), "b": (3,)}),
        (Flatten(), (2, 3, 4), (24,), {}),
        (Flatten(), (), (1,), {}),
        (BatchNormalization(), (5, 3), (5, 3), dict.fromkeys(["gamma", "beta", "mean", "variance"], (3,))),
        (BatchNormalization(center=False, scale=False), (3,), (3,), {"mean": (3,), "variance": (3,)}),
        (LayerNormalization(), (5, 3), (5, 3), {"gamma": (3,), "beta": (3,)}),
        (RMSNormalization(), (5, 3), (5, 3), {"gamma": (3,)}),
        (Reshape((4, 3)), (2, 6), (4, 3), {}),
        (Reshape((4, -1)), (2, 6), (4, 3), {}),
        (Reshape(()), (1,), (), {}),
        (Residual(["tanh", NO_BIAS]), (2,), (2,), {"1.W": (2, 2)}),
        (Sequential([NO_BIAS, Dense(5)]), (3,), (5,), {"0.W": (2, 3), "1.W": (5, 2), "1.b": (5,)}),
    ],
    ids=lambda value: repr(value) if isinstance(value, Layer) else "",
)
def test_shapes_and_parameters(layer, input_shape, output_shape, parameters):
    net = network([layer], input_shape)
    shapes = {name: view.shape for name, view in net.views.items()}
    assert net.output_shape == output_shape
    assert shapes == {f"0.{name}": shape for name, shape in parameters.items()}
    for n in (4, 1):
        assert net.forward(np.ones((n, *input_shape)), training=True).shape == (n, *output_shape)
        assert net.forward(np.ones((n, *input_shape))).shape == (n, *output_shape)


def test_parameters_are_named_by_their_place():
    layers = [Dense(2), [Residual([Dense(2), ["tanh", BatchNormalization()]]), Concatenate([Dense(1), "linear"])]]
    names = ["0.W", "0.b", "1.0.0.W", "1.0.0.b", "1.1.0.W", "1.1.0.b"]
    names[4:4] = [f"1.0.1.1.{name}" for name in ("gamma", "beta", "mean", "variance")]
    net = network(layers, (3,))
    assert list(net.views) == names
    assert net.view("1.1.0.W").shape == (1, 2)


def test_biases_and_normalization_scales_are_not_decayed():
    layers = [Dense(3), BatchNormalization(), LayerNormalization(), RMSNormalization(), FeatureCross(), Embedding(2, 2)]
    layout = network([[layers[:-1]]], (2,)).layout
    decayed = {entry.name.rpartition(".")[2] for entry in layout.entries if entry.start < layout.decayed}
    assert decayed == {"W"}
    assert network(layers[-1:], (2,)).layout.decayed == 4


# Errors


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Reshape(4), TypeError, "Reshape: target_shape must be a tuple of integers, got 4"),
        (lambda: Reshape((2, 0.5)), TypeError, "tuple of integers"),
        (lambda: Reshape((-1, -1)), ValueError, "at most one of them -1, got .-1, -1"),
        (lambda: Reshape((0, 2)), ValueError, "positive integers"),
        (lambda: GaussianNoise(-1), ValueError, "GaussianNoise: stddev must be a finite number at least 0, got -1"),
        (lambda: GaussianDropout(1), ValueError, "GaussianDropout: rate .*below 1, got 1"),
        (lambda: AlphaDropout("a"), TypeError, "AlphaDropout: rate must be a number, got 'a'"),
        (lambda: Dropout(1.5), ValueError, "Dropout: rate .*1.5"),
        (lambda: BatchNormalization(momentum=1), ValueError, "BatchNormalization: momentum .*below 1, got 1"),
        (lambda: BatchNormalization(epsilon=0), ValueError, "BatchNormalization: epsilon .*above 0, got 0"),
        (lambda: LayerNormalization(np.nan), ValueError, "LayerNormalization: epsilon .*nan"),
        (lambda: RMSNormalization(None), TypeError, "RMSNormalization: epsilon must be a number, got None"),
        (lambda: Embedding(0, 2), ValueError, "Embedding: vocabulary must be a positive integer, got 0"),
        (lambda: Embedding(3, 2.0), TypeError, "Embedding: units must be a positive integer, got 2.0"),
        (lambda: Dense(-1), ValueError, "Dense: units must be a positive integer, got -1"),
        (lambda: FeatureCross("glorot"), ValueError, "unknown initializer 'glorot'"),
        (lambda: Residual(Dense(2)), TypeError, "Residual: layers must be a list of layers, got Dense"),
        (lambda: Sequential([]), ValueError, "Sequential: layers is empty"),
        (lambda: Concatenate([]), ValueError, "Concatenate: branches is empty; give at least one layer"),
        (lambda: Add("relu"), TypeError, "Add: branches must be a list of layers, got 'relu'"),
        (lambda: Add([["relu", "rleu"]]), ValueError, "unknown activation 'rleu'; did you mean 'relu'"),
        (lambda: network([Dense(2)], (3, 4)), ValueError, r"\(n, inputs\), got \(n, 3, 4\): put Flatten"),
        (lambda: network([FeatureCross()], (3, 4)), ValueError, r"FeatureCross .*\(n, features\), got \(n, 3, 4\)"),
        (lambda: network([LayerNormalization()], ()), ValueError, r"\(n, ..., features\), got \(n,\): put Reshape"),
        (lambda: network([Reshape((2, 2))], (5,)), ValueError, r"with 4 elements in a sample, got \(n, 5\)"),
        (lambda: network([Reshape((2, -1))], (5,)), ValueError, r"a multiple of 2 elements in a sample, got \(n, 5\)"),
        (
            lambda: network([Residual([Dense(3)], name="skip")], (4,)),
            ValueError,
            r"Residual 'skip': .*shape of their input.*\(n, 4\) became \(n, 3\)",
        ),
        (
            lambda: network([Add([Dense(3), "linear", Dense(4)])], (4,)),
            ValueError,
            r"Add: .*one shape.*\(n, 3\), \(n, 4\), \(n, 4\)",
        ),
        (
            lambda: network([Concatenate(["linear", Flatten()])], (2, 3)),
            ValueError,
            r"Concatenate: .*agree in all axes but the last.*\(n, 2, 3\), \(n, 6\)",
        ),
        (lambda: network([Concatenate([Reshape(())])], (1,)), ValueError, r"they return \(n,\)"),
    ],
)
def test_errors_say_what_is_wrong(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_float32_holds_the_numbers_of_a_vocabulary_or_it_is_refused():
    ctx = Context()
    ctx.dtype, ctx.dW = np.dtype(np.float32), np.zeros((1, 1))
    Embedding(2**24, 1).bind(ctx)
    with pytest.raises(ValueError, match=r"float32 does not hold all integers below 16777217; .*dtype='float64'"):
        Embedding(2**24 + 1, 1).bind(ctx)


# Recorded results

KERAS = 1e-5  # Keras rounds the running values of batch normalization to float32


@pytest.mark.parametrize("case", REFERENCES["cases"], ids=lambda case: case["layer"])
def test_outputs_and_gradients_are_those_recorded(case):
    cls = Layer.named(case["layer"])
    probe = _Probe()
    integers = cls is Embedding  # which has no gradient to return
    shape = np.shape(case["steps"][0]["x"])[1:]
    net = network([cls(**case["arguments"])] if integers else [probe, cls(**case["arguments"])], shape)
    at = "0." if integers else "1."
    assert {name for name in net.views if name.startswith(at)} == {at + name for name in case["parameters"]}
    for name, values in case["parameters"].items():
        net.view(at + name)[...] = values
    for step in case["steps"]:
        x = read_only(np.array(step["x"], np.float64))
        training = "grad" in step
        assert_close(net.forward(x, training), step["y"], rtol=1e-10 if training else KERAS)
        if training:
            net.backward(read_only(step["grad"]))
            if not integers:
                assert_close(probe.grad, step["dx"])
            for name in case["parameters"]:
                if f"d{name}" in step:
                    assert_close(net.grad_views[at + name], step[f"d{name}"])
        for name, values in step.get("state", {}).items():
            assert_close(net.view(at + name), values, rtol=KERAS)


def test_each_normalization_and_embedding_was_recorded():
    recorded = {Layer.named(case["layer"]) for case in REFERENCES["cases"]}
    assert recorded == {Dense, BatchNormalization, LayerNormalization, RMSNormalization, Embedding, FeatureCross}


# Noise


@pytest.mark.parametrize(
    ("layer", "variance"),
    [
        (Dropout(0.25), lambda x: x**2 * 0.25 / 0.75),
        (GaussianDropout(0.25), lambda x: x**2 * 0.25 / 0.75),
        (GaussianNoise(0.5), lambda x: 0.25),
    ],
    ids=repr,
)
@pytest.mark.parametrize("x", [-3.0, 0.5])
def test_noise_has_its_mean_and_variance(layer, variance, x):
    n = 100_000
    y = network([layer], (n,)).forward(np.full((1, n), x), training=True)
    assert y.mean() == pytest.approx(x, abs=5 * np.sqrt(variance(x) / n))
    assert y.var() == pytest.approx(variance(x), rel=0.03)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_keeps_the_right_share_and_scales_it(rate):
    n = 100_000
    y = network([Dropout(rate)], (n,)).forward(np.ones((1, n)), training=True)
    assert set(np.unique(y).round(12)) <= {0.0, round(1 / (1 - rate), 12)}
    assert (y == 0).mean() == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / n))


@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_alpha_dropout_keeps_mean_and_variance(rate):
    n = 200_000
    y = network([AlphaDropout(rate)], (n,)).forward(rng(5).standard_normal((1, n)), training=True)
    assert y.mean() == pytest.approx(0, abs=0.02)
    assert y.var() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("recorded", REFERENCES["alpha_dropout"], ids=str)
def test_alpha_dropout_gives_the_values_that_pytorch_gives(recorded):
    y = network([AlphaDropout(recorded["rate"])], (1000,)).forward(np.full((1, 1000), recorded["x"]), training=True)
    assert_close(np.unique(y), recorded["values"])


@pytest.mark.parametrize("layer", [Dropout(), GaussianDropout(), GaussianNoise(), AlphaDropout()], ids=repr)
def test_noise_is_added_in_training_only_and_is_new_each_time(layer):
    net, x = network([layer], (8,)), rng().standard_normal((4, 8))
    assert layer.differs_in_training
    assert (net.forward(x) == x).all()
    first = net.forward(x, training=True).copy()
    assert (net.forward(x, training=True) != first).any()
    assert (network([layer], (8,)).forward(x, training=True) == first).all()


# Normalization


@each_normalization
@pytest.mark.parametrize("features", [1, 3])
def test_batch_of_one_is_finite(layer, features):
    net = network([_Probe(), layer], (features,))
    y = net.forward(np.full((1, features), 7.0), training=True)
    net.backward(np.ones_like(y))
    assert np.isfinite(y).all()
    assert np.isfinite(net.grads).all()
    assert np.isfinite(net.params).all()


def test_batch_normalization_of_one_sample_is_beta():
    net = network([BatchNormalization()], (3,))
    net.view("0.beta")[...] = [1, 2, 3]
    assert net.forward(np.full((1, 3), 7.0), training=True).tolist() == [[1, 2, 3]]


@each_normalization
def test_equal_values_are_normalized_to_nothing_large(layer):
    y = network([layer], (4,), np.float32).forward(np.full((5, 4), 1000, np.float32), training=True)
    assert np.abs(y).max() < 1 + 1e-6


def test_running_values_follow_the_batches_and_are_used_in_inference():
    net, x = network([BatchNormalization(momentum=0.75)], (2,)), rng().normal(3, 2, (10, 2))
    net.forward(x, training=True)
    mean, variance = 0.25 * x.mean(axis=0), 0.75 + 0.25 * x.var(axis=0)
    assert_close(net.view("0.mean"), mean)
    assert_close(net.view("0.variance"), variance)
    before = net.params.copy()
    assert_close(net.forward(x[:3]), (x[:3] - mean) / np.sqrt(variance + 1e-5))
    assert (net.params == before).all()


def test_frozen_batch_normalization_uses_its_running_values_and_keeps_them():
    x, y = rng().normal(3, 2, (10, 2)), np.ones((10, 2))
    layer = BatchNormalization(center=False, scale=False)
    model = Model([layer], optimizer="sgd", seed=0).fit(x, y)
    layer.trainable = False
    before = model.network.params.copy()
    model.fit(x, y, epochs=2)
    assert (model.network.params == before).all()
    assert (model.network.forward(x, training=True) == model.network.forward(x)).all()
    layer.trainable = True
    model.fit(x, y)
    assert (model.network.params != before).all()


def test_gradient_through_frozen_batch_normalization_is_that_of_a_fixed_scale():
    probe = _Probe()
    net = network([probe, BatchNormalization(trainable=False)], (2,))
    net.view("1.variance")[...] = [4, 0.25]
    net.view("1.gamma")[...] = [3, 5]
    net.forward(rng().normal(size=(6, 2)), training=True)
    net.backward(np.ones((6, 2)))
    assert_close(probe.grad, np.tile([1.5, 10], (6, 1)), rtol=1e-4)


# Embedding


def test_embedding_is_dense_on_one_hot_rows():
    W, ids = rng().normal(size=(6, 3)), np.array([0.0, 5, 2, 2, 2])
    embedding = network([Embedding(6, 3, weight_initializer=W)], ())
    dense = network([Dense(3, weight_initializer=W.T, use_bias=False)], (6,))
    grad = rng(1).normal(size=(5, 3))
    assert_close(embedding.forward(ids, training=True), dense.forward(np.eye(6)[ids.astype(int)], training=True))
    for net in (embedding, dense):
        net.backward(grad)
        net.backward(grad)  # assigns, does not accumulate
    assert_close(embedding.grad_views["0.W"], dense.grad_views["0.W"].T)


def test_embedding_accepts_integers_and_returns_a_gradient_of_zero():
    probe = _Probe()
    net = network([probe, Embedding(6, 3)], (2,), np.float32)
    ids = np.array([[0, 5], [3, 3]])
    y = net.forward(ids, training=True)
    assert y.dtype == np.float32
    assert (y == net.view("1.W")[ids]).all()
    net.backward(y)
    assert (probe.grad == np.zeros((2, 2))).all()


@pytest.mark.parametrize(("wrong", "said"), [(6, "6"), (-1, "-1"), (1.5, "1.5"), (np.nan, "nan"), (np.inf, "inf")])
@pytest.mark.parametrize("training", [False, True])
def test_embedding_names_a_number_out_of_range(wrong, said, training):
    net = network([Embedding(6, 3, name="words")], (2,))
    with pytest.raises(
        ValueError, match=rf"Embedding 'words' expects integers from 0 to 5 .vocabulary=6., got {said}$"
    ):
        net.forward(np.array([[0, 1], [wrong, 2]]), training=training)


def test_a_fit_with_a_number_out_of_range_leaves_the_model_as_it_was():
    x = np.arange(8.0).reshape(8, 1) % 4
    model = Model([Embedding(4, 2), Flatten(), Dense(1)], seed=0).fit(x, x, batch_size=2)
    before, history = model.network.params.copy(), dict(model.history)
    x[-1] = 4
    with pytest.raises(ValueError, match="got 4"):
        model.fit(x, x, batch_size=2, shuffle=False)
    assert (model.network.params == before).all()
    assert dict(model.history) == history


# Combinators


def test_combinators_compute_their_formulas():
    x = rng().normal(size=(5, 3))
    A, B = Dense(3, "tanh", weight_initializer=rng(1).normal(size=(3, 3))), Activate("exponential")
    a, b = np.tanh(x @ A.weight_initializer.T), np.exp(x)

    def out(layer):
        return network([layer], (3,)).forward(x, training=True)

    assert_close(out(Sequential([A, B])), np.exp(a))
    assert_close(out(Residual([A, B])), x + np.exp(a))
    assert_close(out(Add([A, B, "linear"])), a + b + x)
    assert_close(out(Add([A])), a)
    assert_close(out(Concatenate([A, [B, A], "linear"])), np.hstack([a, np.tanh(b @ A.weight_initializer.T), x]))


def deep():
    """Return layers nested several levels deep: each kind of combinator in each other kind, one layer in two places."""
    shared = Dense(3, "tanh")
    branches = Concatenate([[Dense(2), Residual([LayerNormalization(), Dense(2, "tanh")])], "linear", shared])
    crossed = Add([[Dense(4, "softplus"), Residual([Add([Dense(4), FeatureCross()])])], [Dropout(0.3), Dense(4)]])
    inner = Sequential([branches, BatchNormalization(), Residual([[crossed, Concatenate([Dense(8), Dense(1)])]])])
    return [Reshape((2, 2)), RMSNormalization(), Flatten(), [inner, GaussianNoise()], shared, Dense(1, name="out")]


def model_and_data(layers):
    x = rng(3).normal(size=(60, 4))
    y = np.sin(x[:, :1]) * x[:, 1:2]
    return Model(layers, optimizer="adam", seed=0).build((4,)), x, y


def test_gradient_of_a_deep_net_agrees_with_central_differences():
    net = network(deep(), (4,))
    net.params[: net.layout.trainable] += 0.1 * rng(1).normal(size=net.layout.trainable)
    x, weights = rng(2).normal(size=(7, 4)), rng(3).normal(size=(7, 1))
    noise = net.noise.bit_generator.state

    def value():
        net.noise.bit_generator.state = noise
        return float((net.forward(x, training=True) * weights).sum())

    value()
    net.backward(weights)
    gradient, h = net.grads.copy(), 1e-6
    for i in range(net.layout.trainable):
        before = net.params[i]
        net.params[i] = before + h
        above = value()
        net.params[i] = before - h
        below = value()
        net.params[i] = before
        assert gradient[i] == pytest.approx((above - below) / (2 * h), rel=1e-5, abs=1e-7)
    assert (gradient[: net.layout.trainable] != 0).mean() > 0.9


def test_a_deep_net_trains():
    model, x, y = model_and_data(deep())
    before = model.evaluate(x, y)["loss"]
    model.fit(x, y, epochs=60, batch_size=10)
    assert model.evaluate(x, y)["loss"] < before / 2


def test_a_deep_nest_is_built_quickly():
    asked = count()

    class _Counting(Layer, registered=False):
        def output_shape(self, input_shape):
            next(asked)
            return input_shape

    layer: Layer = _Counting()
    for _ in range(30):
        layer = Sequential([layer])
    for _ in range(5):
        layer = Residual([layer])
    network([layer], (2,))
    assert next(asked) < 2000


# The extent of the backward pass


def test_backward_reaches_what_learns_and_no_further():
    first, frozen, behind = _Probe(), _Probe(), _Probe()
    first.trainable = frozen.trainable = False
    net = network([first, Concatenate([[frozen, "tanh"], [Dense(2), behind], "linear"]), Dense(1)], (3,))
    net.forward(np.ones((4, 3)), training=True)
    net.backward(np.ones((4, 1)))
    assert (first.calls, frozen.calls, behind.calls) == (0, 0, 1)


@pytest.mark.parametrize("around", [Residual, lambda layers: Add([layers]), lambda layers: Concatenate([layers])])
def test_each_branch_needs_the_gradient_of_its_input_where_the_whole_does(around):
    inside = _Probe()
    inside.trainable = False
    learning = _Probe()
    for layers, wanted in ([around([inside])], 0), ([learning, around([inside])], 1):
        inside.calls = 0
        net = network([*layers, Dense(1)], (3,))
        net.forward(np.ones((4, 3)), training=True)
        net.backward(np.ones((4, 1)))
        assert inside.calls == wanted
    assert learning.calls == 1


# Freezing


def freezable():
    layers = [Dense(5, "tanh"), Residual([Dense(5, "tanh"), BatchNormalization()]), Dense(1)]
    return (*model_and_data(layers), layers)


def test_frozen_layers_do_not_change():
    model, x, y, layers = freezable()
    layers[1].trainable = False
    before = {name: view.copy() for name, view in model.network.views.items()}
    model.fit(x, y, epochs=3)
    for name, view in model.network.views.items():
        assert (view == before[name]).all() == name.startswith("1."), name
    assert model.network.layout.trainable == 20 + 5 + 5 + 1


def values_and_slots(model):
    """Return copies by vector and name: ("params", "0.W"), ("m", "0.W"), ...; NaN where there is no slot."""
    layout, optimizer = model.network.layout, model.optimizer_
    slots = optimizer.state()
    padding = np.full(layout.size - layout.trainable, np.nan)
    vectors = {slot: np.concatenate([slots[slot], padding]) for slot in optimizer.slots}
    vectors["params"] = model.network.params
    return {(key, name): view.copy() for key in vectors for name, view in layout.views(vectors[key]).items()}


def test_freezing_and_thawing_keep_values_and_slots():
    model, x, y, layers = freezable()
    model.fit(x, y, epochs=2)
    for trainable in (False, True):
        before, step = values_and_slots(model), model.optimizer_.step
        layers[0].trainable = trainable
        model.fit(x, y, epochs=0)
        assert model.optimizer_.step == step > 0
        for (key, name), values in values_and_slots(model).items():
            if key == "params" or not name.startswith("0."):
                np.testing.assert_array_equal(values, before[key, name], f"{key} of {name}")
            elif trainable:
                assert not values.any(), f"{key} of {name} begins anew"
        model.fit(x, y, epochs=1)
        assert (model.network.view("0.W") != before["params", "0.W"]).any() == trainable


def test_a_layer_may_be_frozen_before_or_after_building():
    model, x, y, layers = freezable()
    layers[0].trainable = False
    model.fit(x, y, epochs=3)
    frozen_first = Model(layers, optimizer="adam", seed=0).fit(x, y, epochs=3)
    for after, before in zip(model.get_weights(), frozen_first.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)


def test_parameters_may_be_described_with_numpy_integers_and_new_arrays_each_time():
    class _Shift(Layer):
        def parameters(self, input_shape):
            return {"b": Parameter(tuple(np.array(input_shape)), np.arange(input_shape[0]))}

        def forward(self, ctx, x):
            return x + ctx.b

        def backward(self, ctx, grad):
            grad.sum(axis=0, out=ctx.db)
            return grad

    assert type(Parameter(np.int64(3)).shape[0]) is int
    x = np.ones((4, 3))
    model = Model([_Shift()], seed=0).fit(x, x)
    assert model.fit(x, x).history["loss"][1] < model.history["loss"][0]
