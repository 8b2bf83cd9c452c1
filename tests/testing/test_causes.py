"""The likeliest cause is worked out from the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from framework.testing.core.causes import likeliest, sizes

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
        (-3.3 * RIGHT, "the sign is wrong, and a constant factor is wrong"),
        (5**0.5 * RIGHT, "the square root of the batch size"),
        (RIGHT / 5**0.5, "1 / the square root of the batch size"),
        (1e-4 * RIGHT, "strength^2: it is multiplied by strength, not divided"),
        (RIGHT / 0.99, "1 / (1 - strength): a factor 1 - strength is missing"),
        (49 * RIGHT, "scale^2: it is multiplied by scale, not divided"),
        (7 * RIGHT, "scale: scale is in it once too often"),
        (RIGHT / 7, "1 / scale: scale is missing"),
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


def test_a_batch_of_two_is_no_cause_of_a_factor_two():
    three, two = sizes((3, 2)), sizes((2, 3))
    assert "a factor 2 too much" in likeliest(2 * RIGHT[:3, :2], RIGHT[:3, :2], three)
    assert "3, the batch size" not in likeliest(2 * RIGHT[:2, :3], RIGHT[:2, :3], two)
    assert "the batch size: a sum" in likeliest(3 * RIGHT[:3, :2], RIGHT[:3, :2], three)
    assert "the number of outputs: a sum" in likeliest(3 * RIGHT[:2, :3], RIGHT[:2, :3], two)


def test_a_factor_is_told_to_four_digits():
    for factor, known in ((2.0001, True), (2.0005, False), (1.9999, True), (1.9995, False)):
        assert ("a factor 2 too much" in likeliest(factor * RIGHT, RIGHT)) is known


def test_a_ratio_is_one_for_all_entries():
    wobble = 1 + 3e-5 * np.resize([1, -1], RIGHT.shape)
    assert "a constant factor is wrong" in likeliest(3.3 * RIGHT * (1 + (wobble - 1) / 10), RIGHT)
    assert "a constant factor is wrong" not in likeliest(3.3 * RIGHT * wobble, RIGHT)


def test_two_entries_differ_by_a_constant_by_chance():
    assert "more than it should be" not in likeliest(RIGHT[0, :2] + 0.7, RIGHT[0, :2])
    assert "every entry is 0.7 more than it should be" in likeliest(RIGHT[0, :3] + 0.7, RIGHT[0, :3])


def test_exchanged_axes_are_named():
    assert "transposed: axes are exchanged" in likeliest(RIGHT[:4].T, RIGHT[:4])
    assert "transposed: axes are exchanged" not in likeliest(RIGHT[:4, ::-1], RIGHT[:4])


def test_few_wrong_entries_are_a_case_and_half_of_them_are_not():
    scattered = np.zeros(20, bool)
    scattered[[0, 1, 2, 6, 7, 9, 12, 13, 15]] = True
    part = np.where(scattered.reshape(5, 4), RIGHT**3, RIGHT)
    assert "9 of 20 entries are wrong: a case" in likeliest(part, RIGHT)
    scattered[19] = True
    part = np.where(scattered.reshape(5, 4), RIGHT**3, RIGHT)
    assert likeliest(part, RIGHT) == "a wrong formula, or a sum over the wrong axis"


def test_nothing_is_made_of_zeros():
    assert likeliest(np.zeros((5, 4)), RIGHT) == "all zero: not written, or a term is missing"
    assert "times what it should be" not in likeliest(RIGHT, np.zeros((5, 4)))
    assert "all zero" not in likeliest(np.eye(5, 4), RIGHT)
