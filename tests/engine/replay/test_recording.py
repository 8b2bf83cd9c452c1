"""Functions recorded on one set of values and played on others give what calling them gives."""

from typing import Any

import numpy as np
import pytest

from framework.engine.replay.player import compile_tape
from framework.engine.replay.recording import Recording, TracedGenerator
from framework.engine.replay.traced import METADATA, RECORDED, REDUCTIONS, BranchChanged, TracedArray, untraced


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
    "parts": lambda x: np.split(x, [1], axis=1)[1] * np.array_split(x, 2)[0][0, 1],
    "views of two": lambda x: np.broadcast_arrays(x, x.T[0, 0])[1] * x,
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


def sliced(x):
    y = np.zeros_like(x)
    np.put(y, [0, 3], x[0, :2])
    np.copyto(y, x, where=x > 0)
    np.putmask(y, x < -1, -1.0)
    np.fill_diagonal(y, x[0, 0])
    return y


def ordered(x):
    y = x.copy()
    y.sort(axis=0)
    y.partition(1, axis=1)
    return y + np.sort(x) + x.argsort() + np.argpartition(x, 1) + x[:, 0].searchsorted(x[:, 1:3].ravel()).sum()


MORE = {
    "in place by functions": sliced,
    "sorted": ordered,
    "choose": lambda x: x.argmax(axis=0).clip(0, 1).choose([x[0], x[1]]),
    "divided where": lambda x: np.divide(x, x + 1, out=np.ones_like(x), where=x > 0),
    "summed where": lambda x: (
        np.add.reduce(x, axis=0, where=x > 0) + x.sum(where=x < 0) + x.mean(where=np.ones(4, bool))
    ),
    "powers": lambda x: (x * x + 1) ** 0.5 + (x * x + 1) ** -1 + x**2 + x**3 + x**1 + 2.0**x + x ** np.float64(2),
    "moments": lambda x: x.var(axis=0) + x.std() + x.mean(axis=1).sum() + x.prod(axis=0) + x.min() + x.cumsum()[3],
    "whole numbers and moments": lambda x: (x * 10).astype(int).mean(axis=0) + (x > 0).mean(axis=0),
    "turned": lambda x: x.T.swapaxes(0, 1)[..., np.newaxis].squeeze(-1).transpose()[::-1].diagonal() + x.trace(),
    "rounded": lambda x: x.round(1) + np.round(x, 2) + x.conj() + x.real + x.imag + x.repeat(2, axis=1)[:, ::2],
    "any and all": lambda x: x.any(axis=0) * (x > 0).all(axis=1, keepdims=True) * x,
    "in bytes": lambda x: x.view(np.uint8)[..., :4] + x.byteswap().view(np.uint8)[..., :4],
    "from plain arrays": lambda x: (
        np.arange(4) * x + np.arange(4.0) @ x.T.copy()[:, :1] - np.ones((3, 4)) / (x * x + 1)
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MORE)
def test_playing_is_calling_for_all_that_an_array_can_do(name, dtype):
    played(MORE[name], np.random.default_rng(0).normal(size=(3, 4)).astype(dtype))


ARGUMENTS = {
    "argpartition": (1,),
    "astype": (np.float64,),
    "choose": ([np.zeros((3, 4)), np.ones((3, 4))],),
    "clip": (0, 1),
    "compress": ([True, False, True], 0),
    "dot": (np.ones((4, 2)),),
    "dump": ("/dev/null",),
    "fill": (2.0,),
    "getfield": (np.uint8,),
    "partition": (1,),
    "put": ([0, 1], 3.0),
    "repeat": (2,),
    "reshape": (4, 3),
    "resize": (3, 4),
    "searchsorted": (0.5,),
    "setfield": (1, np.uint8),
    "swapaxes": (0, 1),
    "take": ([0, 3],),
    "to_device": ("cpu",),
    "tofile": ("/dev/null",),
    "view": (np.uint8,),
    **dict.fromkeys(("__getitem__", "__delitem__"), (0,)),
    "__setitem__": (0, 5.0),
    "__contains__": (5.0,),
    "__format__": ("",),
    "__reduce_ex__": (2,),
    "__pow__": (3,),
    "__dir__": (),
    "__deepcopy__": ({},),
}
OPERATORS = {"add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "eq", "ne", "lt", "le", "gt", "ge", "pow"}
OF_WHOLE_NUMBERS = {"and", "or", "xor", "lshift", "rshift"}
PYTHON = {  # what every object has, and what is about the class
    "__class__", "__class_getitem__", "__delattr__", "__doc__", "__getattribute__", "__getstate__", "__hash__",
    "__init__", "__init_subclass__", "__new__", "__setattr__", "__setstate__", "__sizeof__", "__subclasshook__",
    "__dir__", "__array_finalize__", "__array_function__", "__array_ufunc__", "__array_wrap__",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted({*dir(np.ndarray)} - PYTHON))
def test_whatever_an_array_can_do_is_recorded_or_noticed(name):
    """A method or attribute that another NumPy adds is in this test by itself."""
    stem = name.strip("_")
    operand = (
        stem.removeprefix("r") if stem.removeprefix("r") in OPERATORS | OF_WHOLE_NUMBERS else stem.removeprefix("i")
    )
    whole = operand in OF_WHOLE_NUMBERS or stem in ("invert", "choose", "index")
    with_operand = operand in OPERATORS | OF_WHOLE_NUMBERS | {"matmul", "rmatmul", "imatmul"}
    given: Any = np.arange(12).reshape(3, 4) % 2 if whole else np.random.default_rng(0).normal(size=(3, 4))
    if stem in ("index", "int", "float", "complex", "item", "bool"):
        given = given[:1, :1].copy().reshape(())
    if stem == "searchsorted":
        given = given[0].copy()

    def use(x):
        """Return all that comes of it: the result, and what has become of the array."""
        args: Any
        y = x.copy()
        if stem in ("matmul", "rmatmul", "imatmul"):
            y, args = y[:, :3].copy(), (2 * np.eye(3),)
        else:
            args = (2,) if with_operand else ARGUMENTS.get(name, ())
        value = getattr(y, name)
        result = value(*args) if callable(value) else value
        if name == "__iter__":
            result = tuple(result)
        return result, y

    recording = Recording()
    x = given.copy()
    try:
        result, changed = use(recording.trace(x))
    except Exception:  # then the layer is recorded as one call
        assert name not in {*RECORDED.split(), *REDUCTIONS, "dot", "mean"}
        return
    if recording.problem is not None or name in METADATA:
        assert name in METADATA or recording.problem
        return
    for _ in range(3):
        x[...] = np.random.default_rng(1).permutation(x.ravel()).reshape(x.shape) * (1 if whole else 1.5)
        play(recording)
        expected, changed_as_written = use(x.copy())
        np.testing.assert_array_equal(untraced(changed), changed_as_written)
        if isinstance(expected, np.ndarray | np.generic | tuple):
            np.testing.assert_array_equal(untraced(result), expected)
        else:
            assert result == expected or callable(result)


def escape_into_a_new_array(x):
    y = np.zeros(x.shape)
    y += x
    return y


def escape_into_a_view(x):
    y = np.zeros(x.shape)
    y[1:] = x[:-1]
    return y * x


ESCAPES = {
    "asarray": lambda x: np.asarray(x) * x,
    "array": lambda x: np.array(x) + x,
    "a list of arrays": lambda x: np.array([x, x])[0] + x,
    "ascontiguousarray": lambda x: np.ascontiguousarray(x) * x,
    "a buffer": lambda x: np.frombuffer(memoryview(x)).reshape(3, 4) * x,
    "bytes": lambda x: np.frombuffer(x.tobytes()).reshape(3, 4) * x,
    "data": lambda x: np.frombuffer(x.data).reshape(3, 4) * x,
    "ctypes": lambda x: x * bool(x.ctypes.data),
    "an interface": lambda x: x * len(x.__array_interface__["shape"]),
    "flat": lambda x: x * next(x.flat),
    "base": lambda x: x * (x.base is None),
    "from an iterator": lambda x: x * np.fromiter((1 for _ in x), float)[0] * np.fromiter(x[0], float)[0],
    "nonzero": lambda x: x * len(x.nonzero()[0]),
    "text": lambda x: x * len(str(x)),
    "membership": lambda x: x * (0.5 in x),
    "a product from the left": lambda x: np.ones((2, 3)).dot(x)[0] * x,
    "filled by another array": lambda x: x * _set(np.ones((3, 4)), x),
    "an index of a plain array": lambda x: np.arange(4)[x.argmax(axis=1)] + x[:, :3],
    "a mask": lambda x: x * x[x > 0].sum(),
    "compressed": lambda x: x[0] * x.compress([True, False, True], 0).sum(),
    "counted": lambda x: x * np.bincount(x.argmax(axis=1))[0],
    "unique": lambda x: x * np.unique(x)[0],
    "split at values": lambda x: x * np.split(x, [x[0].argmax() + 1])[0][0],
    "a new array": escape_into_a_new_array,
    "a view of a new array": escape_into_a_view,
    "ones where": lambda x: np.divide(x, 2, out=np.ones(x.shape), where=x > 0),
    "copied where": lambda x: (lambda y: (np.copyto(y, x, where=x > 0), x * y)[1])(np.zeros(x.shape)),  # type: ignore[func-returns-value]
    "another shape": lambda x: setattr(x.copy(), "shape", (4, 3)) or x * 2,  # type: ignore[func-returns-value]
}


def _set(y, x):
    y[...] = x
    return y


@pytest.mark.parametrize("name", ESCAPES)
def test_what_leaves_the_recording_is_a_problem_and_is_computed_right_once(name):
    function, x = ESCAPES[name], np.random.default_rng(0).normal(size=(3, 4))
    expected = function(x.copy())
    recording = Recording()
    try:
        result = function(recording.trace(x))
    except (TypeError, ValueError, AttributeError):
        return  # the layer is recorded as one call
    assert recording.problem is not None
    np.testing.assert_array_equal(np.asarray(untraced(result)), expected)


def test_memory_that_has_left_the_recording_is_not_used_again():
    recording = Recording()
    x = recording.trace(np.ones(3))
    kept = np.asarray(x * 2)
    for factor in range(5, 8):
        x * factor
    assert kept.tolist() == [2, 2, 2]


def test_a_traced_array_says_that_it_is_an_array():
    x = Recording().trace(np.ones((2, 3), np.float32))
    assert isinstance(x, np.ndarray)
    assert (x.shape, x.dtype, x.ndim, x.size, len(x), x.nbytes) == ((2, 3), np.float32, 2, 6, 2, 24)
    assert x.recording.problem is None
    with pytest.raises(AttributeError):
        _ = x.nothing


def test_a_mean_is_played_by_calls_that_allocate_nothing():
    x = np.arange(12.0).reshape(3, 4)
    for axis in (0, 1, None):
        recording = played(lambda x, axis=axis: x.mean(axis=axis), x)
        assert [call.function for call in recording.calls] == [np.add.reduce, np.true_divide]
