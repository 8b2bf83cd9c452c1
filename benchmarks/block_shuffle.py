"""Training throughput of `BlockShuffle` on memory-mapped files, compared with a plain shuffled gather.

    python benchmarks/block_shuffle.py [--rows 60000] [--rounds 3] [--folder .]

Trains 784-512-512-10 (relu, Adam, batch 128) for one epoch from arrays in memory, from `BlockShuffle` over the same
arrays in files, and from the memory-mapped arrays given to ``fit`` directly, in turn. Files that fit into memory are
read from the system's cache; to measure the disk, use more rows than fit into memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from framework import Dense, Model
from framework.data.block_shuffle import BlockShuffle

BATCH = 128


def network() -> Model:
    """Return a new model of the size of an MNIST classifier."""
    layers = [Dense(512, "relu"), Dense(512, "relu"), Dense(10, "softmax")]
    model = Model(layers, loss="categorical_crossentropy", optimizer="adam", seed=0, dtype="float32")
    return model.build(784)


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write random samples and labels, and return the paths of both files."""
    rng = np.random.default_rng(0)
    paths = folder / "x.npy", folder / "y.npy"
    x = np.lib.format.open_memmap(paths[0], "w+", np.float32, (rows, 784))
    for start in range(0, rows, 10_000):
        x[start : start + 10_000] = rng.random((min(10_000, rows - start), 784), np.float32)
    x.flush()
    np.save(paths[1], rng.integers(0, 10, rows))
    return paths


def rows_per_second(fit: Callable[[Model], object], rows: int) -> float:
    """Return the throughput of `fit`, including its warm-up."""
    model = network()
    begin = time.perf_counter()
    fit(model)
    return rows / (time.perf_counter() - begin)


def main() -> None:
    """Measure the ways in turn and print their medians and best results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--skip-memory", action="store_true", help="for files larger than memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        x_path, y_path = write(Path(folder), options.rows)
        x, y = np.load(x_path, mmap_mode="r"), np.load(y_path)
        ways: dict[str, Callable[[Model], object]] = {
            "BlockShuffle on files": lambda model: model.fit(BlockShuffle(x, y, BATCH, seed=0)),
            "shuffled gather on files": lambda model: model.fit(x, y, batch_size=BATCH),
        }
        if not options.skip_memory:
            in_memory = np.array(x)
            ways = {"in memory": lambda model: model.fit(in_memory, y, batch_size=BATCH)} | ways
        seen: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, fit in ways.items():
                seen[name].append(rows_per_second(fit, options.rows))
        first = next(iter(seen.values()))
        for name, rates in seen.items():
            in_turn = median(rate / base for rate, base in zip(rates, first, strict=True))
            print(
                f"{name:26} median {median(rates):9,.0f} rows/s, best {max(rates):9,.0f}: "
                f"{in_turn:4.0%} in turn, {max(rates) / max(first):4.0%} of the best"
            )
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
