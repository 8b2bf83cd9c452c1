"""Tables and curves for notebooks: HTML in the colors of the page, without scripts and style sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import inf, isfinite
from typing import Any

WIDTH, HEIGHT = 320, 120  # of the curves, in pixels
SHOWN = 3  # epochs at each end of a history


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int, strong: int = -1) -> str:
    """Return an HTML table; columns from `numbers_from` on are aligned to the right, and row `strong` is bold."""

    def cells(tag: str, texts: Sequence[str], style: str = "") -> str:
        sides = ("left" if i < numbers_from else "right" for i in range(len(texts)))
        return "".join(
            f'<{tag} style="{style}text-align: {side}">{escape(text)}</{tag}>'
            for text, side in zip(texts, sides, strict=True)
        )

    body = "".join(
        f"<tr>{cells('td', row, 'font-weight: bold; ' if i == strong else '')}</tr>" for i, row in enumerate(rows)
    )
    return f'<table style="white-space: pre"><thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table>'


def summary_html(head: Sequence[str], rows: Iterable[Sequence[str]], foot: str) -> str:
    """Return the table of a summary."""
    return f"{table(head, rows, numbers_from=2)}<p>{escape(foot)}</p>"


def model_html(model: Any) -> str:
    """Return the other arguments of a model, and the table of its layers or, before it is built, the layers given."""
    given = {name: repr(value) for name, value in model.get_params(deep=False).items() if name != "layers"}
    about = [f"{name}={value}" for name, value in given.items() if value not in ("None", "()", "[]")]
    title = f"<p><b>{escape(type(model).__name__)}</b> {escape(', '.join(about))}</p>"
    if not model.built:
        layers = "\n".join(map(repr, model.layers))
        return f"{title}<p>not built; layers:</p><pre>{escape(layers)}</pre>"
    epochs = len(model.history.epoch)
    return f"{title}{model.summary()._repr_html_()}<p>trained for {epochs} epoch{'' if epochs == 1 else 's'}</p>"


def history_html(title: str, epochs: Sequence[int], values: Mapping[str, Sequence[float]]) -> str:
    """Return the first, best and last epochs as a table, above the curves of the losses."""
    parts = [f"<p>{escape(title)}</p>"]
    if not epochs:
        return parts[0]
    monitored = "val_loss" if "val_loss" in values else "loss" if "loss" in values else None
    measured = [i for i in range(len(epochs)) if monitored and isfinite(values[monitored][i])]
    best = min(measured, key=lambda i: values[monitored][i]) if monitored and measured else None
    chosen = sorted({*range(SHOWN), *range(len(epochs) - SHOWN, len(epochs)), best or 0} & {*range(len(epochs))})
    rows, strong = [], -1
    for before, i in zip([-1, *chosen], chosen, strict=False):
        if i > before + 1:
            rows.append(["…"] * (len(values) + 1))
        if i == best:
            strong = len(rows)
        rows.append([str(epochs[i]), *(f"{column[i]:.4g}" for column in values.values())])
    parts.append(table(["epoch", *values], rows, 0, strong))
    if best is not None:
        parts.append(f"<p>Best {monitored}: epoch {epochs[best]}</p>")
    curves = {name: values[name] for name in ("loss", "val_loss") if name in values}
    return "".join(parts) + (_curves(curves) if len(epochs) > 1 else "")


def _curves(curves: Mapping[str, Sequence[float]]) -> str:
    """Return the finite values of the curves, of one length, as an SVG; empty if they are a point or a level line."""
    heights = [value for column in curves.values() for value in column if isfinite(value)]
    if not heights or not 0 < max(heights) - min(heights) < inf:
        return ""
    top, y = max(heights), HEIGHT / (max(heights) - min(heights))
    lines = []
    for name, column in curves.items():
        x, last = WIDTH / (len(column) - 1), len(column) - 1
        step = -(-len(column) // WIDTH)  # more points than pixels show nothing more
        shown = [i for i in sorted({*range(0, last, step), last}) if isfinite(column[i])]
        points = " ".join(f"{i * x:.1f},{(top - column[i]) * y:.1f}" for i in shown)
        dash = ' stroke-dasharray="5 3"' if name.startswith("val_") else ""
        lines.append(f'<polyline points="{points}"{dash}><title>{escape(name)}</title></polyline>')
    legend = ", ".join(f"{name} {'dashed' if name.startswith('val_') else 'solid'}" for name in curves)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="-2 -2 {WIDTH + 4} {HEIGHT + 4}"'
    return (
        f'<svg {size} role="img" aria-label="curves of the losses" fill="none" stroke="currentColor">'
        f"{''.join(lines)}</svg>"
        f"<p>{escape(legend)}; from {top:.4g} (top) to {min(heights):.4g}</p>"
    )
