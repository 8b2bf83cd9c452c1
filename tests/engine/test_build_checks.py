"""Faults of a user's components that are told when a model is built."""

import numpy as np
import pytest

from framework import Activation, Constraint, Dense, Layer, Loss, Metric, Model, Optimizer, Regularizer, Residual

pytestmark = pytest.mark.usefixtures("restored_registry")
X = np.random.default_rng(0).normal(size=(20, 4))


class FirstTwo(Layer, registered=False):
    def forward(self, ctx, x):
        return x[:, :2]

    def backward(self, ctx, grad):
        return np.hstack([grad, np.zeros_like(grad)])


class Narrow(FirstTwo, registered=False):
    def output_shape(self, input_shape):
        return (2,)


class PerFeature(Layer, registered=False):
    """Forgets that it adds an axis."""

    def forward(self, ctx, x):
        return x[..., np.newaxis]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([FirstTwo(), Dense(1)], r"FirstTwo: .*shape \(n, 2\) for .*\(n, 4\), but output_shape says \(n, 4\)"),
        ([Dense(4), FirstTwo()], r"FirstTwo: forward returns .*define output_shape"),
        ([Residual([FirstTwo(name="cut")]), Dense(1)], "FirstTwo 'cut': forward returns"),
        ([[Dense(4), [FirstTwo()]]], "FirstTwo: forward returns"),
        ([PerFeature(), Dense(1)], r"PerFeature: forward returns outputs of shape \(n, 4, 1\)"),
    ],
)
@pytest.mark.parametrize("start", [lambda model: model.build(4), lambda model: model.fit(X, X[:, :1])])
def test_a_forgotten_output_shape(layers, message, start):
    model = Model(layers, seed=0)
    with pytest.raises(ValueError, match=message):
        start(model)
    assert not model.built


@pytest.mark.parametrize("shape", [2, None, (2.0,), "2"])
def test_a_shape_that_is_no_tuple(shape):
    class Cut(FirstTwo, registered=False):
        def output_shape(self, input_shape):
            return shape

    for layers in ([Cut(), Dense(1)], [Residual([Cut()])], [Cut()]):
        with pytest.raises(TypeError, match=r"Cut: output_shape must return a tuple of integers.*got"):
            Model(layers).build(4)


def test_a_shape_may_be_a_list_of_numpys_integers():
    class Cut(FirstTwo, registered=False):
        def output_shape(self, input_shape):
            return [np.int64(2)]

    assert Model([Cut(), Dense(1)], seed=0).fit(X, X[:, :1]).network.view("1.W").shape == (1, 2)
    assert Model([Cut()]).build(4).network.output_shape == (2,)


def test_a_forgotten_return():
    class Forgetful(Layer, registered=False):
        def forward(self, ctx, x):
            ctx.x = x

    with pytest.raises(ValueError, match="Forgetful: forward returns None"):
        Model([Forgetful(), Dense(1)]).build(4)


def test_a_layer_that_is_right_or_refuses_zeros_is_built_and_left_as_it_was():
    class Picky(Layer, registered=False):
        def forward(self, ctx, x):
            if not x.any():
                raise ValueError("all zero")
            return x

        def backward(self, ctx, grad):
            return grad

    model = Model([Picky(), Narrow(), Dense(1)], seed=0).build(4)
    same = Model([Narrow(), Dense(1)], seed=0).build(4)
    np.testing.assert_array_equal(model.network.params, same.network.params)
    assert model.fit(X, X[:, :1]).history["loss"] == same.fit(X, X[:, :1]).history["loss"]


def test_built_in_layers_are_not_run(monkeypatch):
    monkeypatch.setattr("framework.engine.build_checks.Pass", None)
    assert Model([Dense(2), [Dense(3), "relu"]]).build(4).built


class Scaled(Activation, registered=False):
    def __init__(self, by=2.0):
        self.factor = by

    def __call__(self, z):
        return self.factor * z

    def derivative(self, z, a):
        return np.full_like(z, self.factor)


class Wide(Layer, registered=False):
    def __init__(self, units, **common):
        super().__init__(**common)
        self.n = units

    def forward(self, ctx, x):
        return x

    def backward(self, ctx, grad):
        return grad


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Wide(3), Dense(1)], r"Wide must keep its argument 'units' as self\.units"),
        ([Residual([[Wide(3)]]), Dense(1)], "Wide must keep its argument 'units'"),
        ([Scaled(), Dense(1)], r"Scaled must keep its argument 'by' as self\.by"),
        ([Dense(3, Scaled()), Dense(1)], "Scaled must keep its argument 'by'"),
        ([Dense(3, Scaled), Dense(1)], "Scaled must keep its argument 'by'"),
    ],
)
def test_an_argument_that_a_constructor_does_not_keep(layers, message):
    with pytest.raises(AttributeError, match=message):
        Model(layers).build(4)


def test_an_argument_not_kept_by_what_is_given_by_name():
    class Bent(Scaled):
        pass

    with pytest.raises(AttributeError, match="Bent must keep its argument 'by'"):
        Model([Dense(3, "bent")]).build(4)
    with pytest.raises(AttributeError, match="Bent must keep its argument 'by'"):
        Model([Dense(3), "bent"]).build(4)


@pytest.mark.parametrize("kind", ["loss", "optimizer", "metrics"])
def test_arguments_of_a_model_are_looked_at_too(kind):
    class Lossy(Loss, registered=False):
        def __init__(self, by=1.0, **common):
            super().__init__(**common)

        def per_sample(self, y_true, y_pred):
            return (y_pred - y_true).sum(axis=1)

        def gradient(self, y_true, y_pred):
            return np.ones_like(y_pred)

    class Still(Optimizer, registered=False):
        def __init__(self, learning_rate=0.1, by=1.0, **common):
            super().__init__(learning_rate, **common)

        def update(self, params, grads):
            pass

    class Zero(Metric, registered=False):
        def __init__(self, by=1.0):
            pass

        def __call__(self, y_true, y_pred, sample_weight=None):
            return 0.0

    value = {"loss": Lossy(), "optimizer": Still(), "metrics": [Zero()]}[kind]
    with pytest.raises(AttributeError, match=r"must keep its argument 'by' as self\.by"):
        Model([Dense(1)], **{kind: value}).build(4)


class Doubled(Activation, registered=False):
    def __init__(self, k=1.0):
        self.k = 2 * k

    def __call__(self, z):
        return self.k * z

    def derivative(self, z, a):
        return np.full_like(z, self.k)


class Whole(Doubled, registered=False):
    def __init__(self, k=1.0, unknown=np.nan):
        self.k = int(k)
        self.unknown = unknown


class Tenth(Optimizer, registered=False):
    def __init__(self, learning_rate=0.1):
        super().__init__(learning_rate / 10)

    def update(self, params, grads):
        params -= self.rate * grads


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda: Model([Dense(2, Doubled(3.0))]),
            r"Doubled changes its argument 'k': Doubled\(k=6\.0\) has k=12\.0\. Keep",
        ),
        (lambda: Model([[Doubled()], Dense(2)]), "Doubled changes its argument 'k'"),
        (lambda: Model([Dense(2)], optimizer=Tenth(0.5)), "Tenth changes its argument 'learning_rate'"),
    ],
)
def test_an_argument_that_a_constructor_changes(model, message):
    with pytest.raises(ValueError, match=message):
        model().build(4)


def test_an_argument_that_is_kept_in_another_form():
    model = Model([Dense(2, Whole(2.7))]).build(4)
    assert model.layers[0].activation.clone().k == 2


@pytest.mark.parametrize("shape", [(None, 4), (-1, 4)])
def test_a_shape_with_a_batch_axis(shape):
    with pytest.raises(ValueError, match=r"input_shape leaves out the batch axis: write \(4,\)"):
        Model([Dense(2)]).build(shape)


class InPlace(Constraint, registered=False):
    def __call__(self, parameter):
        parameter *= 0.5


class Flat(Regularizer, registered=False):
    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * parameter.sum(axis=0)


class Returning(Optimizer, registered=False):
    def update(self, params, grads):
        return params - self.rate * grads


class Both(Optimizer, registered=False):
    def update(self, params, grads):
        params -= self.rate * grads
        return params


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: Model([Dense(2, weight_constraint=InPlace())]), r"InPlace.__call__ must return .* \(2, 4\), got None"),
        (
            lambda: Model([Dense(2, weight_regularizer=Flat())]),
            r"Flat.gradient must return .* shape \(2, 4\), got array",
        ),
        (lambda: Model([Dense(2)], optimizer=Returning()), r"Returning.update must change params in place.*returned"),
    ],
)
def test_a_rule_that_returns_what_it_should_not(model, message):
    with pytest.raises(TypeError, match=message):
        model().build(4)


def test_rules_that_are_right_are_built():
    class Bounded(Constraint, registered=False):
        def __call__(self, parameter):
            return np.clip(parameter, -0.1, 0.1)

    model = Model([Dense(2, weight_constraint=Bounded())], optimizer=Both(0.1), seed=0).build(4)
    twin = Model([Dense(2)], seed=0).build(4)
    assert np.array_equal(model.get_weights()[0], twin.get_weights()[0])  # until the first step
    assert model.optimizer_.step == 0


def test_parameters_that_are_no_parameters():
    class Shapes(Layer, registered=False):
        def parameters(self, input_shape):
            return {"s": input_shape}

    with pytest.raises(TypeError, match=r"Shapes: parameters must be Parameter\(shape\), got 's': \(4,\)"):
        Model([Shapes(), Dense(2)]).build(4)


@pytest.mark.parametrize("value", ["no", None, 1.5])
def test_trainable_is_true_or_false(value):
    with pytest.raises(TypeError, match="Dense: trainable must be True or False"):
        Model([Dense(2, trainable=value)]).build(4)
    model = Model([Dense(2)]).fit(X, X[:, :2])
    model.layers[0].trainable = value
    with pytest.raises(TypeError, match="Dense: trainable must be True or False"):
        model.fit(X, X[:, :2])


def test_a_step_that_returns_no_loss():
    class Silent(Model):
        def train_step(self, x, y, weight=None):
            super().train_step(x, y, weight)

    with pytest.raises(TypeError, match=r"Silent\.train_step must return the loss of the batch, got None"):
        Silent([Dense(2)]).fit(X, X[:, :2])


def test_a_metric_that_returns_nothing():
    def nothing(y_true, y_pred):
        return None

    with pytest.raises(TypeError, match="the metric 'nothing' must return a number or an array, got None"):
        Model([Dense(2)], metrics=[nothing]).fit(X, X[:, :2])
