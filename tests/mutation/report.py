"""The score of a session, and each change that no test noticed."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome

NUMBER = re.compile(r"[-+]?\s*\d[\d.e]*")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


def report(session: Path) -> int:
    """Print the score; return how many changes no test noticed, those that `equivalent.toml` explains apart."""
    entries = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", ())
    with use_db(str(session), WorkDB.Mode.open) as db:
        done = [(item.mutations[0], result) for item, result in db.completed_work_items]
        total = db.num_work_items
    survivors = explained = 0
    for change, result in sorted(done, key=lambda pair: (str(pair[0].module_path), pair[0].start_pos)):
        if result.test_outcome is not TestOutcome.SURVIVED:
            continue
        before, after = changed(result.diff or "")
        path = str(change.module_path)
        reason = next((entry["reason"] for entry in entries if explains(entry, path, before, after)), None)
        survivors += 1
        explained += reason is not None
        print(f"{change.module_path}:{change.start_pos[0]}: {change.operator_name}\n  - {before}\n  + {after}")
        print(f"  equivalent: {reason}" if reason else "  no test notices it")
    share = (survivors - explained) / len(done) if done else 0.0
    print(f"{len(done)} of {total} changes tested: {len(done) - survivors} noticed, {explained} equivalent,", end=" ")
    print(f"{survivors - explained} survive ({share:.1%})")
    return survivors - explained


def changed(diff: str) -> tuple[str, str]:
    """Return what a diff takes away and what it adds, without indentation."""
    lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return tuple("\n".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")  # type: ignore[return-value]


def explains(entry: dict[str, str], path: str, before: str, after: str) -> bool:
    """Return whether an entry is about this change: of a piece of a line, in any file that its path matches.

    The entry has the piece "before" and "after", or only where it lies, "within", if any other number will do there.
    """
    piece = entry.get("within") or entry["before"]
    if not fnmatch(path, entry["path"]):
        return False
    for found in re.finditer(re.escape(piece), before):
        start, end = before[: found.start()], before[found.end() :]
        new = after[len(start) : len(after) - len(end)]
        if after == start + new + end:
            return NUMBER.sub("", new) == NUMBER.sub("", piece) if "within" in entry else new == entry["after"]
    return False
