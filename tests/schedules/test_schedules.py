"""Schedules: each against recorded rates and its formula, and refused arguments."""

from __future__ import annotations

import json
import pickle
from math import cos, pi
from pathlib import Path

import numpy as np
import pytest

from framework.optimizers import SGD
from framework.schedules import (
    Cosine,
    Exponential,
    InverseTime,
    OneCycle,
    Piecewise,
    Polynomial,
    Schedule,
    Step,
    WarmUp,
)

REFERENCES = json.loads((Path(__file__).parents[1] / "references" / "optimizers.json").read_text(encoding="utf-8"))
RECORDED = REFERENCES["schedules"]
SCHEDULES = [cls for cls in Schedule.components() if cls.__module__.startswith("framework.")]
EXAMPLES = [
    Step(0.1, 5),
    Exponential(0.1, 0.9),
    InverseTime(0.1, 0.5),
    Polynomial(0.1, 20, 2),
    Piecewise([5, 9], [0.1, 0.2, 0.0]),
    Cosine(0.1, 20, restarts=True, growth=1.5),
    OneCycle(0.1, 30),
    WarmUp(Cosine(0.1, 20), 5),
]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['schedule']}-{case['arguments']}")
def test_rates_are_the_recorded_ones(case):
    schedule = Schedule.named(case["schedule"])(**case["arguments"])
    rates = [schedule(step) for step in range(len(case["rates"]))]
    np.testing.assert_allclose(rates, case["rates"], rtol=1e-12, atol=1e-15)


def test_every_schedule_is_recorded_and_among_the_examples():
    names = {cls.component_name for cls in SCHEDULES}
    assert names == {case["schedule"] for case in RECORDED}
    assert names == {schedule.component_name for schedule in EXAMPLES}


@pytest.mark.parametrize("schedule", EXAMPLES, ids=repr)
class TestEvery:
    def test_is_a_function_of_the_step(self, schedule):
        forward = [schedule(step) for step in range(50)]
        assert [schedule(step) for step in reversed(range(50))] == forward[::-1]
        assert all(type(rate) is float and rate >= 0 for rate in forward)
        assert schedule(np.int64(7)) == schedule(7)
        assert schedule(10**9) >= 0

    def test_repr_clone_and_pickle(self, schedule):
        scope = {cls.__name__: cls for cls in SCHEDULES}
        for other in (eval(repr(schedule), scope), schedule.clone(), pickle.loads(pickle.dumps(schedule))):
            assert [other(step) for step in range(30)] == [schedule(step) for step in range(30)]

    def test_drives_an_optimizer(self, schedule):
        optimizer, params = SGD(schedule), np.zeros(1)
        for step in range(25):
            before = params.copy()
            optimizer.apply(params, -np.ones(1))
            np.testing.assert_allclose(params - before, schedule(step), atol=1e-15)


def test_polynomial_and_cosine_stay_at_their_end():
    for schedule in (Polynomial(0.1, 10, 2, end=0.01), Cosine(0.1, 10, end=0.01)):
        assert schedule(0) == pytest.approx(0.1)
        assert [schedule(step) for step in (10, 11, 500)] == [pytest.approx(0.01)] * 3


def test_exponential_over_several_steps():
    assert Exponential(0.1, 0.5, steps=10)(5) == pytest.approx(0.1 * 0.5**0.5)


def test_cosine_restarts_with_growing_periods():
    schedule = Cosine(1.0, 4, restarts=True, growth=1.5)
    starts = [0, 4, 10, 19]
    assert [schedule(step) for step in starts] == [pytest.approx(1.0)] * 4
    assert schedule(7) == pytest.approx((1 + cos(pi * 3 / 6)) / 2)
    assert schedule(9) < 0.1


def test_one_cycle_ends():
    schedule = OneCycle(0.5, 20, warm_up=0.5, start_divisor=5, end_divisor=100)
    assert schedule(0) == pytest.approx(0.1)
    assert schedule(9) == pytest.approx(0.5)
    assert [schedule(step) for step in (19, 20, 1000)] == [pytest.approx(0.001)] * 3


@pytest.mark.parametrize(("steps", "warm_up"), [(1, 0.3), (2, 0.5), (10, 0.1), (10, 0.0), (10, 1.0)])
def test_one_cycle_at_its_edges(steps, warm_up):
    rates = [OneCycle(0.5, steps, warm_up)(step) for step in range(steps + 3)]
    assert max(rates) == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0.5 / 25e4)


def test_piecewise_changes_after_as_many_steps_as_its_boundaries():
    schedule = Piecewise([100, 200], [0.1, 0.01, 0.001])
    assert [schedule(step) for step in (0, 99, 100, 199, 200)] == [0.1, 0.1, 0.01, 0.01, 0.001]


def test_warm_up_leads_to_the_beginning_of_its_schedule():
    inner = Step(0.2, 10)
    schedule = WarmUp(inner, 4)
    np.testing.assert_allclose([schedule(step) for step in range(4)], [0.04, 0.08, 0.12, 0.16])
    assert [schedule(step) for step in range(4, 40)] == [inner(step) for step in range(36)]
    assert schedule.set_params(schedule__steps=3)(7) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Step(0, 5), "Step: learning_rate must be a finite number above 0, got 0"),
        (lambda: Step(0.1, 0), "Step: steps must be a positive integer, got 0"),
        (lambda: Step(0.1, 5, -1), "Step: factor must be a finite number above 0, got -1"),
        (lambda: Exponential(0.1, 0), "Exponential: factor must be"),
        (lambda: Exponential(np.nan, 0.9), "Exponential: learning_rate must be"),
        (lambda: InverseTime(0.1, -1), "InverseTime: decay must be a finite number at least 0, got -1"),
        (lambda: Polynomial(0.1, 5, power=0), "Polynomial: power must be"),
        (lambda: Polynomial(0.1, 5, end=-1), "Polynomial: end must be"),
        (lambda: Cosine(0.1, 5, growth=0.5), "Cosine: growth must be a finite number at least 1, got 0.5"),
        (lambda: OneCycle(0.1, 5, warm_up=1.5), "warm_up must be a finite number at least 0 and at most 1, got 1.5"),
        (lambda: OneCycle(0.1, 5, start_divisor=0), "start_divisor must be"),
        (lambda: Piecewise([5], [0.1]), "Piecewise: 1 boundaries need 2 values, got 1"),
        (lambda: Piecewise([5, 5], [0.1, 0.1, 0.1]), "boundaries must rise"),
        (lambda: Piecewise([0], [0.1, 0.1]), "boundaries must be positive integers"),
        (lambda: Piecewise([3], [0.1, -0.1]), "values must be finite numbers of at least 0"),
        (lambda: WarmUp(-0.1, 5), "WarmUp: schedule must be a finite number above 0"),
        (lambda: WarmUp(0.1, 0), "WarmUp: steps must be"),
    ],
)
def test_values_that_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Step("0.1", 5), "Step: learning_rate must be a number, got '0.1'"),
        (lambda: Cosine(0.1, 2.5), "Cosine: steps must be a positive integer, got 2.5"),
        (lambda: Cosine(0.1, True), "Cosine: steps must be a positive integer, got True"),
        (lambda: Piecewise(5, [0.1]), "Piecewise: boundaries must be a list of numbers, got 5"),
        (lambda: WarmUp("cosine", 5), "WarmUp: schedule must be a number, got 'cosine'"),
    ],
)
def test_types_that_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_an_unusable_schedule_is_refused_by_the_optimizer():
    schedule = Step(0.1, 5)
    schedule.steps = 0
    with pytest.raises(ValueError, match="Step: steps must be a positive integer"):
        SGD(schedule)
