"""Whatever a right component is given, its check passes."""

from collections import OrderedDict, namedtuple
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from framework import Activation, Dense, Schedule
from framework.testing import check_schedule

Pair = namedtuple("Pair", "low high")
VALUES = {
    "named tuple": Pair(1, 2.0),
    "ordered": OrderedDict(a=1),
    "range": range(3),
    "slice": slice(1, 3),
    "set": {1, 2},
    "number of NumPy": np.float32(0.1),
    "flag of NumPy": np.True_,
    "dtype": np.dtype("f4"),
    "words": np.array(["a", "b"]),
    "objects": np.array([None, {}]),
    "nothing": np.zeros((0, 3)),
    "ufunc": np.tanh,
    "lambda": lambda x: x,
    "partial": partial(np.sum, axis=0),
    "method": SimpleNamespace(a=np.ones(3)).__eq__,
    "module": np.linalg,
    "namespace": SimpleNamespace(a=np.ones(3)),
    "components": {"a": [Dense(3), (Activation, "relu")]},
}


class Constant(Schedule, registered=False):
    def __init__(self, rate, given):
        self.rate = rate
        self.given = given

    def __call__(self, step):
        return self.rate


@pytest.mark.parametrize("kind", VALUES)
def test_any_argument_is_allowed(kind):
    check_schedule(Constant(0.1, VALUES[kind]))


def test_a_constructor_without_a_source_is_allowed():
    names: dict[str, Any] = {"__name__": "nowhere", "Constant": Constant}
    exec(
        "class Halved(Constant, registered=False):\n"
        "    def __init__(self, rate=0.1, **common):\n"
        "        super().__init__(rate, given=None, **common)\n",
        names,
    )
    check_schedule(names["Halved"]())
