"""The framework against the tutorial: its printed numbers, and every step of its algorithm."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from framework import SGD, Callback, Dense, Model

W1, B1 = [[0.15, 0.2], [0.25, 0.3]], [0.35, 0.35]
W2, B2 = [[0.4, 0.45], [0.5, 0.55]], [0.6, 0.6]
X, Y = np.array([[0.05, 0.1]]), np.array([[0.01, 0.99]])


def tutorial_model(loss="half_squared_error", learning_rate=0.02):
    layers = [
        Dense(2, "sigmoid", weight_initializer=W1, bias_initializer=B1),
        Dense(2, "identity", weight_initializer=W2, bias_initializer=B2),
    ]
    return Model(layers, loss=loss, optimizer=SGD(learning_rate)).build(2)


def printed(arrays):
    """Return weights or gradients as the tutorial prints them: to eight places."""
    return [np.round(array, 8).tolist() for array in arrays]


def summed_loss():
    from framework.losses import HalfSquaredError

    return HalfSquaredError(reduction="sum")


def test_printed_gradients():
    W1_grad, b1_grad, W2_grad, b2_grad = printed(tutorial_model(summed_loss()).gradients(X, Y))
    assert [W1_grad, W2_grad] == [
        [[0.00670603, 0.01341205], [0.00748746, 0.01497492]],
        [[0.65016812, 0.65412915], [0.13937182, 0.14022092]],
    ]
    assert [b1_grad, b2_grad] == [[0.13412051, 0.14974924], [1.09590597, 0.2349214]]


def test_printed_weights_after_a_step():
    model = tutorial_model(summed_loss(), learning_rate=0.1)
    model.train_on_batch(X, Y)
    W1_new, b1_new, W2_new, b2_new = printed(model.get_weights())
    assert [W1_new, W2_new] == [
        [[0.1493294, 0.19865879], [0.24925125, 0.29850251]],
        [[0.33498319, 0.38458708], [0.48606282, 0.53597791]],
    ]
    assert [b1_new, b2_new] == [[0.33658795, 0.33502508], [0.4904094, 0.57650786]]


def test_printed_loss_of_a_fit_is_exact():
    model = tutorial_model().fit(X, Y, batch_size=2, epochs=1)
    assert model.history["loss"] == [0.31404948868496607]


def test_defaults_are_the_tutorials_loss_and_optimizer():
    layers = [Dense(2, "sigmoid", W1, B1), Dense(2, "identity", W2, B2)]
    assert Model(layers).fit(X, Y).history["loss"] == [0.31404948868496607]


# The tutorial's algorithm. Activations by name: f and f' of a number.
FUNCTIONS = {
    "identity": (lambda z: z, lambda z: 1.0),
    "sigmoid": (lambda z: 1 / (1 + math.exp(-z)), lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: 1.0 if z > 0 else 0.0),
    "softplus": (lambda z: math.log1p(math.exp(z)), lambda z: 1 / (1 + math.exp(-z))),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
}


class Procedural:
    """The tutorial's functions: one sample at a time, in lists and loops."""

    def __init__(self, weights, biases, activations):
        self.weights, self.biases, self.activations = weights, biases, activations

    def forward_prop(self, x):
        weighted_sums, outputs = [], [x]
        for W, b, name in zip(self.weights, self.biases, self.activations, strict=True):
            z = [sum(w * a for w, a in zip(row, outputs[-1], strict=True)) + b_i for row, b_i in zip(W, b, strict=True)]
            weighted_sums.append(z)
            outputs.append([FUNCTIONS[name][0](z_i) for z_i in z])
        return weighted_sums, outputs

    def back_prop(self, y, weighted_sums, outputs):
        grads_w, grads_b = [], []
        delta_out = [p - t for p, t in zip(outputs[-1], y, strict=True)]
        for layer in reversed(range(len(self.weights))):
            derivative = FUNCTIONS[self.activations[layer]][1]
            delta = [d * derivative(z) for d, z in zip(delta_out, weighted_sums[layer], strict=True)]
            grads_w.insert(0, [[d * a for a in outputs[layer]] for d in delta])
            grads_b.insert(0, delta)
            columns = zip(*self.weights[layer], strict=True)
            delta_out = [sum(d * w for d, w in zip(delta, column, strict=True)) for column in columns]
        return grads_w, grads_b

    def update_params(self, batch, learning_rate):
        """Descend along the gradient averaged over batch x outputs; return the sum of the halved squared errors."""
        total_w = [[[0.0] * len(row) for row in W] for W in self.weights]
        total_b = [[0.0] * len(b) for b in self.biases]
        error = 0.0
        for x, y in batch:
            weighted_sums, outputs = self.forward_prop(x)
            error += sum((p - t) ** 2 / 2 for p, t in zip(outputs[-1], y, strict=True))
            grads_w, grads_b = self.back_prop(y, weighted_sums, outputs)
            for k in range(len(total_w)):
                for i in range(len(total_b[k])):
                    total_b[k][i] += grads_b[k][i]
                    for j in range(len(total_w[k][i])):
                        total_w[k][i][j] += grads_w[k][i][j]
        rate = learning_rate / (len(batch) * len(batch[0][1]))
        for k in range(len(total_w)):
            for i in range(len(total_b[k])):
                self.biases[k][i] -= rate * total_b[k][i]
                for j in range(len(total_w[k][i])):
                    self.weights[k][i][j] -= rate * total_w[k][i][j]
        return error

    def train(self, X, Y, epochs, batch_size, learning_rate):
        """Yield None after each step, and the loss after each epoch."""
        samples = list(zip(X, Y, strict=True))
        for _ in range(epochs):
            error = 0.0
            for start in range(0, len(samples), batch_size):
                error += self.update_params(samples[start : start + batch_size], learning_rate)
                yield None
            yield error / (len(samples) * len(Y[0]))


class Comparison(Callback):
    """Train the procedural network along with the model, and compare all weights after each step."""

    def __init__(self, procedural, *arguments):
        self.procedural = procedural
        self.training = procedural.train(*arguments)
        self.steps, self.losses = 0, []

    def on_batch_end(self, batch, logs=None):
        assert next(self.training) is None
        self.steps += 1
        expected = [part for pair in zip(self.procedural.weights, self.procedural.biases, strict=True) for part in pair]
        for weight, own in zip(expected, self.model.get_weights(), strict=True):
            np.testing.assert_allclose(own, weight, rtol=1e-12, atol=1e-15)

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(next(self.training))


def numbers(rng, *shape):
    """Return nested lists of normally distributed numbers."""
    return [numbers(rng, *shape[1:]) for _ in range(shape[0])] if shape else rng.gauss(0, 0.7)


CASES = [  # number of inputs and units of each layer, activations, samples, batch size, epochs
    ((2, 3, 1), ("sigmoid", "identity"), 10, 4, 5),
    ((2, 2, 2), ("sigmoid", "identity"), 7, 3, 4),
    ((1, 1), ("identity",), 5, 2, 6),
    ((3, 5), ("tanh",), 6, 1, 3),
    ((4, 6, 5, 3), ("tanh", "softplus", "identity"), 11, 5, 4),
    ((2, 8, 8, 8, 2), ("relu", "leaky_relu", "sigmoid", "tanh"), 9, 4, 4),
    ((5, 1, 4), ("softplus", "sigmoid"), 8, 8, 3),
    ((2, 3, 1), ("relu", "softplus"), 6, 100, 5),
    ((3, 4, 4, 1), ("leaky_relu", "tanh", "relu"), 13, 6, 3),
]


@pytest.mark.parametrize(("widths", "activations", "n", "batch_size", "epochs"), CASES)
def test_every_step_agrees_with_the_procedural_network(widths, activations, n, batch_size, epochs):
    rng = random.Random(str((widths, activations)))
    weights = [numbers(rng, units, inputs) for inputs, units in pairwise(widths)]
    biases = [numbers(rng, units) for units in widths[1:]]
    X, Y = numbers(rng, n, widths[0]), numbers(rng, n, widths[-1])
    layers = [Dense(len(b), f, W, b) for W, b, f in zip(weights, biases, activations, strict=True)]
    model = Model(layers, optimizer=SGD(0.1)).build(widths[0])
    first = model.get_weights()
    comparison = Comparison(Procedural(weights, biases, activations), X, Y, epochs, batch_size, 0.1)

    model.fit(X, Y, epochs=epochs, batch_size=batch_size, shuffle=False, callbacks=[comparison])

    assert comparison.steps == epochs * math.ceil(n / batch_size)
    np.testing.assert_allclose(model.history["loss"], comparison.losses, rtol=1e-12)
    assert any(np.abs(now - then).max() > 1e-3 for now, then in zip(model.get_weights(), first, strict=True))


def test_playground_draws_the_decision_boundary_of_a_model():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import plygdata

    from framework.datasets import load

    X_train, y_train, _, _ = load("reg-plane")
    model = Model([Dense(3, "tanh"), Dense(1, "tanh")], optimizer=SGD(0.02), seed=0).fit(X_train, y_train, epochs=20)
    fig = plt.figure(figsize=(5, 5), dpi=50)
    try:
        ax = plygdata.get_playground_axes(fig)
        image = plygdata.draw_decision_boundary(fig, ax, trained_model=model)
        fig.canvas.draw()
        drawn = np.asarray(image.get_array(), np.float64)
        assert np.ptp(drawn) > 0.5
    finally:
        plt.close(fig)
