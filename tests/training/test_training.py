"""Fits that are interrupted or diverge."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

from framework import SGD, Activation, Adam, Dense, Loss, Model, Optimizer, RMSprop
from framework.callbacks import Callback, EarlyStopping, LambdaCallback, TerminateOnNaN
from framework.training.divergence import DivergenceGuard, all_finite
from framework.training.interrupts import HeldInterrupts

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2))
Y = X[:, :1] - X[:, 1:]
DTYPES = ["float32", "float64"]


def model(rate: float = 0.05, **options: Any) -> Model:
    options = {"optimizer": SGD(rate, momentum=0.9)} | options
    return Model([Dense(3, "tanh"), Dense(1)], seed=0, **options)


def press() -> None:
    """Press Ctrl-C, and wait until Python has noticed."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.001)


class PressIn(Optimizer, registered=False):
    """Gradient descent in two halves; Ctrl-C comes between them at step `at`."""

    def __init__(self, at: int, times: int = 1) -> None:
        self.at, self.times = at, times
        super().__init__(0.05)

    def update(self, params: Any, grads: Any) -> None:
        params -= 0.5 * self.rate * grads
        if self.step == self.at:
            for _ in range(self.times):
                press()
        params -= 0.5 * self.rate * grads


def test_ctrl_c_within_a_step_comes_out_when_the_step_is_whole() -> None:
    net, ended = model(optimizer=PressIn(6)), []
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=5, batch_size=5, callbacks=[LambdaCallback(on_train_end=ended.append)])
    whole, weights = model(optimizer=PressIn(-1)), []
    keep = LambdaCallback(on_batch_end=lambda batch, logs: weights.append(whole.network.params.copy()))
    whole.fit(X, Y, epochs=2, batch_size=5, callbacks=[keep])
    assert net.optimizer_.step == 6
    assert net.network.params.tolist() == weights[5].tolist()
    assert net.history.epoch == [1]
    assert ended == [{}]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    net.optimizer.at = -1
    net.fit(X, Y)


def test_a_second_ctrl_c_does_not_wait() -> None:
    net = model(optimizer=PressIn(6, times=2))
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=5, batch_size=5)
    whole = model(optimizer=PressIn(-1)).fit(X, Y, epochs=1, batch_size=5)
    assert net.history["loss"] == whole.history["loss"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end", "on_batch_end", "on_train_begin", "on_train_end"])
def test_ctrl_c_in_a_hook_lets_the_hook_finish(hook: str) -> None:
    done = []

    def pressing(*_: Any) -> None:
        press()
        done.append(hook)

    with pytest.raises(KeyboardInterrupt):
        model().fit(X, Y, epochs=3, callbacks=[LambdaCallback(**{hook: pressing})])
    assert done == [hook]


def test_ctrl_c_in_validation_does_not_wait() -> None:
    seen = []

    def metric(y_true: Any, y_pred: Any) -> float:
        if len(y_true) == 3:
            press()
            seen.append("went on")
        return 0.0

    net = model(metrics=[metric])
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, validation_data=(X[:3], Y[:3]))
    assert seen == []
    assert net.history.epoch == []
    net.fit(X, Y)


def test_best_weights_are_restored_after_ctrl_c() -> None:
    net, weights = model(), []

    class Worse(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["figure"] = float(epoch)
            weights.append(net.network.params.copy())
            if epoch == 2:
                press()

    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=9, callbacks=[Worse(), EarlyStopping("figure", patience=9, mode="min")])
    assert len(weights) == 3
    assert net.network.params.tolist() == weights[0].tolist()


def test_a_handler_of_ones_own_is_left_alone() -> None:
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("mine"))
    try:
        mine = signal.getsignal(signal.SIGINT)
        net = model().fit(X, Y, epochs=2, callbacks=[LambdaCallback(on_epoch_begin=lambda e, logs: press())])
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["mine", "mine"]
    assert net.history.epoch == [1, 2]


def test_a_fit_in_another_thread_does_not_touch_signals() -> None:
    seen: list[Any] = []
    look = LambdaCallback(on_epoch_end=lambda e, logs: seen.append(signal.getsignal(signal.SIGINT)))
    thread = threading.Thread(target=lambda: model().fit(X, Y, callbacks=[look]))
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_the_handler_is_put_back_after_errors() -> None:
    with pytest.raises(ZeroDivisionError):
        model().fit(X, Y, callbacks=[LambdaCallback(on_epoch_end=lambda e, logs: 1 / 0)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_holding_interrupts_alone() -> None:
    hooks: list[Any] = []
    with pytest.raises(KeyboardInterrupt), HeldInterrupts(hooks):  # noqa: PT012
        press()
        assert len(hooks) == 1
    with pytest.raises(KeyboardInterrupt), HeldInterrupts(hooks) as held, held.at_once():  # noqa: PT012
        press()
        pytest.fail("went on")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "optimizer",
    [
        *(SGD(rate, momentum=momentum) for rate in (30.0, 1e3, 1e10, 1e30) for momentum in (0.0, 0.9)),
        Adam(1e30, clip_norm=1.0),
        RMSprop(1e30),
    ],
    ids=repr,
)
def test_divergence_names_epoch_and_step_and_keeps_what_is_finite(dtype: str, optimizer: Any) -> None:
    if dtype == "float64" and not isinstance(optimizer, SGD):
        optimizer = optimizer.clone().set_params(learning_rate=1e200)
    net = Model([Dense(8, "relu"), Dense(8, "relu"), Dense(1)], optimizer=optimizer, seed=0, dtype=dtype)
    with pytest.raises(FloatingPointError, match=r"in .*epoch \d+.*last finite weights.*smaller learning rate"):
        net.fit(X, Y * 1e8, epochs=3000, batch_size=20)
    assert np.isfinite(net.network.params).all()
    assert all(np.isfinite(vector).all() for vector in net.optimizer_.state().values())
    assert np.isfinite(net.history["loss"]).all() if net.history.epoch else True


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_weights_kept_are_those_before_the_step_that_failed(dtype: str) -> None:
    options: Any = {"dtype": dtype, "optimizer": SGD(1e4)}
    linear = Model([Dense(1)], seed=0, **options)
    with pytest.raises(FloatingPointError) as caught:
        linear.fit(X, Y, epochs=1000, batch_size=20, shuffle=False)
    steps = linear.optimizer_.step
    assert f"epoch {steps + 1}, step 1" in str(caught.value) or f"epoch {steps + 2}, step 1" in str(caught.value)
    again = Model([Dense(1)], seed=0, **options)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            again.train_on_batch(X, Y)
    assert linear.network.params.tolist() == again.network.params.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_divergence_within_an_epoch_names_the_step(dtype: str) -> None:
    class _Until(Loss):
        calls = 0

        def per_sample(self, y_true: Any, y_pred: Any) -> Any:
            _Until.calls += 1
            return np.full(len(y_pred), np.nan if _Until.calls == 7 else 1.0, y_pred.dtype)

        def gradient(self, y_true: Any, y_pred: Any) -> Any:
            return np.ones_like(y_pred)

    net, weights = model(loss=_Until, dtype=dtype), []
    keep = LambdaCallback(on_batch_end=lambda batch, logs: weights.append(net.network.params.copy()))
    with pytest.raises(FloatingPointError, match="the loss became nan in epoch 2, step 3"):
        net.fit(X, Y, epochs=3, batch_size=5, callbacks=[keep])
    assert net.network.params.tolist() == weights[5].tolist()
    assert net.optimizer_.step == 6
    assert net.history.epoch == [1]


class _NanGradient(Loss):
    """A small loss whose gradient is not finite from the tenth step on."""

    steps = 0

    def per_sample(self, y_true: Any, y_pred: Any) -> Any:
        return np.where(np.isnan(y_pred[:, 0]), np.nan, 1.0).astype(y_pred.dtype)

    def gradient(self, y_true: Any, y_pred: Any) -> Any:
        _NanGradient.steps += 1
        return np.full_like(y_pred, np.nan if _NanGradient.steps >= 10 else 1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("epochs", [10, 3, 2])
def test_a_gradient_that_is_not_finite_costs_the_epoch(dtype: str, epochs: int) -> None:
    _NanGradient.steps = 0
    steps = 10 if epochs == 10 else 5
    net, weights = model(loss=_NanGradient, dtype=dtype), []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(net.network.params.copy()))
    with pytest.raises(FloatingPointError, match="epoch"):
        net.fit(X, Y, epochs=epochs, batch_size=20 // steps, callbacks=[keep])
    assert net.network.params.tolist() == weights[-1].tolist() if weights else np.isfinite(net.network.params).all()
    assert all(np.isfinite(vector).all() for vector in net.optimizer_.state().values())
    assert np.isfinite(net.history["loss"]).all() if weights else net.history.epoch == []


def test_terminate_on_nan_ends_the_fit_quietly(caplog: Any, capfd: Any) -> None:
    net = Model([Dense(1)], optimizer=SGD(1e200), seed=0)
    with caplog.at_level(logging.WARNING, logger="framework"):
        net.fit(X, Y, epochs=100, callbacks=[TerminateOnNaN()])
    assert net.stop_training
    assert np.isfinite(net.network.params).all()
    assert "training stopped: the loss became" in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("state", ["warn", "raise", "ignore"])
def test_numpy_settings_do_not_matter_to_the_error(state: Any) -> None:
    net = Model([Dense(3, "relu"), Dense(1)], optimizer=SGD(1e200), seed=0)
    with np.errstate(over=state, invalid=state), pytest.raises(FloatingPointError):
        net.fit(X, Y, epochs=100)
    assert np.isfinite(net.network.params).all()


@pytest.mark.parametrize("built", [False, True])
def test_divergence_at_the_first_step_leaves_initial_values(built: bool) -> None:
    net = model()
    if built:
        net.build(2)
    with pytest.raises(FloatingPointError, match="epoch 1, step 1"):
        net.fit(X, Y * 1e200)
    assert net.network.params.tolist() == model().build(2).network.params.tolist()
    with pytest.raises(FloatingPointError, match="no step was made"):
        net.train_on_batch(X, Y * 1e200)
    assert net.optimizer_.step == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_finite_numbers_are_not_taken_for_a_divergence(dtype: str) -> None:
    top = np.finfo(dtype).max
    assert all_finite(np.full(3, top, dtype))
    assert not all_finite(np.array([1, np.inf, 0], dtype))
    assert not all_finite(np.array([1, np.nan, 0], dtype))
    net = Model([Dense(1)], optimizer=SGD(1e-30), seed=0, dtype=dtype)
    net.fit(X, Y * float(np.sqrt(top)) / 8, epochs=2)
    assert net.history["loss"][0] > DivergenceGuard(net, False).large / 1e3


def test_running_statistics_spoilt_by_the_failing_batch_are_put_back() -> None:
    batches = [(X, Y), (X, Y), (X * 1e300, Y)]
    net = Model(["batch_normalization", Dense(1)], seed=0)
    with pytest.raises(FloatingPointError):
        net.fit(batches)
    assert np.isfinite(net.network.params).all()


def test_an_activation_that_overflows_is_found() -> None:
    class _Cube(Activation):
        def __call__(self, z: Any, out: Any = None) -> Any:
            return z**3

        def derivative(self, z: Any, a: Any, out: Any = None) -> Any:
            return 3 * z**2

    net = Model([Dense(3, _Cube()), Dense(3, _Cube()), Dense(1)], optimizer=SGD(10.0), seed=0)
    with pytest.raises(FloatingPointError, match="epoch"):
        net.fit(X, Y, epochs=100)
    assert np.isfinite(net.network.params).all()


def test_a_metric_that_is_an_array_is_reported_by_evaluate_and_not_kept_in_the_history():
    X = np.linspace(-1, 1, 20).reshape(-1, 1)
    y = (X > 0).astype(float)
    net = Model([Dense(1, "sigmoid")], loss="binary_crossentropy", metrics=["confusion_matrix", "accuracy"], seed=0)
    net.fit(X, y, validation_data=(X, y))
    assert set(net.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert net.evaluate(X, y)["confusion_matrix"].sum() == 20
