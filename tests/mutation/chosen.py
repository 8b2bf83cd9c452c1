"""A plugin of pytest that runs the tests named in a file, in that order."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

FILE = "MUTATION_TESTS"  # the variable of the environment that has the path of the file


def plain(name: str) -> str:
    """Return a test's name without the addresses of objects in it, which change from run to run."""
    return re.sub(r" at 0x[0-9a-f]+", "", name)


def write(path: Path, names: Iterable[str]) -> None:
    """Write the names of tests to a file."""
    path.write_text(json.dumps(list(names)))


def files(names: Iterable[str]) -> list[str]:
    """Return the files that hold these tests."""
    return list(dict.fromkeys(name.partition("::")[0] for name in names))


def pytest_collection_modifyitems(items: list) -> None:
    """Leave the chosen tests, in their order."""
    order = {name: i for i, name in enumerate(json.loads(Path(os.environ[FILE]).read_text()))}
    items[:] = sorted(
        (item for item in items if plain(item.nodeid) in order), key=lambda item: order[plain(item.nodeid)]
    )
