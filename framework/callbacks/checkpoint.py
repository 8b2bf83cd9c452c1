"""Checkpoints: save a run as it goes, and resume it bit for bit after a kill."""

from __future__ import annotations

import logging
import os
from collections import Counter
from typing import Any, ClassVar, Protocol

from framework.callbacks.base import Callback
from framework.callbacks.monitor import Monitor
from framework.callbacks.trained_model import TrainedModel
from framework.core import arguments
from framework.core.types import Logs
from framework.saving.archive import CheckpointError
from framework.saving.atomic_write import check_writable
from framework.saving.config import encode
from framework.saving.config_difference import assign, classes_in, difference
from framework.saving.environment import environment
from framework.saving.model_file import Run, Saved, SavedModel, read, save

logger = logging.getLogger("framework")


class CheckpointedModel(SavedModel, TrainedModel, Protocol):
    """A model in training that can be saved, and that goes on from the state of another."""

    def sync(self) -> None:
        """Let the state follow arguments that were set since it was built."""


class Checkpoint(Monitor):
    """Save the model after whole epochs; run the same script again after any kill, and it goes on from there.

    The final weights are those of a run that was never stopped, bit for bit: the file also holds the optimizer, the
    random streams, the history and the state of the other callbacks. The `epochs` of `fit` are then those of the
    whole run, epochs before the kill included. A run that is complete does nothing more when it is run again, unless
    `epochs` has grown and nothing had stopped it early.

    When training begins, a file that has more epochs than the model replaces its state; a model that has as many
    epochs as the file keeps its own weights, so one process may call `fit` several times. A script that does so needs
    a path for each fit, for a single file cannot tell where the first fit would have ended.

    Your own source of batches goes on in the same order if it has a method ``set_epoch``. All other callbacks are
    called before this one, so that the file holds their changes and their state.

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

    Raises
    ------
    CheckpointError
        When training begins, if the file is damaged or of another model; then nothing has changed.
    OSError
        When training begins, if the file cannot be written.
    """

    model: CheckpointedModel
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
        self.path = arguments.path(path)
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
        self.config = encode(self.model)
        check_writable(self.path)
        if not self.resume:
            return
        if self.model.seed is None and self.model.state.split_drawn:
            raise ValueError("to be resumed, a fit with validation_split needs a model with a seed: Model(..., seed=0)")
        if os.path.exists(self.path):
            saved = read(self.path, classes_in(self.model))
            if saved.model.built and _epochs(saved.model) > min(self.params["first_epoch"], _epochs(self.model)):
                self._resume(saved)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        last = epoch + 1 == self.params["last_epoch"] or self.model.stop_training
        regular = last or (epoch + 1) % self.every == 0
        if self.is_best(epoch, logs) if self.save_best_only else regular:
            paused = any(callback.paused for callback in self.params["callbacks"])
            states = [(type(callback).__name__, callback.state()) for callback in self._with_state()]
            save(self.model, self.path, Run(self.config, self.model.stop_training and not paused, states))

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch}

    def restore(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]

    def _with_state(self) -> list[Callback]:
        return [callback for callback in self.params["callbacks"] if type(callback).state is not Callback.state]

    def _resume(self, saved: Saved) -> None:
        run = saved.run or Run(encode(saved.model), False, [])
        self._check_same_model(saved, run)
        self._restore_callbacks(run)
        assign(self.model, encode(saved.model), classes_in(self.model))
        self.model.sync()
        self.model.state.adopt(saved.model.state)
        self.model.stop_training = run.finished
        logger.info("going on from epoch %d of %s", _epochs(self.model), self.path)
        if saved.written_with != environment():
            logger.info(
                "the last bits may differ: it was written with %s, this is %s", saved.written_with, environment()
            )

    def _check_same_model(self, saved: Saved, run: Run) -> None:
        theirs, ours = saved.model.state.network, self.model.network
        differing = (
            difference(self.config, run.config, "the model")
            or difference(list(ours.input_shape), list(theirs.input_shape), "the shape of its inputs")
            or difference(str(ours.dtype), str(theirs.dtype), "its dtype")
        )
        if differing:
            raise CheckpointError(
                f"{self.path!r} is a checkpoint of another model: {differing} in the file. "
                "Give another path, remove the file, or say resume=False"
            )

    def _restore_callbacks(self, run: Run) -> None:
        found: Counter[str] = Counter()
        callbacks = self._with_state()
        for name, state in run.callbacks:
            same = [callback for callback in callbacks if type(callback).__name__ == name]
            if len(same) <= found[name] or same[found[name]].state().keys() != state.keys():
                raise CheckpointError(
                    f"{self.path!r} holds what a callback {name} remembers, and this fit has no such callback"
                )
            same[found[name]].restore(state)
            found[name] += 1


def _epochs(model: SavedModel) -> int:
    epochs = model.state.history.epoch
    return epochs[-1] if epochs else 0
