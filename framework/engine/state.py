"""Everything that building and training a model produce, in one place: `ModelState`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import is_
from typing import Any

import numpy as np

from framework.core.component import Component
from framework.core.types import Array, Shape
from framework.engine.given import Followed, ModelArguments, nested, unchanged
from framework.engine.history import History
from framework.engine.layout import Layout
from framework.engine.network import Network
from framework.engine.objective import Objective
from framework.engine.saved_fields import FIELDS
from framework.engine.step import Step
from framework.engine.tree import arguments_of
from framework.losses import Loss
from framework.optimizers import Optimizer


class ModelState:
    """The network of a model, its own optimizer, its random streams and its history.

    Parameters
    ----------
    model : Model
        Its arguments are read: layers, loss, optimizer.
    input_shape : tuple of int
    dtype : numpy dtype
    seed : int or None
    params : ndarray, optional
        The parameters, instead of initial values.

    Attributes
    ----------
    network : Network
    objective : Objective
        The loss, and whether it is fused with the output activation.
    optimizer : Optimizer
        A copy of the given one, so that several models can be given the same.
    streams : dict of str to numpy.random.Generator
        "shuffle" and "noise": independent of each other and of the stream that drew the initial values.
    split_seed : numpy.random.SeedSequence
        For the validation split, which has to be the same each time.
    split_drawn : bool
        Whether the last fit drew a validation split.
    weights_given : bool
        Whether the parameters were given, from a file or another model, instead of drawn.
    step : Step
        Computes loss and gradients of a batch.
    history : History
    """

    def __init__(
        self, model: ModelArguments, input_shape: Shape, dtype: Any, seed: int | None, params: Array | None = None
    ) -> None:
        initial_values, shuffle, noise, self.split_seed = np.random.SeedSequence(seed).spawn(4)
        self.streams = {"shuffle": np.random.default_rng(shuffle), "noise": np.random.default_rng(noise)}
        self.objective = Objective.of(Loss.of(model.loss), model.layers)
        self.network = Network(
            model.layers,
            input_shape,
            dtype=dtype,
            rng=np.random.default_rng(initial_values),
            noise=self.streams["noise"],
            fused=self.objective.fused,
            params=params,
        )
        self.objective.check_layers(self.network.tree)
        self.step = Step(self.network, self.objective)
        self.step.follow = self.follow_network
        self.history = History()
        self.split_drawn = False
        self._loss_given, self._seed_given = model.loss, model.seed
        self.weights_given = params is not None
        self._layers_given = nested(model.layers)
        self._use(model.optimizer)
        self._seen: list[Any] = []
        self._synced = -1

    @property
    def loss(self) -> Loss:
        """The loss in use."""
        return self.objective.loss

    def sync(self, model: ModelArguments) -> None:
        """Notice what was assigned to the model or a component since the last call; return at once if nothing was.

        The optimizer follows what was set on the given one, and starts anew if another one was given; frozen and
        thawed layers move in the vectors; passes and recordings that have become stale are dropped.

        Raises
        ------
        ValueError
            If the model was given other layers, another loss, dtype or seed than its network was built from.
        """
        if Component.assignments.number == self._synced and model.layers == self._layers_given:
            return
        number = Component.assignments.number  # read first: an assignment by another thread in the meantime counts
        given = [model.loss, model.optimizer, model.dtype, model.seed]
        present = [*given, *arguments_of(value for value in given if isinstance(value, Component)), self.network.bound]
        if len(present) != len(self._seen) or not all(map(is_, present, self._seen)) or not self._is_in_step(model):
            self._check_same(model)
            self._follow_optimizer(model.optimizer)
            self.network.sync()
            self._follow_layout()
            # Following makes components of names, which counts as assignments. So the next call compares once more.
            self._seen = [*present[:-1], self.network.bound]
        else:
            self._synced = number

    def follow_network(self) -> None:
        """Notice what was assigned to layers and to the loss alone: between two steps of an epoch."""
        self.network.sync()
        self._follow_layout()

    def follow_layers(self, model: ModelArguments) -> None:
        """Go on with the model's layers: copies of those before in which arguments were set.

        If they no longer fit the parameters, `sync` will say so.
        """
        with suppress(ValueError):
            self.network.use_layers(model.layers)
            self._layers_given = nested(model.layers)

    def _is_in_step(self, model: ModelArguments) -> bool:
        """Return whether neither layers nor their arguments changed, and the slots are laid out as the network is."""
        bound = self.network.bound
        self.network.sync()
        return (
            model.layers == self._layers_given and bound is self.network.bound and self._layout is self.network.layout
        )

    def _check_same(self, model: ModelArguments) -> None:
        network, given = self.network, self._layers_given
        same = {
            "layers": len(model.layers) == len(given) and all(map(unchanged, nested(model.layers), given)),
            "loss": unchanged(model.loss, self._loss_given),
            "dtype": model.dtype is None or np.dtype(model.dtype) == network.dtype,
            "seed": model.seed == self._seed_given,
        }
        if all(same.values()) and Objective.of(self.loss, model.layers).fused != network.fused:
            same["output activation"] = False
        if changed := [name for name, is_same in same.items() if not is_same]:
            if not same["layers"]:
                changed += network.parameters_changed_by(model.layers)
            raise ValueError(
                f"{', '.join(changed)} changed after the model was built: call build({network.input_shape}) to start "
                "over from initial values, or make another model"
            )
        self.objective.check_layers(self.network.tree)

    def _use(self, given: Any) -> None:
        optimizer = Optimizer.of(given)
        self.optimizer = optimizer.clone()
        self._followed = Followed(given, optimizer.get_params(deep=False))
        self.bind_optimizer()

    def bind_optimizer(self) -> None:
        """Bind the optimizer in use to the network's vectors."""
        self.optimizer.bind(self.network.trainable_params, self.network.layout.decayed)
        self._layout = self.network.layout

    def _follow_optimizer(self, given: Any) -> None:
        optimizer, (known, before) = Optimizer.of(given), self._followed
        if not unchanged(given, known) or type(optimizer) is not type(self.optimizer):
            return self._use(given)
        arguments = optimizer.get_params(deep=False)
        changed = {name: value for name, value in arguments.items() if not unchanged(value, before[name])}
        if changed:
            self.optimizer.set_params(**changed)
            self._followed = Followed(given, arguments)
        return None

    def follow_instead(self, before: Any, after: Any) -> None:
        """Take `after`, which `set_params` has made of the given optimizer `before`, for the same optimizer."""
        if unchanged(before, self._followed.given):
            self._followed = Followed(after, self._followed.arguments)

    def _follow_layout(self) -> None:
        """Move the optimizer's slots along with the network's vectors, if these were laid out anew."""
        if self._layout is not self.network.layout:
            slots = self.moved_slots(self.optimizer.state(), self._layout)
            self.bind_optimizer()
            self.optimizer.restore(slots)

    def moved_slots(self, slots: dict[str, Any], old: Layout) -> dict[str, Any]:
        """Return an optimizer's `slots`, laid out as the trainable part of `old`, in the current layout.

        What has been thawed since has slots of zero and has missed all steps so far.
        """
        new, step, size = self.network.layout, slots["step"], old.trainable
        indices = new.moved_from(old)[: new.trainable]
        moved = {"step": step}
        for name, vector in {"missed": np.zeros(size, np.int64), **slots}.items():
            if name != "step":
                whole = np.full(old.size, step if name == "missed" else 0, vector.dtype)
                whole[:size] = vector
                moved[name] = whole[indices]
        return moved

    def snapshot(self) -> Snapshot:
        """Return a copy of all that training changes: each of the `FIELDS`."""
        self._follow_layout()
        fields = {name: field.read(self) for name, field in FIELDS.items()}
        return Snapshot(fields, self.network.layout, self._followed)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a `snapshot`, of this state or of one of the same layers and optimizer.

        Raises
        ------
        ValueError, TypeError, KeyError
            If a field does not have the form in which it was read.
        """
        self._follow_layout()
        fields, layout = snapshot.fields, self.network.layout
        if snapshot.layout != layout:  # layers were frozen or thawed in between
            slots = self.moved_slots(fields["slots"], snapshot.layout)
            params = fields["params"][layout.moved_from(snapshot.layout)]
            fields = {**fields, "params": params, "slots": slots}
        for name in FIELDS:
            FIELDS[name].write(self, fields[name])
        if snapshot.followed is not None:
            self._followed = snapshot.followed
        self._seen, self._synced = [], -1

    def adopt(self, other: ModelState) -> None:
        """Take over the progress of `other`, a state of the same layers and optimizer."""
        self.restore(replace(other.snapshot(), followed=None))

    def remember_pass(self) -> Callable[[], None]:
        """Return a function that undoes what a training pass changes besides gradients: noise drawn, running means."""
        network = self.network
        running = network.params[network.layout.trainable :]
        noise, before = network.noise.bit_generator.state, running.copy()

        def undo() -> None:
            network.noise.bit_generator.state, running[...] = noise, before

        return undo

    def remember_optimizer(self) -> Callable[[], None]:
        """Return a function that undoes what `sync` changes of the optimizer in use."""
        self._follow_layout()
        optimizer, followed, layout = self.optimizer, self._followed, self._layout
        arguments = optimizer.get_params(deep=False)

        def undo() -> None:
            if self._followed is not followed:
                self._followed, self._seen, self._synced = followed, [], -1
                if self.optimizer is not optimizer:
                    self.optimizer, self._layout = optimizer, layout
                optimizer.set_params(**arguments)

        return undo

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_synced": -1, "_seen": []}  # the counter starts over in another process

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.step.follow = self.follow_network


@dataclass(frozen=True)
class Snapshot:
    """The fields of a state at one moment.

    Attributes
    ----------
    fields : dict
        What each of the `FIELDS` read.
    layout : Layout
        The layout of the vectors in `fields`.
    followed : Followed or None
        The given optimizer as the one in use has followed it; None in a file.
    """

    fields: dict[str, Any]
    layout: Layout
    followed: Followed | None = None
