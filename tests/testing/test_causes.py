"""The sentences about wrong arrays follow from how they differ."""

import numpy as np
import pytest

from framework.testing.causes import likeliest

RIGHT = np.array([1.0, 2.0, -3.0, 5.0, 7.0, -11.0])


@pytest.mark.parametrize(("wrong", "words"), [(1, "1 of 6 entries"), (2, "2 of 6 entries"), (3, "a wrong formula")])
def test_a_case_is_missed_if_most_entries_are_right(wrong, words):
    computed = RIGHT.copy()
    computed[:wrong] += (0.37, 1.9, 0.11)[:wrong]
    assert words in likeliest(computed, RIGHT)
