"""Trained layers in another model: their weights are transferred, and shared layer objects are told of."""

import copy
import gc
import pickle
import warnings

import numpy as np
import pytest

from framework import SGD, Adam, BatchNormalization, Dense, Dropout, Model, Residual, Sequential

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2))
SHARED = "layers that stand in a trained model were given to another one"


def trained(dtype=None, **options):
    layers = [Dense(4, "tanh"), [BatchNormalization(), Dropout(0.1)], Residual([Dense(4)]), Dense(2)]
    return Model(layers, seed=0, optimizer="adam", dtype=dtype, **options).fit(X, Y, epochs=3)


def copies(model, n):
    return [layer.clone() for layer in model.network.layers[:n]]


def weights(model, *layers):
    return {name: view.copy() for name, view in model.network.views.items() if int(name.split(".")[0]) in layers}


def assert_same(ours, theirs):
    assert ours
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


class TestTransfer:
    @pytest.mark.parametrize("layers", [None, 3, [0, 1, 2, 0], (2, 0, 1), range(3), {0: 0, 1: 1, 2: -2}])
    def test_brings_weights_and_running_means_into_a_model_of_its_own(self, layers):
        base = trained()
        model = Model([*copies(base, 3), Dense(1)], seed=5)
        assert model.transfer_weights(base, layers) is model
        assert_same(weights(model, 0, 1, 2), weights(base, 0, 1, 2))
        assert weights(base, 1)["1.0.mean"].any()
        fresh = Model([*copies(base, 3), Dense(1)], seed=5).build(3)
        assert_same(weights(model, 3), weights(fresh, 3))
        inner = Model(copies(model, 3)).build(3)
        inner.set_weights(model.get_weights()[:-2])
        np.testing.assert_allclose(
            model.predict(X), inner.predict(X) @ model.network.view("3.W").T + model.network.view("3.b")
        )

    def test_the_two_models_stay_apart(self):
        base = trained()
        model = Model([*copies(base, 3), Dense(2)], seed=5).transfer_weights(base, 3)
        before = base.get_weights()
        for layer in model.layers[:3]:
            layer.trainable = False
        kept = weights(model, 0, 1, 2)
        model.fit(X, Y, epochs=2)
        assert_same(weights(model, 0, 1, 2), kept)
        for now, then in zip(base.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, then)
        assert "frozen" not in base.summary()
        base.fit(X, Y)
        assert not np.array_equal(base.get_weights()[0], before[0])

    def test_all_leading_layers_that_agree(self):
        base = trained()
        model = Model([*copies(base, 1), Dense(3), Dense(2)], seed=1).transfer_weights(base)
        assert_same(weights(model, 0), weights(base, 0))
        twin = Model(copies(base, 4), seed=1).transfer_weights(base)
        assert_same(weights(twin, 0, 1, 2, 3), weights(base, 0, 1, 2, 3))

    def test_from_one_place_to_another(self):
        base = trained()
        model = Model([Dense(4), Dense(4, "relu"), Dense(2), Dense(2)], seed=1).build(3)
        before = weights(model, 1, 3)
        model.transfer_weights(base, {0: 0, 2: 3})
        np.testing.assert_array_equal(model.network.view("2.W"), base.network.view("3.W"))
        assert_same(weights(model, 1, 3), before)
        square = Model([Dense(3), Dense(3)], seed=0).build(3)
        first, second = weights(square, 0)["0.W"], weights(square, 1)["1.W"]
        square.transfer_weights(square, {0: 1, 1: 0})
        np.testing.assert_array_equal(square.network.view("0.W"), second)
        np.testing.assert_array_equal(square.network.view("1.W"), first)

    @pytest.mark.parametrize(
        ("theirs", "ours", "expected"),
        [
            ("float32", None, np.float32),
            ("float64", None, np.float64),
            ("float32", "float64", np.float64),
            ("float64", "float32", np.float32),
        ],
    )
    def test_the_dtype_is_that_of_the_source_unless_the_model_has_one(self, theirs, ours, expected):
        base = trained(dtype=theirs)
        model = Model([*copies(base, 3), Dense(1)], dtype=ours).transfer_weights(base, 3)
        assert model.network.dtype == expected
        np.testing.assert_allclose(model.network.view("0.W"), base.network.view("0.W"), rtol=1e-6)

    def test_steps_that_are_played_use_the_new_weights(self):
        base = trained()
        model = Model([*copies(base, 3), Dense(2)], seed=5, optimizer=SGD(1e-12)).build(3)
        for _ in range(6):
            model.train_on_batch(X, Y)
            model.predict(X)
        model.transfer_weights(base)
        np.testing.assert_allclose(model.predict(X), base.predict(X))
        assert model.optimizer_.step == 6

    @pytest.mark.parametrize("frozen", [(), (0,), (0, 1, 2)])
    def test_frozen_layers_get_weights_too(self, frozen):
        base = trained()
        model = Model([*copies(base, 3), Dense(2)], seed=5)
        for i in frozen:
            model.layers[i].trainable = False
        model.transfer_weights(base)
        np.testing.assert_allclose(model.predict(X), base.predict(X))

    @pytest.mark.parametrize("built", [False, True])
    @pytest.mark.parametrize(
        ("layers", "error", "message"),
        [
            (4, ValueError, r"layer 3 \(Dense\) do not fit layer 3 \(Dense\).*W \(2, 4\), b \(2,\) there, W \(1, 4\)"),
            ([0, 2, 3], ValueError, r"layer 3 \(Dense\) do not fit"),
            ({0: 0, 1: 0}, ValueError, r"W \(4, 3\), b \(4,\) there, 0.gamma \(4,\), 0.beta"),
            (9, ValueError, "this model has 4 layers, so there is no layer 4"),
            ({0: 0, 3: 7}, ValueError, "the source has 4 layers, so there is no layer 7"),
            ([-5], ValueError, "must be at least -4"),
            (0, ValueError, "layers must be at least 1, got 0"),
            ([], ValueError, "have no parameters"),
            ({}, ValueError, "have no parameters"),
            ("01", TypeError, "layers must be an integer"),
            (True, TypeError, "layers must be an integer"),
            ([0, "1"], TypeError, "index in layers must be an integer"),
            (1.5, TypeError, "layers must be an integer"),
        ],
    )
    def test_what_does_not_fit_is_named_and_nothing_is_set(self, layers, error, message, built):
        base = trained()
        model = Model([*copies(base, 3), Dense(1)], seed=5)
        if built:
            model.build(3)
            before = model.get_weights()
        elif layers in ([-5], [], {}):
            error, message = RuntimeError, "no weights yet"
        with pytest.raises(error, match=message):
            model.transfer_weights(base, layers)
        assert model.built == built
        if built:
            for now, then in zip(model.get_weights(), before, strict=True):
                np.testing.assert_array_equal(now, then)

    def test_no_leading_layer_agrees(self):
        with pytest.raises(ValueError, match=r"no leading layers agree: layer 0 \(Dense\) has W \(4, 3\).* W \(5, 3\)"):
            Model([Dense(5), Dense(4)]).transfer_weights(trained())
        with pytest.raises(ValueError, match="no leading layer has parameters"):
            Model(["tanh"]).build(3).transfer_weights(Model(["relu"]).build(3))

    def test_a_source_without_weights_is_refused(self):
        with pytest.raises(RuntimeError, match="source of transfer_weights has no weights yet"):
            Model([Dense(1)]).transfer_weights(Model([Dense(1)]))
        with pytest.raises(TypeError, match="source must be a Model"):
            Model([Dense(1)]).transfer_weights("model.npz")

    def test_a_source_that_diverged_is_refused(self):
        base = trained()
        base.network.view("0.b")[...] = np.nan
        model = Model([*copies(base, 3), Dense(1)])
        with pytest.raises(ValueError, match=r"0\.b holds nan"):
            model.transfer_weights(base, 3)
        assert not model.built


class TestSharedLayers:
    @pytest.mark.parametrize(
        "take",
        [
            lambda base: [*base.layers[:1], Dense(1)],
            lambda base: [Dense(5), base.layers[2].layers[0]],
            lambda base: [*base.layers[:3]],
            lambda base: [*base.layers, "relu", Dense(1)],
            lambda base: [Sequential([base.layers[0]]), Dense(1)],
            lambda base: [*base.network.layers[:2], Dense(1)],
        ],
    )
    @pytest.mark.parametrize("way", ["build", "fit", "train_on_batch", "set_params"])
    def test_trained_ones_in_another_model_are_told_of(self, take, way):
        base = trained()
        model = Model(["relu"] if way == "set_params" else take(base))
        if way == "set_params":
            model.set_params(layers=take(base))
        y = np.zeros((20, *model.clone().build(3).network.output_shape))
        call = getattr(model, way if way != "set_params" else "build")
        arguments = (3,) if call == model.build else (X, y)
        with pytest.warns(UserWarning, match=SHARED + r".*Dense.*new weights.*freezes both.*clone.*transfer_weights"):
            call(*arguments)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)), "file"])
    def test_those_of_a_copy_too(self, copied, tmp_path):
        base = trained()
        if copied == "file":
            base.save(tmp_path / "model")
            twin = Model.load(tmp_path / "model")
        else:
            twin = copied(base)
        with pytest.warns(UserWarning, match=SHARED):
            Model([twin.layers[0], Dense(1)]).build(3)

    @pytest.mark.parametrize("way", ["set_weights", "transfer_weights", "load_weights", "train_on_batch"])
    def test_those_of_a_model_that_was_given_weights_too(self, way, tmp_path):
        source, base = trained(), Model(copies(trained(), 4)).build(3)
        source.save_weights(tmp_path / "weights")
        arguments = {
            "set_weights": (source.get_weights(),),
            "transfer_weights": (source,),
            "load_weights": (tmp_path / "weights",),
            "train_on_batch": (X, Y),
        }[way]
        getattr(base, way)(*arguments)
        with pytest.warns(UserWarning, match=SHARED):
            Model([base.layers[0], Dense(1)]).build(3)

    def test_the_warning_names_the_place_of_the_call(self):
        base = trained()
        with pytest.warns(UserWarning, match=SHARED) as caught:
            Model([base.layers[0], Dense(1)]).build(3)
        assert caught[0].filename == __file__

    def test_where_warnings_are_errors_nothing_is_built(self):
        base = trained()
        model = Model([base.layers[0], Dense(1)])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(UserWarning, match=SHARED):
                model.build(3)
        assert not model.built

    def test_the_advice_works(self):
        trained_model = trained()
        model = Model([*(layer.clone() for layer in trained_model.network.layers[:2]), Dense(1)])
        model.transfer_weights(trained_model, 2).fit(X, Y[:, :1])

    def test_no_word_without_a_trap(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            layer = Dense(3)
            Model([layer, layer, Dense(1)]).fit(X, Y[:, :1])  # twice in one
            gc.collect()
            Model([layer, Dense(1)]).build(3)  # the trained one is gone
            base = trained()
            base.build(3)  # the same again
            base.fit(X, Y).build(3)
            Model([*copies(base, 2), Dense(1)]).build(3)
            Model([*copy.deepcopy(base.layers[:2]), Dense(1)]).build(3)
            untrained = Model([Dense(3), Dense(1)]).build(3)
            Model([untrained.layers[0], Dense(2)]).build(3)
            flat = Model([Dropout(0.1), Dense(1)]).fit(X, Y[:, :1])
            Model([flat.layers[0], Dense(1)]).build(3)  # no parameters: nothing to lose
            once = Model([Dense(3), Dense(1)], seed=0).fit(X, Y[:, :1])
            again = Model(once.layers, seed=1, optimizer=Adam()).fit(X, Y[:, :1])  # one description, two models
            assert again.layers is once.layers

    def test_code_that_has_no_module_gets_the_warning(self):
        scope = {"Model": Model, "Dense": Dense, "base": trained()}
        with pytest.warns(UserWarning, match=SHARED):
            exec("Model([base.layers[0], Dense(1)]).build(3)", scope)
