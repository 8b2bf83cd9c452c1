"""Colors of numbers and of classes, chosen so that color-blind readers can tell them apart."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core.types import Array
from framework.plots.axes import Range

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The palette of Okabe and Ito, "Color universal design" (2008), without black, its yellow last.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#f0e442")
ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)  # times a power of ten
SIGNED: Range = (-1.0, 1.0)  # the two classes


def class_colors(count: int) -> Array:
    """Return a color for each of `count` classes, (count, 3)."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    if count <= len(PALETTE):
        return np.array([to_rgb(color) for color in PALETTE[:count]])
    return np.array(colormaps["turbo"](np.linspace(0.03, 0.97, count)))[:, :3]


def color_range_of(*values: Array) -> Range:
    """Return the range of colors for finite `values`.

    If they have both signs, it is symmetric, so that zero is in the middle, and its end is a round number, so that
    similar pictures have the same scale.
    """
    low, high = min(float(v.min()) for v in values if v.size), max(float(v.max()) for v in values if v.size)
    if low < 0 < high:
        return (-_round_number(max(-low, high)), _round_number(max(-low, high)))
    if low == high:
        spread = abs(low) / 2 or 1.0
        return low - spread, high + spread
    return low, high


def _round_number(value: float) -> float:
    """Return the least of the round numbers that is at least `value`."""
    size = 10.0 ** floor(log10(value))
    return size * next((step for step in ROUND if step * size >= value), 10.0)


def scale(color_range: Range) -> tuple[Any, Any]:
    """Return colormap and norm: the playground's orange to blue around zero, viridis for any other range."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    if color_range[0] == -color_range[1]:
        from plygdata import DataColor

        cmap, norm = DataColor.get_colormap(list(color_range))
        return cmap, norm
    return colormaps["viridis"], Normalize(*color_range)


def color_bar(ax: Axes, drawn: Any, color_range: Range, *values: Array) -> Any:
    """Add a color bar to `ax`, with a pointed end where values lie outside `color_range`; return it."""
    below = any(bool((v < color_range[0]).any()) for v in values)
    above = any(bool((v > color_range[1]).any()) for v in values)
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    ticks = [-1, 0, 1] if color_range == SIGNED else None
    bar = ax.figure.colorbar(drawn, ax=ax, ticks=ticks, extend=extend, fraction=0.046, pad=0.04)
    bar.ax.tick_params(colors="#777777", length=0)
    bar.ax.spines[:].set_visible(False)
    return bar


def class_legend(ax: Axes, names: list[str]) -> None:
    """Add a legend of classes to the right of `ax`, where it covers nothing."""
    from matplotlib.patches import Patch

    handles = [Patch(color=color, label=name) for name, color in zip(names, class_colors(len(names)), strict=True)]
    columns = -(-len(names) // 18)
    ax.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, ncols=columns, title="class"
    )
