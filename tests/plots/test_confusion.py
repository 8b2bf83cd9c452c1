"""The picture of a confusion matrix."""

import matplotlib
import numpy as np
import pytest

from framework import Dense, Model
from framework.plots import plot_confusion_matrix

matplotlib.use("Agg")
import matplotlib.pyplot as plt

MATRIX = np.array([[50, 3], [7, 40]])


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def drawn(ax):
    return np.asarray(ax.get_images()[0].get_array())


def test_rows_are_true_classes_and_columns_predicted_ones():
    ax = plot_confusion_matrix(MATRIX, class_names=["no", "yes"])
    np.testing.assert_array_equal(drawn(ax), MATRIX)
    assert texts(ax) == ["50", "3", "7", "40"]
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["no", "yes"]
    assert ax.get_ylim() == (1.5, -0.5)  # the first class is on top


def test_text_is_white_on_dark_cells():
    ax = plot_confusion_matrix(MATRIX)
    assert [text.get_color() for text in ax.texts] == ["white", "black", "black", "white"]


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("true", [[50 / 53, 3 / 53], [7 / 47, 40 / 47]]),
        ("pred", [[50 / 57, 3 / 43], [7 / 57, 40 / 43]]),
        ("all", [[0.5, 0.03], [0.07, 0.4]]),
    ],
)
def test_shares_are_those_of_scikit_learn(normalize, expected):
    np.testing.assert_allclose(drawn(plot_confusion_matrix(MATRIX, normalize=normalize)), expected)


def test_a_class_that_does_not_occur_is_left_empty():
    ax = plot_confusion_matrix([[5, 0, 1], [0, 0, 0], [2, 0, 0]], normalize="true")
    assert texts(ax) == ["0.83", "0.00", "0.17", "", "", "", "1.00", "0.00", "0.00"]
    assert texts(plot_confusion_matrix(np.zeros((2, 2)))) == ["0"] * 4


def test_sums_of_weights_keep_their_digits():
    assert texts(plot_confusion_matrix([[30.55, 0.5], [0.0, 12.0]])) == ["30.6", "0.5", "0", "12"]


@pytest.mark.parametrize("classes", [1, 2, 8, 30, 100])
def test_any_number_of_classes_is_drawn(classes):
    ax = plot_confusion_matrix(np.eye(classes, dtype=int) * 1000)
    assert len(ax.texts) in (0, classes**2)
    assert (len(ax.texts) == 0) == (classes == 100)
    assert len(ax.get_xticks()) <= 30
    ax.figure.canvas.draw()
    assert not plot_confusion_matrix(MATRIX, show_values=False).texts
    assert len(plot_confusion_matrix(np.eye(classes), show_values=True).texts) == classes**2


def test_the_matrix_of_a_model_is_that_of_its_metric():
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(50, 2)), rng.integers(0, 3, 50), rng.uniform(size=50)
    model = Model(
        [Dense(3, "softmax")], loss="categorical_crossentropy", metrics=["confusion_matrix", "accuracy"], seed=0
    ).fit(X, y, epochs=2)
    np.testing.assert_array_equal(drawn(plot_confusion_matrix(model, X, y)), model.evaluate(X, y)["confusion_matrix"])
    weighted = drawn(plot_confusion_matrix(model, X, y, sample_weight=weight))
    np.testing.assert_allclose(weighted, model.evaluate(X, y, weight)["confusion_matrix"])


def test_an_estimator_names_its_classes_and_those_that_it_has_not_learned():
    class Estimator:
        classes_ = np.array(["cat", "dog"])

        def predict(self, X):
            return self.classes_[(X[:, 0] > 0).astype(int)]

    X = np.array([[-1.0], [1.0], [1.0], [-1.0]])
    ax = plot_confusion_matrix(Estimator(), X, ["cat", "dog", "cat", "elk"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "elk"]
    np.testing.assert_array_equal(drawn(ax), [[1, 1, 0], [0, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"matrix": np.ones((2, 3))}, r"square, \(K, K\).*\(2, 3\)"),
        ({"matrix": np.ones((3, 2, 2))}, r"a matrix for each label.*matrix\[0\]"),
        ({"matrix": [[1, -1], [0, 2]]}, "at least 0"),
        ({"matrix": [[1, np.nan], [0, 2]]}, "holds nan"),
        ({"matrix": "confusion"}, "matrix holds strings"),
        ({"matrix": MATRIX, "normalize": "rows"}, "normalize must be None, 'true', 'pred', 'all'"),
        ({"matrix": MATRIX, "class_names": ["a"]}, "class_names must be 2 names"),
        ({"matrix": MATRIX, "X": MATRIX}, "first argument must be a model"),
        ({"matrix": Model([Dense(1)]).build(2), "X": MATRIX}, "needs both X and y"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot_confusion_matrix(**arguments)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(("normalize", "quantity"), [(None, "samples"), ("true", "share of the true class")])
def test_the_color_bar_says_what_is_counted_and_is_optional(normalize, quantity):
    figure = plot_confusion_matrix(MATRIX, normalize=normalize).figure
    assert [ax.get_ylabel() for ax in figure.axes[1:]] == [quantity]
    assert len(plot_confusion_matrix(MATRIX, colorbar=False).figure.axes) == 1
