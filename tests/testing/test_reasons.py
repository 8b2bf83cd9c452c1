"""The likeliest cause of an exception, of a number that is not finite, and of a wrong shape or dtype."""

from __future__ import annotations

import numpy as np
import pytest

from framework.testing.core.reasons import of_dtype, of_error, of_shape, on_purpose, watched

ZERO = np.zeros(3)


def _raised(function):
    try:
        function()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: ZERO / ZERO, "0 / 0, such as a division by the norm"),
        (lambda: (1 + ZERO) / ZERO, "a division by zero"),
        (lambda: np.log(ZERO), "a logarithm of 0"),
        (lambda: np.log(ZERO - 1), "a logarithm of a negative number"),
        (lambda: np.sqrt(ZERO - 1), "the square root of a negative number"),
        (lambda: (ZERO - 1) ** 0.3, "a power of a negative number"),
        (lambda: np.exp(1000 + ZERO) / np.exp(1000 + ZERO), "exp overflows"),
        (lambda: (1e300 + ZERO) ** 2, "beyond what its dtype holds"),
        (lambda: ZERO * np.inf, "0 times infinity"),
        (lambda: ZERO + np.inf - np.inf, "infinity minus infinity"),
    ],
)
def test_operation_that_gave_no_number_is_named(function, words):
    value, cause = watched(function)
    assert not np.isfinite(value).all()
    assert words in cause


def test_nothing_is_named_where_all_is_finite():
    assert watched(lambda: 1 + ZERO)[1] == ""


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: 1 / 0, "a division by zero"),
        (lambda: np.ones((2, 3)) + np.ones((4, 5)), "a sum over the wrong axis"),
        (lambda: np.ones((2, 3)).__setitem__(..., np.ones((3, 2))), "transposed"),
        (lambda: np.ones(3).sum(axis=1), "it expects more axes"),
        (lambda: float(np.ones(3)), "a sum or mean over all axes is missing"),
        (lambda: bool(np.ones(3)), "an if on a whole array"),
        (lambda: ZERO.missing, "an array takes the place of ctx"),  # type: ignore[attr-defined]
        (lambda: vars(np)["missing"], "see the error above"),
        (lambda: [].sort(1), "the signature differs"),
    ],
)
def test_error_is_explained(function, words):
    assert words in of_error(_raised(function))


def test_division_in_a_step_is_one_by_its_number():
    assert "off by one" in of_error(ZeroDivisionError(), "step 0")
    assert "off by one" not in of_error(ZeroDivisionError(), "penalty")


def test_refusal_is_told_from_an_accident():
    def refuse():
        raise ValueError("matrices only")

    assert on_purpose(_raised(refuse))
    assert not on_purpose(_raised(lambda: np.ones(3).sum(axis=1)))
    assert not on_purpose(_raised(lambda: np.linalg.inv(np.ones(3))))


@pytest.mark.parametrize(
    ("computed", "expected", "words"),
    [
        ((), (5, 4), "reduced over all axes"),
        ((4,), (1, 4), "the axis of length 1 is lost"),
        ((4, 5), (5, 4), "transposed"),
        ((5, 5), (5,), r"broadcasts to (n, n)"),
        ((5, 1), (5, 4), "not spread over its axis"),
        ((1, 5, 4), (5, 4), "an axis too many comes first"),
        ((20,), (5, 4), "a reshape, ravel or squeeze"),
        ((5,), (5, 4), "a sum or mean over the wrong axis, or a missing keepdims"),
    ],
)
def test_shape_is_explained(computed, expected, words):
    assert words in of_shape(computed, expected)


@pytest.mark.parametrize(
    ("computed", "words"),
    [(bool, "a comparison"), (int, "integers"), (complex, "complex"), (np.float16, "narrows"), (object, "objects")],
)
def test_dtype_is_explained(computed, words):
    assert words in of_dtype(computed, np.float32)
    assert "a float64 constant" in of_dtype(np.float64, np.float32)


def test_a_lost_last_axis_is_named():
    words = "keepdims=True is missing in a sum or mean over the last axis"
    for one, other in (((5, 4), (5,)), ((5,), (5, 4)), ((6, 5, 4), (6, 5)), ((6, 5), (6, 5, 4))):
        assert words in of_error(_raised(lambda one=one, other=other: np.ones(one) - np.ones(other)))
    assert "keepdims" not in of_error(_raised(lambda: np.ones((5, 4)) - np.ones((4, 5))))
