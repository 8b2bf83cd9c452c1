"""Results as text, JSON, JUnit XML, CSV and for Gradescope, and the command that writes them."""

import csv
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from submissions import cubic

from framework.testing.grading import command, formats
from framework.testing.grading.command import main
from framework.testing.grading.results import LONGEST, WIDEST, Report, Result, plain

RIGHT = Result("Gain", "check_layer", True, "", 0.25, 2.0, 2.0)
WRONG = Result(
    "Sine", "check_activation", False, "Sine()\n    derivative: <0> & 1\n    likeliest cause: x", 0.5, 0, 3.0
)
OPEN = Result("net", "check_model", False, "needs data", 0.0, 0.0, 1.0, checked=False)
REPORT = Report("work/anna.py", [RIGHT, WRONG, OPEN], 1.25, ["Extra"], "hello")

# Elements and attributes that Jenkins's schema (xunit-plugin, junit-10.xsd) has, and what it requires.
SCHEMA = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package", "file"},
        {"name", "tests", "failures", "errors"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    "testcase": ({"name", "time", "classname", "group"}, {"name"}, {"skipped", "error", "failure", "system-out"}),
    "failure": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
}


def test_the_table():
    assert str(REPORT).splitlines() == [
        "work/anna.py",
        "component  check             result       points  seconds",
        "---------  ----------------  -----------  ------  -------",
        "Gain       check_layer       passed          2/2     0.25",
        "Sine       check_activation  FAILED          0/3     0.50",
        "net        check_model       not checked     0/1     0.00",
        "2 of 6 points, 1 of 3 checks passed in 1.2 s",
        "",
        *WRONG.message.splitlines(),
        "",
        "net: needs data",
        "",
        "not in the rubric: Extra",
    ]
    same = [Result(name, "check", False, "it does not load", 0, 0, 1) for name in "ABB"]
    assert str(Report("c.py", same)).splitlines()[-1] == "A, B: it does not load"
    assert not REPORT.passed
    assert not Report("empty.py", []).passed
    assert Report("right.py", [RIGHT]).passed


def test_the_table_of_a_notebook():
    html = REPORT._repr_html_()
    ElementTree.fromstring(f"<html>{html}</html>")
    assert "derivative: &lt;0&gt; &amp; 1" in html
    assert html.count("<tr>") == 4


def test_json():
    held = json.loads(formats.as_json([REPORT]))
    assert (held["points"], held["max_points"], held["passed"], held["seconds"]) == (2, 6, False, 1.25)
    assert held["results"][1] == {
        "component": "Sine",
        "check": "check_activation",
        "passed": False,
        "checked": True,
        "message": WRONG.message,
        "seconds": 0.5,
        "points": 0,
        "max_points": 3,
    }
    assert len(json.loads(formats.as_json([REPORT, REPORT]))["submissions"]) == 2


def test_junit_xml_is_of_the_schema():
    root = ElementTree.fromstring(formats.as_junit([REPORT, Report("b.py", [RIGHT])]))
    for element in root.iter():
        allowed, required, children = SCHEMA[element.tag]
        assert required <= set(element.keys()) <= allowed
        assert {child.tag for child in element} <= children
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))
    first = root[0]
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["4", "1", "1"]
    assert [first.get(name) for name in ("name", "tests", "failures", "errors")] == ["work/anna.py", "3", "1", "1"]
    case = first.findall("testcase")[1]
    assert (case.get("classname"), case.get("name")) == ("work.anna.Sine", "check_activation")
    assert case[0].get("message") == "Sine() derivative: <0> & 1"
    assert case[0].text == WRONG.message
    assert first.findall("testcase")[2][0].tag == "error"


def test_csv_has_a_row_for_each_submission():
    other = Report("b.py", [Result("Gain", "a", True, "", 0, 1, 1), Result("Gain", "b", True, "", 0, 2, 2)])
    rows = list(csv.reader(formats.as_csv([REPORT, other]).splitlines()))
    assert rows == [
        ["submission", "points", "max_points", "Gain", "Sine", "net"],
        ["work/anna.py", "2", "6", "2", "0", "0"],
        ["b.py", "3", "3", "3", "", ""],
    ]


def test_gradescope():
    held = json.loads(formats.as_gradescope(REPORT))
    assert held["score"] == sum(test["score"] for test in held["tests"]) == 2
    assert [test["status"] for test in held["tests"]] == ["passed", "failed", "failed"]
    assert held["tests"][1]["max_score"] == 3
    assert held["visibility"] == held["tests"][0]["visibility"] == "visible"


def test_text_of_a_submission_is_made_harmless():
    text = plain("\x1b[31mred\x00 \ud800\r\n\tkept" + 100 * ("x" * 5000 + "\n"))
    assert text.startswith("?[31mred? ?\n\tkeptx")
    assert len(text) == LONGEST
    assert max(map(len, text.splitlines())) == WIDEST
    result = Result("A", "\x0b", False, plain("\x00\ufffe"), 0, 0, 1)
    assert ElementTree.fromstring(formats.as_junit([Report("a\x00.py", [result])])) is not None


def test_the_command_grades_several_files(submission, tmp_path, capsys):
    right, wrong = submission(cubic("Cubic"), name="right.py"), submission(cubic("Cubic", slope="z"), name="wrong.py")
    paths = {name: tmp_path / "out" / f"x.{name}" for name in ("json", "junit", "csv")}
    files = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    assert main([str(right), str(wrong), *files, "--progress"]) == 1
    assert [each["points"] for each in json.loads(paths["json"].read_text(encoding="utf-8"))["submissions"]] == [1, 0]
    assert len(ElementTree.parse(paths["junit"]).getroot()) == 2
    assert len(paths["csv"].read_text(encoding="utf-8").splitlines()) == 3
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "right.py 1/1 Cubic check_activation: passed",
        "wrong.py 1/1 Cubic check_activation: FAILED",
    ]
    assert f"{wrong}: 0 of 1 points, 0 of 1 checks passed in " in captured.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: FILE"),
        (["missing.py"], "there is no file 'missing.py' to grade"),
        (["right.py", "--rubric", "missing.toml"], "missing.toml cannot be read"),
        (["right.py", "--timeout", "0"], "timeout must be a positive number of seconds, got 0.0"),
        (["right.py", "--memory", "10"], "memory must be at least 256 MB"),
        (["right.py", "right.py", "--gradescope", "x.json"], "takes one submission"),
    ],
)
def test_wrong_commands_end_with_2(arguments, words, capsys, tmp_path, monkeypatch):
    (tmp_path / "right.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


def test_signs_that_the_output_has_not_are_escaped(tmp_path, monkeypatch):
    with open(tmp_path / "out.txt", "w", encoding="ascii") as file:
        monkeypatch.setattr(sys, "stdout", file)
        command._print("√2")
    assert (tmp_path / "out.txt").read_text(encoding="ascii") == "\\u221a2\n"


def test_an_interrupted_command_ends_with_2(tmp_path, monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "grade", interrupted)
    (tmp_path / "right.py").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path / "right.py")])
    assert caught.value.code == 2
    assert capsys.readouterr().err == "interrupted\n"


def test_the_module_is_the_command():
    code = [sys.executable, "-m", "framework.testing", "--help"]
    run = subprocess.run(code, capture_output=True, text=True, check=True)
    assert "not a sandbox" in run.stdout
    assert "--gradescope" in run.stdout
