"""The likeliest cause is worked out from the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from framework.testing.causes import likeliest, sizes

RIGHT = np.random.default_rng(0).uniform(0.5, 2, (5, 4)) * np.resize([1, -1, 1], (5, 4))
STRENGTH = {"strength": 0.01, "scale": 7.0}


@pytest.mark.parametrize(
    ("computed", "words"),
    [
        (-RIGHT, "the sign is wrong"),
        (2 * RIGHT, "a factor 2 too much"),
        (RIGHT / 2, "a factor 2 is missing"),
        (-2 * RIGHT, "the sign is wrong, and a factor 2 too much"),
        (5 * RIGHT, "5 times what it should be, the batch size: a sum where a mean belongs"),
        (RIGHT / 4, "1 / the number of outputs: a mean where a sum belongs"),
        (RIGHT * 5 / 4, "n - 1 where n belongs"),
        (RIGHT * 4 / 5, "n where n - 1 belongs"),
        (RIGHT * 5**0.5, "the square root of the batch size"),
        (100 * RIGHT, "1 / strength: strength is missing"),
        (0.01 * RIGHT, "strength: strength is in it once too often"),
        (1e4 * RIGHT, "it is divided by strength, not multiplied"),
        (0.99 * RIGHT, "a factor 1 - strength too much"),
        (RIGHT / 49, "divided by scale, not multiplied"),
        (3.3 * RIGHT, "a constant factor is wrong"),
        (RIGHT**2, "squared"),
        (np.abs(RIGHT), "the sign of some entries"),
        (RIGHT[::-1], "in another order"),
        (RIGHT + 0.7, "every entry is 0.7 more than it should be"),
        (np.zeros((5, 4)), "all zero"),
        (np.tile(RIGHT.mean(axis=0), (5, 1)), "constant along axis 0"),
        (np.where(np.arange(4) == 2, 0, RIGHT), "5 of 20 entries are wrong, those of index 2 along axis 1"),
        (np.where(np.arange(4) < 3, 0.1, RIGHT), "15 of 20 entries are wrong, those of index 0, 1, 2 along axis 1"),
        (RIGHT + np.eye(5, 4), "4 of 20 entries are wrong: a case"),
        (RIGHT + np.eye(5, 4), "there, each is 1 more than it should be"),
        (RIGHT * (1 + 2 * np.eye(5, 4)), "there, each is 3 times what it should be"),
        (np.where(np.eye(5, 4), 0, RIGHT), "there, each is 0: not written"),
        (np.exp(RIGHT), "a wrong formula, or a sum over the wrong axis"),
        (np.full((5, 4), np.nan), "not filled"),
        (np.where(RIGHT > 1, np.nan, RIGHT), "0 / 0"),
        (np.where(RIGHT > 1, np.inf, RIGHT), "an overflow"),
    ],
)
def test_cause_is_worked_out(computed, words):
    assert words in likeliest(computed, RIGHT, sizes(RIGHT.shape), None, STRENGTH)


def test_entries_that_should_be_zero_are_told_apart():
    assert "16 of 20 entries should be 0: a case" in likeliest(RIGHT, np.where(np.eye(5, 4), RIGHT, 0))


def test_causes_that_fit_equally_well_are_both_named():
    cause = likeliest(RIGHT / 5, RIGHT, sizes(RIGHT.shape), None, {"power": 5.0})
    assert "a mean where a sum belongs; or 1 / power: power is missing" in cause


def test_a_square_root_is_named():
    assert "square root is returned" in likeliest(np.sqrt(np.abs(RIGHT)), np.abs(RIGHT))


def test_two_numbers_have_a_ratio_that_means_nothing():
    assert likeliest(np.array(1.7), np.array(3.1)) == "a wrong formula"
    assert "it is 2 times what it should be: a factor 2 too much" in likeliest(np.array(3.4), np.array(1.7))


def test_a_known_fault_comes_first():
    assert likeliest(2 * RIGHT, RIGHT, None, {"twice": 2 * RIGHT}) == "twice"
