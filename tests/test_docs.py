"""Files, names and the order of imports in docs/design.md are those of the code."""

import doctest
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`\n]+)`", TEXT)
PATHS = sorted(set(re.findall(r"[\w/]+\.py\b", " ".join(CODE))))
DOTTED = sorted({name for name in re.findall(r"\bframework(?:\.\w+)+", TEXT) if not name.endswith(".py")})


def resolve(name):
    """Return the module or attribute that a dotted name stands for."""
    module, _, attribute = name.rpartition(".")
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return getattr(resolve(module), attribute)


def test_files_are_there():
    assert len(PATHS) > 20
    assert [path for path in PATHS if not any((folder / path).is_file() for folder in (ROOT, ROOT / "framework"))] == []


@pytest.mark.parametrize("name", DOTTED)
def test_dotted_names_resolve(name):
    resolve(name)


def test_words_in_code_quotes_are_in_the_code():
    """A renamed class, method or constant is noticed, wherever it is."""
    files = [*(ROOT / "framework").rglob("*.py"), ROOT / "pyproject.toml"]
    known = {word for file in files for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))}
    named = [re.sub(r"[\w/]+\.(py|toml)\b|\w+-\w+", "", quoted) for quoted in CODE]
    assert sorted({word for quoted in named for word in re.findall(r"[A-Za-z_]\w+", quoted)} - known) == []


@pytest.mark.usefixtures("restored_registry")
def test_examples_in_docstrings_are_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    files = [file for file in (ROOT / "framework").rglob("*.py") if ">>>" in file.read_text(encoding="utf-8")]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    names = [name for name in names if not name.startswith("framework.sklearn")]
    assert len(names) > 5
    assert [name for name in names if doctest.testmod(import_module(name)).failed] == []


def test_a_source_distribution_holds_what_the_tests_read():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    held = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {"docs", "tests", "examples", "benchmarks", "README.md", "CONTRIBUTING.md", ".ci"} <= set(held)


def test_order_of_imports_is_the_contract():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ][0]
    assert " > ".join(contract["layers"]) in " ".join(TEXT.split())
