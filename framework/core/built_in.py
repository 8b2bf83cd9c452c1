"""Tell the framework's own classes from those of its users: `is_built_in`."""

from __future__ import annotations

PACKAGE = __name__.partition(".")[0]


def is_built_in(cls: type) -> bool:
    """Return whether a class is defined in this package."""
    return cls.__module__.partition(".")[0] == PACKAGE
