"""A table of a network's layers."""

from __future__ import annotations

from framework.core.messages import shape_text
from framework.engine.network import Network
from framework.engine.tree import PlacedLayer


def summary(network: Network) -> str:
    """Return a table of the layers with their output shapes and parameter counts, and what is frozen now."""
    network.sync()
    rows = [("Layer", "Output shape", "Parameters")]
    rows += [_row(place) for place in network.tree if place.path]  # the root has none
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    rule = "-" * (sum(widths) + 4)
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    total, trainable = network.layout.size, network.layout.trainable
    frozen = f", {total - trainable:,} not trainable" if total != trainable else ""
    memory = network.params.nbytes
    size = f"{memory / 2**20:.1f} MiB" if memory >= 2**20 else f"{memory / 2**10:.1f} KiB"
    foot = f"Total: {total:,} parameters{frozen} ({network.dtype}, {size}), inputs {shape_text(network.input_shape)}"
    return "\n".join([lines[0], rule, *lines[1:], rule, foot])


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
