"""Curves: the history of a fit, and activations with their derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.activations import Activation
from framework.activations.base import ActivationLike
from framework.core.messages import did_you_mean, shown
from framework.core.types import Array
from framework.plots.axes import DOMAIN, Range, axes, number_range, titled, warn_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_POINTS = 10_000  # beyond these, matplotlib takes long to find the best place for a legend


def plot_history(
    history: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    names: Sequence[str] | None = None,
    label: str = "",
) -> Axes:
    """Plot the curves of a fit against epochs, on a logarithmic scale if they span more than a factor of 100.

    A curve passes over epochs in which its value was not measured (nan). An infinite value, or a ``loss`` that is nan,
    is a cross at the top of the picture.

    Parameters
    ----------
    history
        Lists of values by name. The attribute `epoch` numbers the epochs; without it, they count from 1.
    names
        The curves to draw, by default ``loss`` and ``val_loss``. That of ``val_x`` is dashed, in the color of ``x``.
    label
        A prefix for the names in the legend, to tell apart several histories on the same Axes.

    Raises
    ------
    TypeError
        If `history` is not a mapping.
    ValueError
        If there is nothing to draw, or a name is not in the history, or the curves differ in length.
    """
    if not isinstance(history, Mapping):
        hint = ": give its attribute `history`" if isinstance(getattr(history, "history", None), Mapping) else ""
        raise TypeError(f"history must be a mapping of lists, got {shown(history)}{hint}")
    columns = _columns(history, [names] if isinstance(names, str) else names)
    epochs = np.asarray(getattr(history, "epoch", range(1, len(next(iter(columns.values()))) + 1)))

    from matplotlib.ticker import MaxNLocator

    ax = axes(ax, (6.0, 4.0))
    colors: dict[str, Any] = {}
    for name, values in columns.items():
        quantity = name.removeprefix("val_")
        measured = np.isfinite(values)
        points = np.count_nonzero(measured)
        (line,) = ax.plot(
            epochs[measured],
            values[measured],
            color=colors.get(quantity),
            linestyle="-" if name == quantity else "--",
            marker="o" if points == 1 or 2 * points <= len(values) <= 100 else None,
            fillstyle="full" if name == quantity else "none",
            label=f"{label} {name}".strip(),
        )
        colors.setdefault(quantity, line.get_color())
        _mark_infinite(ax, epochs[np.isinf(values) | (np.isnan(values) & (name == "loss"))], line)
    _scale(ax)
    low, high = (min(epochs[0], ax.dataLim.x0), max(epochs[-1], ax.dataLim.x1)) if len(ax.lines) else (0, 1)
    ax.set_xlim((low, high) if low < high else (low - 0.5, high + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.3)
    ax.legend(loc="best" if sum(np.size(line.get_xdata()) for line in ax.lines) <= MANY_POINTS else "upper right")
    return titled(ax, "Training history", "epoch", next(iter(colors)) if len(colors) == 1 else "value")


def _columns(history: Mapping[str, Sequence[float]], names: Sequence[str] | None) -> dict[str, Array]:
    """Return the curves to draw, all of one length."""
    drawn = [name for name in ("loss", "val_loss") if name in history] if names is None else list(names)
    for name in drawn:
        if name in getattr(history, "arrays", ()):
            raise ValueError(
                f"{name!r} is an array, and a curve shows numbers: evaluate(X, y) returns it, and "
                "plot_confusion_matrix draws a confusion matrix"
            )
        if name not in history:
            raise ValueError(f"history has no {name!r}{did_you_mean(name, history)}")
    columns = {name: np.asarray(history[name], np.float64) for name in drawn}
    if not any(len(values) for values in columns.values()):
        raise ValueError("nothing to draw: the history is empty")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"a history needs one value for each epoch in every list, nan where there is none; got lengths {lengths}"
        )
    return columns


def _mark_infinite(ax: Axes, epochs: Array, line: Any) -> None:
    if len(epochs):
        ax.plot(
            epochs,
            np.ones(len(epochs)),
            "x" if line.get_linestyle() == "-" else "+",
            color=line.get_color(),
            transform=ax.get_xaxis_transform(),  # y is a fraction of the height
            clip_on=False,
            label=f"{line.get_label()}, not finite",
        )


def _scale(ax: Axes) -> None:
    """Choose a vertical scale that shows the values of all lines on `ax`."""
    curves = [np.asarray(line.get_ydata(), np.float64) for line in ax.lines if line.get_transform() == ax.transData]
    values = np.concatenate(curves) if curves else np.zeros(0)
    if not len(values):
        return
    if values.min() > 0:
        if 100 * values.min() < values.max():
            ax.set_yscale("log")
    elif ax.get_yscale() == "log":  # that of an earlier history, on which zero would not be shown
        above = values[values > 0]
        ax.set_yscale("symlog", linthresh=float(above.min()) if len(above) else 1.0)


def plot_activation(
    *activations: ActivationLike,
    ax: Axes | None = None,
    derivative: bool = True,
    z_range: Range = DOMAIN,
) -> Axes:
    """Plot elementwise activations (names, instances or classes) over `z_range`, with derivatives dashed."""
    if not activations:
        raise ValueError("nothing to draw: give an activation")
    z_range = number_range(z_range, "z_range")
    z = np.linspace(*z_range, 601)[:, np.newaxis]
    curves = []
    for activation in map(Activation.of, activations):
        a = activation(z)
        # Computed even if not drawn: an activation that is not elementwise has no curve, and raises here.
        curves.append((repr(activation).removesuffix("()"), a, activation.derivative(z, a)))

    ax = axes(ax, (6.0, 4.0))
    for label, a, slope in curves:
        (line,) = ax.plot(z, a, label=label)
        if derivative:
            ax.plot(z, slope, linestyle="--", color=line.get_color(), label=f"{label} derivative")
        drawn = a if not derivative else np.stack([a, slope])
        warn_of(~np.isfinite(drawn), f"values of {label} that are not finite")
    ax.set_xlim(*z_range)
    ax.grid(alpha=0.3)
    ax.legend()
    return titled(ax, "Activation", "z", "f(z)")
