"""Performance targets, and the comparison of measurements with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

MEMORY_BOUND = 1.3  # times the memory that training needs
IMPORT_BOUND = 0.05  # seconds beyond importing NumPy


@dataclass(frozen=True)
class Target:
    """The time of `a` is to be at least, or at most, `bound` times that of `b`."""

    section: str
    workload: str
    a: str
    relation: str
    bound: float
    b: str

    def met_by(self, ratio: float) -> bool:
        """Return whether the ratio a / b meets the target."""
        return ratio >= self.bound if self.relation == "at least" else ratio <= self.bound


def _slower(section: str, workload: str, peer: str, bound: float) -> Target:
    return Target(section, workload, peer, "at least", bound, "ours")


def _no_more(section: str, workload: str, bound: float, peer: str) -> Target:
    return Target(section, workload, "ours", "at most", bound, peer)


SMALL = ("W1", "W2", "W2-adam")
TARGETS = [
    *(_slower("fit", name, "torch", 20) for name in SMALL),
    *(_slower("fit", name, "sklearn", 9) for name in SMALL),
    *(_no_more("fit", name, 1.25, "numpy_loop") for name in SMALL),
    *(_slower("start", name, "jax_scan", 3) for name in SMALL),
    _slower("fit", "W3", "torch", 8),
    _slower("fit", "W3", "sklearn", 5),
    _no_more("fit", "W4", 1.05, "torch"),
    _slower("fit", "W4", "sklearn", 1.5),
    _no_more("fit", "W4", 1.75, "products"),
    _slower("predict", "W5-small", "sklearn", 5),
    _slower("predict", "W5-small", "torch", 2),
    _no_more("predict", "W5-large", 1.25, "products"),
    _slower("predict", "W5-rows", "torch", 1.0),
]


def ratios(results: dict[str, Any], a: str, b: str) -> list[float]:
    """Return a / b for each repeat in ascending order, or an empty list unless both were measured."""
    pair = [results.get(name, {}).get("seconds", []) for name in (a, b)]
    return sorted(x / y for x, y in zip(*pair, strict=False))


def judged(results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each target for which there are measurements, with their values and whether it is met."""
    for target in TARGETS:
        found = ratios(results.get(target.section, {}).get(target.workload, {}), target.a, target.b)
        if found:
            yield {
                "target": f"{target.section} {target.workload}: {target.a} / {target.b} "
                f"{target.relation} {target.bound:g}",
                "value": median(found),
                "least": found[0],
                "most": found[-1],
                "met": target.met_by(median(found)),
            }
    imports = results.get("import", {})
    if imports.get("ours", {}).get("seconds"):
        added = [x - y for x, y in zip(imports["ours"]["seconds"], imports["numpy"]["seconds"], strict=True)]
        yield {
            "target": f"import: ours - numpy, seconds, at most {IMPORT_BOUND:g}",
            "value": median(added),
            "least": min(added),
            "most": max(added),
            "met": median(added) <= IMPORT_BOUND,
        }
    for workload, peers in results.get("memory", {}).items():
        if "added" in peers.get("ours", {}):
            value = peers["ours"]["added"] / peers["ours"]["needed"]
            yield {
                "target": f"memory {workload}: added / needed at most {MEMORY_BOUND:g}",
                "value": value,
                "least": value,
                "most": value,
                "met": value <= MEMORY_BOUND,
            }
