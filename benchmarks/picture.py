"""Results as the README shows them: a picture of all times, and a table of the most important ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers import LIMITS
from benchmarks.units import duration

# In the order of rows and columns everywhere, with what each is.
PEERS = {
    "ours": "this framework",
    "numpy_loop": "NumPy, by hand",
    "jax_scan": "JAX, compiled epoch (scan)",
    "jax_step": "JAX, compiled step",
    "sklearn": "scikit-learn, MLP",
    "thinc": "thinc",
    "dezero": "DeZero",
    "keras": "Keras on JAX",
    "torch": "PyTorch, eager",
    "products": "matrix products alone",
    "products_dx": "the same, input gradient too",
}
SECTIONS = {"fit": "fit", "predict": "predict", "start": "fit, from process start"}
IN_TABLE = ("ours", "numpy_loop", "jax_scan", "sklearn", "keras", "torch")
COLORS = {"ours": "#d55e00", "library": "#0072b2", "limit": "#777777"}


def _kind(name: str) -> str:
    return "ours" if name == "ours" else "limit" if name in LIMITS else "library"


def _panels(results: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield section, workload and measured times by peer, for each workload with a time."""
    for section in SECTIONS:
        for name, peers in results.get(section, {}).items():
            measured = {peer: found["seconds"] for peer, found in peers.items() if found.get("seconds")}
            if measured:
                yield section, name, measured


def markdown(results: dict[str, Any]) -> str:
    """Return medians, and the least of the runs in brackets, as a table: a row for each workload."""
    lines = ["| | " + " | ".join(PEERS[peer] for peer in IN_TABLE) + " |", "| --- " * (len(IN_TABLE) + 1) + "|"]
    for section, name, measured in _panels(results):
        cells = [
            f"{duration(median(seconds))} ({duration(min(seconds))})" if (seconds := measured.get(peer)) else "-"
            for peer in IN_TABLE
        ]
        about = f": {results['about'][name]}" if name in results["about"] and section != "start" else ""
        lines.append(f"| {name}, {SECTIONS[section]}{about} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw a dot at each median on a logarithmic axis, on a line from the least to the greatest time.

    Every panel has the same rows in the same order; a row without a dot was not measured.
    """
    from matplotlib.figure import Figure

    panels = list(_panels(results))
    if not panels:
        return
    shown = [peer for peer in PEERS if any(peer in measured for _, _, measured in panels)]
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    height = 0.24 * len(shown) + 0.9
    figure = Figure(figsize=(2.2 + 3.9 * columns, height * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for ax, (section, name, measured) in zip(grid.flat, panels, strict=False):
        _panel(ax, measured, shown)
        ax.set_title(f"{name}: {SECTIONS[section]}", fontsize=10, loc="left")
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    _legend(figure, results["environment"].get("repeats", "the"))
    figure.savefig(path, dpi=110)


def _panel(ax: Any, measured: dict[str, list[float]], shown: list[str]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for row, peer in enumerate(shown):
        if not (seconds := measured.get(peer)):
            continue
        color, middle = COLORS[_kind(peer)], median(seconds)
        ax.plot([min(seconds), max(seconds)], [row, row], color=color, linewidth=1.2)
        fill = "white" if peer in LIMITS else color
        ax.plot(middle, row, "o", color=color, markerfacecolor=fill, markersize=6)
        weight = "bold" if peer == "ours" else "normal"
        ax.annotate(
            duration(middle), (max(seconds), row), (6, 0), textcoords="offset points", va="center", fontsize=8,
            color=color, weight=weight,
        )  # fmt: skip
    everything = [second for seconds in measured.values() for second in seconds]
    ax.set_xscale("log")
    ax.set_xlim(min(everything) / 1.5, max(everything) * (max(everything) / min(everything)) ** 0.25 * 1.6)
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.set_yticks(range(len(shown)), [PEERS[peer] for peer in shown])
    ax.xaxis.set_major_locator(LogLocator(10, numticks=6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(labelsize=9)
    ax.tick_params("y", length=0)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _legend(figure: Any, repeats: Any) -> None:
    from matplotlib.lines import Line2D

    about = {
        "ours": "this framework",
        "library": "other libraries",
        "limit": "lower bound: the products that any trainer must compute",
    }
    handles = [
        Line2D(
            [], [], color=COLORS[kind], marker="o", markerfacecolor="white" if kind == "limit" else COLORS[kind],
            label=text,
        )
        for kind, text in about.items()
    ]  # fmt: skip
    title = f"dot: median of {repeats} runs; line: least to greatest; time on a logarithmic axis; no dot: not measured"
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, title=title, fontsize=9)
