"""Axes to draw on: made or checked, labeled, and with limits that show all of the data."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Range = tuple[float, float]

DOMAIN: Range = (-6.0, 6.0)  # of both inputs in the playground
MARGIN = 0.05  # of the range of the data, on each side


def axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return `ax`, or the axes of a new figure of `size` inches if it is None."""
    from matplotlib.axes import Axes

    if ax is not None:
        if not isinstance(ax, Axes):
            raise TypeError(f"ax must be a matplotlib Axes, got {shown(ax)}")
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def titled(ax: Axes, title: str, xlabel: str, ylabel: str) -> Axes:
    """Label `ax` where it has no label yet."""
    ax.set_title(ax.get_title() or title)
    ax.set_xlabel(ax.get_xlabel() or xlabel)
    ax.set_ylabel(ax.get_ylabel() or ylabel)
    return ax


def plain(ax: Axes) -> Axes:
    """Style `ax` as the playground does: no frame, gray ticks, and gray where nothing is drawn."""
    ax.set_facecolor("#e8eaeb")
    ax.tick_params(colors="#777777", length=0)
    ax.spines[:].set_visible(False)
    return ax


def number_range(value: Any, name: str) -> Range:
    """Return `value` as two floats; raise ValueError unless it is two finite numbers, the lower one first."""
    low, high = arrays.numbers(value, name).tolist() if np.shape(value) == (2,) else (np.nan, np.nan)
    if not (isfinite(low) and isfinite(high) and low < high):
        raise ValueError(f"{name} must be two finite numbers, the lower one first, got {shown(value)}")
    return float(low), float(high)


def range_of(values: Array) -> Range:
    """Return a range that holds all of `values`, with a margin on each side."""
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or max(0.5, MARGIN * abs(low))
    return low - margin, high + margin


def warn_of(undrawn: Array, what: str) -> None:
    """Warn of the true elements of `undrawn`, the number of which goes before `what`."""
    if count := int(np.count_nonzero(undrawn)):
        warnings.warn(f"not drawn: {count} {what}", UserWarning, stacklevel=4)
