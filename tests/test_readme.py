"""Run every block of the README, and look up each file that it or CONTRIBUTING names."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def title(block):
    found = re.search(r"^class (\w+)", block, re.MULTILINE)
    return found[1] if found else block.splitlines()[0]


@pytest.mark.usefixtures("restored_registry")
@pytest.mark.parametrize("block", BLOCKS, ids=title)
def test_every_block_runs_alone(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)  # where pickle looks for the block's classes
    exec(compile(block, str(README), "exec"), vars(module))


def test_every_kind_of_component_is_shown():
    kinds = "Activation|Initializer|Loss|Optimizer|Layer|Metric|Callback|Schedule|Regularizer"
    assert set(re.findall(rf"^class \w+\(({kinds})\):", TEXT, re.MULTILINE)) == set(kinds.split("|"))


def test_files_named_are_there():
    root = README.parent
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", TEXT)
    examples = re.findall(r"examples/\w+\.py", TEXT)
    last_column = " ".join(re.findall(r"^\| [^|]* \| [^|]* \| ([^|]*) \|$", TEXT, re.MULTILINE))
    modules = [f"framework/{name}" for name in re.findall(r"`(.*?)`", last_column)]
    assert pictures
    assert len(modules) > 10
    assert [path for path in pictures + examples + modules if not (root / path).exists()] == []


def test_files_named_in_contributing_are_there():
    root = README.parent
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:framework/|tests/|\.ci/|CHANGELOG)[\w./]*)`", text)
    assert len(paths) > 12
    assert [path for path in paths if not (root / path).exists()] == []


def test_contributing_names_the_checks_of_ci():
    root = README.parent
    checks = (root / ".ci" / "run").read_text(encoding="utf-8")
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for command in ("python -m pytest", "ruff check .", "ruff format --check .", "mypy tests examples", "lint-imports"):
        assert command in checks
        assert command in text


def test_versions_agree():
    from framework import __version__

    citation = (README.parent / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
