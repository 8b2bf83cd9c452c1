"""The bar of `verbose=1`."""

import numpy as np
import pytest

from framework import Dense, Model
from framework.callbacks import progress


class Bar:
    """Notes what a bar of tqdm is told."""

    def __init__(self, total, **_):
        self.total, self.n, self.updates = total, 0, 0

    def update(self, steps):
        self.n += steps
        self.updates += steps > 0

    def set_description(self, *_, **__):
        pass

    set_postfix = refresh = close = set_description


@pytest.mark.parametrize(("steps", "updates"), [(7, 7), (100, 50), (1000, 50), (130, 65)])
def test_a_bar_moves_about_fifty_times_an_epoch_and_to_its_end(steps, updates, monkeypatch):
    bars: list[Bar] = []

    def new_bar(**options):
        bars.append(Bar(**options))
        return bars[-1]

    monkeypatch.setattr(progress, "_bars", lambda: new_bar)
    X = np.zeros((steps, 1))
    Model([Dense(1)], seed=0).fit(X, X, epochs=2, batch_size=1, verbose=1)
    (bar,) = bars
    assert bar.n == bar.total == 2 * steps
    assert bar.updates == 2 * updates
