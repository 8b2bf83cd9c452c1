"""The peers compared: one small module for each way to train the same network."""

from __future__ import annotations

from importlib import import_module

from benchmarks.peers.base import Peer

PLACES = {
    "ours": ("ours", "Ours"),
    "numpy_loop": ("numpy_loop", "NumpyLoop"),
    "products": ("products", "Products"),
    "products_dx": ("products", "ProductsWithInputGradient"),
    "sklearn": ("sklearn_mlp", "Sklearn"),
    "torch": ("torch_eager", "Torch"),
    "jax_step": ("jax_step", "JaxStep"),
    "jax_scan": ("jax_scan", "JaxScan"),
    "keras": ("keras_model", "Keras"),
    "thinc": ("thinc_chain", "Thinc"),
    "dezero": ("dezero_model", "DeZero"),
}
IMPORTS = {  # for W6: the import that a user of the peer needs, after NumPy
    "ours": "import framework",
    "sklearn": "import sklearn.neural_network",
    "torch": "import torch",
    "jax_scan": "import jax",
    "keras": "import os; os.environ.setdefault('KERAS_BACKEND', 'jax'); import keras",
    "thinc": "import thinc.api",
    "dezero": "numpy.int = int; import dezero",
}
LIMITS = ("products", "products_dx")  # not trainers, but a lower bound on the work of any trainer


def load(name: str) -> type[Peer]:
    """Return the peer's class; raise ImportError if its library is missing."""
    module, kind = PLACES[name]
    return getattr(import_module(f"benchmarks.peers.{module}"), kind)
