"""Record activations.json with PyTorch: ``python tests/references/activations.py``.

z is one grid for all, into the tails; each case holds an activation's class and arguments, and PyTorch's value and
gradient at each z (for a gradient of 1 at the value). Softmax takes z as rows of six, with `grad` at the values.
PyTorch's hardsigmoid has the gradient 1 / 6 in float32 even where z is float64, so it is written as relu6(z + 3) / 6;
its softplus is z from z = 20 on, by default, which is switched off.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

TAILS = [1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 12.0, 18.0, 25.0, 33.0, 37.0, 60.0, 100.0, 500.0]
Z = torch.tensor(sorted([sign * z for z in TAILS for sign in (-1, 1)]), dtype=torch.float64)

ACTIVATIONS: dict[str, list[Any]] = {
    "ELU": [({"alpha": 1.0}, F.elu), ({"alpha": 0.5}, partial(F.elu, alpha=0.5))],
    "Exponential": [({}, torch.exp)],
    "GELU": [({}, F.gelu), ({"approximate": True}, partial(F.gelu, approximate="tanh"))],
    "HardSigmoid": [({}, lambda z: F.relu6(z + 3) / 6)],
    "LeakyReLU": [({"negative_slope": slope}, partial(F.leaky_relu, negative_slope=slope)) for slope in (0.01, 0.3)],
    "Linear": [({}, torch.clone)],
    "Mish": [({}, F.mish)],
    "ReLU": [({}, F.relu)],
    "SELU": [({}, F.selu)],
    "Sigmoid": [({}, torch.sigmoid)],
    "SiLU": [({}, F.silu)],
    "Softplus": [({}, partial(F.softplus, threshold=1e9))],
    "Softsign": [({}, F.softsign)],
    "Tanh": [({}, torch.tanh)],
}


def cases():
    """Yield the cases."""
    for name, variants in ACTIVATIONS.items():
        for arguments, f in variants:
            z = Z.clone().requires_grad_()
            a = f(z)
            (slope,) = torch.autograd.grad(a.sum(), z)
            yield {"activation": name, "arguments": arguments, "a": a.tolist(), "dz": slope.tolist()}
    z = Z[4:-4].reshape(-1, 6).T.reshape(-1, 6).clone().requires_grad_()
    grad = torch.tensor(np.random.default_rng(0).normal(size=tuple(z.shape)))
    a = torch.softmax(z, -1)
    (dz,) = torch.autograd.grad(a, z, grad)
    softmax = {"z": z, "grad": grad, "a": a, "dz": dz}
    yield {"activation": "Softmax", "arguments": {}, **{name: tensor.tolist() for name, tensor in softmax.items()}}


if __name__ == "__main__":
    data = {"torch": torch.__version__, "z": Z.tolist(), "cases": [*cases()]}
    text = json.dumps(data, separators=(",", ":")).replace('{"activation"', '\n{"activation"')
    (Path(__file__).parent / "activations.json").write_text(text + "\n")
