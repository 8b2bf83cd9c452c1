"""Recorded calls are plain data: they print, and a player of any kind can run them."""

import numpy as np
import pytest

from framework import Dense, Dropout, Model
from framework.engine.replay.call import Call
from framework.engine.replay.player import bind


def run(call):
    """Run a call from its fields alone, without the player."""
    results = call.function(*call.inputs, **call.arguments)
    if call.outputs:
        for array, result in zip(call.outputs, results if isinstance(results, tuple) else (results,), strict=True):
            array[...] = result


X = np.arange(12.0).reshape(3, 4)
CALLS = {
    "add(3x4, 1.0) -> 3x4": Call(np.add, (X, 1.0), (np.empty((3, 4)),)),
    "maximum(3x4, 0-d) -> 3x4": Call(np.maximum, (X, np.array(5.0)), (np.empty((3, 4)),)),
    "add.reduce(3x4, axis=1, keepdims=True) -> 3x1": Call(
        np.add.reduce, (X,), (np.empty((3, 1)),), {"axis": 1, "keepdims": True}
    ),
    "dot(3x4, 4x3) -> 3x3": Call(np.ndarray.dot, (X, X.T), (np.empty((3, 3)),)),
    "concatenate((3x4, 3x4), axis=-1) -> 3x8": Call(np.concatenate, ((X, X),), (np.empty((3, 8)),), {"axis": -1}),
    "modf(3x4) -> 3x4, 3x4": Call(np.modf, (X / 8,), (np.empty((3, 4)), np.empty((3, 4)))),
    "take(3x4, 3) -> 3": Call(np.ndarray.take, (X, np.array([0, 5, 11])), (np.empty(3),)),
    "argmax(3x4, 1) -> 3": Call(np.ndarray.argmax, (X, 1), (np.empty(3, np.intp),)),
}


@pytest.mark.parametrize("text", CALLS)
def test_a_call_prints_and_means_the_same_to_any_player(text):
    call = CALLS[text]
    assert str(call) == text
    run(call)
    expected = [array.copy() for array in call.outputs]
    for array in call.outputs:
        array.fill(-1)
    bind(call)()
    for array, right in zip(call.outputs, expected, strict=True):
        np.testing.assert_array_equal(array, right)


def test_a_call_without_outputs_writes_into_its_input():
    array = np.zeros(3)
    call = Call(np.ndarray.fill, (array, 2.0))
    assert str(call) == "fill(3, 2.0)"
    bind(call)()
    assert array.tolist() == [2, 2, 2]


@pytest.mark.parametrize("classifies", [False, True])
def test_a_whole_step_can_be_run_by_another_player(classifies):
    """The calls alone, run from their fields, leave the gradients of the tape."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)
    loss, end = ("categorical_crossentropy", Dense(2, "softmax")) if classifies else ("mse", Dense(1))
    models = [Model([Dense(4, "gelu"), Dropout(0.3), end.clone()], loss=loss, seed=0) for _ in range(2)]
    for model in models:
        model.fit(X, y, epochs=3, batch_size=8, shuffle=False)
    first, second = models
    (recorded,) = second.network.bound.steps.values()
    first.compute_gradients(recorded.x, recorded.y)
    for call in recorded.replay.calls:
        run(call)
    np.testing.assert_array_equal(first.network.grads, second.network.grads)


def test_two_calls_that_look_alike_are_two():
    one, other = Call(np.negative, (X,)), Call(np.negative, (X,))
    assert one == one
    assert one != other
    assert len({one, other}) == 2
