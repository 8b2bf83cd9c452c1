"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.core import arrays
from framework.core.messages import shown
from framework.core.types import Array
from framework.metrics import Metric
from framework.plots.axes import axes, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NORMALIZATIONS = {"true": 1, "pred": 0, "all": None}  # by name, the axis that is summed over
MOST_TICKS = 30
MOST_LETTERS = 36  # below the horizontal axis; more of them are turned
LEAST_SIZE = 5.0  # of readable text, in points


def plot_confusion_matrix(
    matrix: Any,
    X: Any = None,
    y: Any = None,
    ax: Axes | None = None,
    *,
    sample_weight: Any = None,
    class_names: Sequence[Any] | None = None,
    normalize: str | None = None,
    show_values: bool | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw a confusion matrix: a row for each true class, a column for each predicted class.

    Parameters
    ----------
    matrix
        Counts or sums of weights (K, K), as the metric ``confusion_matrix`` computes them in `Model.evaluate`; or a
        model or estimator, which predicts the classes of `X`.
    X, y
        Inputs and true classes, if the first argument is a model.
    sample_weight
        Weights (n,) of these samples.
    class_names
        K names. By default the estimator's ``classes_``, or 0 to K - 1.
    normalize : {"true", "pred", "all"}, optional
        Divide by the sum of each row (of the true class: recall is on the diagonal), of each column (precision), or
        of all cells, as in scikit-learn. A row or column that sums to 0 is left empty.
    show_values
        Whether to write the values into the cells. By default, if they can be read.
    colorbar
        Whether to add a color bar.

    Raises
    ------
    TypeError, ValueError
        If the matrix is not square, or holds anything but finite numbers from 0 up; if a model has no `X` or `y`; if
        names or `normalize` do not fit.

    Examples
    --------
    >>> from framework.plots import plot_confusion_matrix
    >>> ax = plot_confusion_matrix([[50, 3], [7, 40]], class_names=["no", "yes"])
    >>> ax.get_xlabel()
    'predicted class'
    """
    if hasattr(matrix, "predict"):
        counts, names = _counted(matrix, X, y, sample_weight)
    elif X is None and y is None and sample_weight is None:
        counts, names = _checked(matrix), None
    else:
        raise TypeError(f"with X, y or sample_weight, the first argument must be a model, got {shown(matrix)}")
    chosen = class_names if class_names is not None else names if names is not None else range(len(counts))
    names = [str(name) for name in chosen]
    if len(names) != len(counts):
        raise ValueError(f"class_names must be {len(counts)} names, one for each class, got {len(names)}")
    values = _normalized(counts, normalize)

    size = float(np.clip(2.5 + 0.5 * len(values), 4.5, 12))
    ax = axes(ax, (size + 0.8 * colorbar, size))
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    image = ax.imshow(
        values, cmap="Blues", vmin=0, vmax=1 if normalize in ("true", "pred") else top or 1, interpolation="nearest"
    )
    if colorbar:
        ax.figure.colorbar(image, ax=ax, fraction=0.046, pad=0.04, label=_quantity(normalize))
    step = -(-len(names) // MOST_TICKS)
    ticks = range(0, len(names), step)
    ax.set_xticks(ticks, names[::step])
    ax.set_yticks(ticks, names[::step])
    if len(ticks) * max(map(len, names)) > MOST_LETTERS:
        ax.tick_params("x", rotation=90)
    if show_values is not False:
        whole = normalize is None and bool((counts == np.round(counts)).all())
        _write(ax, image, values, whole, least_size=0.0 if show_values else LEAST_SIZE)
    return titled(ax, "Confusion matrix", "predicted class", "true class")


def _quantity(normalize: str | None) -> str:
    shares = {"true": "share of the true class", "pred": "share of the predicted class", "all": "share of all"}
    return shares[normalize] if normalize else "samples"


def _checked(value: Any) -> Array:
    """Return `value` as a matrix (K, K) of finite numbers from 0 up."""
    matrix = arrays.numbers(value, "matrix")
    if matrix.ndim == 3 and matrix.shape[1:] == (2, 2):
        raise ValueError(f"matrix has shape {matrix.shape}, a matrix for each label: draw one of them, as matrix[0]")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"matrix must be square, (K, K) for K classes, got shape {matrix.shape}")
    arrays.finite(matrix, "matrix")
    if (matrix < 0).any():
        raise ValueError(f"matrix holds {matrix.min()}; counts and sums of weights are at least 0")
    return matrix


def _counted(model: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Array, list[Any] | None]:
    """Return the matrix of the model's predictions for `X`, and the names of its classes if it has them."""
    if X is None or y is None:
        raise ValueError("a model needs both X and y; one of them is None")
    predicted = model.predict(X)
    known = getattr(model, "classes_", None)
    if known is None:
        metric = Metric.of("confusion_matrix").cut_at(getattr(getattr(model, "loss_", None), "threshold", 0.5))
        return _checked(metric(np.asarray(y), predicted, sample_weight)), None
    labels = np.asarray(y)
    if np.ndim(predicted) != 1 or labels.shape != np.shape(predicted):
        shapes = f"y {labels.shape} and predictions {np.shape(predicted)}"
        raise ValueError(f"a confusion matrix needs one class for each sample, (n,), got {shapes}")
    names = sorted({*np.asarray(known).tolist(), *labels.tolist()})  # y may hold a class that was not learned
    codes = {name: code for code, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)), int if sample_weight is None else float)
    pairs = ([codes[name] for name in labels.tolist()], [codes[name] for name in np.asarray(predicted).tolist()])
    np.add.at(matrix, pairs, 1 if sample_weight is None else arrays.weights(sample_weight, len(labels), np.float64))
    return _checked(matrix), names


def _normalized(matrix: Array, normalize: str | None) -> Array:
    if normalize is None:
        return matrix
    if normalize not in NORMALIZATIONS:
        raise ValueError(f"normalize must be None, {', '.join(map(repr, NORMALIZATIONS))}, got {shown(normalize)}")
    sums = matrix.sum(axis=NORMALIZATIONS[normalize], keepdims=True) + np.zeros(matrix.shape)
    shares: Array = np.divide(matrix, sums, np.full(matrix.shape, np.nan), where=sums > 0)
    return shares


def _write(ax: Axes, image: Any, values: Array, whole: bool, least_size: float) -> None:
    """Write each value into its cell, white on dark cells and gray if it is 0, as large as fits, or not at all."""
    texts = np.array([_text(value, whole, image.norm.vmax) for value in values.ravel()]).reshape(values.shape)
    box = ax.get_window_extent()
    points = min(box.width, box.height) * 72 / ax.figure.dpi / len(values)
    size = min(12.0, points * 0.45, points * 1.4 / max(map(len, texts.flat)))
    if size < least_size:
        return
    luminance = image.cmap(image.norm(values))[..., :3] @ [0.2126, 0.7152, 0.0722]
    for (row, column), text in np.ndenumerate(texts):
        color = "white" if luminance[row, column] < 0.5 else "black" if values[row, column] else "#999999"
        ax.text(column, row, str(text), ha="center", va="center", color=color, fontsize=size)


def _text(value: float, whole: bool, top: float) -> str:
    if not np.isfinite(value):
        return ""
    if whole and top < 1e7:
        return f"{value:,.0f}"
    return f"{value:.2f}" if 0.1 < top <= 1 else f"{value:.3g}"
