"""`Model`: training, reports, weights, randomness, and refused calls."""

import numpy as np
import pytest

from framework import SGD, Activation, Callback, Dense, Dropout, Loss, Model
from framework.losses import BinaryCrossentropy, CategoricalCrossentropy, HalfSquaredError, MeanSquaredError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(23, 2)), RNG.normal(size=(23, 1))
LABELS = (RNG.random(23) < 0.3).astype(int)
NETWORK = [Dense(3, "tanh"), Dense(1)]


def model(layers=NETWORK, **options):
    return Model(layers, **({"seed": 0, "optimizer": SGD(0.1)} | options))


def flat(weights):
    return np.concatenate([weight.ravel() for weight in weights])


def fitted(**options):
    return model(**options).fit(X, Y, epochs=2, batch_size=5)


# Training continues


def test_fit_continues_from_the_present_weights():
    at_once = model(optimizer=SGD(0.1, momentum=0.9)).fit(X, Y, epochs=5, batch_size=4)
    in_parts = model(optimizer=SGD(0.1, momentum=0.9))
    for epochs in (2, 0, 3):
        assert in_parts.fit(X, Y, epochs=epochs, batch_size=4) is in_parts
    np.testing.assert_array_equal(flat(in_parts.get_weights()), flat(at_once.get_weights()))
    assert in_parts.history == at_once.history
    assert in_parts.history.epoch == [1, 2, 3, 4, 5]


def test_train_on_batch_is_a_step_of_fit():
    stepped, reference = model().build(2), model().build(2)
    loss = stepped.train_on_batch(X, Y)
    reference.fit(X, Y, batch_size=len(X), shuffle=False)
    assert [loss] == reference.history["loss"]
    np.testing.assert_array_equal(flat(stepped.get_weights()), flat(reference.get_weights()))


def test_a_list_of_batches_trains_like_the_arrays():
    from_arrays = model().fit(X, Y, epochs=3, batch_size=5, shuffle=False)
    batches = [(X[i : i + 5], Y[i : i + 5]) for i in range(0, len(X), 5)]
    from_batches = model().fit(batches, epochs=3)
    np.testing.assert_array_equal(flat(from_batches.get_weights()), flat(from_arrays.get_weights()))
    assert from_batches.history == from_arrays.history


# Reported values


@pytest.mark.parametrize(
    ("layers", "loss", "y"),
    [
        (NETWORK, "half_squared_error", Y),
        (NETWORK, HalfSquaredError(reduction="sum"), Y),
        ([Dense(1, "sigmoid")], "binary_crossentropy", LABELS.reshape(-1, 1)),
        ([Dense(2, "softmax")], "categorical_crossentropy", LABELS),
        ([Dense(3, weight_regularizer="l2"), Dense(1)], "mse", Y),
    ],
)
def test_evaluate_equals_the_history_of_validation_data(layers, loss, y):
    metrics = ["accuracy"] if Loss.of(loss).classifies else ["r2", "mae"]
    weight = RNG.random(len(X))
    fit = model(layers, loss=loss, metrics=metrics).fit(X, y, epochs=3, validation_data=(X[:9], y[:9], weight[:9]))
    for name, value in fit.evaluate(X[:9], y[:9], weight[:9]).items():
        assert fit.history[f"val_{name}"][-1] == value


def test_the_loss_of_an_epoch_is_exact_over_uneven_batches():
    frozen = model([Dense(1, trainable=False)], metrics=["mae"]).fit(X, Y, batch_size=5)
    expected = frozen.evaluate(X, Y)
    assert frozen.history["loss"][0] == pytest.approx(expected["loss"], rel=1e-13)
    assert frozen.history["mae"][0] == pytest.approx(expected["mae"], rel=1e-13)


def test_score_is_r2_or_accuracy():
    regression = fitted()
    residual = ((Y - regression.predict(X)) ** 2).sum()
    assert regression.score(X, Y) == pytest.approx(1 - residual / ((Y - Y.mean()) ** 2).sum(), rel=1e-12)
    binary = model([Dense(1, "sigmoid")], loss="binary_crossentropy").fit(X, LABELS)
    assert binary.score(X, LABELS) == np.mean((binary.predict(X)[:, 0] > 0.5) == LABELS)
    several = model([Dense(2, "softmax")], loss="categorical_crossentropy").fit(X, LABELS)
    assert several.score(X, LABELS) == np.mean(several.predict(X).argmax(axis=1) == LABELS)


def test_a_function_is_a_metric_under_its_name():
    def worst(y_true, y_pred):
        return np.abs(y_true - y_pred).max()

    fit = model(metrics=[worst]).fit(X, Y, validation_data=(X, Y))
    assert fit.history["val_worst"] == [np.abs(Y - fit.predict(X)).max()]


@pytest.mark.parametrize("batch_size", [None, 1, 4, 23, 1000])
def test_predict_does_not_depend_on_the_batch_size(batch_size):
    fit = fitted()
    np.testing.assert_allclose(fit.predict(X, batch_size=batch_size, verbose=0), fit.predict(X), rtol=1e-14)


def test_a_prediction_belongs_to_the_caller_and_may_be_of_no_samples():
    fit = fitted()
    first = fit.predict(X)
    kept = first.copy()
    fit.predict(-X)
    np.testing.assert_array_equal(first, kept)
    assert fit.predict(X[:0]).shape == (0, 1)


# Gradients and weights


def test_gradients_leave_everything_as_it_was(snapshot):
    fit = fitted(layers=[Dense(3, "tanh"), Dropout(0.5), Dense(1)], optimizer=SGD(0.1, momentum=0.9))
    before = snapshot(fit)
    gradients = fit.gradients(X, Y)
    assert [gradient.shape for gradient in gradients] == [weight.shape for weight in fit.get_weights()]
    fit.evaluate(X, Y)
    fit.score(X, Y)
    fit.predict(X)
    assert snapshot(fit) == before


def numeric_gradient(of, x, y, weight=None, step=1e-6):
    gradient, params = np.empty_like(of.network.params), of.network.params
    for i, at in enumerate(params.copy()):
        losses = []
        for params[i] in (at + step, at - step):
            losses.append(of.evaluate(x, y, weight)["loss"])
        params[i] = at
        gradient[i] = (losses[0] - losses[1]) / (2 * step)
    return [view.copy() for view in of.network.layout.views(gradient).values()]


ONE_HOT = np.eye(3)[RNG.integers(3, size=23)]
PAIRS = {
    "identity, half squared error": ("identity", "half_squared_error", RNG.normal(size=(23, 3))),
    "sigmoid, squared error": ("sigmoid", "mse", RNG.random((23, 3))),
    "softmax, squared error": ("softmax", "mse", ONE_HOT),
    "sigmoid, binary cross-entropy": ("sigmoid", "binary_crossentropy", ONE_HOT),
    "softmax, binary cross-entropy": ("softmax", "binary_crossentropy", ONE_HOT),
    "softmax, cross-entropy": ("softmax", "categorical_crossentropy", ONE_HOT),
    "softmax, cross-entropy of labels": ("softmax", "categorical_crossentropy", ONE_HOT.argmax(axis=1)),
    "linear, cross-entropy of logits": ("linear", CategoricalCrossentropy(from_logits=True), ONE_HOT),
    "linear, binary cross-entropy of logits": ("linear", BinaryCrossentropy(from_logits=True), ONE_HOT),
    "sigmoid, weighted binary cross-entropy": ("sigmoid", BinaryCrossentropy(pos_weight=[3.0, 0.5, 1.0]), ONE_HOT),
    "tanh, hinge": ("tanh", "hinge", 2 * ONE_HOT - 1),
    "softplus, poisson": ("softplus", "poisson", RNG.integers(4, size=(23, 3)).astype(float)),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("activation", "loss", "y"), PAIRS.values(), ids=PAIRS)
def test_every_pair_of_activation_and_loss_has_the_right_gradient(activation, loss, y, weighted):
    weight = RNG.random(23) if weighted else None
    for layers in ([Dense(4, "tanh"), Dense(3, activation)], [Dense(4, "tanh"), [Dense(3), activation]]):
        pair = model(layers, loss=loss).build(2)
        gradients = pair.gradients(X, y, weight)
        for gradient, expected in zip(gradients, numeric_gradient(pair, X, y, weight), strict=True):
            np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("activation", "loss", "logits", "y", "expected", "gradient"),
    [
        ("sigmoid", "binary_crossentropy", [1e4], [0.0], 1e4, [1.0]),
        ("sigmoid", "binary_crossentropy", [-1e4], [1.0], 1e4, [-1.0]),
        ("sigmoid", "binary_crossentropy", [1e4], [1.0], 0.0, [0.0]),
        ("softmax", "categorical_crossentropy", [1e4, -1e4], [0.0, 1.0], 2e4, [1.0, -1.0]),
        ("softmax", "categorical_crossentropy", [1e4, -1e4], [1.0, 0.0], 0.0, [0.0, 0.0]),
        ("identity", "half_squared_error", [1e4], [0.0], 5e7, [1e4]),
    ],
)
def test_canonical_pairs_are_exact_at_large_logits(activation, loss, logits, y, expected, gradient, dtype):
    pair = model([Dense(len(logits), activation, "zeros", logits)], loss=loss, dtype=dtype).build(1)
    x, y = np.ones((1, 1), dtype), np.array([y], dtype)
    with np.errstate(all="raise", under="ignore"):
        assert pair.evaluate(x, y)["loss"] == expected
        np.testing.assert_array_equal(pair.gradients(x, y)[1], gradient)
        assert pair.train_on_batch(x, y) == expected


def test_a_layer_that_changes_its_activation_is_no_part_of_a_canonical_pair():
    class Squared(Dense, registered=False):
        def forward(self, ctx, x):
            return super().forward(ctx, x) ** 2

        def backward(self, ctx, grad):
            return super().backward(ctx, 2 * grad * ctx.a)

    own = model([Squared(1, "sigmoid")], loss="binary_crossentropy").build(2)
    gradient, weights, step = own.gradients(X, LABELS)[1][0], own.get_weights(), 1e-6
    losses = []
    for change in (step, -step):
        own.set_weights([weights[0], weights[1] + change])
        losses.append(own.evaluate(X, LABELS)["loss"])
    np.testing.assert_allclose(gradient, (losses[0] - losses[1]) / (2 * step), rtol=1e-6)


def test_an_activation_with_the_name_of_another_is_no_part_of_a_canonical_pair():
    class Steep(Activation, name="sigmoid", registered=False):
        def __call__(self, z):
            return 1 / (1 + np.exp(-3 * z))

        def derivative(self, z, a):
            return 3 * a * (1 - a)

    own = model([Dense(1, Steep())], loss="binary_crossentropy").build(2)
    expected = Loss.of("binary_crossentropy")(LABELS, own.predict(X))
    np.testing.assert_allclose(own.evaluate(X, LABELS)["loss"], expected)
    np.testing.assert_allclose(own.train_on_batch(X, LABELS), expected)


def test_weights_are_in_the_order_of_the_layers():
    one, two = model(seed=1).build(2), model(seed=2).build(2)
    weights = one.get_weights()
    assert [weight.shape for weight in weights] == [(3, 2), (3,), (1, 3), (1,)]
    two.set_weights(weights)
    np.testing.assert_array_equal(two.predict(X), one.predict(X))
    weights[0][:] = 0
    assert one.get_weights()[0].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w[:3], "expected 4 arrays .*, got 3"),
        (lambda w: [*w[:3], np.zeros(2)], r"1.b has shape \(1,\), got an array of shape \(2,\)"),
        (lambda w: [w[0].T, *w[1:]], r"0.W has shape \(3, 2\), got an array of shape \(2, 3\)"),
        (lambda w: [*w[:3], [np.nan]], "1.b holds nan"),
    ],
)
def test_wrong_weights_are_refused_and_none_is_set(change, message):
    fit = fitted()
    before = fit.get_weights()
    with pytest.raises(ValueError, match=message):
        fit.set_weights(change([weight + 1 for weight in before]))
    np.testing.assert_array_equal(flat(fit.get_weights()), flat(before))


def test_one_layer_object_and_one_optimizer_serve_several_models():
    layer, optimizer = Dense(2, "tanh"), SGD(0.1, momentum=0.9)
    alone = Model([layer, layer, Dense(1)], optimizer=optimizer, seed=0).fit(X, Y, epochs=3)
    first = Model([layer, layer, Dense(1)], optimizer=optimizer, seed=0)
    second = Model([layer, Dense(1)], optimizer=optimizer, seed=0)
    with pytest.warns(UserWarning, match="layers that stand in a trained model"):
        first.build(2)
    with pytest.warns(UserWarning, match="layers that stand in a trained model"):
        second.build(2)
    for _ in range(3):
        first.fit(X, Y)
        second.fit(X, Y)
    np.testing.assert_array_equal(flat(first.get_weights()), flat(alone.get_weights()))
    assert not np.array_equal(first.get_weights()[0], first.get_weights()[2])


# Dtypes and seeds


@pytest.mark.parametrize(
    ("data", "asked", "expected"),
    [
        (np.float32, None, np.float32),
        (np.float64, None, np.float64),
        (np.float16, None, np.float64),
        (int, None, np.float64),
        (np.float32, "float64", np.float64),
        (np.float64, np.float32, np.float32),
    ],
)
def test_dtype_follows_the_data_unless_asked(data, asked, expected):
    x, y = (4 * X).astype(data), (4 * Y).astype(data)
    fit = model(dtype=asked, optimizer=SGD(0.01, momentum=0.9)).fit(x, y)
    arrays = [fit.predict(x), *fit.get_weights(), *fit.gradients(x, y), fit.optimizer_.velocity]
    assert {array.dtype for array in arrays} == {np.dtype(expected)}
    assert fit.predict(X).dtype == expected


def test_the_seed_determines_everything():
    def run(seed):
        layers = [Dense(4, "tanh"), Dropout(0.5), Dense(1)]
        return model(layers, seed=seed).fit(X, Y, epochs=3, validation_split=0.2)

    assert run(1).history == run(1).history
    np.testing.assert_array_equal(flat(run(1).get_weights()), flat(run(1).get_weights()))
    assert run(1).history != run(2).history
    assert run(None).history != run(None).history


def test_initial_values_shuffling_and_noise_draw_from_separate_streams():
    plain, noisy = (model(layers).build(2) for layers in (NETWORK, [Dense(3, "tanh"), Dropout(0.5), Dense(1)]))
    np.testing.assert_array_equal(flat(plain.get_weights()), flat(noisy.get_weights()))
    for each in (plain, noisy):
        each.fit(X, Y, epochs=2)
    orders = [each.state.streams["shuffle"].permutation(50) for each in (plain, noisy)]
    np.testing.assert_array_equal(*orders)


# Weights of samples and classes, validation


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_weight_of_k_equals_k_repetitions(reduction):
    times = RNG.integers(0, 4, size=len(X))
    loss = MeanSquaredError(reduction=reduction)
    optimizer = SGD(0.01)
    weighted = model(loss=loss, optimizer=optimizer, metrics=["mae"])
    weighted.fit(X, Y, epochs=3, batch_size=100, shuffle=False, sample_weight=times)
    repeated = model(loss=loss, optimizer=optimizer, metrics=["mae"])
    repeated.fit(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0), epochs=3, batch_size=100, shuffle=False)
    np.testing.assert_allclose(flat(weighted.get_weights()), flat(repeated.get_weights()), rtol=1e-10)
    for name in ("loss", "mae"):
        np.testing.assert_allclose(weighted.history[name], repeated.history[name], rtol=1e-10)
    expected = repeated.score(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0))
    assert weighted.score(X, Y, times) == pytest.approx(expected, rel=1e-9)


def test_class_weight_is_a_sample_weight_for_each_class():
    def run(**weights):
        binary = model([Dense(1, "sigmoid")], loss="binary_crossentropy")
        return flat(binary.fit(X, LABELS, epochs=2, **weights).get_weights())

    by_hand = np.where(LABELS == 1, 3.0, 0.5)
    own = RNG.random(len(X))
    np.testing.assert_array_equal(run(class_weight={0: 0.5, 1: 3}), run(sample_weight=by_hand))
    np.testing.assert_allclose(
        run(class_weight={0: 0.5, 1: 3}, sample_weight=own), run(sample_weight=by_hand * own), rtol=1e-14
    )
    balanced = len(X) / (2 * np.bincount(LABELS))
    np.testing.assert_allclose(run(class_weight="balanced"), run(sample_weight=balanced[LABELS]), rtol=1e-14)


class CountsSamples(Callback):
    def on_train_begin(self, logs=None):
        self.samples = self.params["steps"]  # each batch is one sample


def test_validation_split_is_stratified_and_the_same_each_time():
    y = np.repeat([0, 1], [80, 20])
    x = np.arange(100.0).reshape(-1, 1) / 100
    parts = []

    class Recorder(Activation, registered=False):
        def __call__(self, z):
            parts.append(z.copy())
            return z

        def derivative(self, z, a):
            return np.ones_like(z)

    recorded = model([Recorder(), Dense(1, "sigmoid")], loss="binary_crossentropy")
    chosen = []
    for _ in range(2):
        parts.clear()
        seen = CountsSamples()
        recorded.fit(x, y, batch_size=1, validation_split=0.25, callbacks=[seen])
        assert seen.samples == 75
        trained = np.unique(np.round(100 * np.concatenate(parts[:75])).astype(int))
        assert len(trained) == 75
        assert np.bincount(y[trained]).tolist() == [60, 15]
        chosen.append(trained)
    np.testing.assert_array_equal(*chosen)


# Failed calls


class Failing(Callback):
    def on_train_begin(self, logs=None):
        raise RuntimeError("on purpose")


REFUSED = {
    "lengths": ({"y": Y[:-1]}, ValueError, r"X and y .* \(23, 2\) and \(22, 1\)"),
    "features": ({"X": np.ones((23, 3))}, ValueError, r"expects inputs of shape \(n, 2\), got \(n, 3\).*\(23, 3\)"),
    "one axis": ({"X": X[:, 0]}, ValueError, r"X has shape \(23,\); expected \(n, 2\)"),
    "targets": ({"y": np.ones((23, 2))}, ValueError, r"y have shape \(23, 2\), but .* has shape \(n, 1\)"),
    "nan": ({"X": np.where(X[4, 1] == X, np.nan, X)}, ValueError, r"X holds nan at \[4, 1\]"),
    "infinite target": ({"y": np.where(Y[3] == Y, np.inf, Y)}, ValueError, r"y holds inf at \[3, 0\]"),
    "empty": ({"X": X[:0], "y": Y[:0]}, ValueError, r"X has shape \(0, 2\): no samples"),
    "strings": ({"X": X.astype(str)}, TypeError, "X holds strings"),
    "no array": ({"y": [[1.0], [2.0, 3.0]]}, TypeError, "y does not convert to an array"),
    "no targets": ({"y": None}, TypeError, "y is None"),
    "batch size 0": ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
    "batch size of a half": ({"batch_size": 0.5}, TypeError, "batch_size must be an integer"),
    "negative epochs": ({"epochs": -1}, ValueError, "epochs must be at least 0, got -1"),
    "epochs as a string": ({"epochs": "3"}, TypeError, "epochs must be an integer"),
    "negative verbose": ({"verbose": -1}, ValueError, "verbose must be at least 0"),
    "split of 1": ({"validation_split": 1.0}, ValueError, "validation_split must be .* at least 0 and below 1"),
    "split of nothing": ({"validation_split": 1e-6}, ValueError, "leaves 23 for training and 0 for validation"),
    "two validations": (
        {"validation_split": 0.2, "validation_data": (X, Y)},
        ValueError,
        "validation_data or validation_split, not both",
    ),
    "validation": ({"validation_data": (X, Y[:3])}, ValueError, r"validation_data X .*\(23, 2\) and \(3, 1\)"),
    "validation of three features": ({"validation_data": (np.ones((3, 3)), Y[:3])}, ValueError, r"\(3, 3\)"),
    "weights": ({"sample_weight": np.ones(5)}, ValueError, r"sample_weight has shape \(5,\); expected \(23,\)"),
    "negative weight": ({"sample_weight": -np.ones(23)}, ValueError, "weights must be at least 0"),
    "class weight": ({"class_weight": "balanced"}, ValueError, "HalfSquaredError is a loss for regression"),
    "callback class": ({"callbacks": [Failing]}, TypeError, r"give an instance, with \(\)"),
    "callback": ({"callbacks": [Failing()]}, RuntimeError, "on purpose"),
}


@pytest.mark.parametrize("built", [False, True], ids=["new", "fitted"])
@pytest.mark.parametrize(("change", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_a_failed_fit_leaves_the_model_as_it_was(change, error, message, built, snapshot):
    tried = fitted(optimizer=SGD(0.1, momentum=0.9)) if built else model()
    if not built and "X" in change:
        tried.build(2)
    was_built = tried.built
    before = repr(tried), snapshot(tried)
    arguments = {"X": X, "y": Y} | change
    with pytest.raises(error, match=message):
        tried.fit(arguments.pop("X"), arguments.pop("y"), **arguments)
    assert tried.built == was_built
    assert (repr(tried), snapshot(tried)) == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": "half_squared_eror"}, ValueError, "did you mean 'half_squared_error'"),
        ({"optimizer": "sdg"}, ValueError, "unknown optimizer 'sdg'.*Known"),
        ({"optimizer": 0.1}, TypeError, "expected an Optimizer, its name or its class, got 0.1"),
        ({"metrics": ["acuracy"]}, ValueError, "unknown metric 'acuracy'; did you mean 'accuracy'"),
        ({"metrics": "mae"}, TypeError, "metrics must be a list"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"dtype": int}, ValueError, "dtype must be float32 or float64"),
        ({"layers": []}, ValueError, "layers is empty"),
        ({"layers": Dense(1)}, TypeError, "layers must be a list of layers"),
        ({"layers": ["tnah"]}, ValueError, "unknown .* 'tnah'; did you mean 'tanh'"),
    ],
)
def test_wrong_arguments_of_the_constructor_are_refused(arguments, error, message):
    arguments = {"layers": NETWORK} | arguments
    with pytest.raises(error, match=message):
        Model(arguments.pop("layers"), **arguments)


@pytest.mark.parametrize("name", ["predict", "evaluate", "score", "gradients", "get_weights", "summary"])
def test_calls_that_need_weights_name_the_missing_call(name):
    arguments = {"predict": (X,), "get_weights": (), "summary": ()}.get(name, (X, Y))
    with pytest.raises(RuntimeError, match=r"no weights yet: call fit\(X, y\) or build\(input_shape\) first"):
        getattr(model(), name)(*arguments)


def test_weights_are_not_loaded_into_a_model_without_any(tmp_path):
    with pytest.raises(RuntimeError, match=r"load_weights: this model is not built.*build\(input_shape\) first"):
        Model([Dense(1)]).load_weights(tmp_path / "weights.safetensors")


def test_a_diverging_fit_keeps_the_last_finite_weights():
    diverging = model(optimizer=SGD(1e6)).build(2)
    with pytest.raises(FloatingPointError, match="smaller learning rate"):
        diverging.fit(X, Y, epochs=200)
    assert np.isfinite(flat(diverging.get_weights())).all()


# Its repr and its learning rate


def test_repr_reads_like_the_code():
    made = Model([Dense(3, "sigmoid"), "relu", Dense(1)], loss="mse", optimizer=SGD(0.2))
    assert repr(made) == (
        "Model([Dense(3, activation='sigmoid'), 'relu', Dense(1)], loss='mse', optimizer=SGD(learning_rate=0.2))"
    )
    assert repr(eval(repr(made), {"Model": Model, "Dense": Dense, "SGD": SGD})) == repr(made)


def test_the_learning_rate_may_be_set_between_fits():
    fit = fitted()
    fit.learning_rate = 0.5
    before = flat(fit.get_weights())
    gradient = flat(fit.gradients(X, Y))
    fit.train_on_batch(X, Y)
    np.testing.assert_allclose(flat(fit.get_weights()), before - 0.5 * gradient, rtol=1e-12)
    with pytest.raises(ValueError, match="learning_rate"):
        fit.learning_rate = -1
    assert fit.learning_rate == 0.5
