"""What a recording compares bit by bit, and what it leaves behind."""

import numpy as np
import pytest

from framework import Dense, Layer, Model
from framework.engine.contents import same

OTHER_NAN = np.frombuffer(np.uint64(0x7FF8000000000001).tobytes(), np.float64)[0]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0.0, 1.0], [0.0, 1.0], True),
        ([0.0, 1.0], [-0.0, 1.0], False),
        ([1.0, np.nan], [1.0, OTHER_NAN], True),  # nan is written in several ways
        ([1.0, np.nan], [-1.0, OTHER_NAN], False),
        ([1.0, np.nan], [1.0, 0.0], False),
    ],
)
def test_numbers_are_the_same_to_the_last_bit(a, b, expected):
    assert same(np.array(a), np.array(b)) is expected


def test_arrays_of_other_shapes_and_types_are_others():
    assert not same(np.zeros(2), np.zeros((2, 1)))
    assert not same(np.zeros(2), np.zeros(2, np.float32))
    assert not same(np.array([1, 2]), np.array([1, 3]))


class Keeping(Layer, registered=False):
    """Keeps what it saw last, for someone to look at."""

    replayable = True

    def forward(self, ctx, x):
        self.last = x
        return x * 2.0

    def backward(self, ctx, grad):
        return grad * 2.0


def test_what_a_layer_keeps_of_a_recorded_step_are_plain_arrays():
    layer, X = Keeping(), np.linspace(-1, 1, 12).reshape(-1, 2)
    model = Model([Dense(2), layer, Dense(1)], seed=0).build(2)
    kinds = set()
    for _ in range(6):
        model.train_on_batch(X, X[:, :1])
        kinds.add(type(layer.last))
    assert kinds == {np.ndarray}
