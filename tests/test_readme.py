"""Run every block of the README, and look up each file that it or CONTRIBUTING names."""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import framework
from framework.core.component import Component

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SHOWN = dict(re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", TEXT, re.DOTALL))


def title(block):
    found = re.search(r"^class (\w+)", block, re.MULTILINE)
    return found[1] if found else block.splitlines()[0]


@pytest.mark.usefixtures("restored_registry")
@pytest.mark.parametrize("block", BLOCKS, ids=title)
def test_every_block_runs_alone_and_prints_what_is_shown(block, tmp_path, monkeypatch, capsys):
    if "sklearn" in block:
        pytest.importorskip("sklearn.base", reason="the estimators are the extra `sklearn`")
    monkeypatch.chdir(tmp_path)
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)  # where pickle looks for the block's classes
    exec(compile(block, str(README), "exec"), vars(module))
    printed = capsys.readouterr().out
    assert printed == SHOWN.get(block, printed)


def test_something_is_shown():
    assert SHOWN


def test_every_kind_of_component_is_shown():
    kinds = "Activation|Initializer|Loss|Optimizer|Layer|Metric|Callback|Schedule|Regularizer|Constraint"
    assert set(re.findall(rf"^class \w+\(({kinds})\):", TEXT, re.MULTILINE)) == set(kinds.split("|"))


ROWS = re.findall(r"^\| ([\w ,]+) \| `(framework[.\w]*)` \| (.*) \|$", TEXT, re.MULTILINE)
FAMILIES = {
    {"Loss": "losses"}.get(base.__name__, base.__name__.lower() + "s"): base
    for base in Component.__subclasses__()
    if base is not framework.Model and base.__module__.startswith("framework.")
}


def names(cell):
    return re.findall(r"`(\w+)`", cell)


def own_components(base):
    return {one for one in base.components() if one.__module__.startswith("framework.")}


@pytest.mark.parametrize(("row", "module", "cell"), [row for row in ROWS if row[1] != "framework.sklearn"])
def test_every_name_in_the_tables_is_where_it_says(row, module, cell):
    found = vars(import_module(module))
    arguments = {"clip_norm", "clip_value", "weight_decay", "pos_weight", "from_logits"}
    elsewhere = {"SumMetric", "macro_", "micro_", "samples_", "per_label_"}
    base = FAMILIES.get(row)
    assert names(cell)
    for name in set(names(cell)) - arguments - elsewhere:
        one = base.named(name) if base and base.known(name) else found[name]
        assert found[one.__name__] is one, name


@pytest.mark.parametrize("family", FAMILIES)
def test_every_component_stands_in_the_tables(family):
    (cell,) = [cell for row, _, cell in ROWS if row == family]
    missing = [
        one for one in own_components(FAMILIES[family]) if not {one.__name__, one.component_name} & set(names(cell))
    ]
    assert missing == []


def test_every_public_name_stands_in_the_tables():
    shown = {name for _, _, cell in ROWS for name in names(cell)}
    modules = [framework, *(import_module(f"framework.{name}") for name in ("callbacks", "testing"))]
    public = {name for module in modules for name in module.__all__}
    internal = {"CallbackList", "HOOKS", "Monitor", "TrainedModel", "checked_callbacks"}  # of the project's own rooms
    assert sorted(public - shown - internal) == []


def test_files_named_are_there():
    root = README.parent
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", TEXT)
    examples = re.findall(r"examples/\w+\.py", TEXT)
    modules = re.findall(r"`([\w/]+(?:\.py|/))`", TEXT)
    assert pictures
    assert len(modules) > 10
    rooms = [root, root / "framework", root / "examples"]
    assert [path for path in pictures + examples + modules if not any((room / path).exists() for room in rooms)] == []


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
