"""Histories with gaps and values that are not finite, and activations that overflow."""

import matplotlib
import numpy as np
import pytest

from framework import Activation, Dense, Model
from framework.plots import plot_activation, plot_history, plot_surface

matplotlib.use("Agg")
import matplotlib.pyplot as plt

NAN, INF = np.nan, np.inf


def curves(ax):
    """Return label, x and y of each line."""
    return [(str(line.get_label()), np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in ax.lines]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_a_curve_passes_over_epochs_that_were_not_measured():
    ax = plot_history({"loss": [5.0, 3, 2, 1.5, 1.2, 1], "val_loss": [NAN, 4, NAN, 2, NAN, 1.5]})
    loss, val_loss = ax.get_lines()
    np.testing.assert_array_equal(val_loss.get_xydata(), [[2, 4], [4, 2], [6, 1.5]])
    assert val_loss.get_marker() == "o"
    assert loss.get_marker() == "None"
    assert ax.get_xlim() == (1, 6)


def test_values_that_are_not_finite_are_crosses_at_the_top():
    ax = plot_history({"loss": [5.0, 3, INF, 1.5, NAN, 1], "val_loss": [5.0, 4, 3, 2, INF, NAN]})
    marks = {name: x.tolist() for name, x, _ in curves(ax) if "not finite" in name}
    assert marks == {"loss, not finite": [3, 5], "val_loss, not finite": [5]}
    assert ax.get_ylim()[1] < 6
    ax.figure.canvas.draw()
    assert curves(plot_history({"loss": [NAN, INF]}))[1][1].tolist() == [1, 2]


def test_zero_is_shown_beside_a_history_on_a_logarithmic_scale():
    ax = plot_history({"loss": [5.0, 0.3, 0.02]}, label="a")
    assert ax.get_yscale() == "log"
    plot_history({"loss": [5.0, 0.3, 0.0]}, label="b", ax=ax)
    assert ax.get_yscale() == "symlog"
    assert ax.get_ylim()[0] <= 0


def test_a_model_is_not_a_history_and_lists_need_one_value_an_epoch():
    with pytest.raises(TypeError, match=r"mapping of lists, got.*give its attribute `history`"):
        plot_history(Model([Dense(1)]))
    with pytest.raises(ValueError, match="one value for each epoch"):
        plot_history({"loss": [1.0, 2.0], "val_loss": [1.0]})


def test_many_points_do_not_slow_the_legend():
    plot_history({"loss": np.linspace(2, 1, 20_000)}).figure.canvas.draw()


@pytest.mark.usefixtures("restored_registry")
def test_values_of_an_activation_that_are_not_finite_are_told():
    class Inverse(Activation):
        def __call__(self, z):
            with np.errstate(divide="ignore"):
                return 1 / z

        def derivative(self, z, a):
            return -a * a

    with pytest.warns(UserWarning, match="not drawn: 2 values of Inverse that are not finite"):
        plot_activation(Inverse())


def test_a_metric_that_is_an_array_has_no_curve():
    X = np.linspace(-1, 1, 20).reshape(-1, 1)
    model = Model([Dense(1, "sigmoid")], loss="binary_crossentropy", metrics=["confusion_matrix"], seed=0)
    model.fit(X, X > 0)
    with pytest.raises(ValueError, match=r"'confusion_matrix' is an array.*plot_confusion_matrix"):
        model.history.plot(names=["confusion_matrix"])


def test_a_model_is_no_function_to_draw():
    with pytest.raises(TypeError, match=r"callable, got Model.*: give its predict, or call plot_decision_surface"):
        plot_surface(Model([Dense(1)]))
