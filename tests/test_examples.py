"""Examples whose extra is missing say so, and fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(("name", "extra"), [("sklearn_pipeline", "sklearn"), ("dask_grid_search", "dask")])
def test_an_example_without_its_extra_fails_with_one_line(name: str, extra: str) -> None:
    path = str(EXAMPLES / f"{name}.py")
    code = f"import runpy, sys; sys.modules.update(sklearn=None, dask=None); runpy.run_path({path!r})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert f"pip install 'playground-framework[{extra}]'" in ended.stderr
