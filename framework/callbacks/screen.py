"""Lines on the screen beside those of the progress."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line on the screen (stderr), above a bar if there is one."""
    if sys.stderr is None:  # a program without a console
        return
    tqdm = sys.modules.get("tqdm")
    if tqdm is not None:
        tqdm.tqdm.write(text, file=sys.stderr)
    else:
        sys.stderr.write(f"{text}\n")
