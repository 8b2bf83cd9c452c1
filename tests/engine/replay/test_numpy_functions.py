"""Every function of NumPy is recorded right, or noticed: those of a later NumPy are in this test by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from framework.engine.replay.player import compile_tape
from framework.engine.replay.recording import Recording
from framework.engine.replay.traced import untraced

MODULES = {"": np, "linalg.": np.linalg, "fft.": np.fft, "emath.": np.emath}
# Those that are about files, settings or the package, and those whose values are arbitrary.
LEFT_OUT = {
    "save", "savez", "savez_compressed", "savetxt", "test", "info", "show_config", "show_runtime", "source",
    "get_include", "seterr", "set_printoptions", "setbufsize", "seterrcall", "load", "loadtxt", "fromfile",
    "genfromtxt", "fromregex", "memmap", "open_memmap", "printoptions", "empty", "empty_like", "errstate",
    "nested_iters",
}  # fmt: skip
FUNCTIONS = {
    prefix + name: getattr(module, name)
    for prefix, module in MODULES.items()
    for name in dir(module)
    if not name.startswith("_") and name not in LEFT_OUT and callable(getattr(module, name))
    if not isinstance(getattr(module, name), type)
}
ARGUMENTS: list[Any] = [
    lambda x: (x,),
    lambda x: (x[0],),
    lambda x: (x[:3, :3],),
    lambda x: ([x, 2 * x],),
    lambda x: (x.argmax(axis=0),),
    lambda x: (x, x + 1),
    lambda x: (x[0], x[1]),
    lambda x: (x, 1),
    lambda x: (x, 0, 1),
    lambda x: (x > 0, x),
    lambda x: (x, x > 0),
    lambda x: (x > 0, x, 2 * x),
    lambda x: (x, x > 0, 5.0),
    lambda x: (x, x > 0, x[0]),
    lambda x: (x, x.argmax(axis=1)),
    lambda x: (x, (4, 3)),
    lambda x: (x, [0, 1], 9.0),
    lambda x: (x.copy(), [0, 1], x[0, :2]),
    lambda x: ("ij,ij->i", x, x),
]


def plain(value):
    return [plain(item) for item in value] if isinstance(value, list | tuple) else np.asarray(untraced(value))


def check_equal(computed, expected):
    if isinstance(expected, list):
        assert len(computed) == len(expected)
        for one, other in zip(computed, expected, strict=True):
            check_equal(one, other)
    else:
        assert computed.dtype == expected.dtype
        np.testing.assert_array_equal(computed, expected)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_recorded_or_noticed(name):
    function, rng = FUNCTIONS[name], np.random.default_rng(0)
    for arguments in ARGUMENTS:
        batches = [rng.normal(size=(3, 4)) for _ in range(4)]
        with np.errstate(all="ignore"):
            try:
                expected = []
                for x in batches:
                    given = arguments(x.copy())
                    expected.append((plain(function(*given)), plain(given)))
            except Exception:
                continue  # these are no arguments of it
            recording, x = Recording(), batches[0].copy()
            try:
                traced = arguments(recording.trace(x))
                result = function(*traced)
            except Exception:
                continue  # then a layer is recorded as one call
            if recording.problem is not None:
                continue
            tape = compile_tape(recording.calls)
            for batch, (of_result, of_given) in zip(batches[1:], expected[1:], strict=True):
                x[...] = batch
                for play in tape:
                    play()
                check_equal(plain(result), of_result)
                check_equal(plain(traced), of_given)
