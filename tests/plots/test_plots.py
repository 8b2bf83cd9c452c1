"""Plots, checked by the artists on their Axes."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba

from framework.activations import Activation, Softmax
from framework.engine.history import History
from framework.losses import BinaryCrossentropy, CategoricalCrossentropy
from framework.plots import plot_activation, plot_decision_surface, plot_history, plot_points, plot_surface

matplotlib.use("Agg")
import matplotlib.pyplot as plt

WHITE, GRAY = to_rgba("#ffffff", 0.9), to_rgba("#555555", 0.9)
X_TRAIN, Y_TRAIN = np.array([[-2.0, -1.0], [3.0, 4.0], [0.5, 5.0]]), np.array([[-1.0], [1.0], [1.0]])
X_VALID, Y_VALID = np.array([[1.0, -5.0], [2.0, 2.0]]), np.array([[1.0], [-1.0]])


class Predictor:
    """A model that has only `predict` and `loss`."""

    def __init__(self, function, loss="half_squared_error"):
        self.predict = function
        self.loss = loss


PLANE = Predictor(lambda X: X.sum(axis=1, keepdims=True) / 10)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(autouse=True)
def _global_state_unchanged():
    parameters, backend = matplotlib.rcParams.copy(), matplotlib.get_backend()
    yield
    plt.close("all")
    assert matplotlib.rcParams == parameters
    assert matplotlib.get_backend() == backend


@pytest.fixture
def ax():
    return plt.subplots()[1]


def recorded(**columns):
    history = History()
    for epoch, row in enumerate(zip(*columns.values(), strict=True), start=1):
        history.append(epoch, dict(zip(columns, row, strict=True)))
    return history


DRAWINGS = {
    "history": lambda ax: plot_history(recorded(loss=[2.0, 1.0]), ax=ax),
    "activation": lambda ax: plot_activation("tanh", ax=ax),
    "points": lambda ax: plot_points(X_TRAIN, Y_TRAIN, ax=ax),
    "surface": lambda ax: plot_surface(PLANE.predict, ax=ax),
    "decision surface": lambda ax: plot_decision_surface(PLANE, X_TRAIN, Y_TRAIN, ax=ax),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_draws_on_the_given_axes_and_opens_no_figure(draw, ax):
    ax.set(title="mine", xlabel="my x", ylabel="my y")
    figures = plt.get_fignums()
    assert draw(ax) is ax
    assert plt.get_fignums() == figures
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("mine", "my x", "my y")
    ax.figure.canvas.draw()


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_makes_one_labeled_figure_without_axes(draw):
    ax = draw(None)
    assert plt.get_fignums() == [ax.figure.number]
    assert ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot_history(History()), "the history is empty"),
        (lambda: plot_activation("tanh", "tanhh"), "did you mean 'tanh'"),
        (lambda: plot_activation("softmax", derivative=False), "not elementwise"),
        (lambda: plot_points(X_TRAIN, Y_TRAIN[:2]), "y_train must be"),
        (lambda: plot_surface(lambda X: X[:5]), "a surface needs values"),
        (lambda: plot_decision_surface(PLANE, X_TRAIN, None), "both X_train and y_train"),
    ],
)
def test_an_error_leaves_no_figure_open(draw, message):
    with pytest.raises((ValueError, NotImplementedError), match=message):
        draw()
    assert plt.get_fignums() == []


def test_importing_imports_neither_matplotlib_nor_playground_data():
    code = "import sys, framework.plots; sys.exit(any(name in sys.modules for name in ('matplotlib', 'plygdata')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_history_draws_losses_from_epoch_1(ax):
    plot_history(recorded(loss=[3.0, 2.0, 1.5], val_loss=[3.5, 2.5, 2.0], mae=[9.0, 9.0, 9.0]), ax=ax)
    loss, val_loss = ax.get_lines()
    np.testing.assert_array_equal(loss.get_xydata(), [[1, 3.0], [2, 2.0], [3, 1.5]])
    np.testing.assert_array_equal(val_loss.get_xydata(), [[1, 3.5], [2, 2.5], [3, 2.0]])
    assert loss.get_color() == val_loss.get_color()
    assert loss.get_linestyle() != val_loss.get_linestyle()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["loss", "val_loss"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "loss", "linear")
    assert ax.get_xlim() == (1, 3)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
def test_history_has_ticks_at_whole_epochs(n, ax):
    plot_history(recorded(loss=np.linspace(2, 1, n)), ax=ax)
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert ticks
    assert all(tick == round(tick) >= 1 for tick in ticks)
    assert ax.get_lines()[0].get_marker() == ("o" if n == 1 else "None")


@pytest.mark.parametrize(
    ("loss", "scale"),
    [([1.0, 0.011], "linear"), ([1.0, 0.009], "log"), ([1.0, 0.0], "linear"), ([1.0, np.nan, 0.001], "log")],
)
def test_history_is_logarithmic_over_two_decades(loss, scale, ax):
    assert plot_history(recorded(loss=loss), ax=ax).get_yscale() == scale


def test_two_histories_on_one_axes_can_be_told_apart(ax):
    plot_history(recorded(loss=[1.0, 0.5], val_loss=[1.0, 0.6]), ax=ax, label="zeros")
    plot_history(recorded(loss=[1.0, 0.2, 0.001]), ax=ax, label="glorot")
    assert [line.get_label() for line in ax.get_lines()] == ["zeros loss", "zeros val_loss", "glorot loss"]
    first, _, second = ax.get_lines()
    assert first.get_color() != second.get_color()
    assert ax.get_xlim() == (1, 3)
    assert ax.get_yscale() == "log"


def test_history_draws_metrics_on_request_and_any_mapping(ax):
    plot_history({"loss": [1.0, 0.5], "accuracy": [0.1, 0.9]}, ax=ax, names=["loss", "accuracy"])
    np.testing.assert_array_equal(ax.get_lines()[1].get_xydata(), [[1, 0.1], [2, 0.9]])
    assert ax.get_ylabel() == "value"
    with pytest.raises(ValueError, match="history has no 'acuracy'; did you mean 'accuracy'"):
        plot_history({"loss": [1.0], "accuracy": [0.1]}, ax=ax, names=["acuracy"])


def test_history_keeps_its_epoch_numbers(ax):
    history = History()
    history.append(7, {"loss": 1.0})
    history.append(8, {"loss": 0.5})
    np.testing.assert_array_equal(plot_history(history, ax=ax).get_lines()[0].get_xdata(), [7, 8])


def test_surface_shows_each_value_at_its_inputs(ax):
    plot_surface(lambda X: X[:, :1] / 10 + X[:, 1:] / 100, ax=ax, resolution=12)
    (image,) = ax.get_images()
    assert tuple(image.get_extent()) == (-6, 6, -6, 6)
    assert image.origin == "lower"
    centers = np.arange(-5.5, 6)
    np.testing.assert_allclose(image.get_array(), centers / 10 + centers[:, np.newaxis] / 100)
    assert to_hex(image.cmap(image.norm(-1.0))) == "#f59322"
    assert to_hex(image.cmap(image.norm(1.0))) == "#0877bd"
    assert ax.get_xlim() == ax.get_ylim() == (-6, 6)
    assert ax.get_aspect() == 1


@pytest.mark.parametrize("colorbar", [True, False])
def test_colorbar_is_optional(colorbar, ax):
    plot_surface(PLANE.predict, ax=ax, colorbar=colorbar)
    assert len(ax.figure.axes) == 1 + colorbar


def test_training_and_validation_points_are_one_collection_each(ax):
    plot_decision_surface(PLANE, X_TRAIN, Y_TRAIN, X_VALID, Y_VALID, ax=ax)
    training, validation = ax.collections
    for points, X, y, edge in ((training, X_TRAIN, Y_TRAIN, WHITE), (validation, X_VALID, Y_VALID, GRAY)):
        np.testing.assert_array_equal(points.get_offsets(), X)
        np.testing.assert_array_equal(points.get_array(), y[:, 0])
        np.testing.assert_allclose(points.get_edgecolors(), [edge])
        assert points.get_sizes() == [20]
        assert points.get_linewidths() == [0.7]
        assert points.norm.vmin == -1
        assert points.norm.vmax == 1


def test_points_alone_and_surface_alone(ax):
    plot_points(None, None, X_VALID, Y_VALID[:, 0], ax=ax)
    np.testing.assert_allclose(ax.collections[0].get_edgecolors(), [GRAY])
    assert not ax.get_images()
    assert not plot_decision_surface(PLANE).collections


def test_regression_is_continuous_and_classes_have_two_values(ax):
    plot_decision_surface(PLANE, ax=ax, resolution=10)
    plot_decision_surface(PLANE, ax=ax, resolution=10, discretize=True)
    continuous, discrete = (np.asarray(image.get_array()) for image in ax.get_images())
    assert len(np.unique(continuous.round(9))) == 19
    np.testing.assert_array_equal(discrete, np.where(continuous >= 0, 1.0, -1.0))


class _CrossEntropy:
    component_name = "binary_crossentropy"


@pytest.mark.parametrize(
    ("predict", "loss", "override", "mapped"),
    [
        (lambda X: sigmoid(X[:, :1]), "binary_crossentropy", None, True),
        (lambda X: sigmoid(X[:, :1]), "BinaryCrossentropy", None, True),
        (lambda X: sigmoid(X[:, :1]), "binary cross-entropy", None, True),
        (lambda X: sigmoid(X[:, :1]), _CrossEntropy(), None, True),
        (lambda X: sigmoid(X[:, :1]), _CrossEntropy, None, True),
        (lambda X: sigmoid(X[:, 0]), "half_squared_error", True, True),
        (lambda X: sigmoid(X[:, :1]), "half_squared_error", None, False),
        (lambda X: sigmoid(X[:, :1]), "binary_crossentropy", False, False),
        (lambda X: np.c_[1 - sigmoid(X[:, 0]), sigmoid(X[:, 0])], "categorical_crossentropy", None, True),
        (lambda X: np.c_[1 - sigmoid(X[:, 0]), sigmoid(X[:, 0])], "half_squared_error", None, True),
    ],
)
def test_probabilities_are_drawn_from_minus_1_to_1(predict, loss, override, mapped, ax):
    plot_decision_surface(Predictor(predict, loss), ax=ax, resolution=12, probabilities=override)
    p = sigmoid(np.arange(-5.5, 6))
    np.testing.assert_allclose(ax.get_images()[0].get_array(), np.tile(2 * p - 1 if mapped else p, (12, 1)))


def test_logits_are_drawn_as_probabilities(ax):
    for i, loss in enumerate((BinaryCrossentropy(from_logits=True), CategoricalCrossentropy(from_logits=True))):
        model = Predictor(lambda X, i=i: X[:, :1] if i == 0 else np.c_[-X[:, 0], 0 * X[:, 0]], loss)
        plot_decision_surface(model, ax=ax, resolution=12, colorbar=False)
        expected = 2 * sigmoid(np.arange(-5.5, 6)) - 1
        np.testing.assert_allclose(ax.get_images()[i].get_array(), np.tile(expected, (12, 1)), atol=1e-12)


@pytest.mark.parametrize("labels", [[[0], [1], [1]], [[-1], [1], [1]], [0, 1, 1], [[1, 0], [0, 1], [0, 1]]])
def test_labels_of_a_classifier_may_be_0_and_1(labels, ax):
    model = Predictor(lambda X: sigmoid(X[:, :1]), "binary_crossentropy")
    plot_decision_surface(model, X_TRAIN, np.array(labels), ax=ax)
    np.testing.assert_array_equal(ax.collections[0].get_array(), [-1, 1, 1])
    bar = ax.figure.axes[1]
    assert [text.get_text() for text in bar.get_yticklabels()] == ["0", "0.5", "1"]


def _expects_three(X):
    raise ValueError("Dense expects inputs of shape (n, 3), got (n, 2)")


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (Predictor(_expects_three), (), r"model that takes inputs \(n, 2\): Dense expects .*\(n, 3\)"),
        (Predictor(lambda X: np.ones((len(X), 3))), (), r"needs predictions \(n, 1\).*got \(40000, 3\)"),
        (PLANE, (np.ones((4, 3)), np.ones((4, 1))), r"two inputs.*X_train must be \(n, 2\), got \(4, 3\)"),
        (PLANE, (X_TRAIN, Y_TRAIN, np.ones(2), np.ones(2)), r"X_valid must be \(n, 2\), got \(2,\)"),
        (PLANE, (X_TRAIN, Y_TRAIN[:2]), r"y_train must be \(n, 1\).*n = 3; got \(2, 1\)"),
        (PLANE, (X_TRAIN, None), "both X_train and y_train"),
    ],
)
def test_only_two_inputs_and_one_output_can_be_drawn(model, data, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_surface(model, *data)


@pytest.mark.parametrize("activation", [cls for cls in Activation.components() if cls is not Softmax])
def test_every_elementwise_activation_can_be_drawn(activation, ax):
    with np.errstate(all="raise", under="ignore"):
        value, slope = plot_activation(activation, ax=ax).get_lines()
    z = value.get_xdata()
    # Each slope matches that of the chord next to it, unless there is a kink in between.
    chord = np.diff(np.ravel(value.get_ydata())) / np.diff(z)
    middle = (np.ravel(slope.get_ydata())[1:] + np.ravel(slope.get_ydata())[:-1]) / 2
    assert np.median(np.abs(chord - middle)) < 1e-3


def test_activation_with_its_derivative_dashed(ax):
    plot_activation("tanh", "sigmoid", ax=ax, z_range=(-3, 5))
    lines = ax.get_lines()
    assert len(lines) == 4
    z = lines[0].get_xdata()
    assert z[0] == -3
    assert z[-1] == 5
    assert ax.get_xlim() == (-3, 5)
    a = np.tanh(z)
    np.testing.assert_allclose(lines[0].get_ydata(), a, atol=1e-12)
    np.testing.assert_allclose(lines[1].get_ydata(), 1 - a * a, atol=1e-12)
    np.testing.assert_allclose(lines[2].get_ydata(), sigmoid(z), atol=1e-12)
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert len(plot_activation("tanh").get_lines()) == 2
    assert len(plot_activation("tanh", derivative=False).get_lines()) == 1
