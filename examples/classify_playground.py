"""Classify four data sets of the playground, each with a small network: gauss, circle, xor and spiral.

Prints the validation accuracies and saves classify_playground.png next to this file.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from framework import Adam, Dense, Model
from framework.datasets import load
from framework.plots import plot_decision_surface

PICTURE = Path(__file__).with_suffix(".png")
EPOCHS = {"gauss": 20, "circle": 100, "xor": 100, "spiral": 200}


def main(seed: int = 0) -> dict[str, float]:
    fig, axes = plt.subplots(2, 2, figsize=(9, 8.4), layout="constrained")
    accuracies = {}
    for (name, epochs), ax in zip(EPOCHS.items(), axes.flat, strict=True):
        X_train, y_train, X_valid, y_valid = load(name, seed=seed)
        y_train, y_valid = (y_train + 1) / 2, (y_valid + 1) / 2  # -1 and +1 become the classes 0 and 1
        model = Model(
            [Dense(16, "relu"), Dense(16, "relu"), Dense(1, "sigmoid")],
            loss="binary_crossentropy",
            optimizer=Adam(0.01),
            seed=seed,
        )
        model.fit(X_train, y_train, epochs=epochs, batch_size=10)
        accuracies[name] = accuracy = model.score(X_valid, y_valid)
        print(f"{name:<8}{epochs:>4} epochs  training {model.score(X_train, y_train):.1%}  validation {accuracy:.1%}")
        plot_decision_surface(model, X_train, y_train, X_valid, y_valid, ax=ax)
        ax.set_title(f"{name}: {accuracy:.1%} of the validation points")
    fig.savefig(PICTURE, dpi=80)
    plt.close(fig)
    assert min(accuracies.values()) >= 0.95, accuracies
    print(f"Picture: {os.path.relpath(PICTURE)} (training points have white edges, validation points gray ones)")
    return accuracies


if __name__ == "__main__":
    main()
