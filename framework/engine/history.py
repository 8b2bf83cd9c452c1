"""The record of a fit: the loss and the metrics of every epoch."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from framework.core.messages import did_you_mean, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class History(dict[str, list[float]]):
    """Lists of values by name (``loss``, ``val_loss``, metrics), with one value for each epoch in `epoch`.

    It is a dict, so that ``pandas.DataFrame(history, index=history.epoch)`` has a column for each name and a row for
    each epoch.

    Attributes
    ----------
    epoch : list of int
        The numbers of the epochs, counted from 1.
    arrays : collection of str
        The metrics of the last epoch that are arrays, such as "confusion_matrix". They are not in the history:
        `Model.evaluate` returns them.

    Examples
    --------
    >>> history = History()
    >>> history.append(1, {"loss": 0.5})
    >>> history.append(2, {"loss": 0.25, "r2": 0.75})
    >>> history
    <History: 2 epochs, loss=0.25, r2=0.75>
    >>> history["r2"]
    [nan, 0.75]
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.arrays: Collection[str] = ()

    def append(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Add the values of an epoch. A name that is missing in some epochs has nan there."""
        values = _numbers(logs)
        for name in values:
            if name not in self:
                self[name] = [math.nan] * len(self.epoch)
        for name, column in self.items():
            column.append(values.get(name, math.nan))
        self.epoch.append(int(epoch))

    def amend(self, logs: Mapping[str, float]) -> None:
        """Add `logs` to the values that the last epoch already has."""
        last = len(self.epoch) - 1
        for name, value in _numbers(logs).items():
            if name not in self:
                self[name] = [math.nan] * len(self.epoch)
            self[name][last] = value

    def copy(self) -> Self:
        """Return a copy that shares nothing with this history."""
        return copy.deepcopy(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the history in a form that strict JSON allows, with nan and the infinities as strings."""
        values = {
            name: [value if math.isfinite(value) else str(value) for value in column] for name, column in self.items()
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
            history[name] = [float(value) for value in column]
        return history

    def plot(self, ax: Axes | None = None, names: Sequence[str] | None = None) -> Axes:
        """Plot the curves called `names` (default: the losses) against epochs; see `framework.plots.plot_history`."""
        from framework.plots import plot_history

        return plot_history(self, ax=ax, names=names)

    def __missing__(self, name: str) -> list[float]:
        if name in self.arrays:
            what = name.removeprefix("val_")
            picture = " and framework.plots.plot_confusion_matrix draws it" if what == "confusion_matrix" else ""
            raise KeyError(
                f"{name!r} is an array, and a history holds numbers: evaluate(X, y)[{what!r}] returns it{picture}"
            )
        raise KeyError(f"history has no {name!r}{did_you_mean(name, self)}")

    def __eq__(self, other: object) -> bool:
        return self.to_dict() == other.to_dict() if isinstance(other, History) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other  # a dict has its own, which does not know the epochs

    __hash__ = None

    def _repr_html_(self) -> str:
        from framework.engine.html import history_html

        return history_html(repr(self), self.epoch, self)

    def __repr__(self) -> str:
        epochs = f"{len(self.epoch)} epoch{'' if len(self.epoch) == 1 else 's'}"
        last = [f"{name}={column[-1]:.4g}" for name, column in self.items() if column]
        arrays = f"; arrays, not kept: {', '.join(sorted(self.arrays))}" if self.arrays else ""
        return f"<History: {', '.join([epochs, *last])}{arrays}>"


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the values of an epoch as floats; raise TypeError or ValueError for what is no number."""
    values = {}
    for name, value in logs.items():
        try:
            values[name] = float(value)
        except (TypeError, ValueError) as error:
            message = f"the logs of an epoch hold numbers, got {name!r}: {shown(value)}: {error}"
            raise type(error)(message) from None
    return values
