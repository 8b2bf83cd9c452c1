"""The sentences about wrong arrays follow from how they differ."""

import numpy as np
import pytest

from framework import Initializer
from framework.testing import check_initializer
from framework.testing.core.causes import likeliest

RIGHT = np.array([1.0, 2.0, -3.0, 5.0, 7.0, -11.0])


@pytest.mark.parametrize(("wrong", "words"), [(1, "1 of 6 entries"), (2, "2 of 6 entries"), (3, "a wrong formula")])
def test_a_case_is_missed_if_most_entries_are_right(wrong, words):
    computed = RIGHT.copy()
    computed[:wrong] += (0.37, 1.9, 0.11)[:wrong]
    assert words in likeliest(computed, RIGHT)


class Spread(Initializer, registered=False):
    def __init__(self, std=0.3, offset=0.0):
        self.std, self.offset = std, offset

    def __call__(self, shape, rng):
        return self.offset + self.std * rng.standard_normal(shape)


@pytest.mark.parametrize(
    ("std", "words"),
    [
        (0.3 * 2**0.5, "factor 2: the variance is 2 times"),
        (0.3 / 2**0.5, "factor 2: the variance is 0.5 times"),
        (0.6, "factor 2: the variance is 4 times"),
        (0.15, "factor 2: the variance is 0.25 times"),
        (0.3 * 3**0.5, r"sqrt\(3\): the variance is 3 times"),
        (0.3 / 3**0.5, "limit of a uniform distribution"),
        (0.3**2, "the variance is taken for the standard deviation"),
        (0.3**0.5, "the standard deviation is taken for the variance"),
        (0.42, r"the variance is 1\.9\d* times|factor 2"),
        (0.33, r"the variance is 1\.2\d* times"),
    ],
)
def test_a_wrong_spread_is_explained_by_its_factor(std, words):
    check_initializer(Spread(), mean=0.0, std=0.3)
    with pytest.raises(AssertionError, match=words):
        check_initializer(Spread(std), mean=0.0, std=0.3)


def test_a_mean_may_be_off_by_six_standard_errors():
    """A standard error is 0.3 / sqrt(36000) = 0.0016."""
    check_initializer(Spread(), mean=0.003)
    with pytest.raises(AssertionError, match="the values are shifted"):
        check_initializer(Spread(offset=0.02), mean=0.0)
