"""Record losses.json with PyTorch: ``python tests/references/losses.py``.

Each case holds a loss's name and arguments, targets, predictions (or, for a canonical pair, the logits), and
PyTorch's value and gradient. Quantile, hinge, log-cosh and the weighted cross-entropy of probabilities, which PyTorch
does not have in this form, are written with its elementary operations and differentiated by it.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F


def half_squared(p, y, reduction):
    """Return half the squared error."""
    return F.mse_loss(p, y, reduction=reduction) / 2


def pinball(p, y, tau, reduction):
    """Return the quantile loss."""
    losses = torch.maximum(tau * (y - p), (tau - 1) * (y - p))
    return getattr(losses, reduction)()


def hinge(p, y, reduction):
    """Return the hinge loss."""
    return getattr(torch.relu(1 - y * p), reduction)()


def log_cosh(p, y, reduction):
    """Return the log-cosh loss."""
    return getattr(torch.log(torch.cosh(p - y)), reduction)()


def weighted(p, y, pos_weight, reduction):
    """Return the cross-entropy of probabilities, the ones weighted."""
    losses = -(torch.tensor(pos_weight, dtype=torch.float64) * y * torch.log(p) + (1 - y) * torch.log1p(-p))
    return getattr(losses, reduction)()


def categorical(p, y, reduction):
    """Return the cross-entropy of probabilities."""
    losses = F.nll_loss(torch.log(p), y, reduction="none") if y.ndim == 1 else -(y * torch.log(p)).sum(1)
    return getattr(losses, reduction)()


def cases(rng) -> Iterator[tuple[Any, ...]]:
    """Yield name, arguments, whether y_pred are logits, function, targets, predictions."""
    shape = (7, 3)
    y, p = torch.tensor(rng.normal(size=shape)), torch.tensor(2 * rng.normal(size=shape))
    yield "half_squared_error", {}, False, half_squared, y, p
    yield "mean_squared_error", {}, False, F.mse_loss, y, p
    yield "mean_absolute_error", {}, False, F.l1_loss, y, p
    yield "log_cosh", {}, False, log_cosh, y, p
    for delta in (1.0, 0.3):
        yield "huber", {"delta": delta}, False, partial(F.huber_loss, delta=delta), y, p
    for tau in (0.5, 0.1):
        yield "quantile", {"tau": tau}, False, partial(pinball, tau=tau), y, p
    signs = torch.tensor(rng.choice([-1.0, 1.0], shape))
    yield "hinge", {}, False, hinge, signs, p
    counts = torch.tensor(rng.poisson(2, shape).astype(float))
    yield "poisson", {}, False, partial(F.poisson_nll_loss, log_input=False, eps=0), counts, torch.exp(p)
    labels = torch.tensor(rng.integers(0, 3, 7))
    rows = torch.tensor(rng.dirichlet(np.ones(3), 7))
    for scale in (1.0, 5000.0):
        logits = scale * p
        for targets in ((signs + 1) / 2, torch.tensor(rng.uniform(size=shape))):
            binary = F.binary_cross_entropy_with_logits
            yield "binary_crossentropy", {}, True, binary, targets, logits
            yield "binary_crossentropy", {"from_logits": True}, False, binary, targets, logits
            for weight in (3.5, [0.2, 1.0, 40.0]):
                positive = partial(binary, pos_weight=torch.tensor(weight, dtype=torch.float64))
                yield "binary_crossentropy", {"pos_weight": weight}, True, positive, targets, logits
                arguments = {"from_logits": True, "pos_weight": weight}
                yield "binary_crossentropy", arguments, False, positive, targets, logits
        for targets in (labels, rows):
            yield "categorical_crossentropy", {}, True, F.cross_entropy, targets, logits
            yield "categorical_crossentropy", {"from_logits": True}, False, F.cross_entropy, targets, logits
    for targets in ((signs + 1) / 2, torch.tensor(rng.uniform(size=shape))):
        yield "binary_crossentropy", {}, False, F.binary_cross_entropy, targets, torch.sigmoid(p)
        for weight in (3.5, [0.2, 1.0, 40.0]):
            yield (
                "binary_crossentropy",
                {"pos_weight": weight},
                False,
                partial(weighted, pos_weight=weight),
                targets,
                torch.sigmoid(p),
            )
    for targets in (labels, rows):
        yield "categorical_crossentropy", {}, False, categorical, targets, torch.softmax(p, 1)


def record(name, arguments, from_sums, function, y, p, reduction):
    """Return one case as lists."""
    p = p.clone().requires_grad_()
    value = function(p, y, reduction=reduction)
    value.backward()
    return {
        "loss": name,
        "arguments": {**arguments, "reduction": reduction},
        "from_sums": from_sums,
        "y_true": y.tolist(),
        "y_pred": p.tolist(),
        "value": value.item(),
        "gradient": p.grad.tolist(),
    }


if __name__ == "__main__":
    recorded = [record(*case, reduction) for case in cases(np.random.default_rng(0)) for reduction in ("mean", "sum")]
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"torch": torch.__version__, "cases": recorded}) + "\n", encoding="utf-8")
    print(f"{len(recorded)} cases in {path}")
