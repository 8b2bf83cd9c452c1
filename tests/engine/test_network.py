"""Layers bound to one vector of parameters and one of gradients."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from framework import Activation, BatchNormalization, Dense, Dropout, Layer, Network, Residual, Sequential
from framework.engine import segments
from framework.engine.bound import KEPT_BATCH_SIZES, PREDICTIONS_BEFORE
from framework.engine.replay.policy import RECORDED_ELEMENTS

RNG = np.random.default_rng(0)


class UserDouble(Layer, registered=False):
    def forward(self, ctx, x):
        return 2 * x

    def backward(self, ctx, grad):
        return 2 * grad


def network(layers, input_shape=(2,), seed=0, **options):
    rng, noise = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    return Network(layers, input_shape, rng=rng, noise=noise, **options)


def small():
    return network([Dense(3, "tanh"), Sequential([Dense(4, "tanh"), "relu", Dense(2)])])


def numeric(net, x, project, step=1e-6):
    """Return the gradient of sum(project * net(x)) with respect to `params`, by central differences."""
    gradient = np.empty_like(net.params)
    for i in range(net.params.size):
        at = net.params[i]
        values = []
        for shifted in (at + step, at - step):
            net.params[i] = shifted
            values.append((project * net.infer(x)[0]).sum())
        net.params[i] = at
        gradient[i] = (values[0] - values[1]) / (2 * step)
    return gradient


def test_all_parameters_lie_in_one_vector_and_all_gradients_in_another():
    net = small()
    assert net.params.shape == net.grads.shape == (3 * 2 + 3 + 4 * 3 + 4 + 2 * 4 + 2,)
    assert list(net.views) == list(net.grad_views) == ["0.W", "0.b", "1.0.W", "1.0.b", "1.2.W", "1.2.b"]
    assert [view.shape for view in net.views.values()] == [(3, 2), (3,), (4, 3), (4,), (2, 4), (2,)]
    for vector, views in ((net.params, net.views), (net.grads, net.grad_views)):
        vector[:] = 0
        for view in views.values():
            view += 1
        assert vector.tolist() == [1] * vector.size  # every element belongs to one view, and to no other


def test_weights_are_in_front_of_biases_so_that_decay_is_a_slice():
    net = small()
    net.params[: net.layout.decayed] = 7
    assert all((view == 7).all() == name.endswith("W") for name, view in net.views.items())


def test_view_by_name_and_an_unknown_one():
    net = small()
    assert net.view("1.0.W") is net.views["1.0.W"]
    with pytest.raises(ValueError, match=r"no parameter '1.0.w'; did you mean"):
        net.view("1.0.w")


@pytest.mark.parametrize("n", [1, 4])
def test_backward_is_the_gradient(n):
    net, x, project = small(), RNG.normal(size=(n, 2)), RNG.normal(size=(n, 2))
    net.grads[:] = np.nan  # must be assigned, not added to
    at = net.training_pass(len(x))
    at.forward(x)
    at.backward(project)
    np.testing.assert_allclose(net.grads, numeric(net, x, project), rtol=1e-6, atol=1e-8)


def test_the_same_layer_object_has_parameters_of_its_own_in_each_place():
    layer = Dense(2, "tanh")
    net, x, project = network([layer, layer]), RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2))
    assert not np.array_equal(net.view("0.W"), net.view("1.W"))
    at = net.training_pass(len(x))
    at.forward(x)
    at.backward(project)
    np.testing.assert_allclose(net.grads, numeric(net, x, project), rtol=1e-6, atol=1e-8)


def test_batches_of_different_sizes_do_not_disturb_each_other():
    net = small()
    inputs = [RNG.normal(size=(n, 2)) for n in range(1, KEPT_BATCH_SIZES + 4)]
    alone = [small().forward(x) for x in inputs]
    for _ in range(2):
        for x, expected in zip(inputs, alone, strict=True):
            np.testing.assert_allclose(net.training_pass(len(x)).forward(x), expected, rtol=1e-14)
            np.testing.assert_allclose(net.forward(x), expected, rtol=1e-14)
    assert len(net.bound.training) <= KEPT_BATCH_SIZES
    assert len(net.bound.idle) <= KEPT_BATCH_SIZES


def test_inference_leaves_the_training_pass_and_its_results_alone():
    net, x, project = small(), RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2))
    at = net.training_pass(len(x))
    at.forward(x)
    at.backward(project)
    expected = net.grads.copy()
    at.forward(x)
    first = net.forward(x)
    kept = first.copy()
    net.forward(-x)
    np.testing.assert_array_equal(first, kept)  # the caller's own
    at.backward(project)
    np.testing.assert_array_equal(net.grads, expected)


PLAYED = PREDICTIONS_BEFORE + 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "layers",
    [
        [Dense(3, "gelu"), BatchNormalization(), Dropout(0.5), Residual([Dense(3, "softmax")])],
        [Dense(3, "tanh"), UserDouble(), Dense(2)],
        [UserDouble(), [Dense(3), UserDouble()]],
        ["linear"],
    ],
)
def test_predictions_that_are_played_are_those_that_are_not(layers, dtype):
    net, plain = network(layers, (4,), dtype=dtype), network(layers, (4,), dtype=dtype)
    for _ in range(PLAYED):
        x = RNG.normal(size=(3, 4)).astype(dtype)
        plain._forget()
        np.testing.assert_array_equal(net.forward(x), plain.forward(x))
        for one in (net, plain):
            one.params *= 1.01
    assert net.bound.idle[3][0].replay.tape is not None
    kept = net.forward(x)
    before = kept.copy()
    net.forward(-x)
    np.testing.assert_array_equal(kept, before)


def test_predictions_follow_what_is_set_on_a_component():
    slope = Activation.named("leaky_relu")(0.1)
    net, x = network([slope]), -np.ones((1, 2))
    for _ in range(PLAYED):
        assert net.forward(x).tolist() == [[-0.1, -0.1]]
    slope.negative_slope = 0.5
    for _ in range(PLAYED):
        assert net.forward(x).tolist() == [[-0.5, -0.5]]
    slope.set_params(negative_slope=0.2)
    assert net.forward(x).tolist() == [[-0.2, -0.2]]


def test_predictions_of_many_rows_are_not_recorded():
    net, x = network([Dense(1)]), np.ones((RECORDED_ELEMENTS // 2 + 1, 2))
    for _ in range(PLAYED):
        net.forward(x)
    assert net.bound.idle[len(x)][0].replay.tape is None


def test_several_threads_may_infer_at_once():
    net = network([Dense(64, "tanh"), Dense(64, "tanh"), Dense(1)])
    inputs = [RNG.normal(size=(50, 2)) for _ in range(40)] * 10
    alone = [net.forward(x) for x in inputs]
    with ThreadPoolExecutor(8) as threads:
        for together, expected in zip(threads.map(net.forward, inputs), alone, strict=True):
            np.testing.assert_array_equal(together, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_dtype_throughout(dtype):
    net = network([Dense(3, "sigmoid"), "softmax"], dtype=dtype)
    at = net.training_pass(2)
    assert at.forward(np.ones((2, 2), dtype)).dtype == dtype
    at.backward(np.ones((2, 3), dtype))
    assert net.params.dtype == net.grads.dtype == net.infer(np.ones((2, 2), dtype))[0].dtype == dtype


def test_frozen_parameters_move_behind_the_trainable_and_keep_their_values():
    net = small()
    before = {name: view.copy() for name, view in net.views.items()}
    old = net.layout
    net.sync()
    assert net.layout is old
    net.layers[0].trainable = False
    net.sync()
    indices = net.layout.moved_from(old)
    assert sorted(indices) == list(range(net.params.size))
    assert net.trainable_params.size == net.params.size - 9
    net.trainable_params[:] = 0
    for name, view in net.views.items():
        assert np.array_equal(view, before[name]) if name.startswith("0.") else not view.any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_has_vectors_and_views_of_its_own(copied):
    net, x, project = small(), RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2))
    at = net.training_pass(len(x))
    at.forward(x)
    at.backward(project)
    twin = copied(net)
    np.testing.assert_array_equal(twin.grads, net.grads)
    twin.params *= 2
    assert all(np.array_equal(view, 2 * net.views[name]) for name, view in twin.views.items())
    assert not np.array_equal(twin.forward(x), net.forward(x))


@pytest.mark.parametrize("layers", [[Dense(3, "tanh"), Dense(2)], ["tanh"], [[Dense(2), "relu"], UserDouble()]])
def test_a_pass_gives_the_gradient_of_the_inputs_where_it_is_wanted(layers):
    net, x = network(layers), RNG.normal(size=(3, 2))
    at = net.training_pass(3, needs_input_grad=True)
    project = RNG.normal(size=at.forward(x).shape)
    computed = at.backward(project).copy()
    for place in np.ndindex(x.shape):
        shifted = [x.copy(), x.copy()]
        shifted[0][place] += 1e-6
        shifted[1][place] -= 1e-6
        up, down = ((project * net.forward(each)).sum() for each in shifted)
        assert computed[place] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-8)


def test_layers_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"Dense 'out' expects .* \(n, inputs\), got \(n, 4, 4\).*Flatten"):
        network([Dense(2, name="out")], input_shape=(4, 4))


def test_first_values_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(1, 2\).*shape \(3, 2\)"):
        network([Dense(3, weight_initializer=[[1.0, 2.0]])])


def test_a_layer_without_its_passes_says_what_is_missing():
    class Nothing(Layer, registered=False):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing must define forward\(self, ctx, x\)"):
        network([Nothing()]).forward(np.ones((1, 2)))


def test_inputs_of_another_dtype_are_not_cast_to_that_of_the_recording():
    net, plain = network(["tanh"], (3,)), network(["tanh"], (3,))
    for i in range(PLAYED + 3):
        x = RNG.normal(size=(4, 3)).astype(np.float32 if i < PLAYED else np.float64)
        plain._forget()
        np.testing.assert_array_equal(net.forward(x), plain.forward(x))


def test_a_prediction_leaves_alone_what_another_thread_trains(monkeypatch):
    class Twice(Activation, registered=False):  # built-in layers are not compared
        replayable = True

        def __call__(self, z):
            return 2 * z

        def derivative(self, z, a):
            return np.full_like(z, 2)

    net = network([Dense(3, Twice()), BatchNormalization(), Dense(4, Twice()), Dense(2)], (4,))
    x = np.random.default_rng(0).normal(size=(5, 4))
    play, trained = segments._play, []

    def play_while_another_thread_trains(calls):
        if len(trained) < 4:
            net.params += 0.1
            net.grads[...] = len(trained)
            trained.append((net.params.copy(), net.grads.copy()))
        play(calls)

    monkeypatch.setattr(segments, "_play", play_while_another_thread_trains)
    for _ in range(30):
        net.infer(x)
        if trained:
            np.testing.assert_array_equal(net.params, trained[-1][0])
            np.testing.assert_array_equal(net.grads, trained[-1][1])
    assert len(trained) == 4
    (prediction,) = net.bound.idle[5]
    assert prediction.replay.trusted  # the comparison was made once more, when nobody trained
    np.testing.assert_array_equal(net.infer(x)[0], net.bound.idle[5][0].at.forward(x))
