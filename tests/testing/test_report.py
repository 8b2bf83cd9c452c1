"""What a failed check says."""

from __future__ import annotations

import numpy as np
import pytest

from framework import Constraint, Regularizer
from framework.testing import check_constraint, check_regularizer
from framework.testing.core.arrays import check_parts
from framework.testing.core.report import Subject, plain


class _Asserting(Constraint):
    def __init__(self, axes=2):
        self.axes = axes

    def __call__(self, parameter):
        assert parameter.ndim == self.axes, "axes"
        return np.maximum(parameter, 0)


class _Infinite(Regularizer):
    def __call__(self, parameter):
        return float(np.divide(1, parameter).sum())

    def gradient(self, parameter):
        return -1 / parameter**2


def test_numbers_are_plain():
    assert plain(np.float64(0.25)) == "0.25"
    assert plain({"a": [np.float32(0.5), np.int64(3), np.True_]}) == "{'a': [0.5, 3, True]}"
    assert plain(np.arange(3.0)) == "[0., 1., 2.]"
    assert plain(np.zeros((4, 5))) == "an array (4, 5)"
    assert len(plain("a" * 100)) == 60
    with pytest.raises(AssertionError, match=r"was 0\.5\n.*divide by np\.where\(norm > 0, norm, 1\)"):
        Subject(_Asserting()).fail("part", f"was {np.float64(0.5)!r}", "divide by np.where(norm > 0, norm, 1)")


def test_an_assert_of_the_component_is_a_refusal_or_an_error():
    check_constraint(_Asserting())
    with pytest.raises(AssertionError, match=r"(?s)_Asserting\(axes=3\).*raised AssertionError: axes.*does not hold"):
        check_constraint(_Asserting(3))


def test_operation_that_is_infinite_is_named():
    with pytest.raises(AssertionError, match=r"(?s)penalty at W = 0: computed .*a division by zero"):
        check_regularizer(_Infinite())


def test_operation_is_named_before_other_causes():
    subject = Subject(_Infinite())
    with np.errstate(all="ignore"):
        values = subject.call("f", lambda: np.log(-np.ones(3)))
    with pytest.raises(AssertionError, match="a logarithm of a negative number"):
        subject.finite("f", values, "a buffer is not filled")
    with pytest.raises(AssertionError, match="a logarithm of a negative number"):
        subject.same("f", values, np.ones(3))
    values = subject.call("g", lambda: np.full(3, np.nan))
    with pytest.raises(AssertionError, match="a buffer is not filled"):
        subject.finite("g", values, "a buffer is not filled")


def test_a_batch_of_one_is_told_from_dependence_on_the_batch():
    subject, x = Subject(_Asserting()), np.random.default_rng(0).standard_normal((5, 3))
    centered = x - x.mean(axis=0)
    with pytest.raises(AssertionError, match=r"split into 2s.*\n.*wrong axis"):
        check_parts(subject, "f", lambda x: x - x.mean(axis=0), [x], centered, "wrong axis")
    with pytest.raises(AssertionError, match=r"split into 1s.*\n.*with a batch of one: the axis of length 1 is lost"):
        check_parts(subject, "f", np.squeeze, [x], x, "wrong axis")
    with pytest.raises(AssertionError, match=r"split into 1s.*\n.*a batch of one is computed in another way"):
        check_parts(subject, "f", lambda x: x if len(x) > 1 else 2 * x, [x], x, "wrong axis")


def test_a_long_name_is_cut_to_120_letters():
    def named(length):
        return Subject(_Asserting("a" * (length - len("_Asserting(axes='')")))).name

    assert len(named(120)) == 120
    assert not named(120).endswith("...")
    assert len(named(121)) == 120
    assert named(121).endswith("aaa...")
