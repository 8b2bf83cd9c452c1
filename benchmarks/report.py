"""Results as tables, and as files."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import picture
from benchmarks.targets import judged, ratios
from benchmarks.units import duration

TITLES = {
    "fit": "whole fits, warm",
    "predict": "predictions, warm",
    "start": "from process start to the end of training",
}
SAME_LOSS = 0.2  # relative difference; each peer shuffles in its own way


def _loss(peer: dict[str, Any], ours: dict[str, Any]) -> str:
    loss, reference = peer.get("loss"), ours.get("loss")
    if loss is None or loss != loss:
        return "-"
    same = reference is None or abs(loss - reference) <= SAME_LOSS * abs(reference)
    return f"{loss:.5f}" + ("" if same else " (!)")


def table(about: str, peers: dict[str, Any]) -> str:
    """Return a line per peer: first run, median, range, ratio to ours with its range, final loss, note."""
    lines = [about, f"  {'':12}{'first':>10}{'median':>10}{'least':>10}{'most':>10}{'against ours':>24}{'loss':>14}"]
    for name, peer in peers.items():
        if not peer.get("seconds"):
            lines.append(f"  {name:12}{peer.get('missing', 'not measured')}")
            continue
        seconds = peer["seconds"]
        first = duration(peer["first"]) if "first" in peer else "-"
        found = ratios(peers, name, "ours")
        ratio = f"{median(found):.3g}x ({found[0]:.3g}-{found[-1]:.3g})" if found else "-"
        times = "".join(f"{duration(s):>10}" for s in (median(seconds), min(seconds), max(seconds)))
        loss, note = _loss(peer, peers.get("ours", {})), peer.get("note", "")
        lines.append(f"  {name:12}{first:>10}{times}{ratio:>24}{loss:>14}  {note}".rstrip())
    return "\n".join(lines)


def import_table(peers: dict[str, Any]) -> str:
    """Return the time of each import, and its excess over NumPy's."""
    lines = ["import, in a process of its own", f"  {'':12}{'median':>10}{'above numpy':>14}"]
    for name, peer in peers.items():
        if not peer.get("seconds"):
            lines.append(f"  {name:12}{peer['missing']}")
            continue
        above = median(x - y for x, y in zip(peer["seconds"], peers["numpy"]["seconds"], strict=True))
        lines.append(f"  {name:12}{duration(median(peer['seconds'])):>10}{above * 1e3:>11.0f} ms")
    return "\n".join(lines)


def memory_table(workload: str, peers: dict[str, Any]) -> str:
    """Return megabytes after the import, those added by data and training, and their ratio to the minimum needed."""
    lines = [f"peak memory, {workload}, MB", f"  {'':12}{'imported':>10}{'added':>10}{'needed':>10}{'ratio':>8}"]
    for name, peer in peers.items():
        if "added" not in peer:
            lines.append(f"  {name:12}{peer['missing']}")
            continue
        numbers = "".join(f"{peer[key] / 1e6:>10.0f}" for key in ("imported", "added", "needed"))
        lines.append(f"  {name:12}{numbers}{peer['added'] / peer['needed']:>8.2f}")
    return "\n".join(lines)


def target_table(results: dict[str, Any]) -> str:
    """Return each target with the measured value."""
    lines = ["targets", f"  {'':54}{'median':>8}{'spread':>18}"]
    for row in judged(results):
        spread = f"({row['least']:.3g}-{row['most']:.3g})"
        lines.append(f"  {row['target']:54}{row['value']:>8.3g}{spread:>18}  {'met' if row['met'] else 'NOT MET'}")
    return "\n".join(lines)


def text(results: dict[str, Any]) -> str:
    """Return the whole report."""
    parts = ["\n".join(f"{key}: {value}" for key, value in results["environment"].items())]
    for section, title in TITLES.items():
        for name, peers in results.get(section, {}).items():
            parts.append(table(f"{name}, {title}: {results['about'][name]}", peers))
    if "import" in results:
        parts.append(import_table(results["import"]))
    parts += [memory_table(name, peers) for name, peers in results.get("memory", {}).items()]
    parts.append(target_table(results))
    return "\n\n".join(parts)


def save(results: dict[str, Any], folder: Path) -> None:
    """Write results.json, and from the same numbers the README's table results.md and its picture results.png."""
    folder.mkdir(parents=True, exist_ok=True)
    document = results | {"targets": list(judged(results))}
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "results.md").write_text(picture.markdown(results))
    picture.draw(results, folder / "results.png")
