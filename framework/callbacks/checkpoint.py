"""A callback that saves, so that a killed run goes on as if nothing had been."""

from __future__ import annotations

import logging
import os
from collections import Counter
from typing import Any, ClassVar

from framework.callbacks import Callback, Monitor
from framework.core import arguments
from framework.core.types import Logs
from framework.saving.archive import CheckpointError
from framework.saving.atomic_write import check_writable
from framework.saving.config import to_config
from framework.saving.config_difference import assign, classes_in, difference
from framework.saving.environment import record
from framework.saving.model_file import Run, Saved, read, save

logger = logging.getLogger("framework")


class Checkpoint(Monitor):
    """Save the model after whole epochs; run the same script again after any kill, and it goes on from there.

    The weights at the end are those of a run that was never stopped, bit for bit: optimizer, random streams,
    history and what the other callbacks remember are saved too. The `epochs` of `fit` are then those of the whole
    run: what was done before the kill counts. A run that has come to its end does nothing more when it is run
    again, unless `epochs` has grown and nothing had stopped it early.

    A file that is further than the model takes its place when training begins; a model that is as far as the file
    keeps its own weights, so one process may call `fit` several times. A script that does so gives each fit a
    path of its own, or it cannot be told where the first fit would have ended.

    Batches from a source of one's own go on in the same order if it has a method ``set_epoch``. Other callbacks are
    called before this one, so that what they change and remember is in the file.

    Parameters
    ----------
    path : str or path
        Exactly this file; see `Model.save`.
    every : int
        Epochs from one save to the next. The last epoch is always saved.
    save_best_only : bool
        Save only after an epoch with the best `monitor` so far; a resumed run then goes back to it.
    monitor : str
        A name in the history.
    resume : bool
        Whether to go on from the file if there is one; it is replaced otherwise.
    mode : {"auto", "min", "max"}
        As in `Monitor`.

    Raises
    ------
    CheckpointError
        When training begins, if the file is damaged or of another model; nothing has changed then.
    OSError
        When training begins, if the file cannot be written.
    """

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

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.save_best_only:
            super().on_train_begin(logs)
        self.config = to_config(self.model)
        check_writable(self.path)
        if not self.resume:
            return
        if self.model.seed is None and self.model.state.split_drawn:
            raise ValueError("to be resumed, a fit with validation_split needs a model with a seed: Model(..., seed=0)")
        if os.path.exists(self.path):
            saved = read(self.path, classes_in(self.model))
            if saved.model.built and _epochs(saved.model) > self.params["first_epoch"]:
                self._take_up(saved)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        last = epoch + 1 == self.params["last_epoch"] or self.model.stop_training
        whole = last or (epoch + 1) % self.every == 0
        due = self.is_best(epoch, logs) if self.save_best_only else whole
        if due:
            paused = any(callback.paused for callback in self.params["callbacks"])
            states = [(type(callback).__name__, callback.state()) for callback in self._remembering()]
            save(self.model, self.path, Run(self.config, self.model.stop_training and not paused, states))

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch}

    def restore(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]

    def _remembering(self) -> list[Callback]:
        return [callback for callback in self.params["callbacks"] if type(callback).state is not Callback.state]

    def _take_up(self, saved: Saved) -> None:
        run = saved.run or Run(to_config(saved.model), False, [])
        self._check_same_model(saved, run)
        self._restore_callbacks(run)
        assign(self.model, to_config(saved.model), classes_in(self.model))
        self.model.sync()
        self.model.state.adopt(saved.model.state)
        self.model.stop_training = run.finished
        logger.info("going on from epoch %d of %s", _epochs(saved.model), self.path)
        if saved.written_with != record():
            logger.info("the last bits may differ: it was written with %s, this is %s", saved.written_with, record())

    def _check_same_model(self, saved: Saved, run: Run) -> None:
        theirs, ours = saved.model.network, self.model.network
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
        callbacks = self._remembering()
        for name, state in run.callbacks:
            same = [callback for callback in callbacks if type(callback).__name__ == name]
            if len(same) <= found[name] or same[found[name]].state().keys() != state.keys():
                raise CheckpointError(
                    f"{self.path!r} holds what a callback {name} remembers, and this fit has none such"
                )
            same[found[name]].restore(state)
            found[name] += 1


def _epochs(model: Any) -> int:
    return int(model.history.epoch[-1]) if model.history.epoch else 0
