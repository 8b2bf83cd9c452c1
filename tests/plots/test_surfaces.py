"""Surfaces with limits and colors from the data: numbers, several classes, estimators, one input and many."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from framework import Adam, Dense, Model
from framework.plots import plot_decision_surface, plot_points, plot_surface
from framework.plots.colors import PALETTE

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RNG = np.random.default_rng(0)
CENTERS = np.array([[1000.0, -0.1], [1400.0, 0.5], [1200.0, 1.0]])
LABELS = np.repeat([0, 1, 2], 20)
X = CENTERS[LABELS] + RNG.normal(size=(60, 2)) * [50, 0.05]
NAMES = np.array(["setosa", "versicolor", "virginica"])


class Nearest:
    """Predict the class with the nearest center: probabilities (n, 3), or labels if it has `classes_`."""

    def probabilities(self, X):
        distance = (((np.asarray(X)[:, np.newaxis] - CENTERS) / [100, 0.3]) ** 2).sum(axis=2)
        weight = np.exp(-distance) + 1e-9
        return weight / weight.sum(axis=1, keepdims=True)

    predict = probabilities


class NearestNames(Nearest):
    classes_ = NAMES

    def predict(self, X):
        return NAMES[self.probabilities(X).argmax(axis=1)]


class NearestWithProba(NearestNames):
    def predict_proba(self, X):
        return self.probabilities(X)


class Function:
    loss: object = None

    def __init__(self, function):
        self.predict = function


PRODUCT = Function(lambda X: 100 + X[:, :1] * X[:, 1:])


def ends(image):
    return image.norm.vmin, image.norm.vmax


def heights(ax):
    """Return the values of each line."""
    return [np.asarray(line.get_ydata()) for line in ax.lines]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def colors_of(collection):
    return [tuple(np.round(color[:3], 3)) for color in collection.get_facecolors()]


def class_color(index):
    return tuple(np.round(to_rgb(PALETTE[index]), 3))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("draw", ["surface", "points"])
def test_limits_are_those_of_the_data_in_each_axis(draw, scale):
    data, valid = X * scale, np.array([[2000.0, 0.2]]) * scale
    y = np.sign(LABELS - 0.5)
    ax = (
        plot_points(data, y, valid, [1.0])
        if draw == "points"
        else plot_decision_surface(PRODUCT, data, y, valid, [1.0], resolution=10)
    )
    everything = np.concatenate([data, valid])
    for (low, high), column in zip((ax.get_xlim(), ax.get_ylim()), everything.T, strict=True):
        span = np.ptp(column)
        assert low == pytest.approx(column.min() - 0.05 * span)
        assert high == pytest.approx(column.max() + 0.05 * span)
    if draw == "surface":
        assert tuple(ax.get_images()[0].get_extent()) == (*ax.get_xlim(), *ax.get_ylim())
    ax.figure.canvas.draw()


@pytest.mark.parametrize("row", [[[3.0, -2.0]], [[0.0, 0.0]], [[1e6, 1e-6]]])
def test_a_single_point_and_a_constant_feature_have_room(row):
    ax = plot_decision_surface(PRODUCT, np.array(row), [1.0], resolution=4)
    for (low, high), value in zip((ax.get_xlim(), ax.get_ylim()), row[0], strict=True):
        assert low < value < high


def test_given_limits_are_used_and_points_outside_are_told():
    limits = ((900.0, 1300.0), (-1.0, 2.0))
    outside = int(((X < [900, -1]) | (X > [1300, 2])).any(axis=1).sum())
    with pytest.warns(UserWarning, match=f"not drawn: {outside} of 60 points of X_train, outside the limits"):
        ax = plot_decision_surface(Nearest(), X, LABELS, limits=limits, resolution=10)
    assert (ax.get_xlim(), ax.get_ylim()) == limits
    assert plot_surface(PRODUCT.predict, limits=limits, resolution=5).get_xlim() == limits[0]


@pytest.mark.parametrize("limits", [(0, 1), ((0, 1),), ((1, 0), (0, 1)), ((0, np.inf), (0, 1)), 5])
def test_unusable_limits_are_refused(limits):
    with pytest.raises(ValueError, match="limits must be"):
        plot_surface(PRODUCT.predict, limits=limits)


@pytest.mark.parametrize("model", [NearestNames(), NearestWithProba()], ids=["labels", "probabilities"])
def test_several_classes_have_a_color_each_with_the_names_of_the_estimator(model):
    ax = plot_decision_surface(model, X, NAMES[LABELS], resolution=30)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == NAMES.tolist()
    assert colors_of(ax.collections[0]) == [class_color(label) for label in LABELS]
    image = np.asarray(ax.get_images()[0].get_array())
    assert image.shape == (30, 30, 3)
    low, high = ax.get_xlim(), ax.get_ylim()
    for center, color in zip(CENTERS, PALETTE, strict=False):
        column = int(30 * (center[0] - low[0]) / (low[1] - low[0]))
        row = int(30 * (center[1] - high[0]) / (high[1] - high[0]))
        tint = 1 - image[row, column]  # the color, mixed with white
        np.testing.assert_allclose(tint / tint.max(), (1 - np.array(to_rgb(color))) / (1 - min(to_rgb(color))))


@pytest.mark.parametrize("y", [LABELS, LABELS[:, np.newaxis], np.eye(3)[LABELS], LABELS.astype(float)])
def test_classes_may_be_labels_or_one_hot_rows(y):
    ax = plot_decision_surface(Nearest(), X, y, class_names=["a", "b", "c"], resolution=8)
    assert colors_of(ax.collections[0]) == [class_color(label) for label in LABELS]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]


def test_a_class_is_paler_where_it_is_less_probable_unless_discretized():
    def predict(X):
        p = np.where(X[:, 0] > 0, 0.9, 0.4)
        return np.stack([p, (1 - p) / 2, (1 - p) / 2], axis=1)

    def strengths(discretize):
        ax = plot_decision_surface(Function(predict), resolution=2, discretize=discretize)
        return 1 - np.asarray(ax.get_images()[0].get_array())[0, :, 0]

    probable = strengths(False)
    assert probable[1] > 2 * probable[0]
    assert np.ptp(strengths(True)) == 0


def test_a_model_with_softmax_is_drawn():
    scaled = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    layers = [Dense(8, "tanh"), Dense(3, "softmax")]
    model = Model(layers, loss="categorical_crossentropy", optimizer=Adam(0.05), seed=0)
    model.fit(scaled, LABELS, epochs=30)
    ax = plot_decision_surface(model, scaled, LABELS, resolution=20)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]
    assert ax.get_xlim()[0] < scaled[:, 0].min()


def test_regression_takes_its_colors_from_the_numbers():
    y = 100 + X[:, 0] * X[:, 1]
    ax = plot_decision_surface(PRODUCT, X, y, resolution=10)
    image, bar = ax.get_images()[0], ax.figure.axes[1]
    values = np.asarray(image.get_array())
    low, high = ends(image)
    assert -low == high >= np.abs(values).max()
    assert ax.collections[0].norm.vmax == image.norm.vmax
    assert bar.get_ylim() == (image.norm.vmin, image.norm.vmax)


def test_numbers_of_one_sign_have_a_scale_of_their_own_and_a_given_one_shows_what_it_cuts():
    positive = Function(lambda X: 200 + X[:, :1])
    image = plot_decision_surface(positive, resolution=10).get_images()[0]
    assert (image.norm.vmin, image.norm.vmax) == (194.6, 205.4)
    assert image.colorbar.extend == "neither"
    image = plot_decision_surface(positive, resolution=10, color_range=(200, 210)).get_images()[0]
    assert (image.norm.vmin, image.norm.vmax, image.colorbar.extend) == (200, 210, "min")
    constant = plot_surface(lambda X: np.full(len(X), 7.0), resolution=2).get_images()[0]
    low, high = ends(constant)
    assert low < 7 < high


def test_signs_keep_their_scale_and_the_bar_tells_of_values_beyond():
    image = plot_decision_surface(PRODUCT, X, np.sign(LABELS - 0.5), resolution=10).get_images()[0]
    assert (image.norm.vmin, image.norm.vmax, image.colorbar.extend) == (-1, 1, "both")


def test_values_that_are_not_finite_are_told():
    def predict(X):
        return np.where(X[:, :1] > 0, np.inf, X[:, 1:])

    with pytest.warns(UserWarning, match="not drawn: 50 of 100 values, which are not finite"):
        plot_surface(predict, resolution=10)
    with pytest.raises(ValueError, match="no value is finite"):
        plot_surface(lambda X: np.full(len(X), np.nan), resolution=10)
    with pytest.raises(ValueError, match="X_train holds nan"):
        plot_points(np.array([[0.0, np.nan]]), [1.0])
    with pytest.raises(ValueError, match="y_train holds nan"):
        plot_decision_surface(PRODUCT, X[:1], [np.nan])


def test_two_of_many_features_are_drawn_with_the_others_at_their_means():
    rows = RNG.normal([1, 2, 3, 4], size=(30, 4))
    seen = []

    def predict(X):
        seen.append(X)
        return X[:, 3:] - X[:, 1:2]

    ax = plot_decision_surface(Function(predict), rows, rows[:, 0], features=(3, 1), resolution=6)
    (grid,) = seen
    np.testing.assert_allclose(grid[:, [0, 2]], np.tile(rows[:, [0, 2]].mean(axis=0), (36, 1)))
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), rows[:, [3, 1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_{4}$", "$x_{2}$")
    with pytest.raises(ValueError, match=r"two inputs.*got \(30, 4\).*features=\(i, j\)"):
        plot_decision_surface(Function(predict), rows, rows[:, 0])
    for features in ((0, 0), (0, 4), (0, 1, 2), ()):
        with pytest.raises(ValueError, match="features must be one or two different columns, 0 to 3"):
            plot_points(rows, rows[:, 0], features=features)


def test_one_input_is_drawn_as_a_curve():
    x = np.linspace(10, 20, 7).reshape(-1, 1)
    ax = plot_decision_surface(Function(lambda X: 3 * X), x, 3 * x, resolution=50)
    (line,) = ax.get_lines()
    np.testing.assert_allclose(heights(ax), [3 * np.asarray(line.get_xdata())])
    np.testing.assert_allclose(ax.collections[0].get_offsets(), np.c_[x, 3 * x])
    assert ax.get_xlim() == pytest.approx((9.5, 20.5))


def test_the_classes_of_one_input_are_curves_of_their_probabilities():
    def predict(X):
        p = 1 / (1 + np.exp(-X[:, 0]))
        return np.stack([p, (1 - p) / 2, (1 - p) / 2], axis=1)

    x = np.array([[-1.0], [0.0], [1.0]])
    ax = plot_decision_surface(Function(predict), x, [2, 1, 0], resolution=50)
    assert [line.get_label() for line in ax.get_lines()] == ["0", "1", "2"]
    np.testing.assert_allclose(sum(heights(ax)), 1)
    steps = plot_decision_surface(Function(predict), x, [2, 1, 0], resolution=50, discretize=True)
    assert set(heights(steps)[0]) == {0.0, 1.0}


class _FromLogits:
    component_name = "binary_crossentropy"
    link = "sigmoid"
    from_logits = True


def test_logits_are_drawn_as_probabilities():
    model = Function(lambda X: X[:, :1])
    model.loss = loss = _FromLogits()
    ax = plot_decision_surface(model, np.array([[-6.0, -6.0], [6.0, 6.0]]), [0, 1], resolution=12)
    x = np.linspace(-6.6, 6.6, 25)[1::2]
    np.testing.assert_allclose(ax.get_images()[0].get_array()[0], np.tanh(x / 2))
    np.testing.assert_array_equal(ax.collections[0].get_array(), [-1, 1])
    loss.link, model.predict = "softmax", lambda X: np.stack([X[:, 0], X[:, 1], 0 * X[:, 0]], axis=1)
    ax = plot_decision_surface(model, np.array([[-6.0, -6.0], [6.0, 6.0]]), [0, 2], resolution=12)
    assert len(ax.get_legend().get_texts()) == 3


def test_two_labels_of_a_sample_are_not_two_classes():
    class Labels(Nearest):
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.stack([0.9 + 0 * X[:, 0], 0.8 + 0 * X[:, 0]], axis=1)

    with pytest.raises(ValueError, match="output=0"):
        plot_decision_surface(Labels(), X, np.ones((60, 2)))
    image = plot_decision_surface(Labels(), X, np.ones((60, 2)), output=1, resolution=3).get_images()[0]
    np.testing.assert_allclose(image.get_array(), 0.6)


def test_one_of_several_outputs_can_be_drawn():
    two = Function(lambda X: np.c_[X[:, 0], 5 * X[:, 1]])
    y = np.c_[X[:, 0], 5 * X[:, 1]]
    with pytest.raises(ValueError, match=r"needs predictions \(n, 1\).*output=0"):
        plot_decision_surface(two, X, y)
    ax = plot_decision_surface(two, X, y, output=1, resolution=4)
    np.testing.assert_allclose(ax.collections[0].get_array(), 5 * X[:, 1])
    with pytest.raises(ValueError, match="output=2"):
        plot_decision_surface(two, X, y, output=2)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (LABELS + 1, "y_train must hold labels 0 to 2 for 3 outputs, got 3"),
        (np.ones((60, 3)), "one-hot rows"),
        (LABELS[:5], r"y_train must be labels \(n,\)"),
        (NAMES[LABELS], "strings"),
    ],
)
def test_targets_that_do_not_fit_the_classes_are_refused(y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot_decision_surface(Nearest(), X, y, resolution=4)


def test_unknown_labels_names_and_colors_without_effect_are_refused():
    with pytest.raises(ValueError, match=r"'rose' \(str\), which is none of the classes"):
        plot_decision_surface(NearestNames(), X[:1], ["rose"], resolution=4)
    with pytest.raises(ValueError, match="class_names must be 3 names"):
        plot_decision_surface(Nearest(), X, LABELS, class_names=["a"], resolution=4)
    with pytest.raises(ValueError, match="color_range has no effect on classes"):
        plot_decision_surface(Nearest(), X, LABELS, color_range=(0, 1), resolution=4)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (LABELS, ["0", "1", "2"]),
        (NAMES[LABELS], NAMES.tolist()),
        (NAMES[LABELS].astype(object), NAMES.tolist()),
        (np.eye(3)[LABELS], ["0", "1", "2"]),
        (np.where(LABELS, "yes", "no"), ["no", "yes"]),
    ],
)
def test_points_of_classes_have_a_legend(y, names):
    ax = plot_points(X, y)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names


@pytest.mark.parametrize("y", [LABELS > 0, (LABELS > 0).astype(int), np.where(LABELS, 1, -1)])
def test_points_of_two_classes_are_orange_and_blue(y):
    (points,) = plot_points(X, y).collections
    np.testing.assert_array_equal(points.get_array(), np.where(LABELS, 1, -1))
    assert (points.norm.vmin, points.norm.vmax) == (-1, 1)


def test_points_of_numbers_have_a_color_bar():
    ax = plot_points(X, 1000 * X[:, 1])
    assert ax.collections[0].norm.vmax >= 1000 * X[:, 1].max()
    assert len(ax.figure.axes) == 2


def test_more_classes_than_the_palette_have_different_colors():
    y = np.arange(60) % 30
    ax = plot_points(X, np.eye(30)[y])
    assert len(set(colors_of(ax.collections[0]))) == 30
    ax.figure.canvas.draw()


def test_estimators_and_pipelines_are_drawn(tmp_path):
    pytest.importorskip("sklearn")
    pandas = pytest.importorskip("pandas")
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from framework.sklearn import NeuralClassifier, NeuralRegressor

    table = pandas.DataFrame(X, columns=["length", "width"])
    classifier = make_pipeline(StandardScaler(), NeuralClassifier((8,), epochs=20, random_state=0))
    search = GridSearchCV(classifier, {"neuralclassifier__epochs": [3]}, cv=2).fit(table, NAMES[LABELS])
    ax = plot_decision_surface(search, table, NAMES[LABELS], resolution=10)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == NAMES.tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length", "width")
    two = NeuralClassifier((4,), epochs=2, random_state=0).fit(X, np.where(LABELS, "yes", "no"))
    ax = plot_decision_surface(two, X, np.where(LABELS, "yes", "no"), resolution=10)
    np.testing.assert_array_equal(ax.collections[0].get_array(), np.where(LABELS, 1, -1))
    assert ax.figure.axes[1].get_ylabel() == "probability of class yes"
    regressor = NeuralRegressor((4,), epochs=2, random_state=0).fit(X, X[:, 0])
    ax = plot_decision_surface(regressor, X, X[:, 0], resolution=10)
    assert ax.get_images()[0].norm.vmax >= X[:, 0].max()
    ax.figure.savefig(tmp_path / "picture.png")
