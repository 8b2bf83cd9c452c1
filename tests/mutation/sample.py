"""Draw changes at random, so that the same ones come again as long as their function stays as it is."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.modules import filter_paths, find_modules
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import WorkItem

from tests.mutation import places


def draw(session: WorkDB, config: dict, operators: list[str], count: int, seed: int) -> None:
    """Fill a session with `count` changes, each at another place, of the given kinds of change.

    Places are ranked by a hash of the seed, the function around them, and their order in it.
    """
    paths = find_modules([Path(config["module-path"])])
    init(filter_paths(paths, config.get("excluded-modules", ())), session, {})
    wanted = re.compile("|".join(f"(core/{operator})" for operator in operators))
    items = [item for item in session.work_items if _wanted(item, wanted)]
    items.sort(key=_order)
    at_place: dict[tuple, list[WorkItem]] = {}
    for item in items:
        at_place.setdefault((_only(item).module_path, _only(item).start_pos), []).append(item)
    seen: Counter = Counter()
    ranked = []
    for (path, (line, _)), choices in at_place.items():
        around = f"{seed} {path} {places.name(path, line)}"
        key = f"{around} {seen[around]}"
        seen[around] += 1
        ranked.append((_hash(key), choices[int(_hash(f"{key} kind"), 16) % len(choices)]))
    session.clear()
    session.add_work_items(item for _, item in sorted(ranked, key=lambda pair: pair[0])[:count])


def _only(item: WorkItem):
    return item.mutations[0]


def _order(item: WorkItem) -> tuple:
    change = _only(item)
    return str(change.module_path), change.start_pos, change.operator_name, change.occurrence


def _wanted(item: WorkItem, operators: re.Pattern) -> bool:
    change = _only(item)
    path, position = change.module_path, change.start_pos
    if "BinaryOperator" in change.operator_name and not places.joins(path, position):
        return False
    return bool(operators.fullmatch(change.operator_name)) and places.counts(path, position)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
