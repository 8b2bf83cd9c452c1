"""Lines on the screen beside those of the progress."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line on the screen (stderr), above a bar if there is one."""
    tqdm = sys.modules.get("tqdm")
    if tqdm is not None:
        tqdm.tqdm.write(text, file=sys.stderr)
    elif sys.stderr is not None:  # as in a program without a console
        sys.stderr.write(f"{text}\n")
