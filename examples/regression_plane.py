"""Train the tutorial's 2-3-1 network on the regression plane, first from zeros, then from Glorot's initial values.

Prints the result of each start and saves regression_plane.png next to this file.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from framework import SGD, Dense, Model
from framework.datasets import load
from framework.plots import plot_history, plot_surface

SHOWN = (-0.25, 0.25)  # errors
PICTURE = Path(__file__).with_suffix(".png")
Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def train(initializer: str, data: Data) -> Model:
    X_train, y_train, X_valid, y_valid = data
    layers = [Dense(3, "sigmoid", initializer), Dense(1, "identity", initializer)]
    model = Model(layers, loss="half_squared_error", optimizer=SGD(learning_rate=0.02), seed=0)
    return model.fit(X_train, y_train, epochs=100, batch_size=4, validation_data=(X_valid, y_valid), verbose=50)


def spread(model: Model) -> float:
    """Return the largest difference between the weights of two hidden nodes: 0 if all nodes are equal."""
    W1, b1, W2, _ = model.get_weights()
    nodes = np.column_stack([W1, b1, W2.T])  # a row for each hidden node: incoming weights, bias, outgoing weights
    return float(np.ptp(nodes, axis=0).max())


def error(model: Model, X: np.ndarray) -> np.ndarray:
    """Return the prediction less the true value, (x1 + x2) / 10."""
    return np.asarray(model.predict(X)[:, 0] - X.sum(axis=1) / 10)


def draw(zeros: Model, glorot: Model) -> None:
    fig, (curves, learned, *errors) = plt.subplots(1, 4, figsize=(15, 3.7), layout="constrained")
    for model, label in ((zeros, "zeros:"), (glorot, "glorot:")):
        plot_history(model.history, ax=curves, label=label)
    curves.set(title="Loss of two starts", ylabel="half squared error")
    plot_surface(glorot.predict, ax=learned, title="Learned from Glorot's values")
    for model, label, ax in ((zeros, "zeros", errors[0]), (glorot, "Glorot", errors[1])):
        bar = ax is errors[-1]
        plot_surface(partial(error, model), ax=ax, title=f"Error from {label}", color_range=SHOWN, colorbar=bar)
    fig.savefig(PICTURE, dpi=90)
    plt.close(fig)


def main() -> None:
    data = load("reg-plane", noise=0.0, train_ratio=0.5, seed=0)
    models = {}
    for initializer in ("zeros", "glorot_uniform"):
        print(f"\n2-3-1 network from {initializer}, batch size 4, learning rate 0.02:")
        model = models[initializer] = train(initializer, data)
        print(f"R2 on validation data: {model.score(*data[2:]):.4f}")
        print(f"largest difference between the weights of two hidden nodes: {spread(model):.3g}")
    print("\nNodes that start equal get equal gradients, so from zeros the three hidden nodes stay equal.")
    print("This plane rises in one direction only, so one node is enough; other data needs Glorot's initial values.")
    draw(models["zeros"], models["glorot_uniform"])
    print(f"\nPicture: {os.path.relpath(PICTURE)}")


if __name__ == "__main__":
    main()
