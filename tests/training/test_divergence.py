"""Which weights a fit goes back to when it diverges."""

import numpy as np
import pytest

from framework import Dense, Loss, Model
from framework.training.divergence import DivergenceGuard

X = np.linspace(-1, 1, 40).reshape(-1, 1)


class Breaking(Model, registered=False):
    """Has a weight that is nan after step `bad`."""

    bad: int
    weights: list[np.ndarray]

    def train_step(self, x, y, weight=None):
        loss = super().train_step(x, y, weight)
        self.weights.append(self.network.params.copy())
        if len(self.weights) == self.bad + 1:
            self.network.params[0] = np.nan
        return loss


@pytest.mark.parametrize(
    ("steps", "bad", "kept"),
    [
        (8, 24, 16),  # a copy after 16 steps, at the end of an epoch
        (5, 20, 0),  # not after 15
        (5, 25, 20),
        (20, 40, 20),
    ],
)
def test_weights_are_kept_at_the_end_of_an_epoch_once_there_are_16_steps(steps, bad, kept):
    model = Breaking([Dense(1)], seed=0).build(1)
    model.bad, model.weights = bad, [model.network.params.copy()]
    with pytest.raises(FloatingPointError, match="infinite or nan in the last step of epoch"):
        model.fit(X[:steps], X[:steps], batch_size=1, epochs=9)
    assert model.optimizer_.step == kept
    np.testing.assert_array_equal(model.network.params, model.weights[kept])


class Given(Loss, registered=False):
    """Has the values that it is given."""

    def __init__(self, values, **common):
        super().__init__(**common)
        self.values = values

    def per_sample(self, y_true, y_pred):
        return y_true[:, 0].copy()

    def gradient(self, y_true, y_pred):
        return np.ones_like(y_pred)


def overflow(model, guard, losses):
    """Make steps with these losses, of which the second one leaves infinite weights."""
    with guard:
        for step in range(len(losses)):
            model.train_step(np.ones_like(losses[:1]), losses[step : step + 1])
            if step == 1:
                model.network.params[...] = np.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_kept_before_a_step_whose_loss_is_near_overflow(dtype):
    large = float(np.finfo(dtype).max) ** 0.5
    for losses, kept in (([1, 0.99 * large, np.inf], 0), ([1, 1.01 * large, np.inf], 1)):
        y = np.array(losses, dtype).reshape(-1, 1)
        model = Model([Dense(1)], loss=Given(0), dtype=dtype, seed=0).build(1)
        guard = DivergenceGuard(model, tolerated=False)
        guard.begin_epoch(0)
        with pytest.raises(FloatingPointError):
            overflow(model, guard, y)
        assert model.optimizer_.step == kept
