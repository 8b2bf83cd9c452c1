"""A fixture that writes submissions."""

from textwrap import dedent

import pytest
from submissions import HEAD


@pytest.fixture
def submission(tmp_path):
    """Return a function that writes a submission, with the usual imports, and returns its path."""

    def write(*parts, name="homework.py"):
        path = tmp_path / name
        path.write_text(HEAD + "".join(dedent(part) for part in parts), encoding="utf-8")
        return path

    return write
