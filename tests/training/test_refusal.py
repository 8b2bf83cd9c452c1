"""Data that proves unusable late in a fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from framework import SGD, Adam, Checkpoint, Dense, EarlyStopping, Model, WeightAveraging
from framework.callbacks import Callback, LambdaCallback

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X[:, :1] ** 2
BATCHES = [(X[i : i + 7], Y[i : i + 7]) for i in range(0, 30, 7)]


def model(**options: Any) -> Model:
    return Model(
        [Dense(4, "tanh"), "batch_normalization", Dense(1)], optimizer=SGD(0.05, momentum=0.9), seed=0, **options
    )


class BadFrom(list[Any]):
    """Batches of which the fourth is bad from an epoch on, counted from 0."""

    def __init__(self, epoch: int, bad: Any = (X * np.nan, Y), batches: Any = BATCHES) -> None:
        super().__init__(batches)
        self.bad_from, self.bad, self.epoch = epoch, bad, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        for number, batch in enumerate(super().__iter__()):
            bad = self.epoch >= self.bad_from and number == 3
            if bad and isinstance(self.bad, Exception):
                raise self.bad
            yield self.bad if bad else batch


def until(epochs: int, steps: int, trained: int = 0, **options: Any) -> Model:
    """Return a model after so many whole epochs and so many steps of the next one."""
    net = model(**options)
    if trained:
        net.fit(X, Y, epochs=trained)
    if epochs:
        net.fit(BATCHES, epochs=epochs)
    history = net.history.copy()
    if steps:
        net.fit(BATCHES[:steps])
    net.state.history = history
    return net


BAD = {
    "nan": ((X * np.nan, Y), ValueError, "batch 4: batch x holds nan"),
    "strings": ((X.astype(str), Y), TypeError, "batch 4: batch x holds strings"),
    "width": ((X[:, :2], Y), ValueError, "batch 4: .*expects inputs of shape"),
    "no batch": (None, ValueError, "batch 4: a batch must be"),
    "weights": ((X, Y, -np.ones(30)), ValueError, "batch 4: batch weight holds -1"),
}


@pytest.mark.parametrize("trained", [0, 2])
@pytest.mark.parametrize(("bad", "error", "words"), BAD.values(), ids=BAD)
def test_a_bad_batch_in_a_late_epoch_costs_nothing(
    bad: Any, error: Any, words: str, trained: int, snapshot: Any
) -> None:
    net = model()
    if trained:
        net.fit(X, Y, epochs=trained)
    kept = "the model keeps what it has learned in 3 epochs and 3 steps"
    with pytest.raises(error, match=f"{words}.*{kept}"):
        net.fit(BadFrom(trained + 3, bad), epochs=9)
    assert snapshot(net) == snapshot(until(3, 3, trained))
    net.fit(X, Y)


@pytest.mark.parametrize("trained", [0, 2])
@pytest.mark.parametrize(("bad", "error", "words"), BAD.values(), ids=BAD)
def test_a_bad_batch_in_the_first_epoch_changes_nothing(
    bad: Any, error: Any, words: str, trained: int, snapshot: Any
) -> None:
    net = model()
    if trained:
        net.fit(X, Y, epochs=trained)
    before = snapshot(net)
    with pytest.raises(error, match=words) as caught:
        net.fit(BadFrom(0, bad), epochs=9)
    assert snapshot(net) == before
    assert "keeps" not in str(caught.value)
    assert type(caught.value) is error  # not a private class, whose name would stand before the message


@pytest.mark.parametrize("epoch", [0, 3])
def test_an_error_of_the_source_itself_leaves_the_last_whole_step(epoch: int, snapshot: Any) -> None:
    for error in (OSError("the disk is gone"), ValueError("no such shard")):
        net = model()
        with pytest.raises(type(error), match=str(error)):
            net.fit(BadFrom(epoch, error), epochs=9)
        assert snapshot(net) == snapshot(until(epoch, 3))


@pytest.mark.parametrize("frequency", [1, 2])
def test_bad_validation_in_a_late_epoch_costs_nothing(frequency: int, snapshot: Any) -> None:
    net = model()
    kept = "the model keeps what it has learned in 3 epochs and 5 steps"
    with pytest.raises(ValueError, match=f"validation batch 4: batch x holds nan.*{kept}"):
        net.fit(BATCHES, epochs=9, validation_data=BadFrom(3), validation_freq=frequency)
    wanted = until(3, 5)
    assert net.network.params.tolist() == wanted.network.params.tolist()
    assert net.history.epoch == [1, 2, 3]
    fresh = model()
    with pytest.raises(ValueError, match="validation batch 4"):
        fresh.fit(BATCHES, epochs=9, validation_data=BadFrom(0))
    assert not fresh.built


def test_a_source_that_runs_dry_late_costs_nothing(snapshot: Any) -> None:
    class Dry(BadFrom):
        def __iter__(self) -> Iterator[Any]:
            return iter(BATCHES if self.epoch < 3 else [])

    net = model()
    with pytest.raises(
        ValueError, match=r"X gave no batches in epoch 4.*keeps what it has learned in 3 epochs and 0 st"
    ):
        net.fit(Dry(0), epochs=9)
    assert snapshot(net) == snapshot(until(3, 0))


def test_weights_that_become_zero_late_cost_nothing() -> None:
    class Fading(BadFrom):
        def __iter__(self) -> Iterator[Any]:
            return ((x, y, np.full(len(x), float(self.epoch < 1))) for x, y in BATCHES)

    net = model()
    words = (
        "X gave only batches whose weights are all zero in epoch 2.*keeps what it has learned in 1 epoch and 5 steps"
    )
    with pytest.raises(ValueError, match=words):
        net.fit(Fading(0), epochs=9)
    assert net.history.epoch == [1]


def test_rows_that_go_bad_in_a_file(tmp_path: Any) -> None:
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float64, X.shape)
    x[...] = X
    x.flush()
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")

    class Spoil(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                x[23] = np.nan
                x.flush()

    net = model()
    with pytest.raises(ValueError, match=r"row 23 of 30 .*keeps what it has learned in 2 epochs and 3 steps"):
        net.fit(mapped, Y, epochs=9, batch_size=7, shuffle=False, callbacks=[Spoil()])
    assert net.network.params.tolist() == until(2, 3).network.params.tolist()


def test_callbacks_end_as_after_any_other_fit() -> None:
    stopping, ended = EarlyStopping("loss", patience=9), []
    net = Model([Dense(1)], optimizer=Adam(0.1), seed=0)
    with pytest.raises(ValueError, match="batch 4"):
        net.fit(BadFrom(3), epochs=9, callbacks=[stopping, LambdaCallback(on_train_end=ended.append)])
    assert ended == [{}]
    best = np.concatenate([view.ravel() for view in net.network.views.values()])
    assert stopping.best_weights is not None
    assert best.tolist() == stopping.best_weights.tolist()
    averaging = WeightAveraging()
    other = Model([Dense(1)], optimizer=Adam(0.1), seed=0)
    with pytest.raises(ValueError, match="batch 4"):
        other.fit(BadFrom(3), epochs=9, callbacks=[averaging])
    assert averaging.steps == 3 * 5 + 3
    assert averaging.in_place


def test_a_checkpoint_stays_at_the_last_epoch_and_goes_on_from_there(tmp_path: Any, snapshot: Any) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(ValueError, match="3 epochs and 3 steps"):
        model().fit(BadFrom(3), epochs=6, callbacks=[Checkpoint(path)])
    assert Model.load(path).history.epoch == [1, 2, 3]
    resumed = model()
    with pytest.raises(ValueError, match="keeps what it has learned in 3 epochs and 3 steps"):
        resumed.fit(BadFrom(3), epochs=6, callbacks=[Checkpoint(path)])
    assert resumed.history.epoch == [1, 2, 3]
    mended = model().fit(BadFrom(99), epochs=6, callbacks=[Checkpoint(path)])
    assert snapshot(mended) == snapshot(until(6, 0))


def test_a_step_without_the_optimizer_counts_as_learning() -> None:
    class Own(Model):
        def train_step(self, x: Any, y: Any, weight: Any = None) -> float:
            value = self.compute_gradients(x, y, weight)
            self.network.params[...] -= 0.1 * self.network.grads
            return value

    net = Own([Dense(1)], seed=0)
    with pytest.raises(OSError, match="gone"):
        net.fit(BadFrom(3, OSError("gone")), epochs=9)
    assert net.history.epoch == [1, 2, 3]


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.evaluate([(X * np.nan, Y)]),
        lambda m: m.score(iter([(X, Y), (X * np.nan, Y)])),
        lambda m: m.predict([X, X * np.nan]),
    ],
)
def test_bad_data_that_a_callback_asks_about_undoes_no_fit(ask: Any) -> None:
    net = model()
    with pytest.raises(ValueError, match="batch x holds nan") as caught:
        net.fit(BATCHES, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: ask(net))])
    assert type(caught.value) is ValueError
    assert net.network.params.tolist() == until(1, 0).network.params.tolist()


def test_a_value_that_is_never_measured_undoes_the_first_epoch() -> None:
    net = model()
    with pytest.raises(ValueError, match="not measured"):
        net.fit(BATCHES, epochs=9, callbacks=[EarlyStopping("no_such", mode="min")])
    assert not net.built


def test_data_refused_in_a_hook_does_not_undo_the_fit_around_it() -> None:
    def fit_another(batch: int, logs: Any) -> None:
        model().fit([(X[:4] * np.nan, Y[:4])])

    fitted = model()
    with pytest.raises(ValueError, match="nan") as caught:
        fitted.fit(X, Y, callbacks=[LambdaCallback(on_batch_end=fit_another)])
    assert caught.type is ValueError
    assert fitted.optimizer_.step == 1
