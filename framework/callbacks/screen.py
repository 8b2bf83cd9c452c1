"""Lines on the screen beside those of the progress."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line on the screen (stderr), above a bar if there is one."""
    tqdm = sys.modules.get("tqdm")
    if tqdm is None:
        pass
    else:
        tqdm.tqdm.write(text, file=sys.stderr)
