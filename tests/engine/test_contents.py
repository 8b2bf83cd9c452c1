"""What a recording compares bit by bit."""

import numpy as np
import pytest

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
