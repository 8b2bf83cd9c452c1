"""Functions recorded on one set of values and played on others give what calling them gives."""

import numpy as np
import pytest

from framework.engine.replay.player import compile_tape
from framework.engine.replay.recording import Recording, TracedGenerator
from framework.engine.replay.traced import BranchChanged, TracedArray, untraced


def play(recording):
    for call in compile_tape(recording.calls):
        call()


def played(function, *arrays, batches=3):
    """Record `function` on `arrays`, then play it on other values and compare with calling it."""
    recording = Recording()
    results = function(*map(recording.trace, arrays))
    assert recording.problem is None
    rng = np.random.default_rng(1)
    for _ in range(batches):
        for array in arrays:
            array[...] = rng.integers(0, 4, array.shape) if array.dtype.kind == "i" else rng.normal(size=array.shape)
        expected = function(*(array.copy() for array in arrays))
        play(recording)
        np.testing.assert_array_equal(untraced(results), expected)
    return recording


def into_a_slice(x):
    y = np.zeros_like(x)
    y[:, 1:] = x[:, :-1]
    y[:, 0] = 3
    y += x.T[0, 0]
    return y


def in_place(x):
    y = x * 1
    y += 2
    y *= x
    np.negative(y, y)
    return y


def filled(x):
    y = x.copy()
    y.fill(2.0)
    y -= x
    return y


def added_at(x):
    y = np.zeros_like(x)
    np.add.at(y, (np.array([0, 0]), np.array([1, 1])), x[:2, 0])
    return y


FUNCTIONS = {
    "arithmetic": lambda x: (2 * x + 1) / (x * x + 3) - x**2,
    "a float64 constant": lambda x: x * np.float64(0.1),
    "in place": in_place,
    "products": lambda x: x.dot(x.T) @ x,
    "a product of vectors": lambda x: x[0].dot(x[1]) + x[2],
    "sums": lambda x: x.sum(axis=0) + x.mean() + x.max(axis=1, keepdims=True) + x.sum(),
    "minimum": lambda x: np.minimum(np.maximum(x, 0.0), 0.5),
    "where": lambda x: np.where(x > 0, x, 2 * x),
    "views": lambda x: x.T[::-1].reshape(-1)[2:] * 2,
    "a copy by reshape": lambda x: x.T.ravel() + 1,
    "into a slice": into_a_slice,
    "one element": lambda x: x[1, 2] * x,
    "fancy indexing": lambda x: x[np.array([0, 1]), np.array([1, 2])] * 2,
    "concatenate": lambda x: np.concatenate([x, 2 * x], axis=-1),
    "einsum": lambda x: np.einsum("nk,nk->n", x, x),
    "copyto": lambda x: (lambda y: (np.copyto(y, x), y)[1])(np.zeros_like(x)) + 1,  # type: ignore[func-returns-value]
    "clip": lambda x: np.clip(x, -0.5, 0.5),
    "another dtype": lambda x: x.astype(np.float64) * 2,
    "two results": lambda x: np.modf(x)[0] + np.modf(x)[1],
    "rows": lambda x: sum(row * row for row in x),
    "whole numbers": lambda x: x.argmax(axis=1) + 1,
    "filled": filled,
    "added at": added_at,
    "all of it under a mask": lambda x: (x > 0).all() * x,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_playing_is_calling(name, dtype):
    played(FUNCTIONS[name], np.random.default_rng(0).normal(size=(3, 4)).astype(dtype))


def test_an_index_may_be_another_at_each_play():
    played(lambda x, i: x[np.arange(3), i], np.ones((3, 4)), np.zeros(3, int))


def test_what_is_returned_has_the_dtype_of_the_call():
    x = np.ones((2, 2), np.float32)
    for function in (lambda x: 2 * x, lambda x: x.sum(), lambda x: x.dot(x), lambda x: x > 0):
        traced = function(Recording().trace(x))
        assert isinstance(traced, TracedArray)
        assert traced.dtype == function(x).dtype


def test_playing_allocates_no_arrays():
    import tracemalloc

    recording = Recording()
    x = recording.trace(np.ones((100, 100)))
    np.tanh(2 * x + 1).dot(x).sum(axis=0)
    tracemalloc.start()
    play(recording)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    buffer = 0 if np.lib.NumpyVersion(np.__version__) >= "2.3.0" else 2**16  # in which NumPy casts the numbers
    assert peak < 10_000 + buffer


def test_memory_that_is_one_array_stays_one_array():
    """NumPy would have to find out how two views on the same memory overlap, which takes as long as a call."""
    recording, x = Recording(), np.ones(3)
    np.exp(recording.trace(x), recording.trace(x))
    (call,) = recording.calls
    assert call.inputs[0] is call.outputs[0] is x


def test_a_branch_is_a_problem_unless_it_is_allowed():
    def function(x):
        return 2 * x if x.sum() > 0 else 3 * x

    recording = Recording()
    function(recording.trace(np.ones(3)))
    assert recording.problem == "it branches on values"

    recording, x = Recording(), np.ones(3)
    recording.branches = True
    y = function(recording.trace(x))
    assert recording.problem is None
    x[...] = 2
    play(recording)
    assert untraced(y).tolist() == [4, 4, 4]
    x[...] = -1
    with pytest.raises(BranchChanged):
        play(recording)


@pytest.mark.parametrize("take", [float, int, lambda x: x.item(), lambda x: x.tolist()])
def test_a_number_taken_out_is_a_problem(take):
    recording = Recording()
    take(recording.trace(np.ones((2, 2))).sum())
    assert "takes a Python number out of an array" in str(recording.problem)


def test_draws_are_made_anew():
    recording, out = Recording(), np.empty(3)
    rng = TracedGenerator(np.random.default_rng(0), recording)
    rng.random(dtype=np.float64, out=recording.trace(out))
    drawn = rng.standard_normal(2) + 1
    same = np.random.default_rng(0)
    for _ in range(3):
        np.testing.assert_array_equal(out, same.random(3))
        np.testing.assert_array_equal(untraced(drawn), same.standard_normal(2) + 1)
        play(recording)
