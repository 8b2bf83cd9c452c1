"""Plots of training curves, learned surfaces with their data, and activation functions.

Each function draws on `ax`, or on a new figure if `ax` is None, and returns the Axes. matplotlib and playground-data
are imported only where they are used, because importing them can take longer than a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.activations import Activation
from framework.core import arguments, arrays
from framework.core.messages import did_you_mean, name_key, shown
from framework.core.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOMAIN = (-6.0, 6.0)  # of both inputs in the playground


def plot_history(
    history: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    names: Sequence[str] | None = None,
    label: str = "",
) -> Axes:
    """Plot the curves of a fit against epochs, on a logarithmic scale if they span more than a factor of 100.

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
    ValueError
        If there is nothing to draw, or a name is not in the history.
    """
    if isinstance(names, str):
        names = [names]
    drawn = [name for name in ("loss", "val_loss") if name in history] if names is None else list(names)
    for name in drawn:
        if name not in history:
            raise ValueError(f"history has no {name!r}{did_you_mean(name, history)}")
    if not any(len(history[name]) for name in drawn):
        raise ValueError("nothing to draw: the history is empty")

    from matplotlib.ticker import MaxNLocator

    ax = _axes(ax, (6.0, 4.0))
    colors: dict[str, Any] = {}
    for name in drawn:
        values = np.asarray(history[name], np.float64)
        epochs = np.asarray(getattr(history, "epoch", range(1, len(values) + 1)))
        measured = ~np.isnan(values)  # not in every epoch, as with validation_freq
        values = values[measured]
        quantity = name.removeprefix("val_")
        (line,) = ax.plot(
            epochs[measured],
            values,
            color=colors.get(quantity),
            linestyle="-" if name == quantity else "--",
            marker="o" if len(values) == 1 else None,
            fillstyle="full" if name == quantity else "none",
            label=f"{label} {name}".strip(),
        )
        colors.setdefault(quantity, line.get_color())
    first, lowest, last, highest = ax.dataLim.extents
    if 0 < 100 * lowest < highest:
        ax.set_yscale("log")
    ax.set_xlim((first, last) if first < last else (first - 0.5, last + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(alpha=0.3)
    ax.legend()
    return _titled(ax, "Training history", "epoch", next(iter(colors)) if len(colors) == 1 else "value")


def plot_activation(
    *activations: Any, ax: Axes | None = None, derivative: bool = True, z_range: tuple[float, float] = DOMAIN
) -> Axes:
    """Plot elementwise activations (names, instances or classes) over `z_range`, with derivatives dashed."""
    if not activations:
        raise ValueError("nothing to draw: give an activation")
    z_range = _range(z_range)
    z = np.linspace(*z_range, 601)[:, np.newaxis]
    curves = []
    for activation in map(Activation.of, activations):
        a = activation(z)
        # Computed even if not drawn: an activation that is not elementwise has no curve, and raises here.
        curves.append((repr(activation).removesuffix("()"), a, activation.derivative(z, a)))

    ax = _axes(ax, (6.0, 4.0))
    for label, a, slope in curves:
        (line,) = ax.plot(z, a, label=label)
        if derivative:
            ax.plot(z, slope, linestyle="--", color=line.get_color(), label=f"{label} derivative")
    ax.set_xlim(*z_range)
    ax.grid(alpha=0.3)
    ax.legend()
    return _titled(ax, "Activation", "z", "f(z)")


def plot_points(
    X_train: Array | None,
    y_train: Array | None,
    X_valid: Array | None = None,
    y_valid: Array | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw data (n, 2) colored by targets (n, 1) from -1 to 1: training edged in white, validation in gray."""
    points = _points(X_train, y_train, X_valid, y_valid, probabilities=False)
    return _scattered(_axes(ax, (5.0, 5.0)), points, "Data")


def plot_surface(
    function: Callable[[Array], Any],
    ax: Axes | None = None,
    *,
    discretize: bool = False,
    resolution: int = 200,
    colorbar: bool = True,
    title: str = "Surface",
) -> Axes:
    """Draw a function (n, 2) -> (n, 1) over the playground's square, from -1 (orange) to 1 (blue).

    If `discretize`, only the sign is drawn. `resolution` is the number of pixels along each side.
    """
    if not callable(function):
        raise TypeError(f"function must be callable, got {shown(function)}")
    resolution = arguments.integer(resolution, "resolution", least=1)
    low, high = DOMAIN
    x = low + (high - low) * (np.arange(resolution) + 0.5) / resolution
    X = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    image = _column("a surface needs values", function(X), len(X)).reshape(resolution, resolution)
    if discretize:
        image = np.where(image >= 0, 1.0, -1.0)

    ax = _axes(ax, (5.6, 5.0))
    cmap, norm = _colors()
    surface = ax.imshow(
        image,
        extent=(*DOMAIN, *DOMAIN),
        origin="lower",
        cmap=cmap,
        norm=norm,
        alpha=160 / 255,
        interpolation="nearest" if discretize else "bilinear",
    )
    if colorbar:
        bar = ax.figure.colorbar(surface, ax=ax, ticks=[-1, 0, 1], fraction=0.046, pad=0.04)
        bar.ax.tick_params(colors="#777777", length=0)
        bar.ax.spines[:].set_visible(False)
    return _square(ax, title)


def plot_decision_surface(
    model: Any,
    X_train: Array | None = None,
    y_train: Array | None = None,
    X_valid: Array | None = None,
    y_valid: Array | None = None,
    ax: Axes | None = None,
    *,
    discretize: bool = False,
    resolution: int = 200,
    colorbar: bool = True,
    probabilities: bool | None = None,
) -> Axes:
    """Draw the predictions of a model with two inputs over the playground's square, with its data on top.

    Parameters
    ----------
    model
        Anything whose ``predict`` maps (n, 2) to (n, 1), or to the probabilities (n, 2) of two classes.
    X_train, y_train, X_valid, y_valid
        Inputs (n, 2) and targets (n, 1) from -1 to 1. If predictions are probabilities, targets may be too (classes 0
        and 1, or one-hot): targets without negative values are then drawn on the same scale.
    discretize
        Whether to draw the predicted class instead of the prediction.
    resolution
        Pixels along each side.
    probabilities
        Whether predictions p are probabilities, drawn as 2 p - 1. By default, true if the loss is a crossentropy.

    Raises
    ------
    ValueError
        Unless model and data have two inputs, and one output or two classes.
    """
    loss = getattr(model, "loss", None)
    if probabilities is None:
        probabilities = "crossentropy" in name_key(str(getattr(loss, "component_name", loss)))

    def predicted(X: Array) -> Array:
        try:
            values = model.predict(X)
            if getattr(loss, "from_logits", False):
                values = Activation.of(loss.link)(values)  # type: ignore[union-attr]
        except ValueError as error:
            raise ValueError(f"a decision surface needs a model that takes inputs (n, 2): {error}") from error
        return _column("a decision surface needs predictions", values, len(X), probabilities)

    points = _points(X_train, y_train, X_valid, y_valid, probabilities)
    ax = plot_surface(
        predicted,
        ax,
        discretize=discretize,
        resolution=resolution,
        colorbar=colorbar,
        title="Predicted class" if discretize else "Prediction",
    )
    bar = ax.images[-1].colorbar
    if probabilities and bar is not None:
        bar.set_ticks([-1, 0, 1], labels=["0", "0.5", "1"])
    return _scattered(ax, points, "")


def _range(z_range: Any) -> tuple[float, float]:
    low, high = arrays.numbers(z_range, "z_range").tolist() if np.shape(z_range) == (2,) else (nan, nan)
    if not (isfinite(low) and isfinite(high) and low < high):
        raise ValueError(f"z_range must be two finite numbers, the lower one first, got {shown(z_range)}")
    return low, high


def _points(
    X_train: Array | None, y_train: Array | None, X_valid: Array | None, y_valid: Array | None, probabilities: bool
) -> list[tuple[Array, Array, str]]:
    """Return inputs (n, 2), color values (n,) and the edge color of training and validation points, as given."""
    points = []
    for kind, X, y, edge in (("train", X_train, y_train, "#ffffff"), ("valid", X_valid, y_valid, "#555555")):
        if X is None and y is None:
            continue
        if X is None or y is None:
            raise ValueError(f"points need both X_{kind} and y_{kind}; one of them is None")
        X, y = np.asarray(X), np.asarray(y)
        if X.ndim != 2 or X.shape[1] != 2:
            raise ValueError(f"only data with two inputs can be drawn: X_{kind} must be (n, 2), got {X.shape}")
        in_unit_interval = y.size > 0 and y.min() >= 0
        points.append((X, _column(f"y_{kind} must be", y, len(X), probabilities and in_unit_interval), edge))
    return points


def _column(who: str, values: Any, n: int, probabilities: bool = False) -> Array:
    """Return values (n,) or (n, 1) as (n,), and probabilities p as 2 p - 1; of (n, 2), use the second class's."""
    values = np.asarray(values, np.float64)
    if values.shape not in ((n,), (n, 1), (n, 2)):
        raise ValueError(f"{who} (n, 1), or (n, 2) for two classes, with n = {n}; got {values.shape}")
    column: Array = values.reshape(n, -1)[:, -1] if n else values.reshape(0)
    return 2.0 * column - 1.0 if probabilities or values.shape == (n, 2) else column


def _scattered(ax: Axes, points: list[tuple[Array, Array, str]], title: str) -> Axes:
    cmap, norm = _colors()
    for X, y, edge in points:
        ax.scatter(X[:, 0], X[:, 1], s=20, c=y, cmap=cmap, norm=norm, alpha=0.9, linewidths=0.7, edgecolors=edge)
    return _square(ax, title)


def _colors() -> tuple[Any, Any]:
    from plygdata import DataColor

    cmap, norm = DataColor.get_colormap()
    return cmap, norm


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    from matplotlib.axes import Axes

    if ax is not None:
        if not isinstance(ax, Axes):
            raise TypeError(f"ax must be a matplotlib Axes, got {shown(ax)}")
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def _square(ax: Axes, title: str) -> Axes:
    """Style `ax` as the playground's square."""
    ax.set(xlim=DOMAIN, ylim=DOMAIN, aspect="equal", facecolor="#e8eaeb")
    ticks = range(-6, 7, 2)
    ax.set(xticks=ticks, yticks=ticks)
    ax.tick_params(colors="#777777", length=0)
    ax.spines[:].set_visible(False)
    return _titled(ax, title, "$x_1$", "$x_2$")


def _titled(ax: Axes, title: str, xlabel: str, ylabel: str) -> Axes:
    """Label `ax` where it has no label yet."""
    ax.set_title(ax.get_title() or title)
    ax.set_xlabel(ax.get_xlabel() or xlabel)
    ax.set_ylabel(ax.get_ylabel() or ylabel)
    return ax
