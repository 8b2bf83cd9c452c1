"""How far a component may be from its definition, and how what it computes in its place is named."""

import re

import numpy as np
import pytest

from framework import Activate, Activation, Constraint, Initializer, Loss, Optimizer, Regularizer, Schedule
from framework.testing import (
    check_activation,
    check_constraint,
    check_initializer,
    check_layer,
    check_loss,
    check_optimizer,
    check_regularizer,
    check_schedule,
)
from framework.testing.core.report import Subject
from framework.testing.initializers.statistics import of_variance
from framework.testing.losses.paths import check_jumps, check_sides
from framework.testing.losses.samples import Kind
from framework.testing.metrics.values import check_definition


class Ridge(Regularizer, registered=False):
    def __call__(self, parameter):
        return float((parameter**2).sum())

    def gradient(self, parameter):
        return 2 * parameter


class Falling(Schedule, registered=False):
    def __call__(self, step):
        return 1 / (1 + step)


WITHIN = {  # the check, a right definition times a factor, and how far that factor may be from 1
    "activation": (lambda c: check_activation(Activation.of("tanh"), definition=lambda z: c * np.tanh(z)), 1e-7),
    "layer": (lambda c: check_layer(Activate("tanh"), input_shape=(3,), definition=lambda x: c * np.tanh(x)), 1e-7),
    "loss": (lambda c: check_loss(Loss.of("mse"), definition=lambda y, p: c * ((y - p) ** 2).mean(axis=1)), 1e-9),
    "regularizer": (lambda c: check_regularizer(Ridge(), definition=lambda W: c * (W**2).sum()), 1e-9),
    "constraint": (
        lambda c: check_constraint(Constraint.of("non_negative"), definition=lambda W: c * np.maximum(W, 0)),
        1e-9,
    ),
    "optimizer": (
        lambda c: check_optimizer(Optimizer.of("sgd"), definition=lambda x, g, t, rate, m, **_: x - c * rate * g),
        1e-6,
    ),
    "schedule": (lambda c: check_schedule(Falling(), definition=lambda step: c / (1 + step)), 1e-9),
}


@pytest.mark.parametrize("kind", WITHIN)
def test_a_definition_may_be_off_by_rounding_alone(kind):
    check, most = WITHIN[kind]
    check(1 + 0.2 * most)
    for factor in (1 + 8 * most, 1 - 8 * most):
        with pytest.raises(AssertionError, match=r"computed .*, expected "):
            check(factor)


def squares(y, p):
    return float(((y - p) ** 2).mean())


def _draw(rng, n):
    return rng.random((n, 2)), rng.random((n, 2)) + np.array([0.0, 0.5])


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (lambda y, p: squares(y, p) ** 2, "the square root is missing"),
        (lambda y, p: squares(y, p) ** 0.5, "a square root too much"),
        (lambda y, p: 1 - squares(y, p), "the complement: 1 minus the value"),
        (lambda y, p: 1 / squares(y, p), "the reciprocal"),
        (lambda y, p: squares(y, p) * 24 / 23, r"a division by n - 1 where n belongs \(ddof\)$"),
        (lambda y, p: squares(y, p) * (24 / 23) ** 0.5, "n - 1 where n belongs .ddof., below a root"),
        (lambda y, p: squares(y, p) * 23 / 24, "a division by n where n - 1 belongs"),
        (lambda y, p: squares(y, p) / np.log(2), "to base 2"),
        (lambda y, p: squares(y, p) / np.log(10), "to base 10"),
        (lambda y, p: squares(y, p) * 100, "a percentage"),
        (lambda y, p: squares(y[:, :1], p[:, :1]), "only the first output is used"),
        (lambda y, p: squares(y, p) + 0.3, "a constant is added"),
        (lambda y, p: squares(y, p) * 24, "the number of samples: a sum where a mean belongs"),
        (lambda y, p: squares(y, p) * 3, "every entry is 3 times .* a constant factor is wrong"),
        (lambda y, p: np.sin(squares(y, p)), "a wrong formula$"),
        (lambda y, p: squares(y, p) * (1 + 3e-9), "computed .*, expected "),
    ],
)
def test_what_a_metric_computes_in_place_of_its_definition_is_named(metric, words):
    subject = Subject(Ridge())
    check_definition(subject, squares, _draw, squares, 24, 0.0)
    check_definition(subject, lambda y, p: squares(y, p) * (1 + 3e-10), _draw, squares, 24, 0.0)
    with pytest.raises(AssertionError, match=words):
        check_definition(subject, metric, _draw, squares, 24, 0.0)


@pytest.mark.parametrize(
    ("variance", "words"),
    [
        (0.0, "all values are equal"),
        (0.49, "fan_in and fan_out are exchanged"),
        (0.2**4, "the variance is taken for the standard deviation"),
        (0.2, "the standard deviation is taken for the variance"),
        (0.2**2 / 3, "the standard deviation is taken for the limit"),
        (0.2**4 / 3, "the variance is taken for the limit"),
        (0.2**2 * 2, "factor 2: the variance is 2 times"),
        (0.2**2 / 2, "factor 2: the variance is 0.5 times"),
        (0.2**2 * 4, "factor 2: the variance is 4 times"),
        (0.2**2 / 4, "factor 2: the variance is 0.25 times"),
        (0.2**2 * 3, r"sqrt\(3\): the variance is 3 times"),
        (0.2**2 * 0.7737, "cut off at two deviations"),
        (0.2**2 * 1.7, "^the variance is 1.7 times what it should be"),
    ],
)
def test_what_a_variance_is_in_place_of_the_right_one_is_named(variance, words):
    for shift in (-0.9e-5, 0, 0.9e-5) if variance else (0,):
        assert re.search(words, of_variance(variance + shift, 0.2, 0.7, 1e-5))
    assert "1.7" in of_variance(0.2**2 * 1.7, 0.2, 0.2, 1e-5)
    assert "drawn where all should be equal" in of_variance(0.1, 0.0, 0.0, 1e-5)


def test_an_initializer_may_be_off_by_chance_alone():
    check_initializer(Initializer.of("he_normal"), mean=0, std=lambda fan_in, fan_out: (2 / fan_in) ** 0.5)
    for off in (0.9, 1.1):
        with pytest.raises(AssertionError, match="standard deviation: computed"):
            check_initializer(
                Initializer.of("he_normal"), mean=0, std=lambda fan_in, fan_out, off=off: off * (2 / fan_in) ** 0.5
            )


class Distance(Loss, registered=False):
    """``|y_pred - y_true|``, with a gradient times a factor, and a jump at 0.5."""

    factor, jump, at_zero = 1.0, 0.0, 0.0

    def per_sample(self, y_true, y_pred):
        r = y_pred - y_true
        return (np.abs(r) + self.jump * (y_pred > 0.5)).sum(axis=1)

    def gradient(self, y_true, y_pred):
        r = y_pred - y_true
        return np.where(r == 0, self.at_zero, self.factor * np.sign(r))


def _distance(**values):
    loss = Distance()
    vars(loss).update(values)
    return loss


def test_a_gradient_lies_between_the_slopes_to_both_sides():
    subject, y = Subject(Ridge()), np.zeros((2, 1))
    off, kink = np.array([[1.5], [-2.0]]), np.array([[0.0], [1.0]])
    check_sides(subject, _distance(factor=1 + 5e-5), y, off)
    for factor in (1 + 2e-4, 1 - 2e-4):
        with pytest.raises(AssertionError, match=r"entry \[0, 0\]: computed .*, expected 1 by central differences"):
            check_sides(subject, _distance(factor=factor), y, off)
    for slope in (-1.1, 0.0, 1.1):
        check_sides(subject, _distance(at_zero=slope), y, kink)
    for slope in (-1.3, 1.3):
        with pytest.raises(
            AssertionError, match=r"expected -?0 by central differences, where y_pred is 0 and y_true 0"
        ):
            check_sides(subject, _distance(at_zero=slope), y, kink)


def test_a_loss_that_jumps_is_refused():
    subject, kind = Subject(Ridge()), Kind(lambda rng, n, outputs: tuple(rng.uniform(0, 1, (2, n, outputs))), -3, 3)
    for size in (0.0, 5e-6):
        check_jumps(subject, _distance(jump=size), kind, 2)
    place = r"where y_pred\[0, 0\] passes 0.5, with the target 0"
    with pytest.raises(AssertionError, match=rf"sample 0: jumps from .* to .* {place}"):
        check_jumps(subject, _distance(jump=1e-4), kind, 2)
