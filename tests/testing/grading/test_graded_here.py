"""Components are found, made and checked; what is missing, imported or of another family gets no points."""

import json
import sys
from types import ModuleType

import numpy as np
import pytest
from submissions import HEAD, cubic

from framework import Dense, Model
from framework.testing import grade
from framework.testing.grading.components import found_in, guessed_input_shape
from framework.testing.grading.loading import MODULE, load

pytestmark = pytest.mark.usefixtures("restored_registry")

SOURCE = (
    HEAD
    + "from framework import SGD\n"
    + cubic("Cubic")
    + """

class Scale(Layer):
    def __init__(self, factor, **common):
        super().__init__(**common)
        self.factor = factor

    def forward(self, ctx, x):
        return self.factor * x

    def backward(self, ctx, grad):
        return self.factor * grad


class Steps(Schedule):
    def __init__(self, learning_rate, depth: int):
        self.learning_rate = learning_rate
        self.depth = depth

    def __call__(self, step):
        return self.learning_rate / (1 + step // self.depth)


class Odd(Schedule):
    def __init__(self, mystery):
        self.mystery = mystery

    def __call__(self, step):
        return self.mystery


class Images(Layer):
    def output_shape(self, input_shape):
        height, width, channels = input_shape
        return (channels,)

    def forward(self, ctx, x):
        ctx.shape = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, ctx, grad):
        n, height, width, channels = ctx.shape
        return np.broadcast_to(grad[:, None, None] / (height * width), ctx.shape).copy()


class Rejecting(Activation):
    def __init__(self, power=3):
        raise ValueError("no power")


class Watcher(Callback):
    pass


class _Hidden(Activation):
    pass


def error(y_true, y_pred):
    return np.abs(y_true - y_pred).mean()


Alias = Cubic
model = Model([Dense(2, "tanh"), Dense(1)])
number = 3
"""
)


@pytest.fixture
def homework(monkeypatch):
    """Return a module that is imported."""
    module = ModuleType("homework")
    monkeypatch.setitem(sys.modules, "homework", module)
    exec(SOURCE, vars(module))
    return module


def messages(homework, rubric):
    return [(result.passed, result.message) for result in grade(homework, rubric).results]


def test_own_components_are_found_in_their_order(homework):
    assert found_in(vars(homework), "homework") == ["Cubic", "Scale", "Steps", "Odd", "Images", "Rejecting"]


def test_without_a_rubric_each_counts_one(homework):
    report = grade(homework)
    results = {result.component: result for result in report.results}
    assert [name for name, result in results.items() if result.passed] == ["Cubic", "Scale", "Steps", "Images"]
    assert (report.points, report.max_points) == (4, 6)
    assert "Rejecting cannot be made: ValueError: no power" in results["Rejecting"].message
    assert results["Odd"].word == "not checked"
    assert 'give "arguments": {"mystery": ...} in the rubric' in results["Odd"].message
    assert all(result.seconds > 0 for result in report.results)


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("modell", 1, "there is model: is it meant to be modell?"),
        ("Gain", 1, "Gain is missing: the submission does not define it"),
        ("cubic", 1, "there is Cubic: is it meant to be cubic?"),
        ("SGD", 1, "SGD is the framework's own SGD, expected one that you define"),
        ("Cubic", {"family": "Layer"}, "Cubic is an Activation, expected a Layer"),
        ("Cubic", {"input_shape": 3}, "Cubic is of the family activation, whose check has no option 'input_shape'"),
        ("Scale", {"arguments": {"wrong": 3}}, "Scale cannot be made with the arguments {'wrong': 3}: TypeError"),
        ("model", 1, 'model is a model, and its check needs data: give "X"'),
        ("Watcher", 1, "Watcher is a class derived from Callback, expected a component that has a check"),
        ("number", 1, "number is an int, expected a component that has a check"),
        ("error", 1, "error is a function, expected a component"),
    ],
)
def test_what_is_not_right_is_said(homework, name, line, words):
    ((passed, message),) = messages(homework, {name: line})
    assert not passed
    assert words in message


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Odd", {"arguments": [0.1]}),
        ("Scale", {"arguments": {"factor": -2.0}, "input_shape": [(3,), (2, 3)]}),
        ("model", {"X": [[0.0, 1.0], [1.0, 0.0], [0.5, 0.2]], "y": [[1.0], [0.0], [0.5]]}),
        ("error", {"family": "metric", "definition": lambda y, p: np.abs(y - p).mean()}),
        ("Alias", {"points": 1}),
    ],
)
def test_a_rubric_tells_what_a_check_needs(homework, name, line):
    assert messages(homework, {name: line}) == [(True, "")]


@pytest.mark.parametrize("function", [lambda step: 1 / 0, lambda: 1])
def test_a_wrong_function_of_the_rubric_is_not_the_students_fault(homework, function):
    (result,) = grade(homework, {"Steps": {"definition": function}}).results
    assert result.word == "not checked"
    assert "Steps cannot be checked: a function in the rubric is wrong" in result.message


def test_components_that_the_rubric_does_not_name_are_listed(homework):
    report = grade(homework, {"Cubic": 1})
    assert report.passed
    assert report.others == ["Scale", "Steps", "Odd", "Images", "Rejecting"]
    assert "not in the rubric: Scale, Steps" in str(report)


def test_classes_and_instances_are_graded(homework):
    assert grade(homework.Cubic, {"Cubic": 2}).points == 2
    assert grade([homework.Cubic, homework.Images]).points == 2
    assert grade(homework.Scale(2.0), {"Scale": {"input_shape": 3, "points": 0.5}}).points == 0.5
    X = np.linspace(-1, 1, 8).reshape(4, 2)
    assert grade(Model([Dense(2)]), {"Model": {"X": X, "y": X}}).passed


def test_other_things_are_not(tmp_path):
    with pytest.raises(TypeError, match="grade expects the path of a file, a module, classes or a component, got 3"):
        grade(3)
    with pytest.raises(FileNotFoundError, match="no file"):
        grade(tmp_path / "missing.py")
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"neither a \.py nor an \.ipynb file"):
        grade(tmp_path / "notes.txt")


def test_progress_is_told(homework):
    told = []
    grade(homework, {"Cubic": 1, "Gain": 1}, progress=lambda result, count: told.append((result.component, count)))
    assert told == [("Cubic", 2), ("Gain", 2)]


def test_inputs_are_guessed_for_images(homework):
    assert guessed_input_shape(homework.Images()) == (6, 6, 2)
    assert guessed_input_shape(Dense(3)) == (4,)


def test_a_notebook_is_graded_cell_by_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, MODULE, None)
    cells = ["%matplotlib inline\n" + HEAD, cubic("Cubic"), "1 / 0\n" + cubic("Lost"), "%%bash\nls", cubic("Late")]
    notebook = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    notebook["cells"].insert(0, {"cell_type": "markdown", "source": "# Homework"})
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    cubic_, lost, late = grade(path, {"Cubic": 1, "Lost": 1, "Late": 1}).results
    assert cubic_.passed
    assert late.passed
    assert "homework.ipynb cell 3, line 1: ZeroDivisionError" in lost.message
    path.write_text("{}", encoding="utf-8")
    assert "homework.ipynb cannot be read: it is no notebook" in load(path).errors[0]
