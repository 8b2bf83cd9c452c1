"""A table of a network's layers."""

from __future__ import annotations

from collections.abc import Sequence

from framework.core.messages import shape_text
from framework.engine.network import Network
from framework.engine.tree import PlacedLayer

HEAD = ("Layer", "Output shape", "Parameters")


class Summary(str):
    """The text of a table that is shown as a table wherever its value is: by ``print``, in a prompt, in a notebook.

    Parameters
    ----------
    rows : sequence of (layer, output shape, parameters)
    foot : str
        The line below the table.
    """

    rows: Sequence[tuple[str, str, str]]
    foot: str

    def __new__(cls, rows: Sequence[tuple[str, str, str]], foot: str) -> Summary:
        """Lay out the text."""
        widths = [max(len(row[i]) for row in (HEAD, *rows)) for i in range(3)]
        rule = "-" * (sum(widths) + 4)
        lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in (HEAD, *rows)]
        self = super().__new__(cls, "\n".join([lines[0], rule, *lines[1:], rule, foot]))
        self.rows, self.foot = rows, foot
        return self

    def __getnewargs__(self) -> tuple[Sequence[tuple[str, str, str]], str]:  # type: ignore[override]
        return self.rows, self.foot  # for copies and pickles

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from framework.engine.html import summary_html

        return summary_html(HEAD, self.rows, self.foot)


def summary(network: Network) -> Summary:
    """Return a table of the layers with their output shapes and parameter counts, and what is frozen now."""
    network.sync()
    rows = [_row(place) for place in network.tree if place.path]  # the root has none
    total, trainable = network.layout.size, network.layout.trainable
    frozen = f", {total - trainable:,} not trainable" if total != trainable else ""
    memory = network.params.nbytes
    size = f"{memory / 2**20:.1f} MiB" if memory >= 2**20 else f"{memory / 2**10:.1f} KiB"
    inputs = shape_text(network.input_shape)
    return Summary(rows, f"Total: {total:,} parameters{frozen} ({network.dtype}, {size}), inputs {inputs}")


def _row(place: PlacedLayer) -> tuple[str, str, str]:
    layer, depth = place.layer, place.path.count(".")
    label = f"{place.path} {layer.label()}"
    activation = getattr(layer, "activation", None)
    if activation is not None and activation != "linear":
        label += f" ({activation if isinstance(activation, str) else repr(activation)})"
    parameters = sum(parameter.size for parameter in place.parameters.values())
    if not place.trainable and any(at.parameters for at in place):
        label += " (frozen)"
    return "  " * depth + label, shape_text(layer.output_shape(place.input_shape)), f"{parameters:,}"
