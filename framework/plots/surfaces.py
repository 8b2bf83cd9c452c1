"""Surfaces that a model has learned, with its data: numbers, two classes or several, over one or two inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core import arguments
from framework.core.messages import shown
from framework.core.types import Array
from framework.plots.axes import Range, axes, titled, warn_of
from framework.plots.colors import SIGNED, class_colors, class_legend, color_bar, scale
from framework.plots.plane import Plane, plane
from framework.plots.points import EDGES, Limits, checked_color_range, framed, given_points, scatter, signs, target_name
from framework.plots.predictions import Predictions, column_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_surface(
    function: Callable[[Array], Any],
    ax: Axes | None = None,
    *,
    discretize: bool = False,
    resolution: int = 200,
    colorbar: bool = True,
    title: str = "Surface",
    limits: Limits = None,
    color_range: Range | None = None,
) -> Axes:
    """Draw a function (n, 2) -> (n, 1), by default over the playground's square, from -6 to 6.

    If `discretize`, only the sign is drawn. `resolution` is the number of pixels along each side. `limits` and
    `color_range` are as in `plot_decision_surface`.
    """
    if not callable(function):
        hint = ": give its predict, or call plot_decision_surface(model, X, y)" if hasattr(function, "predict") else ""
        raise TypeError(f"function must be callable, got {shown(function)}{hint}")
    resolution = arguments.integer(resolution, "resolution", least=1)
    area, _ = plane({}, 2, None, limits)
    samples = area.samples(resolution)
    values = column_of("a surface needs values", function(samples), len(samples))
    values, colors = _colored(values, discretize, color_range)
    ax = axes(ax, (5.6, 5.0))
    image = _image(ax, area, values.reshape(resolution, resolution), colors, discretize)
    if colorbar:
        color_bar(ax, image, colors, values)
    return framed(ax, area, title)


def plot_decision_surface(
    model: Any,
    X_train: Any = None,
    y_train: Any = None,
    X_valid: Any = None,
    y_valid: Any = None,
    ax: Axes | None = None,
    *,
    discretize: bool = False,
    resolution: int = 200,
    colorbar: bool = True,
    probabilities: bool | None = None,
    output: int | None = None,
    features: tuple[int, int] | int | None = None,
    limits: Limits = None,
    color_range: Range | None = None,
    class_names: Sequence[Any] | None = None,
) -> Axes:
    """Draw what a model predicts as a function of two inputs (or, as a curve, of one), with its data on top.

    Numbers are drawn from orange (negative) to blue, or in viridis if they all have one sign; two classes from -1
    (orange) to 1 (blue); several classes in a color each, stronger where the class is more probable.

    Parameters
    ----------
    model
        Anything with ``predict``: models, estimators, pipelines. It maps (n, 2) to numbers (n, 1), to the probabilities
        (n, K) of K classes, or to labels if it has ``classes_``; then ``predict_proba`` is used if there is one.
    X_train, y_train, X_valid, y_valid
        Inputs (n, 2) or (n, 1) and targets: numbers, labels of the classes, or one-hot rows. If predictions are
        probabilities of one class, targets from 0 to 1 are drawn on the same scale, and so are labels -1 and 1.
    discretize
        Whether to draw the predicted class instead of the prediction.
    resolution
        Pixels along each side.
    colorbar
        Whether to add a color bar, or a legend for several classes.
    probabilities
        Whether predictions p are probabilities, drawn as 2 p - 1. By default, true if the loss is a crossentropy.
    output
        Which column to draw of predictions (n, outputs) that are not the probabilities of classes.
    features
        The columns of X to draw if it has more than two: the others are held at their means in the data.
    limits
        ``((low, high), (low, high))`` of the two inputs. By default that of the data, with a margin; without data, the
        playground's from -6 to 6.
    color_range
        The lowest and the highest number that the colors show; by default -1 and 1 for two classes, else as the
        predictions and targets need.
    class_names
        Names for the legend; by default ``classes_`` of an estimator, or 0 to K - 1.

    Raises
    ------
    ValueError
        If model and data do not fit each other or the picture; if no prediction is finite.

    Warns
    -----
    UserWarning
        If points lie outside `limits`, or predictions are not finite.
    """
    asked = Predictions(model, probabilities, output, class_names)
    resolution = arguments.integer(resolution, "resolution", least=1)
    data, targets = given_points(X_train, y_train, X_valid, y_valid)
    area, X = plane(data, asked.inputs, features, limits)
    predicted = asked(area.samples(resolution))
    count = predicted.shape[1] if predicted.ndim == 2 else 1
    if asked.classes is not None and asked.output is None and count == 1:
        count = 2
    y = {who: asked.targets(value, target_name(who), len(X[who]), count) for who, value in targets.items()}
    title = "Predicted class" if discretize else "Prediction"
    if color_range is not None and (area.flat or count > 2):
        raise ValueError(f"color_range has no effect on {'a curve' if area.flat else 'classes'}; it is for numbers")
    if area.flat:
        predicted = _discrete(predicted) if discretize else predicted
        return _curves(axes(ax, (6.0, 4.0)), area, asked, predicted, resolution, X, y, title)
    if count > 2:
        names = asked.names(count)
        ax = axes(ax, (6.0, 5.0))
        image = _class_image(predicted, discretize).reshape(resolution, resolution, 3)
        ax.imshow(image, **_placed(area), interpolation="nearest")
        if colorbar:
            class_legend(ax, names)
        scatter(ax, area, X, y, SIGNED, count)
        return framed(ax, area, title)
    signed = asked.probabilities or count == 2 or discretize or (bool(y) and all(signs(v) for v in y.values()))
    values, colors = _colored(predicted, discretize, SIGNED if color_range is None and signed else color_range, y)
    ax = axes(ax, (5.6, 5.0))
    image = _image(ax, area, values.reshape(resolution, resolution), colors, discretize)
    if colorbar:
        bar = color_bar(ax, image, colors, values, *y.values())
        if asked.probabilities and colors == SIGNED:
            bar.set_ticks([-1, 0, 1], labels=["0", "0.5", "1"])
        if class_names is not None or (count == 2 and asked.classes is not None and len(asked.classes) == 2):
            bar.set_label(f"{'probability of ' if asked.probabilities else ''}class {asked.names(2)[1]}")
    scatter(ax, area, X, y, colors, 0)
    return framed(ax, area, title)


def _colored(
    values: Array, discretize: bool, given: Range | None, y: dict[str, Array] | None = None
) -> tuple[Array, Range]:
    """Return the values to draw and the range of their colors."""
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("nothing to draw: no value is finite")
    warn_of(~finite, f"of {len(values)} values, which are not finite")
    if discretize:
        values = _discrete(values)
    return values, checked_color_range(given, values[finite], *(y or {}).values(), fixed=discretize)


def _discrete(values: Array) -> Array:
    """Return the sign of each value, (n,), or 1 for the most probable class and 0 for the others, (n, classes)."""
    if values.ndim == 2:
        return np.where(values == values.max(axis=1, keepdims=True), 1.0, 0.0)
    return np.where(np.isfinite(values), np.where(values >= 0, 1.0, -1.0), np.nan)


def _class_image(probabilities: Array, discretize: bool) -> Array:
    """Return the color of the most probable class, paler where it is less probable, (n, 3)."""
    fine = np.asarray(np.isfinite(probabilities).all(axis=1))
    warn_of(~fine, f"of {len(fine)} values, which are not finite")
    known = np.where(fine[:, np.newaxis], probabilities, 0.0)
    least = 1 / known.shape[1]
    strength = np.ones(len(known)) if discretize else (known.max(axis=1) - least) / (1 - least)
    strength = np.where(fine, 0.1 + 0.6 * strength.clip(0, 1), 0.0)[:, np.newaxis]
    colors = class_colors(known.shape[1])[known.argmax(axis=1)]
    return np.asarray(1 + (colors - 1) * strength)


def _placed(area: Plane) -> dict[str, Any]:
    return {"extent": (*area.limits[0], *area.limits[1]), "origin": "lower", "aspect": "auto"}


def _image(ax: Axes, area: Plane, image: Array, colors: Range, discretize: bool) -> Any:
    cmap, norm = scale(colors)
    how = "nearest" if discretize else "bilinear"
    return ax.imshow(image, **_placed(area), cmap=cmap, norm=norm, alpha=160 / 255, interpolation=how)


def _curves(
    ax: Axes,
    area: Plane,
    asked: Predictions,
    predicted: Array,
    resolution: int,
    X: dict[str, Array],
    y: dict[str, Array],
    title: str,
) -> Axes:
    """Draw predictions for one input as a curve, or as one for the probability of each class."""
    (x,) = area.grid(resolution)
    count = predicted.shape[1] if predicted.ndim == 2 else 1
    probable = bool(asked.probabilities) or count > 2
    curves = predicted.T if count > 2 else [(predicted + 1) / 2 if probable else predicted]
    colors = class_colors(max(count, 2))
    warn_of(~np.isfinite(predicted), f"of {len(predicted)} values, which are not finite")
    for curve, color, name in zip(curves, colors, asked.names(count) if count > 2 else [""], strict=False):
        ax.plot(x, curve, color=color, label=name)
    for who, samples in X.items():
        area.warn_of_points_outside(samples, who)
        height = np.ones(len(samples)) if count > 2 else (y[who] + 1) / 2 if probable else y[who]
        color = colors[y[who]] if count > 2 else colors[1]
        style: dict[str, Any] = {"s": 20, "color": color, "edgecolors": EDGES[who], "linewidths": 0.7, "zorder": 3}
        ax.scatter(samples[:, area.features[0]], height, **style)
    ax.set_xlim(*area.limits[0])
    ax.grid(alpha=0.3)
    if count > 2:
        ax.legend(title="class", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return titled(ax, title, area.names[0], "probability" if probable else "prediction")
