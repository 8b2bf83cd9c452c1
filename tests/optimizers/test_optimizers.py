"""Optimizers: ten steps of each against recordings, and what all of them share."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework import Dense, Model
from framework.core.component import Component
from framework.optimizers import SGD, Adam, AdamW, Lion, NAdam, Optimizer, RMSprop
from framework.optimizers.base import CLEARED_EVERY
from framework.schedules import Cosine, Exponential, Piecewise

pytestmark = pytest.mark.usefixtures("strict_floats")

RECORDED = json.loads((Path(__file__).parents[1] / "references" / "optimizers.json").read_text(encoding="utf-8"))
OPTIMIZERS = [cls for cls in Optimizer.components() if cls.__module__.startswith("framework.")]
SETTINGS = [
    *[cls() for cls in OPTIMIZERS],
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True),
    RMSprop(momentum=0.9, centered=True),
]


def run(optimizer, start, gradients, dtype=np.float64):
    """Return the parameters after each step."""
    params = np.array(start, dtype)
    trajectory = []
    for gradient in np.array(gradients, dtype):
        optimizer.apply(params, gradient)
        trajectory.append(params.copy())
    return np.array(trajectory)


def recorded_optimizer(case):
    arguments = dict(case["arguments"])
    if "exponential" in case:
        arguments["learning_rate"] = Exponential(*case["exponential"])
    return Optimizer.named(case["optimizer"])(**arguments)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: f"{case['optimizer']}-{case['arguments']}")
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_trajectory_is_the_recorded_one(case, dtype, rtol):
    trajectory = run(recorded_optimizer(case), RECORDED["start"], RECORDED["gradients"], dtype)
    assert trajectory.dtype == dtype
    np.testing.assert_allclose(trajectory, case["trajectory"], rtol=rtol, atol=rtol / 10)


def test_every_optimizer_is_recorded_with_its_defaults():
    with_defaults = {case["optimizer"] for case in RECORDED["cases"] if "exponential" not in case}
    assert with_defaults == {cls.component_name for cls in OPTIMIZERS}
    plain = {case["optimizer"] for case in RECORDED["cases"] if not case["arguments"]} | {"lion"}
    assert plain >= {cls.component_name for cls in OPTIMIZERS}


def test_lion_is_the_published_rule(rng):
    rate, beta_1, beta_2, decay = 0.01, 0.8, 0.95, 0.1
    start, gradients = rng.normal(size=4), rng.normal(size=(20, 4))
    expected, m = start.tolist(), [0.0] * 4
    for gradient in gradients.tolist():
        for i, g in enumerate(gradient):
            c = beta_1 * m[i] + (1 - beta_1) * g
            expected[i] -= rate * ((c > 0) - (c < 0) + decay * expected[i])
            m[i] = beta_2 * m[i] + (1 - beta_2) * g
    optimizer = Lion(rate, beta_1, beta_2, weight_decay=decay)
    np.testing.assert_allclose(run(optimizer, start, gradients)[-1], expected, rtol=1e-12)


@pytest.mark.parametrize("optimizer", SETTINGS, ids=repr)
class TestEvery:
    def test_leaves_the_gradient_alone_and_steps_each_element_by_itself(self, optimizer, rng):
        start, gradients = rng.normal(size=7), rng.normal(size=(40, 7))
        kept = gradients.copy()
        whole = run(optimizer.clone(), start, gradients)[-1]
        parts = [run(optimizer.clone(), start[s], gradients[:, s])[-1] for s in (slice(0, 3), slice(3, 7))]
        np.testing.assert_array_equal(gradients, kept)
        np.testing.assert_allclose(whole, np.concatenate(parts), rtol=1e-14)

    def test_a_read_only_gradient_will_do(self, optimizer, rng):
        params, gradient = rng.normal(size=5), rng.normal(size=5)
        gradient.flags.writeable = False
        copy.deepcopy(optimizer).set_params(weight_decay=0.1, clip_norm=0.5, clip_value=0.4).apply(params, gradient)

    def test_no_gradient_no_move(self, optimizer, rng):
        start = rng.normal(size=5)
        after = run(optimizer.clone().set_params(weight_decay=0.0), start, np.zeros((5, 5)))[-1]
        np.testing.assert_array_equal(after, start)

    def test_descends_a_quadratic(self, optimizer):
        target, params = np.array([1.0, -2.0, 0.5]), np.zeros(3)
        rate = {"adagrad": 1.0, "adadelta": 10.0}.get(optimizer.component_name, 0.1)
        optimizer = optimizer.clone().set_params(learning_rate=Cosine(rate, 600), weight_decay=0.0)
        for _ in range(600):
            optimizer.apply(params, params - target)
        np.testing.assert_allclose(params, target, atol=0.02)

    @pytest.mark.parametrize("made", [7, CLEARED_EVERY, 45])
    def test_goes_on_exactly_from_its_state(self, optimizer, made, rng):
        optimizer = optimizer.clone().set_params(learning_rate=Cosine(0.01, 30, restarts=True))
        start, gradients = rng.normal(size=6), rng.normal(size=(100, 6))
        whole = run(optimizer, start, gradients)
        first = optimizer.clone()
        middle = run(first, start, gradients[:made])[-1]
        second = optimizer.clone()
        second.bind(middle)
        second.restore(first.state())
        np.testing.assert_array_equal(run(second, middle, gradients[made:])[-1], whole[-1])
        first.restore(second.state())
        assert first.step == 100
        first.restore({"step": 0, **{slot: np.zeros(6) for slot in first.slots}})
        np.testing.assert_array_equal(run(first, start, gradients)[-1], whole[-1])

    def test_copies_and_pickles_go_on_alike(self, optimizer, rng):
        optimizer = optimizer.clone()
        start, gradients = rng.normal(size=6), rng.normal(size=(20, 6))
        middle = run(optimizer, start, gradients[:9])[-1]
        others = [copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
        expected = run(optimizer, middle, gradients[9:])
        for other in others:
            np.testing.assert_array_equal(run(other, middle, gradients[9:]), expected)

    def test_its_state_is_its_own(self, optimizer, rng):
        optimizer = optimizer.clone()
        run(optimizer, rng.normal(size=6), rng.normal(size=(3, 6)))
        state = optimizer.state()
        before = copy.deepcopy(state)
        run(optimizer, rng.normal(size=6), rng.normal(size=(3, 6)))
        for name, value in before.items():
            np.testing.assert_array_equal(state[name], value)

    @pytest.mark.parametrize("common", [{}, {"weight_decay": 0.1, "clip_norm": 1.0, "clip_value": 0.5}])
    def test_a_step_allocates_no_vector(self, optimizer, common, rng):
        optimizer = optimizer.clone().set_params(**common)
        params, gradient = rng.normal(size=100_000), rng.normal(size=100_000)
        optimizer.apply(params, gradient)
        tracemalloc.start()
        try:
            for _ in range(CLEARED_EVERY):
                optimizer.apply(params, gradient)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < params.nbytes / 10

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_no_subnormal_number_stays(self, optimizer, dtype, rng):
        factors = {name: 0.9 for name in ("momentum", "rho", "beta_1", "beta_2") if getattr(optimizer, name, 0)}
        optimizer = optimizer.clone().set_params(weight_decay=0.0, **factors)
        params, gradient = rng.normal(size=4).astype(dtype), rng.normal(size=4).astype(dtype)
        optimizer.apply(params, gradient)
        tiny = np.finfo(dtype).smallest_normal
        for slot in optimizer.slots:  # brings the end near
            getattr(optimizer, slot)[...] *= tiny * 1e20
        zeros = np.zeros(4, dtype)
        for _ in range(1000):
            optimizer.apply(params, zeros)
            for slot in optimizer.slots:
                sizes = np.abs(getattr(optimizer, slot))
                assert not ((sizes > 0) & (sizes < tiny)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clearing_subnormals_changes_no_result(dtype, rng):
    """Gradients that die out, against Adam's formula in float64."""
    start = rng.normal(size=5)
    gradients = rng.normal(size=(3000, 5)) * 0.93 ** np.arange(3000)[:, None]
    m = v = 0.0
    expected = start.copy()
    for t, g in enumerate(gradients, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.98 * v + 0.02 * g * g
        expected -= 0.01 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.98**t)) + 1e-8)
    optimizer = Adam(0.01, beta_2=0.98)
    trajectory = run(optimizer, start, gradients, dtype)
    np.testing.assert_allclose(trajectory[-1], expected, rtol=1e-10 if dtype == np.float64 else 1e-5)
    if dtype == np.float32:
        assert not optimizer.m.any()


def test_centered_rmsprop_is_finite_where_the_variance_vanishes():
    trajectory = run(RMSprop(centered=True, rho=0.5), [1.0, 1.0], np.full((200, 2), [0.1, 0.3]))
    assert np.isfinite(trajectory).all()


class TestClipping:
    def test_by_value(self, rng):
        gradient = rng.normal(size=20) * 3
        after = run(SGD(1.0, clip_value=0.5), np.zeros(20), [gradient])[-1]
        np.testing.assert_array_equal(after, -np.clip(gradient, -0.5, 0.5))

    def test_by_norm_keeps_the_direction(self, rng):
        gradient = rng.normal(size=20)
        after = run(SGD(1.0, clip_norm=0.5), np.zeros(20), [gradient])[-1]
        np.testing.assert_allclose(after, -gradient * 0.5 / np.sqrt((gradient**2).sum()), rtol=1e-14)

    def test_a_short_gradient_stays(self, rng):
        gradient = rng.normal(size=20) * 0.01
        np.testing.assert_array_equal(run(SGD(1.0, clip_norm=0.5), np.zeros(20), [gradient])[-1], -gradient)

    def test_a_gradient_whose_square_is_too_large(self):
        gradient = np.array([3e30, -4e30], np.float32)
        after = run(SGD(1.0, clip_norm=5.0), np.zeros(2), [gradient], np.float32)[-1]
        np.testing.assert_allclose(after, [-3, 4], rtol=1e-6)

    def test_comes_before_decay(self):
        after = run(SGD(1.0, clip_norm=1.0, clip_value=3.0, weight_decay=0.1), [10.0, 10.0], [[6.0, 4.0]])[-1]
        np.testing.assert_allclose(after, [10 - 3 / 18**0.5 - 0.1 * 10] * 2)


class TestWeightDecay:
    @pytest.mark.parametrize("optimizer", [SGD(0.5, weight_decay=0.2), Lion(0.5, weight_decay=0.2)], ids=repr)
    def test_works_on_the_beginning_of_the_vector(self, optimizer):
        params = np.array([1.0, 2.0, 3.0])
        optimizer = optimizer.clone()
        optimizer.bind(params, decayed=2)
        optimizer.apply(params, np.zeros(3))
        np.testing.assert_allclose(params, [0.9, 1.8, 3.0], rtol=1e-15)

    def test_decoupled_follows_the_schedule(self):
        optimizer = AdamW(Piecewise([1], [0.5, 0.25]), weight_decay=0.2)
        np.testing.assert_allclose(run(optimizer, [1.0], np.zeros((2, 1)))[:, 0], [0.9, 0.9 * 0.95], rtol=1e-15)

    def test_a_model_leaves_biases_out(self, rng):
        X, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
        layers = [Dense(4, "tanh", bias_initializer="ones"), Dense(2)]
        model = Model(layers, optimizer=SGD(0.1, weight_decay=0.5), seed=1).build(3)
        before, gradients = model.get_weights(), model.gradients(X, y)
        model.train_on_batch(X, y)
        for weight, was, gradient in zip(model.get_weights(), before, gradients, strict=True):
            decay = 0.5 if was.ndim == 2 else 0.0
            np.testing.assert_allclose(weight, was - 0.1 * (gradient + decay * was), rtol=1e-12)


class TestLearningRate:
    def test_a_schedule_is_asked_before_each_step(self):
        trajectory = run(SGD(Piecewise([1, 2], [1.0, 0.1, 0.01])), [0.0], -np.ones((4, 1)))
        np.testing.assert_allclose(trajectory[:, 0], [1, 1.1, 1.11, 1.12], rtol=1e-12)

    def test_may_be_set_at_any_time(self):
        optimizer = SGD(1.0)
        params = np.zeros(1)
        rates = (1.0, 0.5, Exponential(0.8, 0.5), 0.25)
        for rate in rates:
            optimizer.set_params(learning_rate=rate)
            optimizer.apply(params, -np.ones(1))
        np.testing.assert_allclose(params, 1.0 + 0.5 + 0.8 * 0.25 + 0.25)

    def test_may_be_assigned_at_any_time(self):
        optimizer, params = SGD(1.0), np.zeros(1)
        for rate in (1.0, 0.5, Exponential(0.8, 0.5), 0.25):
            optimizer.learning_rate = rate
            optimizer.apply(params, -np.ones(1))
        np.testing.assert_allclose(params, 1.0 + 0.5 + 0.8 * 0.25 + 0.25)

    def test_follows_what_is_assigned_to_its_schedule(self):
        schedule, params = Exponential(1.0, 0.5), np.zeros(1)
        optimizer = SGD(schedule)
        optimizer.apply(params, -np.ones(1))
        schedule.learning_rate = 0.1
        optimizer.apply(params, -np.ones(1))
        np.testing.assert_allclose(params, 1.0 + 0.1 * 0.5)
        schedule.factor = -1.0
        with pytest.raises(ValueError, match="factor must be"):
            optimizer.apply(params, -np.ones(1))

    def test_may_be_assigned_where_the_constructor_has_no_such_argument(self):
        class Fixed(SGD, registered=False):
            def __init__(self):
                super().__init__(1.0)

        optimizer, params = Fixed(), np.zeros(1)
        optimizer.apply(params, -np.ones(1))
        optimizer.learning_rate = 0.5
        optimizer.apply(params, -np.ones(1))
        assert params == 1.5

    def test_a_copy_has_its_own(self):
        optimizer, params = SGD(1.0), np.zeros(1)
        optimizer.apply(params, -np.ones(1))
        for copied in (copy.copy(optimizer), copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
            vars(copied)["learning_rate"] = 0.5  # uncounted: a copy trusts no count of the original's
            params[...] = 0
            copied.apply(params, -np.ones(1))
            assert params == 0.5

    def test_is_refused_when_used(self):
        optimizer = SGD(1.0)
        optimizer.apply(np.zeros(2), np.ones(2))
        optimizer.learning_rate = -1.0
        with pytest.raises(ValueError, match="learning_rate must be a finite number above 0, got -1"):
            optimizer.apply(np.zeros(2), np.ones(2))


class TestRate:
    def test_is_a_number_that_stays(self):
        optimizer, params, rates = SGD(Piecewise([1, 2], [1.0, 0.1, 0.01])), np.zeros(3, np.float32), []
        for _ in range(3):
            optimizer.apply(params, np.ones(3, np.float32))
            rates.append(optimizer.rate)
        assert rates == [1.0, 0.1, 0.01]
        assert {type(rate) for rate in rates} == {float}

    @pytest.mark.parametrize("rate", [0.1, 1, np.float32(0.5), Exponential(0.1, 1.0)])
    def test_is_a_number_whatever_was_given(self, rate):
        optimizer, params = Adam(rate), np.zeros(3)
        optimizer.apply(params, np.ones(3))
        assert type(optimizer.rate) is float
        assert optimizer.rate == (0.1 if isinstance(rate, Exponential) else rate)

    @pytest.mark.parametrize("optimizer", SETTINGS, ids=repr)
    def test_may_be_set_by_a_rule_that_goes_on_from_that_of_its_base_class(self, optimizer, rng):
        base: Any = type(optimizer)

        class Doubled(base, registered=False):
            def update(self, params, grads):
                self.rate = 2 * self.learning_rate
                super().update(params, grads)

        arguments = optimizer.get_params() | {"weight_decay": 0.0}
        twice = optimizer.clone().set_params(weight_decay=0.0, learning_rate=2 * optimizer.learning_rate)
        start, gradients = rng.normal(size=5), rng.normal(size=(4, 5))
        np.testing.assert_allclose(run(Doubled(**arguments), start, gradients), run(twice, start, gradients))


CHANGES = {
    "learning_rate": 0.02,
    "momentum": 0.7,
    "nesterov": False,
    "centered": True,
    "rho": 0.8,
    "beta_1": 0.6,
    "beta_2": 0.9,
    "epsilon": 1e-3,
    "momentum_decay": 0.3,
    "clip_norm": 0.5,
    "clip_value": 0.3,
    "weight_decay": 0.2,
}


@pytest.mark.parametrize(("optimizer", "name"), [(o, name) for o in SETTINGS for name in o.get_params()], ids=repr)
def test_goes_on_exactly_after_an_argument_was_changed(optimizer, name, rng):
    start, gradients = rng.normal(size=5), rng.normal(size=(12, 5))
    whole, params = optimizer.clone(), start.copy()
    run_on = [(whole, params)]
    for step, gradient in enumerate(gradients):
        if step == 5:
            whole.set_params(**{name: CHANGES[name]})
        if step == 8:  # as a model is loaded: an optimizer of the present arguments, and the state
            resumed, copied = whole.clone(), params.copy()
            resumed.bind(copied)
            resumed.restore(whole.state())
            run_on.append((resumed, copied))
        for each, vector in run_on:
            each.apply(vector, gradient)
    np.testing.assert_array_equal(copied, params)


@pytest.mark.parametrize(("beta_1", "momentum_decay"), [(0.9, 0.004), (0.5, 0.3), (0.0, 0.0), (0.999, 0.0)])
def test_nadam_follows_its_formula_where_the_product_of_the_momenta_ends(beta_1, momentum_decay, rng):
    """The product comes to nothing in between; then to other arguments, in which all steps count."""
    optimizer, params = NAdam(0.01, beta_1, 0.9, momentum_decay=momentum_decay), np.ones(2)
    expected, m, v = params.copy(), 0.0, 0.0
    for t in range(1, 501):
        if t == 450:
            m, beta_1 = m * 0.2 / (1 - beta_1), 0.8  # the slot keeps its value: m' is rescaled
            optimizer.beta_1 = beta_1
        g = rng.normal(size=2)
        mu = beta_1 * (1 - 0.5 * 0.96 ** (np.arange(1, t + 2) * momentum_decay))
        m, v = beta_1 * m + (1 - beta_1) * g, 0.9 * v + 0.1 * g * g
        n = mu[-1] * m / (1 - np.prod(mu)) + (1 - mu[-2]) * g / (1 - np.prod(mu[:-1]))
        expected -= 0.01 * n / (np.sqrt(v / (1 - 0.9**t)) + 1e-8)
        optimizer.apply(params, g)
        np.testing.assert_allclose(params, expected, rtol=1e-10)


def test_nadam_has_the_same_momenta_after_a_restore():
    optimizer = NAdam(momentum_decay=0.3)
    start, gradients = np.ones(2), np.ones((12, 2))
    run(optimizer, start, gradients)
    state = optimizer.state()
    again = NAdam(momentum_decay=0.3)
    again.bind(start)
    again.restore(state)
    assert run(again, start, gradients).tolist() == run(optimizer, start, gradients).tolist()


def test_update_is_only_the_rule():
    optimizer, params = SGD(1.0, clip_value=0.5, weight_decay=0.1), np.ones(2)
    optimizer.apply(params, np.ones(2))
    np.testing.assert_allclose(params, 1 - (0.5 + 0.1))
    optimizer.update(params, np.ones(2))
    np.testing.assert_allclose(params, 0.4 - 1)
    assert optimizer.step == 1


@pytest.mark.parametrize(("optimizer", "calls"), [(SGD(), 2), (SGD(momentum=0.9), 2), (Adam(), 3)], ids=repr)
def test_a_step_is_few_calls_of_python_functions(optimizer, calls):
    optimizer, params, gradient = optimizer.clone(), np.zeros(5), np.ones(5)
    optimizer.apply(params, gradient)
    called = []
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        optimizer.apply(params, gradient)
    finally:
        sys.setprofile(None)
    assert called[:2] == ["apply", "update"]
    assert len(called) == calls


def test_a_step_does_not_count_as_an_assignment():
    for optimizer in SETTINGS:
        optimizer, params = optimizer.clone(), np.zeros(3)
        optimizer.apply(params, np.ones(3))
        before = Component.assignments.number
        optimizer.apply(params, np.ones(3))
        assert Component.assignments.number == before, optimizer
        optimizer.learning_rate = 0.5
        assert Component.assignments.number != before, optimizer


def test_a_rule_may_go_on_from_that_of_its_base_class():
    class Noted(Adam, registered=False):
        def update(self, params, grads):
            super().update(params, grads)
            self.last = float(params[0])

    optimizer = Noted(0.1, clip_norm=1.0)
    trajectory = run(optimizer, [1.0], [[5.0], [5.0]])
    np.testing.assert_allclose(trajectory[:, 0], [0.9, 0.8])
    assert (optimizer.step, optimizer.last) == (2, trajectory[-1, 0])


def test_one_slot_may_be_named_without_a_comma():
    class Summed(Optimizer, registered=False):
        slots = "velocity"  # type: ignore[assignment]
        velocity: np.ndarray

        def update(self, params, grads):
            self.velocity += grads
            params -= self.rate * self.velocity

    np.testing.assert_array_equal(run(Summed(1.0), [0.0], [[1.0], [1.0]])[:, 0], [-1, -3])


def test_vectors_of_another_size_begin_anew():
    optimizer = SGD(1.0, momentum=0.5)
    run(optimizer, np.zeros(3), np.ones((2, 3)))
    np.testing.assert_array_equal(run(optimizer, np.zeros(2), np.ones((1, 2)))[-1], [-1, -1])
    assert optimizer.step == 1


@pytest.mark.parametrize("name", ["step", "missed"])
def test_a_slot_cannot_take_the_name_of_another_entry_of_the_state(name):
    with pytest.raises(TypeError, match=f"Wrong: a slot cannot be called '{name}'"):

        class Wrong(Optimizer, registered=False):
            slots = (name,)


@pytest.mark.parametrize("missed", [[0, 3, 0], [0, -1, 0], [0, 1], [[0, 1, 1]], [0.0, 1.0, 1.0], 1])
def test_steps_missed_that_cannot_be_are_refused(missed):
    optimizer = SGD()
    optimizer.bind(np.zeros(3))
    with pytest.raises(ValueError, match="the steps missed must be 3 integers from 0 to 2"):
        optimizer.restore({"step": 2, "velocity": np.ones(3), "missed": missed})
    assert not optimizer.velocity.any()


def test_a_state_that_does_not_fit_is_refused():
    optimizer = Adam()
    with pytest.raises(ValueError, match="Adam, not bound, keeps slots"):
        optimizer.restore({"step": 1, "m": np.zeros(3), "v": np.zeros(3)})
    optimizer.bind(np.zeros(3))
    with pytest.raises(ValueError, match=r"bound to 3 parameters.*'m': \(1,\)"):
        optimizer.restore({"step": 1, "m": np.zeros(1), "v": np.zeros(3)})
    with pytest.raises(ValueError, match="keeps slots"):
        optimizer.restore({"step": 1, "velocity": np.zeros(3)})


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
class TestArguments:
    def test_names(self, cls):
        assert type(Optimizer.of(cls.__name__)) is cls
        assert Optimizer.named(cls.__name__.lower()) is cls

    def test_ranges(self, cls):
        refused = {
            "learning_rate": (0, -1.0, np.nan, np.inf),
            "clip_norm": (0.0,),
            "clip_value": (-1,),
            "weight_decay": (-0.1,),
            "momentum": (1.0, -0.1),
            "beta_1": (1.0, -0.1),
            "beta_2": (1.0,),
            "rho": (1.0,),
            "epsilon": (0.0,),
            "momentum_decay": (-1.0,),
        }
        for name in cls().get_params():
            for value in refused.get(name, ()):
                with pytest.raises(ValueError, match=f"{cls.__name__}: {name} must be"):
                    cls(**{name: value})
            if name in refused:
                with pytest.raises(TypeError, match=f"{cls.__name__}: {name} must be a number, got 'a' "):
                    cls(**{name: "a"})

    def test_repr_is_the_call(self, cls):
        optimizer = cls(0.5, weight_decay=0.25, clip_norm=2.0)
        scope = {cls.__name__: cls}
        assert eval(repr(optimizer), scope).get_params() == optimizer.get_params()


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0"):
        SGD(nesterov=True)


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_what_an_optimizer_keeps_does_not_grow(cls):
    optimizer, params, sizes = cls(), np.ones(2), []
    for _ in range(2):
        for _ in range(1000):
            optimizer.apply(params, np.ones(2))
        sizes.append(len(pickle.dumps(optimizer)))
    assert sizes[1] <= sizes[0] + 8  # the step's number may have more bytes
