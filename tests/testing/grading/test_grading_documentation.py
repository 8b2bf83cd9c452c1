"""What docs/grading.md shows is what happens."""

import ast
import doctest
import json
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

from framework.testing.grading.command import main

TEXT = (Path(__file__).parents[3] / "docs" / "grading.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:`([\w./]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(name or "", kind, text) for name, kind, text in BLOCK.findall(TEXT)]
FILES = {name: text for name, _, text in BLOCKS if name}
SHOWN = [
    (text, BLOCKS[i + 1][2] if BLOCKS[i + 1][1] == "text" else "")
    for i, (_, kind, text) in enumerate(BLOCKS)
    if kind == "sh"
]

pytestmark = pytest.mark.usefixtures("restored_registry")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder that holds the files of the page."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def names(monkeypatch):
    """Return what the student's notebook defines, as in its kernel."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    exec(FILES["homework.py"], vars(module))
    return vars(module)


def table(text):
    """Return the lines of a table without the seconds, which are never the same."""
    lines = text.split("\n\n")[0].splitlines()
    return [re.sub(r"\d+\.\d+|in .* s$", "_", line).strip() for line in lines]


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command.strip() for command, _ in SHOWN])
def test_commands_print_what_is_shown(folder, capsys, command, output):
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "framework.testing"]
    assert main(words[3:]) == 1
    printed = capsys.readouterr().out
    assert table(printed) == table(output)
    assert "Gain()\n    backward: gradient of s" in printed
    for name in re.findall(r"--\w+ (\S+\.(?:json|xml|csv))", command):
        assert (folder / name).read_text(encoding="utf-8")
        if name.endswith("json"):
            told = set(re.findall(r"`(\w+)`", TEXT.partition("`results.json` has")[2].partition("`results.xml`")[0]))
            assert told <= set(json.loads((folder / name).read_text(encoding="utf-8"))["results"][0])


def test_blocks_run(folder, capsys):
    blocks = [text for name, kind, text in BLOCKS if kind == "python" and not name]
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/grading.md", "exec"), {})
    assert "3.0 of 9.0" in capsys.readouterr().out


def test_gradescope_gets_its_file(folder):
    (line,) = [line for line in FILES["run_autograder"].splitlines() if line.startswith("python3")]
    for name, part in (("homework.py", "submission"), ("rubric.py", "source")):
        (folder / part).mkdir()
        (folder / part / name).write_text(FILES[name], encoding="utf-8")
    main(line.partition("framework.testing ")[2].split())
    held = json.loads((folder / "results" / "results.json").read_text(encoding="utf-8"))
    assert held["score"] == sum(test["score"] for test in held["tests"]) == 3
    told = set(re.findall(r"`(\w+)`", TEXT.partition("Each check is a test with")[2].partition("\n\n")[0]))
    assert told <= set(held["tests"][0])


def test_otter_runs_the_ok_format(names):
    scope = {}
    exec(FILES["tests/gain.py"], scope)
    (suite,) = scope["test"]["suites"]
    assert scope["OK_FORMAT"] is True  # Otter 7 refuses a file without it
    example = doctest.DocTestParser().get_doctest(suite["cases"][0]["code"], names, scope["test"]["name"], None, None)
    told = []
    assert doctest.DocTestRunner().run(example, out=told.append).failed == 1
    assert "gradient of s" in "".join(told)


def test_otter_runs_functions(names, monkeypatch):
    cases = {}

    def test_case(points=None, hidden=False):
        return lambda function: cases.setdefault(function.__name__, (points, function))[1]

    files = ModuleType("otter.test_files")
    vars(files)["test_case"] = test_case
    monkeypatch.setitem(sys.modules, "otter", ModuleType("otter"))
    monkeypatch.setitem(sys.modules, "otter.test_files", files)
    scope = {}
    exec(FILES["tests/cauchy.py"], scope)
    assert scope["OK_FORMAT"] is False
    assert scope["points"] == sum(points for points, _ in cases.values())
    cases["test_gradient"][1](names["Cauchy"])
    with pytest.raises(AssertionError, match="per_sample"):
        cases["test_formula"][1](names["Cauchy"])


def test_nbgrader_reads_the_last_line_of_the_cell(names):
    *statements, last = ast.parse(FILES["cell.py"]).body
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    assert eval(compile(ast.Expression(last.value), "cell", "eval"), names) == 2  # of 5, more than 0
