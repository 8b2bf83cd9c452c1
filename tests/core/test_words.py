"""Words of other libraries: each unknown argument, name or attribute leads to what it is called here."""

import copy
import inspect
import re
from typing import Any

import numpy as np
import pytest

import framework as f
from framework import callbacks, initializers, losses, metrics, optimizers, regularizers, schedules
from framework.core.advice import ELSEWHERE, METHODS, OF_LAYERS, OF_OPTIMIZERS
from framework.core.component import Component
from framework.core.constructors import constructor_arguments
from framework.core.messages import did_you_mean, name_key
from framework.core.synonyms import SYNONYMS
from framework.datasets import load

X = np.linspace(-1, 1, 8).reshape(-1, 1)


def model():
    return f.Model([f.Dense(1)], seed=0)


@pytest.mark.parametrize(
    ("call", "word", "right"),
    [
        (lambda: f.SGD(lr=0.1), "lr", "learning_rate"),
        (lambda: f.SGD(0.1, nesterovs_momentum=True), "nesterovs_momentum", "nesterov"),
        (lambda: f.Adam(learning_rate_init=0.1), "learning_rate_init", "learning_rate"),
        (lambda: f.Adam(betas=(0.9, 0.99)), "betas", "'beta_1' or 'beta_2'"),
        (lambda: f.Adam(eps=1e-8), "eps", "epsilon"),
        (lambda: f.Adam(beta1=0.9), "beta1", "beta_1"),
        (lambda: f.Adam(amsgrad=True), "amsgrad", "AMSGrad"),
        (lambda: f.SGD(0.1, decay=0.1), "decay", "InverseTime"),
        (lambda: f.SGD(0.1, alpha=0.1), "alpha", "weight_decay"),
        (lambda: f.SGD(0.1, clipnorm=1.0), "clipnorm", "clip_norm"),
        (lambda: f.Dense(3, kernel_initializer="zeros"), "kernel_initializer", "weight_initializer"),
        (lambda: f.Dense(3, kernel_regularizer="l2"), "kernel_regularizer", "weight_regularizer"),
        (lambda: f.Dense(3, kernel_constraint="max_norm"), "kernel_constraint", "weight_constraint"),
        (lambda: f.Dense(3, bias=False), "bias", "use_bias"),
        (lambda: f.Dense(out_features=3), "out_features", "units"),
        (lambda: f.Dense(3, in_features=2), "in_features", "read from the data"),
        (lambda: f.Dense(3, input_shape=(2,)), "input_shape", "read from the data"),
        (lambda: f.Dense(3, learning_rate=0.1), "learning_rate", "optimizer"),
        (lambda: f.Dropout(p=0.5), "p", "rate"),
        (lambda: f.BatchNormalization(eps=1e-3), "eps", "epsilon"),
        (lambda: f.BatchNormalization(num_features=3), "num_features", "read from the data"),
        (lambda: f.GaussianNoise(sigma=0.1), "sigma", "stddev"),
        (lambda: f.Embedding(num_embeddings=10, units=3), "num_embeddings", "vocabulary"),
        (lambda: f.Embedding(10, embedding_dim=3), "embedding_dim", "units"),
        (lambda: initializers.RandomNormal(std=0.1), "std", "stddev"),
        (lambda: initializers.RandomUniform(low=0), "low", "minval"),
        (lambda: regularizers.L2(alpha=0.1), "alpha", "strength"),
        (lambda: losses.Quantile(q=0.3), "q", "tau"),
        (lambda: metrics.TopK(top_k=3), "top_k", "k"),
        (lambda: schedules.Step(0.1, step_size=10, factor=0.5), "step_size", "steps"),
        (lambda: schedules.Step(0.1, 10, gamma=0.5), "gamma", "factor"),
        (lambda: schedules.Cosine(0.1, T_max=10), "T_max", "steps"),
        (lambda: schedules.Exponential(initial_learning_rate=0.1), "initial_learning_rate", "learning_rate"),
        (lambda: callbacks.Checkpoint(filepath="x"), "filepath", "path"),
        (lambda: callbacks.EarlyStopping(n_iter_no_change=3), "n_iter_no_change", "patience"),
        (lambda: callbacks.EarlyStopping(tol=1e-3), "tol", "min_delta"),
        (lambda: callbacks.ReduceLROnPlateau(min_lr=1e-3), "min_lr", "min_learning_rate"),
        (lambda: f.Model([f.Dense(1)], solver="adam"), "solver", "optimizer"),
        (lambda: f.Model([f.Dense(1)], criterion="mse"), "criterion", "loss"),
        (lambda: f.Model([f.Dense(1)], random_state=0), "random_state", "seed"),
        (lambda: f.Model(hidden_layer_sizes=(3,)), "hidden_layer_sizes", "layers"),
        (lambda: f.Model([f.Dense(1)], lr=0.1), "lr", r"optimizer=SGD\(learning_rate"),
        (lambda: f.Model([f.Dense(1)], epochs=10), "epochs", r"model\.fit"),
        (lambda: f.Model([f.Dense(1)], activation="relu"), "activation", r"Dense\(8, 'relu'\)"),
        (lambda: model().fit(X, X, max_iter=3), "max_iter", "epochs"),
        (lambda: model().fit(X, X, nb_epoch=3), "nb_epoch", "epochs"),
        (lambda: model().fit(X, X, validation_fraction=0.1), "validation_fraction", "validation_split"),
        (lambda: model().fit(X, X, eval_set=(X, X)), "eval_set", "validation_data"),
        (lambda: model().fit(x=X, y=X), "x", "X"),
        (lambda: model().fit(X, X, lr=0.1), "lr", "optimizer"),
        (lambda: model().fit(X, X, early_stopping=True), "early_stopping", "EarlyStopping"),
        (lambda: model().build(shape=3), "shape", "input_shape"),
        (lambda: load("xor", random_state=0), "random_state", "seed"),
        (lambda: model().evaluate(X, X, class_weight=3), "class_weight", "fit"),
        (lambda: f.Model.load("x", custom_objects={}), "custom_objects", "classes"),
        (lambda: f.RMSprop(alpha=0.9), "alpha", "rho"),
        (lambda: f.RMSprop(decay_rate=0.9), "decay_rate", "did you mean 'rho'"),
        (lambda: f.Adagrad(lr_decay=0.1), "lr_decay", "InverseTime"),
        (lambda: losses.Huber(beta=1.0), "beta", "did you mean 'delta'"),
        (lambda: losses.Hinge(from_logits=True), "from_logits", "cross-entropies"),
        (lambda: f.Dense(3, dtype="float32"), "dtype", r"Model\(layers, dtype"),
    ],
)
def test_an_unknown_argument_names_the_right_one(call, word, right):
    with pytest.raises(TypeError, match=rf"unexpected keyword argument '{word}'.*{right}.*Known: "):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: f.Model(f.Dense(3), f.Dense(1)),
            r"one list, got 2 arguments: write Model\(\[Dense\(3\), Dense\(1\)\]\)",
        ),
        (lambda: f.Sequential(f.Dense(3), "relu"), r"Sequential takes its layers as one list.*\[Dense\(3\), 'relu'\]"),
        (
            lambda: f.Model([f.Dense(1)], "mse"),
            r"Model takes only layers as positional .* got 2; .* by name: loss, optim",
        ),
        (lambda: f.Dropout(0.1, 0.2), "Dropout takes only rate as positional arguments, got 2"),
        (
            lambda: model().fit(X, X, 3),
            r"Model\.fit takes only X, y as positional arguments, got 3; .* by name: epochs",
        ),
        (lambda: model().evaluate(X, X, loss=3), r"Model\.evaluate got an unexpected keyword argument 'loss'"),
    ],
)
def test_too_many_arguments_say_which_there_are(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_too_many_arguments_of_a_call_inside_stay_as_they_are():
    class Broken(f.Callback):
        def __init__(self, *args):
            f.Dropout.clone(*args)

    with pytest.raises(TypeError, match=r"clone\(\) takes 1 positional argument but 3 were given"):
        Broken(f.Dropout(0.1), 2, 3)


@pytest.mark.parametrize(
    ("hook", "right"),
    [("on_epoch_start", "on_epoch_begin"), ("on_train_batch_end", "on_batch_end"), ("on_fit_end", "on_train_end")],
)
def test_hooks_of_other_libraries_are_refused(hook, right):
    with pytest.raises(TypeError, match=rf"Mine\.{hook} would never be called; did you mean '{right}'\?"):
        type("Mine", (f.Callback,), {hook: lambda self: None})


def test_ones_own_classes_answer_too():
    class HeavyBall(optimizers.Optimizer, registered=False):
        def __init__(self, learning_rate=0.01, friction=0.1, **common):
            super().__init__(learning_rate, **common)
            self.friction = friction

    class Mine(f.Callback):
        def __init__(self, patience=3):
            self.patience = patience

    with pytest.raises(TypeError, match=r"HeavyBall got an unexpected .* 'lr'; did you mean 'learning_rate'"):
        HeavyBall(lr=0.1)
    with pytest.raises(TypeError, match=r"HeavyBall got an unexpected .* 'fricton'; did you mean 'friction'"):
        HeavyBall(fricton=0.1)
    with pytest.raises(TypeError, match=r"Mine got an unexpected keyword argument 'n_iter_no_change'.*'patience'"):
        Mine(n_iter_no_change=3)


def test_a_constructor_that_takes_more_words_than_it_lists_works():
    class Loose(f.Layer, registered=False):
        def __init__(self, **kwargs):
            self.slope = kwargs.pop("slope", 1.0)
            super().__init__(**kwargs)

    assert Loose(slope=2.0).slope == 2.0
    with pytest.raises(TypeError, match="Loose got an unexpected keyword argument 'lr'"):
        Loose(lr=2.0)


def test_an_error_inside_a_constructor_stays_as_it_is():
    class Broken(f.Layer, registered=False):
        def __init__(self, units, **common):
            super().__init__(**common)
            self.units = int(units, wrong=3)

    with pytest.raises(TypeError, match=r"^'wrong' is an invalid keyword"):
        Broken(units=3)


def test_set_params_knows_the_words_too():
    with pytest.raises(ValueError, match="SGD has no argument 'lr'; did you mean 'learning_rate'"):
        f.SGD(0.1).set_params(lr=0.2)


@pytest.mark.parametrize(
    ("of", "name", "right"),
    [
        (f.Metric.of, "acc", "accuracy"),
        (f.Loss.of, "mze", "mse"),
        (f.Loss.of, "CrossEntropyLoss", "categorical_crossentropy"),
        (f.Loss.of, "BCEWithLogitsLoss", "binary_crossentropy"),
        (f.Loss.of, "sparse_categorical_crossentropy", "categorical_crossentropy"),
        (f.Loss.of, "MSELoss", "mean_squared_error"),
        (f.Activation.of, "logistic", "sigmoid"),
        (f.Schedule.of, "CosineAnnealingLR", "cosine"),
        (f.Activation.of, "swich", "swish"),
        (f.Initializer.of, "xavier_uniform", "glorot_uniform"),
        (f.Initializer.of, "kaiming_normal", "he_normal"),
        (f.Layer.of, "BatchNorm1d", "batch_normalization"),
        (f.Layer.of, "dens", "dense"),
        (f.Layer.of, "rleu", "relu"),
    ],
)
def test_an_unknown_name_finds_the_right_one_aliases_among_them(of, name, right):
    try:
        found = of(name)
    except ValueError as error:
        assert re.search(rf"unknown \w+ '{name}'; did you mean .*'{right}'.*\?", str(error))  # noqa: PT017
    else:
        assert type(found) is type(of(right))


def test_a_name_of_another_family_says_of_which():
    with pytest.raises(ValueError, match=r"unknown activation 'dropout'\..*There is a layer of this name"):
        f.Dense(2, "dropout")
    with pytest.raises(ValueError, match=r"unknown loss 'accuracy'\..*There is a metric of this name"):
        f.Model([f.Dense(1)], loss="accuracy")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: f.Dense(1, None), r'got None \(NoneType\): write "linear" for none'),
        (lambda: f.Dense(1, np.tanh), r"got <ufunc 'tanh'> \(ufunc\): write 'tanh'"),
        (lambda: f.Dense(1, lambda z: z), "write a class with Activation as its base"),
        (lambda: f.Dense(1, f.Dropout(0.1)), "Dropout is a Layer"),
        (lambda: f.Model([f.Dense(1)], optimizer=losses.Huber).fit(X, X), "expected an Optimizer.* Huber is a Loss"),
        (lambda: f.Model([f.Dense(1)], loss="adam").fit(X, X), "There is an optimizer of this name"),
    ],
)
def test_what_is_no_component_of_the_family_says_what_to_write(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_the_tutorials_name_of_its_loss_is_an_alias():
    assert type(f.Loss.of("sse")) is losses.HalfSquaredError


def test_a_name_in_layers_is_looked_for_among_layers_and_activations():
    with pytest.raises(ValueError, match=r"unknown activation 'conv2d'.*relu.*nor is it a layer.*dense"):
        f.Model(["conv2d", f.Dense(1)])
    with pytest.raises(ValueError, match=r"Dense needs arguments: write Dense\(units"):
        f.Model(["dense"])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([2, 3, 1], r"write \[Dense\(3, 'sigmoid'\), Dense\(1\)\]; the number of inputs, 2, is read"),
        ([4], r"write \[Dense\(4\)\]$"),
        ([f.Dense(2), 3], r"got 3 \(int\): write Dense\(3\)"),
        ([f.Dense(2), np.int64(3)], r"write Dense\(3\)"),
        ([f.Dense(2), [3, 4]], r"write \[Dense\(4\)\]"),
    ],
)
def test_numbers_in_layers_say_to_write_dense(layers, message):
    with pytest.raises(TypeError, match=message):
        f.Model(layers)


def true_words():
    """Return all that a hint may lead to."""
    sklearn = pytest.importorskip("framework.sklearn", exc_type=ImportError)
    families = Component.__subclasses__()
    known = [cls for family in families for cls in (family, *family.components())]
    exported = [value for value in vars(callbacks).values() if isinstance(value, type)]
    exported = [cls for cls in exported if issubclass(cls, f.Callback)]
    classes = [cls for cls in (*known, *exported, sklearn.NeuralClassifier) if cls.__module__.startswith("framework")]
    words = {name for cls in classes for name in constructor_arguments(cls)}
    words |= {name for family in families for name in family.spellings()}
    called = f.Model.fit, f.Model.build, f.Model.load
    return words.union(callbacks.HOOKS, *(inspect.signature(function).parameters for function in called))


def test_every_hint_leads_to_something():
    words = true_words()
    assert not {target: word for word, targets in SYNONYMS.items() for target in targets if target not in words}


def test_the_tables_are_written_as_they_are_looked_up():
    for word in (*SYNONYMS, *ELSEWHERE):
        assert word == name_key(word)
    assert not [word for word, targets in SYNONYMS.items() if word in targets]


@pytest.mark.parametrize("text", [*ELSEWHERE.values(), *METHODS.values()])
def test_advice_names_what_there_is(text):
    there = model().fit(X, X)
    for name in re.findall(r"\bmodel\.(\w+)", text):
        assert hasattr(there, name)
    for name in re.findall(r"\bmodel\.network\.(\w+)", text):
        assert hasattr(there.network, name)
    scope = {**vars(f), **vars(losses), **vars(optimizers), **vars(schedules)}
    for name, arguments in re.findall(r"\b([A-Z]\w+)\(([^()]*)\)", text):
        assert name in scope
        if "..." not in arguments and name not in ("Model", "NeuralClassifier"):
            eval(f"{name}({arguments})", scope)


@pytest.mark.parametrize("name", METHODS)
def test_attributes_of_other_libraries_are_explained_and_not_there(name):
    with pytest.raises(AttributeError, match=f"Model has no attribute '{name}': "):
        getattr(model(), name)
    assert not hasattr(model(), name)
    assert name not in dir(model())


@pytest.mark.parametrize(
    ("thing", "name", "right"),
    [
        (f.Dense(2), "kernel", r"network\.views\['i\.W'\]"),
        (f.Dense(2), "get_weights", r"network\.views"),
        (f.Sequential([f.Dense(2)]), "fit", r"Model\(\[\.\.\.\]\)"),
        (f.Sequential([f.Dense(2)]), "kernel", r"network\.views\['i\.W'\]"),
        (f.Residual([f.Dense(2)]), "compile", r"Model\(\[\.\.\.\]\)"),
        (f.SGD(), "lr", "learning_rate"),
        (f.Adam(), "zero_grad", "nothing to reset"),
    ],
)
def test_attributes_of_layers_and_optimizers_are_explained(thing, name, right):
    with pytest.raises(AttributeError, match=f"{type(thing).__name__} has no attribute '{name}': .*{right}"):
        getattr(thing, name)
    assert name not in dir(thing)


@pytest.mark.parametrize(
    ("thing", "name", "right"),
    [
        (f.Model([f.Dense(1)]), "trainable", "freeze layers"),
        (f.Model([f.Dense(1)]), "lr", "learning_rate"),
        (f.SGD(), "lr", "learning_rate"),
        (f.Dense(2), "weights", "layers hold no arrays"),
        (f.Dense(2), "requires_grad", "trainable = False"),
    ],
)
def test_setting_them_is_not_ignored(thing, name, right):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}': .*{right}"):
        setattr(thing, name, False)


def test_ones_own_layer_and_optimizer_may_have_them():
    class Own(f.Layer, registered=False):
        def __init__(self, bias=True, **common):
            super().__init__(**common)
            self.bias = bias

    class Rate(f.Optimizer, registered=False):
        def __init__(self, lr=0.1, **common):
            super().__init__(lr, **common)
            self.lr = lr

    assert Own(False).clone().bias is False
    assert Own().set_params(bias=3).get_params()["bias"] == 3
    assert "bias" in dir(Own())
    assert Rate(0.3).get_params()["lr"] == 0.3
    assert copy.deepcopy(Rate(0.3)).lr == 0.3


def test_the_advice_on_layers_and_optimizers_names_what_there_is():
    things = {"layer": f.Dense(2), "optimizer": f.SGD()}
    for text in (*OF_LAYERS.values(), *OF_OPTIMIZERS.values()):
        for thing, name in re.findall(r"\b(layer|optimizer)\.(\w+)", text):
            assert hasattr(things[thing], name)


def test_ones_own_model_may_define_them():
    class Mine(f.Model, name="mine_with_compile"):
        def compile(self):
            return 3

    try:
        own: Any = Mine([f.Dense(1)])
        own.classes_ = [0, 1]
        assert own.compile() == 3
        assert own.classes_ == [0, 1]
        assert "compile" in dir(own)
    finally:
        del f.Model._registry["minewithcompile"]


def test_words_in_other_spellings_and_those_that_mean_nothing():
    assert did_you_mean("LearningRate", ["learning_rate"]).startswith("; did you mean 'learning_rate'?")
    assert did_you_mean("zzz", ["learning_rate"]) == ". Known: learning_rate"
