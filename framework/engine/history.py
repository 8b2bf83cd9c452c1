"""The record of a fit: the loss and the metrics of every epoch."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from framework.core.messages import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class History(Mapping[str, list[float]]):
    """Lists of values by name (``loss``, ``val_loss``, metrics), with one value for each epoch in `epoch`.

    Attributes
    ----------
    epoch
        The numbers of the epochs, counted from 1.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self._values: dict[str, list[float]] = {}

    def append(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Add the values of an epoch. A name that is missing in some epochs has nan there."""
        values = {name: float(value) for name, value in logs.items()}
        for name in values:
            if name not in self._values:
                self._values[name] = [math.nan] * len(self.epoch)
        for name, column in self._values.items():
            column.append(values.get(name, math.nan))
        self.epoch.append(int(epoch))

    def amend(self, logs: Mapping[str, float]) -> None:
        """Add `logs` to the values that the last epoch already has."""
        last = len(self.epoch) - 1
        for name, value in logs.items():
            if name not in self._values:
                self._values[name] = [math.nan] * len(self.epoch)
            self._values[name][last] = float(value)

    def copy(self) -> Self:
        """Return a copy that shares nothing with this history."""
        return copy.deepcopy(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the history in a form that strict JSON allows, with nan and the infinities as strings."""
        values = {
            name: [value if math.isfinite(value) else str(value) for value in column]
            for name, column in self._values.items()
        }
        return {"epoch": list(self.epoch), "values": values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the history that `to_dict` described; raise ValueError if the lists differ in length."""
        history = cls()
        history.epoch = [int(epoch) for epoch in data["epoch"]]
        for name, column in data["values"].items():
            if len(column) != len(history.epoch):
                raise ValueError(f"history of {len(history.epoch)} epochs has {len(column)} values of {name!r}")
            history._values[name] = [float(value) for value in column]
        return history

    def plot(self, ax: Axes | None = None, names: Sequence[str] | None = None) -> Axes:
        """Plot the curves called `names` (default: the losses) against epochs; see `framework.plots.plot_history`."""
        from framework.plots import plot_history

        return plot_history(self, ax=ax, names=names)

    def __getitem__(self, name: str) -> list[float]:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"history has no {name!r}{did_you_mean(name, self._values)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, History) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _repr_html_(self) -> str:
        from framework.engine.html import history_html

        return history_html(repr(self), self.epoch, self)

    def __repr__(self) -> str:
        epochs = f"{len(self.epoch)} epoch{'' if len(self.epoch) == 1 else 's'}"
        last = [f"{name}={column[-1]:.4g}" for name, column in self._values.items() if column]
        return f"<History: {', '.join([epochs, *last])}>"
