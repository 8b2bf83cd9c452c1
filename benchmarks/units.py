"""Durations as text."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration as text, in a readable unit."""
    unit, size = ("s", 1) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("us", 1e-6)
    return f"{seconds / size:.3g} {unit}"
