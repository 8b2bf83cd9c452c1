"""Checkpoints: save a run as it goes, and resume it bit for bit after a kill."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import numpy as np

from framework.callbacks.base import Callback
from framework.callbacks.monitor import Monitor
from framework.callbacks.run_identity import checked_path, identity, path_per_run
from framework.callbacks.screen import say
from framework.callbacks.trained_model import TrainedModel
from framework.core import arguments
from framework.core.types import Array, Logs
from framework.data.fingerprint import UNKNOWN, other_data
from framework.engine.history import History
from framework.engine.weights import joined, put
from framework.saving.archive import CheckpointError
from framework.saving.atomic_write import check_writable
from framework.saving.config import encode
from framework.saving.config_difference import assign, classes_in, difference
from framework.saving.environment import environment
from framework.saving.model_file import Run, Saved, SavedModel, read, save


class CheckpointedModel(SavedModel, TrainedModel, Protocol):
    """A model in training that can be saved, and that goes on from the state of another."""

    def sync(self) -> None:
        """Let the state follow arguments that were set since it was built."""


class Checkpoint(Monitor):
    """Save the model after whole epochs; run the same script again after any kill, and it goes on from there.

    The final weights are those of a run that was never stopped, bit for bit: the file also holds the optimizer, the
    random streams, the history and the state of the other callbacks. The `epochs` of `fit` are then those of the
    whole run, epochs before the kill included. A run that is complete does nothing more when it is run again, unless
    `epochs` has grown and nothing had stopped it early. A fit that goes on from a file says so on the screen.

    A file with more epochs than the model replaces the model's state, if it is of the same run: an equal model, the
    same data, batch size and order, begun after as many epochs and, with a seed, from the same weights. A file with
    no more epochs than the model must be of this model's own past; the model keeps its weights then, and the file is
    replaced as training goes on. Any other file is refused. So each fit of a script needs a path of its own: with
    ``"{run}"`` in the path, which stands for a name made of all that decides how a run goes, each has one. In
    scikit-learn's cross-validation and searches, and in the estimators of `framework.sklearn`, it stands before the
    suffix by itself: "run.npz" becomes "run-1a2b3c4d.npz".

    The data is compared by fingerprints; see `framework.data.fingerprint.fingerprint`. Your own source of batches may
    give one, as an attribute or a method `fingerprint`: a str, a number, or a dict of these. Without it, nothing is
    compared. The source goes on in the same order if it has a method ``set_epoch``.

    All other callbacks are called before this one, so that the file holds their changes and their state. Some give the
    model other weights as the fit ends, averages or those of the best epoch. If the last epoch was whole, the file gets
    them too, beside those from which a longer run goes on: `Model.load` then returns the final model. With
    `save_best_only`, the file stays as it is.

    Parameters
    ----------
    path : str or path
        The name of the file, to which nothing is appended; see `Model.save`.
    every : int
        Epochs from one save to the next, not with `save_best_only`. The last epoch is always saved.
    save_best_only : bool
        Save only after an epoch with the best `monitor` so far; a resumed run then goes back to that epoch.
    monitor : str
        A name in the history.
    resume : bool
        Whether to go on from the file if there is one; otherwise it is replaced.
    mode : {"auto", "min", "max"}
        As in `Monitor`.

    Attributes
    ----------
    file : str
        The path in use since training began: `path`, with the name of the run if it needs one.

    Raises
    ------
    CheckpointError
        When training begins, if the file is damaged or not of this run; then nothing has changed.
    OSError
        When training begins, if the file cannot be written.
    ValueError
        When training begins, if the fit could not be resumed: with a validation split and no seed in the model, or with
        `BlockShuffle` without a seed.
    """

    model: CheckpointedModel
    file: str
    comes_last: ClassVar[bool] = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        save_best_only: bool = False,
        monitor: str = "val_loss",
        resume: bool = True,
        *,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode=mode)
        self.path = checked_path(path, self)
        self.every = arguments.integer(every, "every", least=1)
        self.save_best_only = arguments.flag(save_best_only, "save_best_only")
        self.resume = arguments.flag(resume, "resume")
        if self.save_best_only:
            arguments.effective(self, {"every": self.every != 1}, "with save_best_only=True")
        else:
            given = {"monitor": monitor != "val_loss", "mode": mode != "auto"}
            arguments.effective(self, given, "without save_best_only=True")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.save_best_only:
            super().on_train_begin(logs)
        self._last: Run | None = None
        self.run = identity(self.model, self.params)
        self.file = self.run.in_path(path_per_run(self.path) if self.model.one_of_many else self.path)
        check_writable(self.file)
        if not self.resume:
            return
        if self.model.seed is None and self.model.state.split_drawn:
            raise ValueError("to be resumed, a fit with validation_split needs a model with a seed: Model(..., seed=0)")
        if self.run.data.get("batches.seed", self) is None:
            raise ValueError("to be resumed, a fit with BlockShuffle needs its seed: BlockShuffle(..., seed=0)")
        if os.path.exists(self.file):
            saved = read(self.file, classes_in(self.model))
            if saved.model.built and len(saved.model.state.history.epoch) > len(self.model.history.epoch):
                self._resume(saved)
            elif saved.model.built:
                self._follow_own_past(saved)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        last = epoch + 1 == self.params["last_epoch"] or self.model.stop_training
        regular = last or (epoch + 1) % self.every == 0
        if self.is_best(epoch, logs) if self.save_best_only else regular:
            paused = any(callback.paused for callback in self.params["callbacks"])
            finished = self.model.stop_training and not paused
            states = [(type(callback).__name__, callback.state()) for callback in self._with_state()]
            run = Run(self.run.config, finished, states, self.run.data, self.run.begun, self.run.start)
            save(self.model, self.file, run)
            if last and not self.save_best_only:
                self._ends(run, joined(self.model.network.views))

    def on_train_end(self, logs: Logs | None = None) -> None:
        weights = joined(self.model.network.views)
        if self._last is not None and not np.array_equal(weights, self._in_file):
            save(self.model, self.file, self._last)
        self._last = None

    def _ends(self, run: Run, in_file: Array) -> None:
        """Remember `run`, of which no epoch is left, with the weights of its file."""
        self._last = replace(run, training_weights=joined(self.model.network.views))
        self._in_file = in_file

    def _with_state(self) -> list[Callback]:
        return [callback for callback in self.params["callbacks"] if type(callback).state is not Callback.state]

    def _resume(self, saved: Saved) -> None:
        run = self._checked_run(saved)
        pairs = self._matched(run)
        before, config = [(callback, callback.state()) for callback, _ in pairs], encode(self.model)
        try:
            for callback, state in pairs:
                _restore(callback, state)
            assign(self.model, encode(saved.model), classes_in(self.model))
            self.model.sync()
            self.model.state.adopt(saved.model.state)
        except Exception as error:  # a forged file, or a callback that has changed since
            assign(self.model, config, classes_in(self.model))
            for callback, state in before:
                with suppress(Exception):  # the one that failed may fail again
                    callback.restore(state)
            raise CheckpointError(f"{self.file!r} cannot be resumed: {error}") from error
        in_file = joined(self.model.network.views)
        if run.training_weights is not None:
            put(self.model.network.views, run.training_weights)
        self.model.stop_training = run.finished
        epoch = self.model.history.epoch[-1]
        if run.finished or epoch >= self.params["last_epoch"]:
            if not self.save_best_only:
                self._ends(run, in_file)
            many = "" if epoch == 1 else "s"
            early = ", which a callback ended" if run.finished else ""
            say(f"Checkpoint: {self.file} holds a finished run of {epoch} epoch{many}{early}: nothing to do")
        else:
            say(f"Checkpoint: going on from epoch {epoch} of {self.file}")
        if any(self.run.data.get(name, self) is None for name in UNKNOWN):
            say("Checkpoint: its batches have no fingerprint, so whether they are the same is not known")
        if saved.written_with != environment():
            say(f"Checkpoint: the last bits may differ: written with {saved.written_with}, this is {environment()}")

    def _checked_run(self, saved: Saved) -> Run:
        """Return the run of the file; CheckpointError unless it is the run of this fit."""
        run, mine = saved.run, self.run
        theirs, ours = saved.model.state.network, self.model.network
        differing = (
            difference(mine.config, encode(saved.model) if run is None else run.config, "the model")
            or difference(list(ours.input_shape), list(theirs.input_shape), "the shape of its inputs")
            or difference(str(ours.dtype), str(theirs.dtype), "its dtype")
        )
        if differing:
            raise self._refusal(f"is a checkpoint of another model: {differing} in the file")
        if run is None:
            raise self._refusal("is no checkpoint of a fit: it holds a model saved by itself; Model.load gets it back")
        differing = other_data(mine.data, run.data)
        if run.begun != mine.begun:
            differing = f"it began after epoch {run.begun}, this one begins after epoch {mine.begun}"
        elif not differing and None not in (run.start, mine.start) and saved.written_with == environment():
            differing = "" if run.start == mine.start else "it began with other weights"
        epoch, last = saved.model.state.history.epoch[-1], self.params["last_epoch"]
        if not differing and epoch > last:
            differing = f"it has reached epoch {epoch}, and this one ends with epoch {last}"
        if differing:
            raise self._refusal(f"is a checkpoint of another run: {differing}")
        return run

    def _follow_own_past(self, saved: Saved) -> None:
        """Keep the model's weights, and the best value so far on the same data; CheckpointError if it is no past."""
        if not _begins_with(self.model.history, saved.model.state.history):
            raise self._refusal("is a checkpoint of another run: its epochs are not the first ones of this model")
        run = saved.run
        if self.save_best_only and run is not None and not other_data(self.run.data, run.data):
            place = [each for each in self._with_state() if type(each) is type(self)].index(self)
            states = [state for name, state in run.callbacks if name == type(self).__name__]
            if place < len(states):
                _restore(self, states[place])

    def _refusal(self, what: str) -> CheckpointError:
        return CheckpointError(f"{self.file!r} {what}. Give another path, remove the file, or say resume=False")

    def _matched(self, run: Run) -> list[tuple[Callback, dict[str, Any]]]:
        """Return each callback that has a state in the file, with it."""
        found: Counter[str] = Counter()
        pairs = []
        for name, state in run.callbacks:
            same = [callback for callback in self._with_state() if type(callback).__name__ == name]
            if len(same) <= found[name] or same[found[name]].state().keys() != state.keys():
                raise CheckpointError(
                    f"{self.file!r} holds what a callback {name} remembers, and this fit has no such callback"
                )
            pairs.append((same[found[name]], state))
            found[name] += 1
        return pairs


def _restore(callback: Callback, state: dict[str, Any]) -> None:
    try:
        callback.restore(state)
    except Exception as error:  # a user's callback may raise anything
        raise CheckpointError(f"{type(callback).__name__} cannot go back to what it remembers: {error}") from error


def _begins_with(history: History, past: History) -> bool:
    """Return whether the epochs of `past` are the first ones of `history`."""
    n = len(past.epoch)
    same = [np.array_equal(history.get(name, [])[:n], past[name], equal_nan=True) for name in past]
    return history.epoch[:n] == past.epoch and all(same)
