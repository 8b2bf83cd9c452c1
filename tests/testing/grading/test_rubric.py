"""Rubrics are read from mappings and files, and a mistake in one is told to the teacher."""

import json

import pytest

from framework.testing.grading.rubric import Entry, RubricError, read_rubric


def test_a_number_is_points():
    assert read_rubric({"Gain": 2}) == [Entry("Gain", points=2.0)]


def test_own_words_are_apart_from_options():
    line = {"points": 2, "name": "n", "family": "layers", "arguments": [3], "input_shape": 4}
    assert read_rubric({"Gain": line}) == [Entry("Gain", "n", 2.0, "layers", [3], {"input_shape": 4})]


def test_several_checks_of_one_component():
    assert [(e.component, e.points) for e in read_rubric({"A": [1, {"points": 2}], "B": 3})] == [
        ("A", 1),
        ("A", 2),
        ("B", 3),
    ]


TOML = """
A = 1
[[B]]
input_shape = [3]
[[B]]
input_shape = [[3], [2, 3]]
arguments = { units = 3 }
"""


def test_files_hold_the_same(tmp_path):
    held = {"A": 1, "B": [{"input_shape": [3]}, {"input_shape": [[3], [2, 3]], "arguments": {"units": 3}}]}
    texts = {"toml": TOML, "json": json.dumps(held), "py": f"RUBRIC = {held}"}
    read = {}
    for kind, text in texts.items():
        (tmp_path / f"rubric.{kind}").write_text(text, encoding="utf-8")
        read[kind] = read_rubric(tmp_path / f"rubric.{kind}")
    assert read["toml"] == read["json"]
    assert [entry.component for entry in read["py"]] == ["A", "B", "B"]
    assert [entry.options.get("input_shape") for entry in read["toml"]] == [None, (3,), [(3,), (2, 3)]]


@pytest.mark.parametrize(
    ("rubric", "words"),
    [
        ({}, "empty"),
        ([1], "mapping of components"),
        ({"A": "3"}, "A: expected points"),
        ({"A": -1}, "A: points must be"),
        ({"A": {"points": float("nan")}}, "A: points must be"),
        ({"A": True}, "A: expected points"),
        ({"A": {"point": 1}}, "A: unknown option 'point'; did you mean 'points'"),
        ({"A": {"family": "Layr"}}, "A: unknown family 'Layr'"),
        ({"A": {"family": "Loss", "input_shape": 3}}, "A: unknown option 'input_shape'"),
        ({"A": {"arguments": 3}}, "A: arguments must be"),
    ],
)
def test_mistakes_are_told(rubric, words):
    with pytest.raises(RubricError, match=words):
        read_rubric(rubric)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rubric.toml", "A = ", "TOMLDecodeError"),
        ("rubric.json", "{", "JSONDecodeError"),
        ("rubric.py", "1 / 0", "ZeroDivisionError"),
        ("rubric.py", "rubric = {}", "has no RUBRIC"),
        ("rubric.yaml", "A: 1", "must end in .json, .toml or .py"),
    ],
)
def test_files_that_hold_no_rubric(tmp_path, name, text, words):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RubricError, match=words):
        read_rubric(tmp_path / name)
    with pytest.raises(RubricError, match="No such file"):
        read_rubric(tmp_path / "missing.toml")
