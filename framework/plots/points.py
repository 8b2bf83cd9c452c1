"""Data points, colored by their targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core.types import Array
from framework.plots.axes import DOMAIN, Range, axes, number_range, plain, titled
from framework.plots.colors import SIGNED, class_colors, class_legend, color_bar, color_range_of, scale
from framework.plots.plane import Plane, plane
from framework.plots.predictions import Predictions, class_indices, column_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EDGES = {"X_train": "#ffffff", "X_valid": "#555555"}
MOST_CLASSES = 20  # as which integers are taken
Limits = tuple[Range, Range] | Range | None


def plot_points(
    X_train: Any,
    y_train: Any,
    X_valid: Any = None,
    y_valid: Any = None,
    ax: Axes | None = None,
    *,
    features: tuple[int, int] | None = None,
    limits: Limits = None,
    color_range: Range | None = None,
    class_names: Sequence[Any] | None = None,
) -> Axes:
    """Draw data (n, 2) colored by its targets: training edged in white, validation in gray.

    Parameters
    ----------
    X_train, y_train, X_valid, y_valid
        Inputs (n, 2), and targets (n,) or (n, 1): numbers, two classes (-1 and 1, or 0 and 1), or several classes, as
        integers, strings, or one-hot rows.
    features, limits, color_range, class_names
        As in `plot_decision_surface`.
    """
    data, targets = given_points(X_train, y_train, X_valid, y_valid)
    area, X = plane(data, None, features, limits)
    if area.flat:
        raise ValueError("points need two inputs; draw the predictions for one input with plot_decision_surface")
    y, names = _classes(targets, {who: len(samples) for who, samples in X.items()}, class_names)
    if names and color_range is not None:
        raise ValueError("color_range has no effect on classes; it is for numbers")
    colors = SIGNED if names else checked_color_range(color_range, *y.values(), fixed=all(signs(v) for v in y.values()))
    ax = axes(ax, (5.6, 5.0) if names else (5.0, 5.0))
    scatter(ax, area, X, y, colors, len(names or ()))
    if names:
        class_legend(ax, names)
    elif y and colors != SIGNED:
        color_bar(ax, ax.collections[-1], colors, *y.values())
    return framed(ax, area, "Data")


def given_points(X_train: Any, y_train: Any, X_valid: Any, y_valid: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs and targets that are given, by the names of the inputs."""
    data, targets = {}, {}
    for kind, X, y in (("train", X_train, y_train), ("valid", X_valid, y_valid)):
        if (X is None) != (y is None):
            raise ValueError(f"points need both X_{kind} and y_{kind}; one of them is None")
        if X is not None:
            data[f"X_{kind}"], targets[f"X_{kind}"] = X, y
    return data, targets


def target_name(who: str) -> str:
    """Return the name of the targets that belong to the inputs of name `who`."""
    return who.replace("X_", "y_")


def _classes(
    targets: dict[str, Any], lengths: dict[str, int], class_names: Sequence[Any] | None
) -> tuple[dict[str, Array], list[str] | None]:
    """Return targets without a model: indices of classes and the names of these, or numbers and None."""
    arrays = {who: np.asarray(y) for who, y in targets.items()}
    first = next(iter(arrays.values()), np.zeros(0))
    if first.ndim == 2 and first.shape[1] > 2:
        count = first.shape[1]
        y = {who: class_indices(value, target_name(who), lengths[who], count) for who, value in arrays.items()}
        return y, Predictions(None, class_names=class_names).names(count)
    one_each = all(value.shape in ((lengths[who],), (lengths[who], 1)) for who, value in arrays.items())
    known = np.unique(np.concatenate([value.ravel() for value in arrays.values()] or [first]))
    several_integers = known.dtype.kind in "iu" and 2 < len(known) <= MOST_CLASSES
    if one_each and (several_integers or known.dtype.kind in "UOS"):
        y = {who: np.searchsorted(known, value.ravel()) for who, value in arrays.items()}
        names = known.tolist() if class_names is None else class_names
        return y, Predictions(None, class_names=names).names(len(known))
    y = {who: column_of(f"{target_name(who)} must be", value, lengths[who]) for who, value in arrays.items()}
    zero_or_one = all(np.isin(value, (0, 1)).all() for value in y.values())
    return {who: 2 * value - 1 if zero_or_one else value for who, value in y.items()}, None


def signs(values: Array) -> bool:
    """Return whether all values are -1 or 1, as for two classes."""
    return bool((np.abs(values) == 1).all())


def checked_color_range(given: Range | None, *values: Array, fixed: bool = False) -> Range:
    """Return the range of the colors: as given, or from -1 to 1 if `fixed`, or that of `values`."""
    if given is not None:
        return number_range(given, "color_range")
    return SIGNED if fixed else color_range_of(*values)


def scatter(ax: Axes, area: Plane, X: dict[str, Array], y: dict[str, Array], colors: Range, classes: int) -> None:
    """Draw the points, in the `colors` of numbers, or in those of `classes` if there are any."""
    for who, samples in X.items():
        area.warn_of_points_outside(samples, who)
        if classes:
            how: dict[str, Any] = {"c": class_colors(classes)[y[who]]}
        else:
            cmap, norm = scale(colors)
            how = {"c": y[who], "cmap": cmap, "norm": norm}
        x, y_position = samples[:, area.features].T
        ax.scatter(x, y_position, s=20, alpha=0.9, linewidths=0.7, edgecolors=EDGES[who], **how)


def framed(ax: Axes, area: Plane, title: str) -> Axes:
    """Set the limits of `ax`; scale both axes alike if their ranges are of similar length."""
    (left, right), (bottom, top) = area.limits
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.set_aspect("equal" if 0.7 <= (top - bottom) / (right - left) <= 1.4 else "auto")
    if area.limits == [DOMAIN, DOMAIN]:
        ax.set(xticks=range(-6, 7, 2), yticks=range(-6, 7, 2))
    return titled(plain(ax), title, *area.names)
