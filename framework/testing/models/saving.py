"""Check that training goes on after saving as it would have without: nothing that it needs is left out of the file."""

from __future__ import annotations

import copy
import os
import tempfile
from typing import Any

import numpy as np

from framework.core.built_in import is_built_in
from framework.core.constructors import constructor_arguments
from framework.engine.tree import components_of
from framework.model import Model
from framework.testing.core.equality import same
from framework.testing.models.training import METHODS, STEPS, Fits, own

PLAIN = {"stop_training", "_state", "one_of_many"}


def check_going_on(fits: Fits) -> None:
    """Check that a model that was saved and loaded goes on as the one that was saved.

    A model may keep something between steps, such as gradients that it adds up: it is saved where it keeps what it
    kept before the first step, if there is such a moment.
    """
    subject, model = fits.subject, fits.make().set_params(metrics=())
    if own(model, *METHODS):
        _check_copies(fits)
    start = _own(model)
    fits.fitted(model, epochs=1)
    for _ in range(STEPS):
        if _as_before(start, model):
            break
        fits.step(model)
    kept = _own(model)
    loaded = _loaded(fits, model)
    if loaded is None:
        return
    for name, value in kept.items():
        if isinstance(value, np.random.Generator):  # there is no other place for one
            setattr(loaded, name, value)
    lost = [f"self.{name}" for name, value in kept.items() if not same(value, _own(loaded).get(name))]
    what = f"{', '.join(lost)} is not in the file" if lost else "something that training needs is not in the file"
    cause = (
        f"{what}: state belongs in a layer's Parameter(trainable=False) or an optimizer's slots; "
        "steps are counted by self.optimizer_.step"
    )
    fits.fitted(model, epochs=1)
    fits.fitted(loaded, "fit after save and load", epochs=1)
    part = "fit after save and load"
    subject.same(f"{part}, loss", loaded.history["loss"][-1], model.history["loss"][-1], rtol=0, cause=cause)
    for name, value in model.network.views.items():
        subject.same(f"{part}, {name}", loaded.network.views[name], value, rtol=0, cause=cause)
    before = model.network.params.copy()
    predictions = (subject.call("predict", each.predict, fits.X) for each in (loaded, model))
    subject.same("predict after save and load", *predictions, rtol=0, cause=cause)
    cause = "predict changes the model"
    subject.same("predict after fit, weights after it", model.network.params, before, rtol=0, cause=cause)


def _own(model: Model) -> dict[str, Any]:
    """Return copies of what a model keeps on itself beside its arguments and what every model has."""
    known = PLAIN | constructor_arguments(type(model)).keys()
    return {name: copy.deepcopy(value) for name, value in vars(model).items() if name not in known}


def _as_before(start: dict[str, Any], model: Model) -> bool:
    now = _own(model)
    return all(same(start.get(name, getattr(type(model), name, None)), now.get(name)) for name in start | now)


def _check_copies(fits: Fits) -> None:
    """Check that a list of arrays that steps fill holds arrays, not one array several times."""
    model = fits.make()
    for _ in range(3):
        fits.step(model)
        for name, value in vars(model).items():
            arrays = [item for item in value if isinstance(item, np.ndarray)] if isinstance(value, list | tuple) else []
            if any(np.shares_memory(arrays[0], other) for other in arrays[1:]):
                problem = f"self.{name} holds the same array {len(arrays)} times, as it is now"
                cause = "gradients and batches are overwritten by the next step: .copy()"
                fits.subject.fail("train_step", problem, cause)


def _loaded(fits: Fits, model: Model) -> Model | None:
    """Return the model that comes from the file of another one; None if an argument cannot be written to a file."""
    classes = {type(each) for each in components_of([model]) if not is_built_in(type(each))}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.npz")
        try:
            model.save(path)
        except TypeError:
            return None
        return fits.subject.call("load", lambda: type(model).load(path, classes=classes))  # type: ignore[no-any-return]
